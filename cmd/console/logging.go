package main

import (
	"io"
	"log/slog"
	"strings"
	"time"
)

// logging holds the settings of serve's log.
type logging struct{ level, format, slow string }

func (l *logging) declare(c *command) {
	c.setting(&l.level, "log-level", "LOG_LEVEL", "info", "minimum `LEVEL` to log: debug, info, warn or error; requests are logged at info")
	c.setting(&l.format, "log-format", "LOG_FORMAT", "text", "log `FORMAT`: text (key=value) or json")
	c.setting(&l.slow, "slow-requests", "SLOW_REQUESTS", "1s", "`TIME` from which a request is logged as a warning, with the times of its queries; 0 for none")
}

// logLevels maps the values of -log-level. slog's own parser also takes names like "INFO+2".
var logLevels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

// logger returns a logger with these settings that writes to w.
func (l *logging) logger(w io.Writer) (*slog.Logger, error) {
	level, known := logLevels[strings.ToLower(l.level)]
	if !known {
		return nil, misusef("-log-level must be debug, info, warn or error, not %q", l.level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch strings.ToLower(l.format) {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, misusef("-log-format must be text or json, not %q", l.format)
}

// slowFrom returns the time from which a request is slow; 0 if none is.
func (l *logging) slowFrom() (time.Duration, error) {
	from, err := time.ParseDuration(l.slow)
	if err != nil || from < 0 {
		return 0, misusef("-slow-requests must be a time like 1s, or 0 for none, not %q", l.slow)
	}
	return from, nil
}
