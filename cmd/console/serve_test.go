package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

// served is a console that runs in the test.
type served struct {
	url, setup string
	stop       context.CancelFunc
	code       chan int
}

// withKeys is an environment with the keys of the tests and a place for the mark.
func withKeys(dir string) func(name string) string {
	return func(name string) string {
		return map[string]string{keyVariable: modelstest.Keys.Text(), "CONSOLE_MARK_FILE": filepath.Join(dir, "console.mark")}[name]
	}
}

// startConsole starts serve on a free port and returns when it said where.
func startConsole(t *testing.T, database string) *served {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s := &served{stop: stop, code: make(chan int, 1)}
	said, stdout := io.Pipe()
	log := &strings.Builder{}
	go func() {
		s.code <- run(ctx, []string{"serve", "-listen", "127.0.0.1:0", "-database", database},
			withKeys(t.TempDir()), strings.NewReader(""), stdout, log)
		stdout.Close()
	}()
	lines := bufio.NewScanner(said)
	for s.setup == "" && lines.Scan() {
		_, address, _ := strings.Cut(lines.Text(), "http://")
		if s.url == "" {
			s.url = "http://" + address
			continue
		}
		s.setup = "http://" + address
	}
	if s.url == "" || s.setup == "" {
		t.Fatalf("serve ended with %d: %s", <-s.code, log)
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	t.Cleanup(func() {
		stop()
		if code, running := <-s.code; running && code != 0 {
			t.Errorf("serve ended with %d: %s", code, log)
		}
	})
	return s
}

// end stops the console and returns its exit code.
func (s *served) end() int {
	s.stop()
	code := <-s.code
	close(s.code)
	return code
}

func TestServeSaysWhereToBegin(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		s := startConsole(t, database)
		if !strings.HasPrefix(s.url, "http://localhost:") || strings.HasSuffix(s.url, ":0") {
			t.Errorf("it is at %s", s.url)
		}
		setup, err := url.Parse(s.setup)
		if err != nil || setup.Path != "/setup" || setup.Query().Get("code") == "" {
			t.Errorf("the setup link is %s", s.setup)
		}
		if status := get(t, http.DefaultClient, s.url+"/healthz"); status != http.StatusOK {
			t.Errorf("/healthz answers %d", status)
		}
		http.DefaultClient.CloseIdleConnections()
		if code := s.end(); code != 0 {
			t.Errorf("exit %d", code)
		}
	})
}

func TestServeClearsWhatAnEarlierRunLeft(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		store, by := modelstest.OpenURL(t, database), access.System("test")
		g := modelstest.Group(t, store, by, "Plaza Hotel")
		const messages = 1100 // more than are deleted with the group
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				for range messages / 10 {
					if _, err := store.Messages.PostMessage(t.Context(), by, g.ConversationID, models.NewMessage{Text: "Hello."}, nil); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if err := store.DeleteGroup(t.Context(), by, g.ID, nil); err != nil {
			t.Fatal(err)
		}
		grave, err := store.Tombstone(t.Context(), g.ID)
		if err != nil || !grave.More {
			t.Fatalf("nothing is left to clear: %+v, %v", grave, err)
		}
		startConsole(t, database)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for err == nil && grave.More {
			grave, err = store.Tombstone(ctx, g.ID)
		}
		if err != nil || grave.MessagesCount != messages {
			t.Errorf("it clears %d of %d messages, %v", grave.MessagesCount, messages, err)
		}
	})
}

func TestRepeatTriesAgainWhenAsked(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var log strings.Builder
	ran, asked, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	job := func(context.Context) error {
		ran <- struct{}{}
		return errors.New("no luck")
	}
	go func() {
		defer close(ended)
		try := task{what: "try", run: job, every: time.Hour, asked: asked, limit: time.Hour}
		try.repeat(ctx, slog.New(slog.NewTextHandler(&log, nil)), func() {})
	}()
	<-ran // at once
	asked <- struct{}{}
	<-ran
	stop()
	<-ended
	if !strings.Contains(log.String(), `msg=try err="no luck"`) {
		t.Errorf("logged: %s", &log)
	}
}

func TestTwoConsolesStartOnOneNewDatabase(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			database := modelstest.EmptyURL(t, engine)
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					if r := console(t, database, "", "migrate"); r.code != 0 {
						t.Errorf("migrate: exit %d, %s", r.code, r.stderr)
					}
				})
			}
			group.Wait()
			first, second := startConsole(t, database), startConsole(t, database)
			for _, s := range []*served{first, second} {
				if status := get(t, http.DefaultClient, s.url+"/readyz"); status != http.StatusOK {
					t.Errorf("/readyz answers %d", status)
				}
			}
			http.DefaultClient.CloseIdleConnections()
		})
	}
}

// TestStopDropsNoRequest stops a server under clients that keep on asking: every
// request is answered, on old connections and on new ones, until there are no
// new connections any more.
func TestStopDropsNoRequest(t *testing.T) {
	listener, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	answered := make(chan struct{}, 1)
	server := newServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "hello")
		select {
		case answered <- struct{}{}:
		default:
		}
	}), slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- serveHTTP(ctx, server, listener) }()

	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() { askUntilRefused(t, "http://"+listener.Addr().String()) })
	}
	<-answered
	began := time.Now()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	clients.Wait()
}

// askUntilRefused sends requests, one after the other. Where the system can't
// spare new connections it ends with the first.
func askUntilRefused(t *testing.T, address string) {
	client := &http.Client{Transport: &http.Transport{}}
	for {
		response, err := client.Get(address)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return
		}
		if err != nil {
			t.Errorf("a request was dropped: %v", err)
			return
		}
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err != nil {
			t.Errorf("an answer was cut: %v", err)
		}
		if response.Close && runtime.GOOS != "linux" {
			return
		}
	}
}

func get(t *testing.T, client *http.Client, address string) int {
	t.Helper()
	response, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}
