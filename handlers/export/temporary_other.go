//go:build !linux && !darwin

package export

import "os"

// locks is false: nobody can tell what was left, so nothing is removed.
const locks = false

func tryLock(*os.File) bool { return false }
