package main

import (
	"io"
	"log/slog"
	"strings"
)

// logging is how serve writes its log: how much of it, and in which form.
type logging struct{ level, format string }

func (l *logging) declare(c *command) {
	c.setting(&l.level, "log-level", "LOG_LEVEL", "info", "`LEVEL` of the least lines to log: debug, info, warn or error. Requests are at info")
	c.setting(&l.format, "log-format", "LOG_FORMAT", "text", "`FORMAT` of the log: text (key=value) or json")
}

// logLevels are the levels by the names that -log-level takes. slog reads its own
// names more freely ("INFO+2"), which nobody needs here.
var logLevels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

// logger returns the log that the settings ask for, written to w.
func (l *logging) logger(w io.Writer) (*slog.Logger, error) {
	level, known := logLevels[strings.ToLower(l.level)]
	if !known {
		return nil, misusef("-log-level takes debug, info, warn or error, not %q", l.level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch strings.ToLower(l.format) {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, misusef("-log-format takes text or json, not %q", l.format)
}
