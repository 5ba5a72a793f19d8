package events

import (
	"context"

	"protocol.chat/console/models/db"
)

// Head is an event without what it says: enough to know that something changed.
type Head struct {
	Number, Position int64
	Type             Type
	ObjectID         string
}

func (h *Head) columns() []any { return []any{&h.Number, &h.Position, &h.Type, &h.ObjectID} }

// Position returns the newest position. What is read from the database later shows the events up
// to it, except those of a transaction that was just about to commit. It is how a page, which has
// to know that before the events are numbered, remembers how new it is.
func (l *Log) Position(ctx context.Context) (int64, error) {
	return l.position.Get(ctx, l.db, struct{}{}, func() (int64, error) {
		return l.one(ctx, "SELECT coalesce(max(position), 0) FROM events")
	})
}

// LastNumber returns the last number that was given: all events up to it can be read.
func (l *Log) LastNumber(ctx context.Context) (int64, error) {
	return l.one(ctx, "SELECT number FROM event_head")
}

// one reads a statement's one number.
func (l *Log) one(ctx context.Context, sql string) (int64, error) {
	n, err := db.Collect(l.db.Read(ctx), sql, false, nil, db.OneColumn[int64])
	if err != nil {
		return 0, l.db.Failed(ctx, err)
	}
	return n[0], nil
}

// Following returns the first events after a number, in their order.
func (l *Log) Following(ctx context.Context, after int64, limit int) ([]Head, error) {
	return l.heads(ctx, "number", limit, "number > ?", after)
}

// Missed returns the events between two numbers that a page doesn't show that is as new as a
// position: see Position. There may be more if it returns as many as limit.
func (l *Log) Missed(ctx context.Context, position, after, last int64, limit int) ([]Head, error) {
	if after == 0 { // the page has heard of nothing yet, and positions are nearer than numbers
		return l.heads(ctx, "position", limit, "position > ? AND number <= ?", position, last)
	}
	return l.heads(ctx, "number", limit, "number > ? AND number <= ? AND position > ?", after, last, position)
}

func (l *Log) heads(ctx context.Context, order string, limit int, condition string, args ...any) ([]Head, error) {
	query := db.SelectFrom("events", "number, position, type, object_id", condition, args...)
	query.Tail = " ORDER BY " + order
	found, err := db.First(l.db.Read(ctx), query, limit, (*Head).columns)
	return found, l.db.Failed(ctx, err)
}

// Numbered is where a relay of this program, or of another one if the database tells, is heard
// of.
func (l *Log) Numbered() <-chan struct{} { return l.numbered }

// channel is where programs tell one another that events were numbered.
const channel = "console_events"

// Listen makes Numbered hear of other programs until ctx ends. It returns nil at once if the
// database doesn't tell, so that one has to look.
func (l *Log) Listen(ctx context.Context) error {
	return l.db.Failed(ctx, l.db.Dialect.Listen(ctx, channel, l.tellNumbered))
}

func (l *Log) tellNumbered() {
	select {
	case l.numbered <- struct{}{}:
	default: // whoever listens will look anyway
	}
}
