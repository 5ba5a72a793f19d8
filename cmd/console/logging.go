package main

import (
	"io"
	"log/slog"
	"strings"
)

// logging holds the settings of serve's log.
type logging struct{ level, format string }

func (l *logging) declare(c *command) {
	c.setting(&l.level, "log-level", "LOG_LEVEL", "info", "minimum `LEVEL` to log: debug, info, warn or error; requests are logged at info")
	c.setting(&l.format, "log-format", "LOG_FORMAT", "text", "log `FORMAT`: text (key=value) or json")
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
