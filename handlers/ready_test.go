package handlers_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/static"
)

// TestReadyWhileDraining: whoever sends requests here should stop to, while those that come
// are answered.
func TestReadyWhileDraining(t *testing.T) {
	each(t, func(s *site) {
		if p := s.get("/readyz").wants(200); p.body != "ready\n" {
			s.Errorf("ready is told as %q", p.body)
		}
		s.console.Drain()
		if p := s.get("/readyz").wants(503); p.body != "not ready: draining\n" {
			s.Errorf("draining is told as %q", p.body)
		}
		s.get("/healthz").wants(200)
		s.get("/groups").wants(200)
	})
}

// TestReadySaysWhyNot, without what is inside, which the log has.
func TestReadySaysWhyNot(t *testing.T) {
	url := modelstest.URL(t, modelstest.SQLite)
	var log logBuffer
	s := open(t, modelstest.OpenURL(t, url), func(c *handlers.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	s.setUp()
	file := strings.TrimPrefix(url, "sqlite:")
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	if p := s.get("/readyz").wants(503); p.body != "not ready: gone\n" {
		t.Errorf("a file that is gone is told as %q", p.body)
	}
	s.post("/groups/new", "name", "Typed").wants(503).has("h1", "The database can't be reached")
	for _, line := range []string{`msg="not ready"`, `msg="request failed" method=POST`} {
		if !strings.Contains(log.String(), line) || !strings.Contains(log.String(), "reason=gone err=") {
			t.Errorf("the log does not say %s: %s", line, &log)
		}
	}
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	s.get("/readyz").wants(200)
	s.post("/groups/new", "name", "Typed").wants(303)
}

// TestVaryIsSaidOnce, whatever stands around an answer.
func TestVaryIsSaidOnce(t *testing.T) {
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	s.setUp()
	for _, path := range []string{"/groups", "/nowhere", "/login", "/docs/roles", static.URL("app.css"), static.URL("app.js")} {
		if vary := s.get(path).header.Values("Vary"); len(vary) != 1 || strings.Count(vary[0], "Accept-Encoding") != 1 {
			t.Errorf("%s: Vary %q", path, vary)
		}
	}
}
