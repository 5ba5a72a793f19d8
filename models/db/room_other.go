//go:build !linux && !darwin

package db

// freeIn is supported on Linux and macOS only.
func freeIn(string) (free int64, known bool) { return 0, false }
