package events

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/db"
)

// relayed is how many events one transaction numbers and hands on.
const relayed = 500

// Wake makes Relay run soon: an event was committed.
func (l *Log) Wake() {
	select {
	case l.woken <- struct{}{}:
	default: // it will run anyway
	}
}

// Woken is where Wake is heard.
func (l *Log) Woken() <-chan struct{} { return l.woken }

// Relay numbers the events that are committed and hands them on, until there are none.
// Several processes may call it at once.
func (l *Log) Relay(ctx context.Context) error {
	for {
		ctx, cancel := context.WithTimeout(ctx, db.PieceLimit) // with others: it follows every change
		n, err := l.relaySome(ctx)
		cancel()
		if n > 0 && err == nil {
			l.tellNumbered()
		}
		if err != nil || n < relayed {
			return err
		}
	}
}

func (l *Log) relaySome(ctx context.Context) (n int, err error) {
	// Most often there is nothing, and SQLite's one writer is left alone.
	fresh, err := db.First(l.db.Read(ctx), db.SelectFrom("events", "position", "number IS NULL"), 1, db.OneColumn[int64])
	if err != nil || len(fresh) == 0 {
		return 0, l.db.Failed(ctx, err)
	}
	err = l.db.Transaction(ctx, func(tx *gorm.DB) error {
		if err := l.db.Dialect.Lock(tx, "events"); err != nil {
			return err
		}
		numbered, err := l.number(tx)
		if n = len(numbered); err != nil || n == 0 {
			return err
		}
		return l.handOn(tx, numbered)
	})
	return n, err
}

// handOn hands on numbered events.
func (l *Log) handOn(tx *gorm.DB, numbered []Event) error {
	if err := l.db.Dialect.Notify(tx, channel); err != nil || l.Deliver == nil {
		return err
	}
	return l.Deliver(tx, numbered)
}

// AddLast is Add for a transaction that is committed right afterwards. Many events are numbered
// at once, which saves the relay from writing each a second time: after all that are committed,
// among which are earlier ones of the same objects.
func (l *Log) AddLast(tx *gorm.DB, made []Event) error {
	if len(made) <= manyAdded {
		return l.Add(tx, made)
	}
	if err := l.db.Dialect.Lock(tx, "events"); err != nil {
		return err
	}
	before, err := l.number(tx)
	if err != nil {
		return err
	}
	if len(before) == relayed { // there may be more, and the relay is at them
		return cmp.Or(l.handOn(tx, before), l.Add(tx, made))
	}
	last, err := db.Collect(l.db.ReadIn(tx), "UPDATE event_head SET number = number + ? RETURNING number", false, []any{len(made)}, db.OneColumn[int64])
	if err != nil {
		return err
	}
	first := last[0] - int64(len(made)) + 1
	for i := range made {
		made[i].Number = first + int64(i)
	}
	return cmp.Or(l.Add(tx, made), l.handOn(tx, append(before, made...)))
}

// manyAdded is up to how many events aren't worth to make others wait that number. What is done in
// one request, perhaps among other things, has no more.
const manyAdded = 200

// number numbers the oldest events that have no number, and returns them in order. The caller
// holds the lock.
func (l *Log) number(tx *gorm.DB) ([]Event, error) {
	const oldest = "SELECT position, row_number() OVER (ORDER BY position) AS place FROM events WHERE number IS NULL ORDER BY position LIMIT "
	update := "UPDATE events SET number = event_head.number + fresh.place FROM event_head, (" + oldest + strconv.Itoa(relayed) + ") AS fresh" +
		" WHERE events.position = fresh.position RETURNING events.id, type, object_id, payload, created_at, request_id, events.number"
	r := l.db.ReadIn(tx)
	numbered, err := db.Collect(r, update, false, nil, (*Event).columns)
	if err != nil || len(numbered) == 0 {
		return nil, err
	}
	slices.SortFunc(numbered, func(a, b Event) int { return int(a.Number - b.Number) })
	return numbered, tx.Exec("UPDATE event_head SET number = number + ?", len(numbered)).Error
}

// sweptAtOnce is how many events one transaction deletes.
const sweptAtOnce = 1000

// Sweep deletes the events that were made longer than Kept before a time.
func (l *Log) Sweep(ctx context.Context, at time.Time) error {
	for {
		start := time.Now()
		n, err := l.sweepSome(ctx, at.Add(-Kept).Unix())
		if err != nil || n < sweptAtOnce {
			return err
		}
		select { // half of the time is left to other writers
		case <-time.After(time.Since(start)):
		case <-ctx.Done():
			return l.db.Failed(ctx, ctx.Err())
		}
	}
}

// sweepSome deletes the first events of the feed up to one that is to be kept, and returns how
// many.
func (l *Log) sweepSome(ctx context.Context, before int64) (n int, err error) {
	ctx, cancel := context.WithTimeout(db.Alone(ctx), db.PieceLimit)
	defer cancel()
	first := db.SelectFrom("events", "number, created_at", "number > 0")
	first.Tail = " ORDER BY number"
	var old []Event
	old, err = db.First(l.db.Read(ctx), first, sweptAtOnce, func(e *Event) []any { return []any{&e.Number, &e.CreatedAt} })
	if kept := slices.IndexFunc(old, func(e Event) bool { return e.CreatedAt > before }); kept >= 0 {
		old = old[:kept]
	}
	if err != nil || len(old) == 0 {
		return 0, l.db.Failed(ctx, err)
	}
	err = l.db.Transaction(ctx, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM events WHERE number <= ?", old[len(old)-1].Number).Error
	})
	return len(old), err
}
