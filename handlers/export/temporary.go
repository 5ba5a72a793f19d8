package export

import (
	"errors"
	"os"
	"path/filepath"
)

// tempName begins the names of folders for files that are needed until an export is complete.
const tempName = "console-export-"

// openTemp returns a folder for the temporary files of an export, and a lock on it, which keeps
// RemoveLeft of other programs away. Close the lock once the folder is removed.
func openTemp() (folder string, lock *os.File, err error) {
	for {
		if folder, err = os.MkdirTemp("", tempName); err != nil {
			return "", nil, err
		}
		lock, err = os.Open(folder)
		if err == nil && (!locks || tryLock(lock)) {
			_, err = os.Stat(folder)
		} else if err == nil {
			err = os.ErrNotExist // or soon
		}
		if err == nil {
			return folder, lock, nil
		}
		_ = lock.Close()
		if !errors.Is(err, os.ErrNotExist) { // else RemoveLeft took it for one that was left
			return "", nil, err
		}
	}
}

// RemoveLeft removes the temporary files of programs that were killed while they exported.
func RemoveLeft() {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), tempName+"*"))
	for _, folder := range left {
		lock, err := os.Open(folder)
		if err != nil {
			continue // somebody else's, or gone
		}
		if locks && tryLock(lock) {
			_ = os.RemoveAll(folder)
		}
		_ = lock.Close()
	}
}
