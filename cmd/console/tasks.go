package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
)

// task is something that a console does again and again while it runs.
type task struct {
	what string
	run  func(context.Context) error
	// every is how often; asked, which may be nil, asks for it in between.
	every time.Duration
	asked <-chan struct{}
	// limit is how long one run may take, so that a database that is silent does not hold
	// up those to come. What is done in pieces has one for each piece in the store, too.
	limit time.Duration
}

// tasks are all of them. Other consoles on the database do the same.
func tasks(store *models.Store, log *slog.Logger) []task {
	watch, database := watch{store: store, log: log}, databaseWatch{store: store, log: log}
	return []task{
		// As often as what lives shortest runs out.
		{what: "delete what has run out", run: store.Sweep, every: identity.ChallengeLimit, limit: time.Minute},
		// What deletions of this program have left is told at once, but not that of others,
		// nor what an error has left.
		{what: "clear what deletions left", run: store.Clear, every: time.Minute, asked: store.ToClear(), limit: time.Hour},
		// Jobs that another program has started are found by looking.
		{what: "run jobs", run: store.Jobs.Run, every: time.Second, asked: store.Jobs.Woken(), limit: time.Hour},
		{what: "delete old activity", run: store.Audit.DeleteOldActivity, every: identity.ChallengeLimit, asked: store.Audit.ToDeleteActivity(), limit: time.Hour},
		{what: "seal the audit log", run: store.Audit.Seal, every: 500 * time.Millisecond, limit: 10 * time.Second},
		{what: "write what tokens were used for", run: store.Identity.WriteUses, every: 5 * time.Second, limit: 5 * time.Second},
		{what: "watch the database", run: database.look, every: time.Second, limit: 5 * time.Second},
		{what: "watch the audit log", run: watch.look, every: time.Second, limit: 5 * time.Second},
	}
}

// sayAgain is how often the same is logged of what goes on.
const sayAgain = time.Minute

// repeat does the task now, after every wait and whenever it is asked to, until ctx ends.
// What fails is logged, and tried again the next time; unreached is called if it was the
// database that could not be reached.
func (t task) repeat(ctx context.Context, log *slog.Logger, unreached func()) {
	tick := time.NewTicker(t.every)
	defer tick.Stop()
	var said string
	var saidAt time.Time
	for ctx.Err() == nil {
		err := t.once(ctx)
		switch {
		case err == nil && said != "":
			log.Info(t.what+": it works again", "since", time.Since(saidAt).Round(time.Millisecond))
			said = ""
		case err != nil && ctx.Err() == nil:
			if err.Error() != said || time.Since(saidAt) >= sayAgain {
				log.Warn(t.what, "err", err)
				said, saidAt = err.Error(), time.Now()
			}
			if errors.Is(err, access.ErrUnavailable) {
				unreached()
			}
		}
		select {
		case <-tick.C:
		case <-t.asked:
		case <-ctx.Done():
		}
	}
}

func (t task) once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	return t.run(ctx)
}

const (
	// lateSeal is how long a line of the activity may wait for its seal until that is said.
	lateSeal = 5 * time.Second
	// largeLog is how large SQLite's log may grow until that is said.
	largeLog = 256 << 20
)

// watch says what an operator should know of, though nothing failed.
type watch struct {
	store *models.Store
	log   *slog.Logger

	oldest          string    // the line that waits longest for its seal, or ""
	since           time.Time // when it was seen first
	saidAt, saidLog time.Time
}

func (w *watch) look(ctx context.Context) error {
	if size := w.store.DB.LogSize(); size > largeLog && time.Since(w.saidLog) >= sayAgain {
		w.saidLog = time.Now()
		w.log.Warn("SQLite's log is large: something reads the database without an end, perhaps a shell that was left open", "bytes", size)
	}
	oldest, err := w.store.Audit.OldestUnsealed(ctx)
	if err != nil {
		return err
	}
	w.see(oldest, time.Now())
	return nil
}

// see is told which line waits longest now.
func (w *watch) see(oldest string, now time.Time) {
	if oldest != w.oldest {
		w.oldest, w.since = oldest, now
	}
	if oldest != "" && now.Sub(w.since) > lateSeal && now.Sub(w.saidAt) >= sayAgain {
		w.saidAt = now
		w.log.Warn("the activity is not sealed: until it is, a line can be taken out of the database unseen", "line", oldest, "waits", now.Sub(w.since).Round(time.Second))
	}
}
