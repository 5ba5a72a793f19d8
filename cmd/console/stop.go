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
	// parting is how long answers go on with "Connection: close" after the
	// program was told to stop. Clients that keep connections alive let go of
	// them in this time; to close them at once would reset those that just send
	// their next request.
	parting = time.Second
	// acceptGrace is how long connections that were made in that time have to be
	// accepted and to send a request: Shutdown would not answer it any more.
	acceptGrace = 200 * time.Millisecond
	// patience is how long requests under way may take after that.
	patience = 3 * time.Second
)

// listen opens a port for serveHTTP.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // its sockets take no filter: see refuse
	return config.Listen(ctx, "tcp", address)
}

// serveHTTP answers requests until ctx ends, and then stops without dropping
// one that arrived in time.
func serveHTTP(ctx context.Context, server *http.Server, listener net.Listener) error {
	var stopping atomic.Bool
	server.Handler = closeWhen(&stopping, server.Handler)

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopping.Store(true)
	time.Sleep(parting)

	if err := refuse(listener); err != nil {
		_ = listener.Close() // and lose those that wait to be accepted
	}
	time.Sleep(acceptGrace)

	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	err := server.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close() // whoever is this slow has had the time
	}
	return err
}

// closeWhen asks clients to let go of their connections once stopping is set.
func closeWhen(stopping *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
