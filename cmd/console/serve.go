package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os/signal"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models"
)

// lastSeal is how long the end of the program waits for the last lines to be sealed.
const lastSeal = 2 * time.Second

func serve(ctx context.Context, c *command) error {
	var address, publicURL string
	var outside outside
	var logging logging
	c.setting(&address, "listen", "LISTEN", "127.0.0.1:8080", "`HOST:PORT` to listen on; port 0 takes a free one")
	c.database()
	c.setting(&publicURL, "public-url", "PUBLIC_URL", "", "`URL` that people open, where a proxy stands before the console")
	outside.declare(c)
	logging.declare(c)
	c.setting(&c.debugAddress, "debug-listen", "DEBUG_LISTEN", "", "loopback `HOST:PORT` to serve profiles (pprof) on; off by default")
	c.flags.BoolVar(&c.dev, "dev", false, "for working on the console itself (see make dev): files from disk, pages that reload, sample data")
	if _, err := c.parse(); err != nil {
		return err
	}
	config, err := outside.config(c.getenv)
	if err != nil {
		return err
	}
	if config.Log, err = logging.logger(c.stderr); err != nil {
		return err
	}
	if err := checkAddress(address); err != nil {
		return err
	}
	if publicURL, err = publicOrigin(publicURL); err != nil {
		return err
	}
	if c.dev {
		if err := checkDev(address, publicURL); err != nil {
			return err
		}
	}
	// Whoever reads the log may go, and the console stays.
	signal.Ignore(syscall.SIGPIPE)
	// The port comes first: a second console started by mistake ends here,
	// before it touches the database.
	listener, err := listen(ctx, address)
	if err != nil {
		return explainListen(address, err)
	}
	defer listener.Close()
	config.PublicURL = cmp.Or(publicURL, localURL(listener.Addr()))
	return c.withStore(ctx, func(store *models.Store) error {
		config.Store = store
		return c.serveStore(ctx, listener, config)
	})
}

// How much of memory may be garbage before it is collected. A request leaves little
// behind that lives on, so most of what Go does by itself, at twice what lives, is for
// nothing: five times that took a third of the processor time off a page. The limit
// keeps the whole below 100 MB, the engine's caches included. GOGC and GOMEMLIMIT in
// the environment go before these.
const (
	collectAt   = 400      // percent
	memoryLimit = 48 << 20 // bytes
)

func tuneMemory(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

func (c *command) serveStore(ctx context.Context, listener net.Listener, config handlers.Config) error {
	tuneMemory(c.getenv)
	store, log := config.Store, config.Log
	config.Version = currentVersion()
	console := handlers.New(config)
	handler, err := c.debug(ctx, config, console)
	if err != nil {
		return err
	}
	if err := c.greet(ctx, store, config.PublicURL); err != nil {
		return err
	}
	log.Info("started", "version", config.Version, "listen", listener.Addr().String(), "url", config.PublicURL,
		"engine", store.DB.Engine(), "database", store.DB.Address())
	defer log.Info("stopped")
	context.AfterFunc(ctx, func() {
		console.Drain()
		log.Info("stopping")
	})
	work, stopWork := context.WithCancel(ctx)
	var jobs sync.WaitGroup
	for _, t := range tasks(store, log) {
		jobs.Go(func() { t.repeat(work, log, store.DB.Reconnect) })
	}
	err = serveHTTP(ctx, newServer(handler, log), listener)
	stopWork()
	jobs.Wait()
	writeLast(log, store)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSeal)
	defer cancel()
	if err := store.Audit.Seal(last); err != nil {
		log.Warn("seal the audit log", "err", err)
	}
	return err
}

// debug returns what is served, the console unless it is worked on, and begins what helps to
// look into it.
func (c *command) debug(ctx context.Context, config handlers.Config, console http.Handler) (http.Handler, error) {
	var err error
	if c.dev {
		if console, err = c.develop(ctx, config, console); err != nil {
			return nil, err
		}
	}
	if c.debugAddress != "" {
		err = serveDebug(ctx, c.debugAddress, config.Log)
	}
	if config.Log.Enabled(ctx, slog.LevelDebug) {
		config.Store.DB.LogQueries(config.Log, handlers.RequestID)
	}
	return console, err
}

// writeLast writes what tokens were used for in the last seconds.
func writeLast(log *slog.Logger, store *models.Store) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := store.Identity.WriteUses(ctx); err != nil {
		log.Warn("write what tokens were used for", "err", err)
	}
}

// greet says where the console is and, as long as nobody owns it, how to begin.
func (c *command) greet(ctx context.Context, store *models.Store, publicURL string) error {
	fmt.Fprintf(c.stdout, "Protocol Console: %s\n", publicURL)
	owned, err := store.Identity.HasOwner(ctx)
	if err != nil || owned {
		return err
	}
	code, err := store.Identity.NewSetupCode(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "Set it up within the hour: %s/setup?code=%s\n", publicURL, url.QueryEscape(code))
	return nil
}

func checkAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return misusef("-listen takes HOST:PORT like 127.0.0.1:8080, not %q", address)
	}
	return nil
}

// publicOrigin is the public URL in the one form that everything is compared with; "" where
// none was given.
func publicOrigin(publicURL string) (string, error) {
	if publicURL == "" {
		return "", nil
	}
	origin, err := handlers.ParseOrigin(publicURL)
	if err != nil {
		return "", fmt.Errorf("-public-url takes an address like https://console.example.com, not %q: %w", publicURL, err)
	}
	return origin, nil
}

// explainListen says in a person's words why there is no listening on address.
func explainListen(address string, err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	return fmt.Errorf("can't listen on %s: %w", address, err)
}

// localURL is how to open what listens on addr from this machine. It says
// localhost where that is meant: browsers let it do what needs HTTPS elsewhere.
func localURL(addr net.Addr) string {
	at, err := netip.ParseAddrPort(addr.String())
	if err != nil || at.Addr().IsLoopback() || at.Addr().IsUnspecified() {
		_, port, _ := net.SplitHostPort(addr.String())
		return "http://localhost:" + port
	}
	return "http://" + at.String()
}

// newServer is an HTTP server that slow and greedy clients can't occupy.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
