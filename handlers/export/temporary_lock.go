//go:build linux || darwin

package export

import (
	"os"
	"syscall"
)

// locks reports whether files can be locked.
const locks = true

// tryLock locks a file until it is closed or the program ends, unless another one has locked it.
func tryLock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
