package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
)

// task is a periodic background task.
type task struct {
	what string
	run  func(context.Context) error
	// every is the interval; asked, which may be nil, triggers runs in between.
	every time.Duration
	asked <-chan struct{}
	// limit is the timeout of a run, so that an unresponsive database doesn't hold up the next
	// ones. The store has another for each batch of long tasks.
	limit time.Duration
}

// tasks returns the background tasks, which every console on the database runs.
func tasks(store *models.Store, log *slog.Logger) []task {
	watch, database := watch{store: store, log: log}, databaseWatch{store: store, log: log}
	all := []task{
		// The interval is the shortest lifetime of what it deletes.
		{what: "delete expired data", run: store.Sweep, every: identity.ChallengeLimit, limit: time.Minute},
		// Deletions by this process trigger it; the interval is for those of others and for what
		// errors left.
		{what: "purge deleted data", run: store.Deletions.Purge, every: time.Minute, asked: store.Deletions.PurgeRequested(), limit: time.Hour},
		// The interval is how late a deletion can be.
		{what: "end holds", run: store.Holds.Release, every: 5 * time.Second, limit: time.Minute},
		// The interval is for jobs that another process started.
		{what: "run jobs", run: store.Jobs.Run, every: time.Second, asked: store.Jobs.Woken(), limit: time.Hour},
		{what: "make files of jobs", run: store.Jobs.RunFiles, every: time.Second, asked: store.Jobs.WokenFiles(), limit: time.Hour},
		{what: "delete old activity", run: store.Audit.Retention.DeleteOld, every: identity.ChallengeLimit, asked: store.Audit.Retention.Changed(), limit: time.Hour},
		// The interval is how late into its day a rule can run.
		{what: "run archive rules", run: store.Rules.Run, every: 10 * time.Minute, limit: 10 * time.Minute},
		// The interval is how late the charts of the overview are in what happened today.
		{what: "count groups", run: store.Overviews.Count, every: time.Minute, limit: time.Minute},
		{what: "seal the audit log", run: store.Audit.Seal, every: 500 * time.Millisecond, limit: 10 * time.Second},
		// Changes by this process trigger it; the interval is for those of others and of jobs.
		{what: "relay events", run: store.RelayEvents, every: 500 * time.Millisecond, asked: store.Events.Woken(), limit: 10 * time.Second},
		// The interval is for what is tried again, and for what other processes relayed.
		{what: "send webhooks", run: store.Webhooks.Run, every: 250 * time.Millisecond, asked: store.Webhooks.Woken(), limit: time.Hour},
		{what: "write token usage", run: store.Identity.Tokens.FlushUses, every: 5 * time.Second, limit: 5 * time.Second},
		{what: "watch the database", run: database.look, every: time.Second, limit: 5 * time.Second},
		{what: "watch the audit log", run: watch.look, every: time.Second, limit: 5 * time.Second},
	}
	if _, used := store.DB.Replica(); used {
		all = append(all, task{what: "follow the replica", run: store.DB.FollowReplica, every: db.ReplicaInterval, limit: 5 * time.Second})
	}
	return all
}

// pageTasks are those that tell open pages what changed.
func pageTasks(store *models.Store, console *handlers.Console) []task {
	return []task{
		// Relays trigger it; the interval is for those of others where the database tells nothing.
		{what: "tell pages of events", run: console.FollowEvents, every: time.Second, asked: store.Events.Numbered(), limit: 10 * time.Second},
		{what: "listen for events of others", run: store.Events.Listen, every: 5 * time.Second, limit: time.Hour},
		{what: "tell pages of jobs", run: console.FollowJobs, every: time.Second, limit: 5 * time.Second},
		{what: "end feeds", run: console.EndFeeds, every: 2 * time.Second, limit: 5 * time.Second},
	}
}

// logInterval is how often the same ongoing problem is logged.
const logInterval = time.Minute

// repeat runs the task now, after every interval and when asked, until ctx ends. Failures are
// logged and retried the next time; unreached is called if the database can't be reached.
func (t task) repeat(ctx context.Context, log *slog.Logger, unreached func()) {
	tick := time.NewTicker(t.every)
	defer tick.Stop()
	var logged string
	var loggedAt time.Time
	for ctx.Err() == nil {
		err := t.once(ctx)
		switch {
		case err == nil && logged != "":
			log.Info(t.what+": working again", "after", time.Since(loggedAt).Round(time.Millisecond))
			logged = ""
		case err != nil && ctx.Err() == nil:
			if err.Error() != logged || time.Since(loggedAt) >= logInterval {
				log.Warn(t.what, "err", err)
				logged, loggedAt = err.Error(), time.Now()
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
	// lateSeal is how long an entry may stay unsealed before a warning is logged.
	lateSeal = 5 * time.Second
	// largeLog is how large SQLite's write-ahead log may grow before a warning is logged.
	largeLog = 256 << 20
)

// watch logs conditions that an operator should know about, although nothing failed.
type watch struct {
	store *models.Store
	log   *slog.Logger

	oldest             string    // the oldest unsealed entry, or ""
	since              time.Time // when it was first seen
	loggedAt, loggedDB time.Time
}

func (w *watch) look(ctx context.Context) error {
	if size := w.store.DB.LogSize(); size > largeLog && time.Since(w.loggedDB) >= logInterval {
		w.loggedDB = time.Now()
		w.log.Warn("SQLite's write-ahead log is large: another process may hold the database open, such as a forgotten shell", "bytes", size)
	}
	oldest, err := w.store.Audit.OldestUnsealed(ctx)
	if err != nil {
		return err
	}
	w.see(oldest, time.Now())
	return nil
}

// see logs a warning if the oldest unsealed entry has been waiting too long.
func (w *watch) see(oldest string, now time.Time) {
	if oldest != w.oldest {
		w.oldest, w.since = oldest, now
	}
	if oldest != "" && now.Sub(w.since) > lateSeal && now.Sub(w.loggedAt) >= logInterval {
		w.loggedAt = now
		w.log.Warn("the activity log is not sealed: until it is, entries can be removed from the database undetected", "entry", oldest, "waiting", now.Sub(w.since).Round(time.Second))
	}
}
