package db

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Lists, searches and exports may be read from a replica, a PostgreSQL standby that is a little
// behind. All else is always read from the primary: sessions, tokens, rights, single objects,
// activity, and whatever a change depends on.
//
// Who has just changed something must see it. The activity, which all programs on the database
// share, says who has: for ownChanges, that caller's lists come from the primary. A replica that is
// more than maxLag behind isn't read at all, so it has every change that is older. Between the two
// there is room for changes that took long and for clocks that differ.
const (
	maxLag     = 5 * time.Second
	ownChanges = 12 * time.Second
)

const (
	// replicaPatience is how long a list may take from the replica. Then the primary is asked.
	replicaPatience = 2 * time.Second
	// exportPause is how long exports come from the primary after one that the replica broke off,
	// as a standby does with what holds up its changes for too long.
	exportPause = 10 * time.Minute
)

// replica is a server that lists are read from.
type replica struct {
	dialect *postgresDialect
	counts  Cache[string, Count] // as DB.Counts, which is never behind

	mu          sync.Mutex
	handles     *handles // nil until it was reached
	state       ReplicaState
	positions   []position // of the primary that the replica hasn't reached, the oldest first
	exportsFrom time.Time  // when exports may be read from it again
	closed      bool
}

// position is how far the primary's changes went at a time.
type position struct {
	at       time.Time
	lsn      int64
	timeline int
}

// ReplicaState describes the replica.
type ReplicaState struct {
	// Address is where it is, without credentials.
	Address string
	// CaughtUp is a time whose changes it all has; the zero time before it was compared.
	CaughtUp time.Time
	// Problem says why it isn't read; "" if it is.
	Problem string
	// Replica and Primary are how many lists came from each since the program started.
	Replica, Primary uint64
}

// Lag returns how far the replica is behind at most.
func (s ReplicaState) Lag(now time.Time) time.Duration { return max(0, now.Sub(s.CaughtUp)) }

// Replica returns the state of the replica, and whether UseReplica was called.
func (s *DB) Replica() (ReplicaState, bool) {
	if s.replica == nil {
		return ReplicaState{}, false
	}
	s.replica.mu.Lock()
	defer s.replica.mu.Unlock()
	return s.replica.state, true
}

// callerKey is that of WithCaller.
type callerKey struct{}

// caller is who makes a request, and whether they have just changed something, once it was asked.
type caller struct {
	id      string
	ask     sync.Once
	changed bool
}

// WithCaller returns a context in which lists may be read from the replica, for the user or token
// with this id. What it is decided by is asked once.
func WithCaller(ctx context.Context, id string) context.Context {
	if _, known := ctx.Value(callerKey{}).(*caller); known || id == "" {
		return ctx
	}
	return context.WithValue(ctx, callerKey{}, &caller{id: id})
}

// ReadList reads what may come from the replica, or else from the primary. read may be called
// twice: whatever goes wrong with the replica, the primary is asked, which may know what the
// replica lacks. Errors are as from Failed.
func ReadList[T any](ctx context.Context, s *DB, read func(Reader) (T, error)) (T, error) {
	value, err := TryList(ctx, s, read)
	return value, s.Failed(ctx, err)
}

// TryList is ReadList with the error that read returned.
func TryList[T any](ctx context.Context, s *DB, read func(Reader) (T, error)) (T, error) {
	if h := s.replicaFor(ctx); h != nil {
		limited, cancel := context.WithTimeout(ctx, replicaPatience)
		defer cancel()
		value, err := read(Reader{limited, replicaSource{s.logged(h.reads)}})
		if err == nil || ctx.Err() != nil {
			return value, err
		}
		s.replica.noteFailure(s.Dialect, h, err)
	}
	return read(s.Read(ctx))
}

// replicaSource marks what comes from the replica.
type replicaSource struct{ source }

// countsFor returns the cache of counts that a reader may use.
func (s *DB) countsFor(r Reader) *Cache[string, Count] {
	if _, behind := r.source.(replicaSource); behind {
		return &s.replica.counts
	}
	return &s.Counts
}

// SnapshotList is Snapshot for what may come from the replica. Once fn has been called, an error is
// its own: what it has passed on can't be taken back.
func (s *DB) SnapshotList(ctx context.Context, fn func(r Reader) error) error {
	if s.replica == nil || s.replica.exportsPaused(s.Now()) {
		return s.Snapshot(ctx, fn)
	}
	h := s.replicaFor(ctx)
	if h == nil {
		return s.Snapshot(ctx, fn)
	}
	if _, within := ctx.Value(snapshotKey{}).(Reader); !within {
		select {
		case s.snapshots <- struct{}{}:
			defer func() { <-s.snapshots }()
		default:
			return ErrExporting
		}
	}
	begun := false
	err := s.snapshotOf(ctx, h.LongReader, s.replica.dialect, func(r Reader) error {
		if _, err := Collect(r, "SELECT 1", false, nil, OneColumn[int]); err != nil {
			return err
		}
		begun = true
		return fn(r)
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	s.replica.noteFailure(s.Dialect, h, err)
	if begun {
		if s.Dialect.Outage(err) != "" {
			s.replica.pauseExports(s.Now())
		}
		return err
	}
	return s.Snapshot(ctx, fn)
}

// replicaFor returns the replica's handles if lists of the caller in ctx can come from it.
func (s *DB) replicaFor(ctx context.Context) *handles {
	by, _ := ctx.Value(callerKey{}).(*caller)
	if s.replica == nil || by == nil || aroundOf(ctx) != nil {
		return nil
	}
	h := s.replica.fresh(s.Now())
	if h != nil {
		by.ask.Do(func() {
			changed, err := s.ChangedLately(s.Read(ctx), by.id, s.Now().Add(-ownChanges))
			by.changed = changed || err != nil
		})
		if by.changed {
			h = nil
		}
	}
	s.replica.count(h != nil)
	return h
}

// fresh returns the replica's handles if it works and has all but the newest changes.
func (p *replica) fresh(now time.Time) *handles {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.Problem != "" || now.Sub(p.state.CaughtUp) > maxLag {
		return nil
	}
	return p.handles
}

func (p *replica) count(replica bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if replica {
		p.state.Replica++
	} else {
		p.state.Primary++
	}
}

// noteFailure stops reading from the replica until FollowReplica finds that it works, if an error
// shows that it may not.
func (p *replica) noteFailure(d Dialect, h *handles, err error) {
	if !unreached(d, err) {
		return
	}
	p.mu.Lock()
	p.state.Problem = "it can't be reached: " + err.Error()
	p.mu.Unlock()
	h.reads.reset()
}

func (p *replica) exportsPaused(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.exportsFrom)
}

func (p *replica) pauseExports(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.exportsFrom = now.Add(exportPause)
}

// close closes the connections to the replica.
func (p *replica) close() error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.handles == nil {
		return nil
	}
	return p.handles.close()
}

// errClosed is returned for a replica whose database was closed meanwhile.
var errClosed = errors.New("the database was closed")
