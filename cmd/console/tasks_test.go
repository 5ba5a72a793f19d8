package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

// logText is a log that is written and read at once.
type logText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// partition stands before PostgreSQL. Once it is cut, connections from before stay open
// and silent, and new ones work.
type partition struct {
	mu   sync.Mutex
	cuts chan struct{}
}

// newPartition returns a partition before a database, and the address that leads through it.
func newPartition(t *testing.T, database string) (p *partition, url string) {
	t.Helper()
	to, err := pgconn.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	p = &partition{cuts: make(chan struct{})}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.forward(conn, fmt.Sprintf("%s/.s.PGSQL.%d", to.Host, to.Port))
		}
	}()
	return p, fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable", to.User, listener.Addr(), to.Database)
}

func (p *partition) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.cuts)
	p.cuts = make(chan struct{})
}

func (p *partition) forward(from net.Conn, socket string) {
	p.mu.Lock()
	cut := p.cuts
	p.mu.Unlock()
	to, err := net.Dial("unix", socket)
	if err != nil {
		from.Close()
		return
	}
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		go func() {
			_, _ = io.Copy(silenced{way[0], cut}, way[1])
			select {
			case <-cut: // nobody hears that it ended
			default:
				way[0].Close()
			}
		}()
	}
}

// silenced drops what is written to it once it is cut.
type silenced struct {
	net.Conn
	cut chan struct{}
}

func (s silenced) Write(b []byte) (int, error) {
	select {
	case <-s.cut:
		return len(b), nil
	default:
		return s.Conn.Write(b)
	}
}

// eventually waits until something holds, or fails.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// TestSealingResumesAfterAPartition in which all old connections stay silent.
func TestSealingResumesAfterAPartition(t *testing.T) {
	database := modelstest.URL(t, modelstest.Postgres)
	direct := modelstest.OpenURL(t, database)
	by := modelstest.Owner(t, direct)
	p, url := newPartition(t, database)
	store := modelstest.Connect(t, url)
	if err := store.Audit.SetKeys(t.Context(), modelstest.Keys); err != nil {
		t.Fatal(err)
	}
	var connections sync.WaitGroup // so that many are idle
	for range 16 {
		connections.Go(func() { _ = store.Sweep(t.Context()) })
	}
	connections.Wait()

	ctx, stop := context.WithCancel(t.Context())
	var log logText
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	for _, task := range tasks(store, slog.New(slog.NewTextHandler(&log, nil))) {
		running.Go(func() { task.repeat(ctx, slog.New(slog.NewTextHandler(&log, nil)), store.DB.Reconnect) })
	}
	sealed := func() bool {
		oldest, err := direct.Audit.OldestUnsealed(t.Context())
		return err == nil && oldest == ""
	}
	eventually(t, "the first line is sealed", sealed)
	p.cut()
	modelstest.Group(t, direct, by, "Plaza Hotel")
	eventually(t, "a line is sealed after the partition", sealed)
	if !strings.Contains(log.String(), "seal the audit log") {
		t.Errorf("the log says nothing of it: %s", &log)
	}
}

// TestLateSealsAreSaid once, and only if the same line waits all the while.
func TestLateSealsAreSaid(t *testing.T) {
	var log strings.Builder
	w := watch{log: slog.New(slog.NewTextHandler(&log, nil))}
	now := time.Now()
	for i := range 100 {
		w.see(fmt.Sprint("line ", i), now.Add(time.Duration(i)*time.Second))
	}
	if log.Len() > 0 {
		t.Errorf("though each is sealed: %s", &log)
	}
	for i := range 20 {
		w.see("late", now.Add(time.Duration(100+i)*time.Second))
	}
	if strings.Count(log.String(), "the activity is not sealed") != 1 {
		t.Errorf("of a line that waits: %s", &log)
	}
}

// TestEachRunHasADeadline: a run that would never end does, is told, and is tried again.
func TestEachRunHasADeadline(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var log logText
	runs, unreached := 0, 0
	endless := task{what: "wait", every: time.Millisecond, limit: time.Millisecond, run: func(ctx context.Context) error {
		if runs++; runs == 3 {
			stop()
		}
		<-ctx.Done()
		return fmt.Errorf("%w: %w", access.ErrUnavailable, ctx.Err())
	}}
	endless.repeat(ctx, slog.New(slog.NewTextHandler(&log, nil)), func() { unreached++ })
	if runs != 3 || unreached != 2 || strings.Count(log.String(), "msg=wait") != 1 {
		t.Errorf("%d runs, %d times unreached, %s", runs, unreached, &log)
	}
}
