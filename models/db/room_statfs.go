//go:build linux || darwin

package db

import "syscall"

// freeIn returns how many bytes a program may still write to a folder's disk, if that is known.
func freeIn(folder string) (free int64, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
