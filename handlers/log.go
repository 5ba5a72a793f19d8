package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// How long one value in the log can be, in bytes. Clients choose paths, methods and what is
// quoted in errors; what is longer is cut, so that nobody fills a disk with one request.
// A stack is ours.
const (
	maxLogged = 1 << 10
	maxStack  = 64 << 10
)

// boundedLog cuts every value that is logged, whoever wrote the line.
type boundedLog struct{ slog.Handler }

// Handle logs the record with its values cut.
func (b boundedLog) Handle(ctx context.Context, r slog.Record) error {
	bounded := slog.NewRecord(r.Time, r.Level, cutText(r.Message, maxLogged), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		bounded.AddAttrs(boundedAttr(a))
		return true
	})
	return b.Handler.Handle(ctx, bounded)
}

// WithAttrs returns the handler for lines that all have these values.
func (b boundedLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	bounded := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		bounded[i] = boundedAttr(a)
	}
	return boundedLog{b.Handler.WithAttrs(bounded)}
}

// WithGroup returns the handler for lines whose values stand under a name.
func (b boundedLog) WithGroup(name string) slog.Handler { return boundedLog{b.Handler.WithGroup(name)} }

func boundedAttr(a slog.Attr) slog.Attr {
	value, most := a.Value.Resolve(), maxLogged
	if a.Key == "stack" {
		most = maxStack
	}
	switch value.Kind() {
	case slog.KindString:
		return slog.String(a.Key, cutText(value.String(), most))
	case slog.KindAny:
		return slog.String(a.Key, cutText(fmt.Sprint(value.Any()), most))
	case slog.KindGroup:
		group := make([]any, len(value.Group()))
		for i, within := range value.Group() {
			group[i] = boundedAttr(within)
		}
		return slog.Group(a.Key, group...)
	}
	return a
}

// cutText cuts text to so many bytes, and adds how many there were if it does.
func cutText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most
	for end > most-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.ToValidUTF8(text[:end], "�") + fmt.Sprintf("… (%d bytes)", len(text))
}
