package main

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// refuse stops new connections without closing the listener, which would reset those that
// the kernel has established and that wait to be accepted: a filter drops all packets that open
// a connection.
func refuse(listener net.Listener) error {
	socket, ok := listener.(syscall.Conn)
	if !ok {
		return errors.ErrUnsupported
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	nothing := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0}
	program := unix.SockFprog{Len: 1, Filter: &nothing}
	var attached error
	err = raw.Control(func(fd uintptr) {
		attached = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program)
	})
	return errors.Join(err, attached)
}
