package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"protocol.chat/console/models/modelstest"
)

func TestLogLevels(t *testing.T) {
	for level, want := range map[string]string{
		"debug": "debug info warn error", "info": "info warn error", "warn": "warn error", "ERROR": "error",
	} {
		l, out := logging{level, "text", "1s"}, strings.Builder{}
		log, err := l.logger(&out)
		if err != nil {
			t.Fatal(err)
		}
		log.Debug("debug")
		log.Info("info")
		log.Warn("warn")
		log.Error("error")
		var got []string
		for line := range strings.Lines(out.String()) {
			_, message, _ := strings.Cut(strings.TrimSpace(line), "msg=")
			got = append(got, message)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("-log-level %s logs %s, want %s", level, got, want)
		}
	}
}

// TestServeLogsAsAsked, by the variables as by the flags, which win.
func TestServeLogsAsAsked(t *testing.T) {
	for _, tc := range []struct {
		name, args, level, format string
		json, started             bool
	}{
		{name: "as built in", started: true},
		{name: "flags", args: "-log-format json", json: true, started: true},
		{name: "variables", level: "info", format: "json", json: true, started: true},
		{name: "warn", level: "warn"},
		{name: "a flag wins", args: "-log-level info -log-format text", level: "error", format: "json", started: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel() // most of it is waiting for the console to stop
			log := serveUntilGreeted(t, strings.Fields(tc.args), map[string]string{"LOG_LEVEL": tc.level, "LOG_FORMAT": tc.format})
			if strings.Contains(log, "started") != tc.started {
				t.Errorf("logged: %q", log)
			}
			for line := range strings.Lines(log) {
				if json.Valid([]byte(line)) != tc.json {
					t.Errorf("logged: %s", line)
				}
			}
		})
	}
}

// serveUntilGreeted runs serve, stops it once it has said where it is, and returns its log.
func serveUntilGreeted(t *testing.T, args []string, env map[string]string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var log logText
	said, stdout := io.Pipe()
	go func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if strings.Contains(lines.Text(), "/setup?") { // the last line of the greeting
				stop()
			}
		}
	}()
	keys := withKeys(t.TempDir())
	getenv := func(name string) string {
		if value, ok := env[name]; ok {
			return value
		}
		return keys(name)
	}
	args = append([]string{"serve", "-listen", "127.0.0.1:0", "-database", modelstest.URL(t, modelstest.SQLite)}, args...)
	if code := run(ctx, args, getenv, strings.NewReader(""), stdout, &log); code != 0 {
		t.Fatalf("exit %d: %s", code, log.String())
	}
	_ = stdout.Close()
	return log.String()
}
