package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// certificateEvery is how often the files of the certificate are looked at.
const certificateEvery = 10 * time.Second

// certificate is the certificate of a console that serves HTTPS itself. It follows its files,
// which a program that renews it replaces.
type certificate struct {
	file, keyFile string

	current atomic.Pointer[tls.Certificate]
	looked  string // state of the files when they were last read
}

// load reads the files, which become the certificate of new connections.
func (c *certificate) load() error {
	c.looked = c.state()
	pair, err := tls.LoadX509KeyPair(c.file, c.keyFile)
	if err != nil {
		return fmt.Errorf("can't use the certificate %s with the key %s: %w", c.file, c.keyFile, err)
	}
	c.current.Store(&pair)
	return nil
}

// state changes whenever one of the files does, also if it is a link.
func (c *certificate) state() string {
	var state strings.Builder
	for _, file := range []string{c.file, c.keyFile} {
		if info, err := os.Stat(file); err == nil {
			fmt.Fprint(&state, info.ModTime().UnixNano(), " ", info.Size(), " ")
		}
	}
	return state.String()
}

// name returns the first name that the certificate is for; "" if it has none of a single host.
func (c *certificate) name() string {
	for _, name := range c.current.Load().Leaf.DNSNames {
		if !strings.HasPrefix(name, "*") {
			return name
		}
	}
	return ""
}

// config returns the settings of a server with this certificate.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}

// follow reads the files again whenever they have changed, and on SIGHUP, until ctx ends.
// SIGHUP doesn't end the program then.
func (c *certificate) follow(ctx context.Context, log *slog.Logger) {
	c.tell(log, "serving HTTPS")
	asked := make(chan os.Signal, 1)
	signal.Ignore(syscall.SIGHUP) // takes it from those that stop the program
	signal.Notify(asked, syscall.SIGHUP)
	go func() {
		defer signal.Stop(asked)
		ticks := time.NewTicker(certificateEvery)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-asked:
				c.reload(log)
			case <-ticks.C:
				if c.state() != c.looked {
					c.reload(log)
				}
			}
		}
	}()
}

// reload reads the files again. If they can't be used, the certificate stays.
func (c *certificate) reload(log *slog.Logger) {
	if err := c.load(); err != nil {
		log.Error("the certificate stays as it was", "err", err)
		return
	}
	c.tell(log, "read the certificate again")
}

func (c *certificate) tell(log *slog.Logger, what string) {
	leaf := c.current.Load().Leaf
	level := slog.LevelInfo
	if time.Now().After(leaf.NotAfter) {
		level = slog.LevelError
	}
	log.Log(context.Background(), level, what, "names", leaf.DNSNames, "until", leaf.NotAfter.UTC().Format(time.RFC3339))
}
