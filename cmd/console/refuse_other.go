//go:build !linux

package main

import (
	"errors"
	"net"
)

// refuse is supported on Linux only.
func refuse(net.Listener) error { return errors.ErrUnsupported }
