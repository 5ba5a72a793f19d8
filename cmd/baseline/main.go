// Baseline serves the busiest addresses of the console as fast as Go can by
// hand: SQL written out for each engine, JSON and HTML appended to a buffer. It
// is not part of the product. It authenticates nobody, keeps no log, validates
// nothing, and exists for cmd/bench to measure the console against:
//
//	baseline -database postgres://console@localhost/console -listen 127.0.0.1:0
//
// The database must have been migrated, and mostly filled, by the console. The
// answers of the API are the console's byte for byte; the pages have the same
// rows, in HTML of about the same size. cmd/bench holds it to both.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

func main() {
	address := flag.String("database", "sqlite:data/console.db", "`ADDRESS` of the database, as the console takes it")
	listen := flag.String("listen", "127.0.0.1:0", "`HOST:PORT` to listen on; port 0 picks a free one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *address, *listen); err != nil {
		fmt.Fprintln(os.Stderr, "baseline:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address, listen string) error {
	debug.SetGCPercent(400) // as the console does
	db, err := open(ctx, address)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	origin := "http://" + listener.Addr().String()
	fmt.Println("Baseline:", origin)
	server := &http.Server{Handler: newServer(db, origin), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func open(ctx context.Context, address string) (database, error) {
	if file, ok := strings.CutPrefix(address, "sqlite:"); ok {
		return openSQLite(ctx, file)
	}
	return openPostgres(ctx, address)
}
