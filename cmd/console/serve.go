package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"protocol.chat/console/handlers"
	"protocol.chat/console/handlers/avatars"
	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
	"protocol.chat/console/models/webhooks"
	"protocol.chat/console/static"
	"protocol.chat/console/views"
)

// lastSeal is how long the program waits at its end for the last entries to be sealed.
const lastSeal = 2 * time.Second

func serve(ctx context.Context, c *command) error {
	var at listening
	var flags serveFlags
	var logging logging
	at.declare(c)
	c.database()
	c.replica()
	flags.declare(c)
	logging.declare(c)
	c.setting(&c.metricsAddress, "metrics-listen", "METRICS_LISTEN", "", "`HOST:PORT` to serve metrics for Prometheus on, without sign-in; off by default")
	c.debugging.declare(c)
	if _, err := c.parse(); err != nil {
		return err
	}
	config, err := flags.config(c.getenv)
	if err != nil {
		return err
	}
	if config.Log, err = logging.logger(c.stderr); err != nil {
		return err
	}
	if config.Slow, err = logging.slowFrom(); err != nil {
		return err
	}
	if err := at.check(); err != nil {
		return err
	}
	if err := c.debugging.check(at.address, at.publicURL); err != nil {
		return err
	}
	// The console keeps running if the log's reader goes away.
	signal.Ignore(syscall.SIGPIPE)
	tuneMemory(c.getenv)
	// The port comes first, so that a second console started by mistake doesn't touch the
	// database.
	listener, err := at.open(ctx)
	if err != nil {
		return err
	}
	defer listener.Close()
	config.PublicURL = at.publicURL
	return c.withStore(ctx, func(store *models.Store) error {
		config.Store = store
		config.Avatars = avatars.New(avatars.Config{Folder: cmp.Or(flags.avatarFolder, filepath.Join(c.dataFolder(), "avatars")), Log: config.Log})
		if flags.webhookLoopback {
			store.Webhooks.SetReach(webhooks.Reach{Loopback: true})
			config.Log.Warn("webhooks may call this machine, which is for development only")
		}
		return c.serveStore(ctx, &at, listener, config)
	})
}

// The garbage collector's settings. Requests leave little live memory, so Go's default of
// collecting at twice the live heap is mostly wasted: five times saved a third of the processor
// time of a page. The limit keeps the process below 100 MB, including the engine's caches.
// GOGC and GOMEMLIMIT override these.
const (
	collectAt   = 400      // percent
	memoryLimit = 40 << 20 // bytes
)

func tuneMemory(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

func (c *command) serveStore(ctx context.Context, at *listening, listener net.Listener, config handlers.Config) error {
	store, log := config.Store, config.Log
	config.Version = currentVersion()
	config.Checks = func(ctx context.Context) []views.Check {
		return c.examine(ctx, func(ctx context.Context) []views.Check { return c.examineStore(ctx, store) }, config.PublicURL)
	}
	console, err := c.newConsole(ctx, config)
	if err != nil {
		return err
	}
	export.RemoveLeft()
	handler, err := c.startDebugging(ctx, config, console)
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
		tellSystemd(log, "STOPPING=1")
		console.Drain()
		log.Info("stopping")
	})
	work, stopWork := context.WithCancel(ctx)
	var jobs sync.WaitGroup
	for _, t := range append(tasks(store, log), pageTasks(store, console)...) {
		jobs.Go(func() { t.repeat(work, log, store.DB.Reconnect) })
	}
	server := newServer(handler, log)
	if at.secure() {
		server.TLSConfig = at.certificate.config()
		at.certificate.follow(work, log)
	}
	jobs.Go(static.Prepare)
	tellSystemd(log, "READY=1")
	err = serveHTTP(ctx, server, listener)
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

// writeLast writes the uses of tokens from the last seconds.
func writeLast(log *slog.Logger, store *models.Store) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := store.Identity.Tokens.FlushUses(ctx); err != nil {
		log.Warn("write token usage", "err", err)
	}
}

// greet prints the console's URL and, until it has an owner, the link to set it up.
func (c *command) greet(ctx context.Context, store *models.Store, publicURL string) error {
	fmt.Fprintf(c.stdout, "Protocol Console: %s\n", publicURL)
	owned, err := store.Identity.Users.HasOwner(ctx)
	if err != nil || owned {
		return err
	}
	code, err := store.Identity.Users.NewSetupCode(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "Set it up within 60 minutes: %s/setup?code=%s\n", publicURL, url.QueryEscape(code))
	return nil
}

// newServer returns an HTTP server with limits against slow and greedy clients.
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
