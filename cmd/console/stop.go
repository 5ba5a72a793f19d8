package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// drainTime is how long responses carry "Connection: close" after the stop signal, so that
	// clients let go of their kept-alive connections. Closing those immediately would reset a
	// client that is just sending its next request.
	drainTime = time.Second
	// acceptGrace is how long connections made in that time have to be accepted and to send
	// their request: after Shutdown it would not be answered.
	acceptGrace = 200 * time.Millisecond
	// shutdownTimeout is how long requests may still take after that.
	shutdownTimeout = 3 * time.Second
)

// listen opens a port for serveHTTP.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // refuse can't attach a filter to its sockets
	return config.Listen(ctx, "tcp", address)
}

// serveHTTP serves requests until ctx ends, then stops without dropping any that arrived in
// time.
func serveHTTP(ctx context.Context, server *http.Server, listener net.Listener) error {
	var stopping atomic.Bool
	server.Handler = closeWhen(&stopping, server.Handler)

	failed := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			failed <- server.ServeTLS(listener, "", "")
			return
		}
		failed <- server.Serve(listener)
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopping.Store(true)
	time.Sleep(drainTime)

	if err := turnAway(listener); err != nil {
		_ = listener.Close() // loses those that wait to be accepted, unless systemd has the socket, too
	}
	time.Sleep(acceptGrace)

	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := server.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close() // too slow
	}
	return err
}

// turnAway stops new connections and leaves those that wait to be accepted.
func turnAway(listener net.Listener) error {
	if l, ok := listener.(unixListener); ok {
		return l.refuse()
	}
	return refuse(listener)
}

// closeWhen makes clients close their connections once stopping is set.
func closeWhen(stopping *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
