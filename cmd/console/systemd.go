package main

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
)

// firstPassed is the number of the first socket that systemd passes.
const firstPassed = 3

// listenPassed listens on a socket that systemd holds and passed when somebody connected. It is
// there before the console and after it, so that connections wait while that restarts.
func listenPassed(number string) (net.Listener, error) {
	fd, err := strconv.Atoi(number)
	if err != nil {
		return nil, err
	}
	count, _ := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if pid, _ := strconv.Atoi(os.Getenv("LISTEN_PID")); pid != os.Getpid() || fd >= firstPassed+count {
		return nil, fmt.Errorf("can't listen on fd:%d: no socket was passed, which systemd does for a service that belongs to a .socket unit", fd)
	}
	file := os.NewFile(uintptr(fd), "fd:"+number)
	defer file.Close() // the listener has a copy, which programs that are started don't inherit
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, explainListen("fd:"+number, err)
	}
	if listener.Addr().Network() == "unix" {
		return unixListener{Listener: listener}, nil
	}
	return passedListener{listener}, nil
}

// passedListener hides that it has a socket: a filter that refuses connections would stay on it
// after the console has ended.
type passedListener struct{ net.Listener }

// tellSystemd says in which state the program is, such as READY=1, if systemd wants to know.
func tellSystemd(log *slog.Logger, state string) {
	at := os.Getenv("NOTIFY_SOCKET")
	if at == "" {
		return
	}
	conn, err := net.Dial("unixgram", at)
	if err == nil {
		_, err = conn.Write([]byte(state))
		_ = conn.Close()
	}
	if err != nil {
		log.Warn("tell systemd", "state", state, "err", err)
	}
}
