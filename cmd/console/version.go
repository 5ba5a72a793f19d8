package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// release is set by the linker: make build passes git's description of the commit.
var release string

// undescribed is the version of a program whose build recorded none, in Go's own word.
const undescribed = "devel"

func version(_ context.Context, c *command) error {
	if _, err := c.parse(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.stdout, "console %s (%s, %s/%s)\n", currentVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// currentVersion returns the release or, if the linker set none, what the toolchain recorded:
// the module's version or its commit.
func currentVersion() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return undescribed
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return undescribed
}
