package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"
)

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
	if err := checkLoopback("-debug-listen", address); err != nil {
		return err
	}
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
