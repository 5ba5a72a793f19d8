package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"

	"protocol.chat/console/handlers"
)

// debugging is what helps to look into a console, and to work on it.
type debugging struct {
	address string
	dev     bool
}

func (d *debugging) declare(c *command) {
	c.setting(&d.address, "debug-listen", "DEBUG_LISTEN", "", "loopback `HOST:PORT` to serve profiles (pprof) on; off by default")
	c.flags.BoolVar(&d.dev, "dev", false, "for working on the console itself (see make dev): files from disk, pages that reload, sample data")
}

// check returns an error if a setting doesn't fit the addresses of the console.
func (d *debugging) check(listen, publicURL string) error {
	if d.address != "" {
		if err := checkLoopback("-debug-listen", d.address); err != nil {
			return err
		}
	}
	if d.dev {
		return checkDev(listen, publicURL)
	}
	return nil
}

// startDebugging starts what was asked for, and returns what is to be served: the console,
// or more around it.
func (c *command) startDebugging(ctx context.Context, config handlers.Config, console http.Handler) (http.Handler, error) {
	var err error
	if c.debugging.dev {
		if console, err = c.develop(ctx, config, console); err != nil {
			return nil, err
		}
	}
	if c.debugging.address != "" {
		err = serveDebug(ctx, c.debugging.address, config.Log)
	}
	switch {
	case config.Log.Enabled(ctx, slog.LevelDebug):
		config.Store.DB.LogQueries(config.Log, handlers.RequestID)
	case config.Slow > 0:
		config.Store.DB.LogQueries(nil, nil)
	}
	return console, err
}

// checkLoopback returns an error unless an address can be reached from this machine only.
func checkLoopback(flag, address string) error {
	host, _, err := net.SplitHostPort(address)
	if ip, _ := netip.ParseAddr(host); err != nil || host != "localhost" && !ip.IsLoopback() {
		return misusef("%s takes a loopback address like 127.0.0.1:6060, not %q", flag, address)
	}
	return nil
}

// serveDebug serves profiles of the program at address until ctx ends. They tell what the
// program is doing, so they have an address of their own; the console's has none of them.
func serveDebug(ctx context.Context, address string, log *slog.Logger) error {
	listener, err := listen(ctx, address)
	if err != nil {
		return explainListen(address, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }() // until it is closed
	log.Info("serving profiles", "url", "http://"+listener.Addr().String()+"/debug/pprof/")
	return nil
}
