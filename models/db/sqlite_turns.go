package db

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
)

// How many callers share a transaction, and how old it may be when the last of them begins:
// the first waits for all. What takes long is Alone.
const (
	togetherMost = 32
	togetherTime = 20 * time.Millisecond
)

type aloneKey struct{}

// Alone returns a context whose transactions are shared with nobody, for those that take
// long: on SQLite others would wait for them twice, for their turn and for the commit.
func Alone(ctx context.Context) context.Context { return context.WithValue(ctx, aloneKey{}, true) }

// turns runs the transactions of the connection that writes, one after the other in the order
// in which they came. Those that wait are committed together: each begins when the one before
// it has ended, in the same transaction of SQLite, and is answered after the commit, so that
// what was acknowledged is on the disk. Sixteen clients then cost one commit, not sixteen.
//
// Each but the first has a savepoint, to which its failure rolls back; a failure of the first
// rolls back all, which is only its own. Errors that roll back the transaction itself, such as
// a full disk, and those of the commit are answered to all. A context that ends stops its
// caller's next statement; a statement that runs is interrupted only as long as nobody shares
// the transaction, since that would roll back all of it (see writingConn).
//
// Nobody may wait for a transaction while holding what another transaction waits for, such as
// a mutex: the one may end only after the other.
type turns struct {
	writer *gorm.DB
	shared *atomic.Bool // as in writingConn

	// waits is how many callers have waited for a turn, and waited for how long all of them.
	waits, waited atomic.Int64

	mu      sync.Mutex
	taken   bool      // by somebody who will call next
	waiting list.List // of *turn
}

// turn is that of a caller who waits for it.
type turn struct {
	alone bool
	// granted gets the transaction to share, or nil if a new one is to be begun.
	granted chan *together
}

// together is a transaction of one or several callers.
type together struct {
	tx     *gorm.DB
	end    func() error // gives the connection back
	alone  bool
	begun  time.Time
	shares int
	broken error         // why it can't be committed
	done   chan struct{} // closed once err is known
	err    error         // of the commit
}

// run runs fn in a transaction.
func (s *turns) run(ctx context.Context, fn func(tx *gorm.DB) error) error {
	alone := ctx.Value(aloneKey{}) != nil
	t, err := s.await(ctx, alone)
	switch {
	case err != nil:
		return err
	case t == nil:
		return s.lead(ctx, alone, fn)
	}
	return s.join(ctx, t, fn)
}

// await waits for a turn, and returns the transaction to share, or nil if a new one is to be
// begun. The caller has to call next, unless there is an error.
func (s *turns) await(ctx context.Context, alone bool) (*together, error) {
	s.mu.Lock()
	if !s.taken {
		s.taken = true
		s.mu.Unlock()
		return nil, nil
	}
	own := &turn{alone, make(chan *together, 1)}
	place := s.waiting.PushBack(own)
	s.mu.Unlock()
	s.waits.Add(1)
	defer func(from time.Time) { s.waited.Add(int64(time.Since(from))) }(time.Now())
	select {
	case t := <-own.granted:
		return t, nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case t := <-own.granted: // meanwhile: it has to be passed on
		return t, nil
	default:
		s.waiting.Remove(place)
		return nil, ctx.Err()
	}
}

// next passes the turn on: to somebody who shares t, if that may be shared further, or to
// somebody who begins anew. It reports whether t is shared.
func (s *turns) next(t *together) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.waiting.Front()
	if first == nil {
		s.taken = false
		return false
	}
	own := first.Value.(*turn)
	share := t != nil && t.broken == nil && !t.alone && !own.alone && t.shares < togetherMost && time.Since(t.begun) < togetherTime
	if share {
		t.shares++
		s.shared.Store(true)
	} else {
		t = nil
	}
	s.waiting.Remove(first)
	own.granted <- t
	return share
}

// lead runs fn as the first in a transaction.
func (s *turns) lead(ctx context.Context, alone bool, fn func(tx *gorm.DB) error) error {
	t, err := s.begin(ctx, alone)
	if err != nil {
		s.next(nil)
		return err
	}
	ended := false
	defer func() {
		if !ended { // by an error, or by a panic
			_ = t.tx.Rollback() // what went wrong before counts
			_ = t.end()
			s.next(nil)
		}
	}()
	if err := fn(t.tx.WithContext(ctx)); err != nil {
		return err
	}
	ended = true
	return s.finish(t)
}

// begin begins a transaction, unless ctx ends before it is the connection's turn. The
// transaction outlives ctx: others may come to share it.
func (s *turns) begin(ctx context.Context, alone bool) (*together, error) {
	pool, err := s.writer.DB()
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s.shared.Store(false)
	session := s.writer.WithContext(waitFor(ctx))
	session.Statement.ConnPool = conn
	tx := session.Begin()
	if tx.Error != nil {
		return nil, errors.Join(tx.Error, conn.Close())
	}
	return &together{tx: tx, end: conn.Close, alone: alone, begun: time.Now(), shares: 1, done: make(chan struct{})}, nil
}

// join runs fn within a transaction that others have begun.
func (s *turns) join(ctx context.Context, t *together, fn func(tx *gorm.DB) error) error {
	ended := false
	defer func() {
		if !ended { // by an error, or by a panic
			if err := t.undo(); err != nil {
				t.broken = err
			}
			_ = s.finish(t) // nothing of it is this caller's
		}
	}()
	if err := t.tx.SavePoint(savepoint).Error; err != nil {
		t.broken = err
		return err
	}
	err := ctx.Err()
	if err == nil {
		err = fn(t.tx.WithContext(ctx))
	}
	if err != nil {
		return err
	}
	if err := t.tx.Exec("RELEASE " + savepoint).Error; err != nil {
		t.broken = err
		return err
	}
	ended = true
	return s.finish(t)
}

// savepoint is what a caller who shares a transaction goes back to.
const savepoint = "turn"

// undo rolls back what the caller whose turn it is has changed.
func (t *together) undo() error {
	if t.broken != nil {
		return t.broken
	}
	if err := t.tx.RollbackTo(savepoint).Error; err != nil {
		return err
	}
	return t.tx.Exec("RELEASE " + savepoint).Error
}

// finish passes the turn on and returns the result of the commit, which is made by whom
// nobody follows.
func (s *turns) finish(t *together) error {
	if s.next(t) {
		<-t.done
		return t.err
	}
	if t.err = t.broken; t.err == nil {
		t.err = t.tx.Commit().Error
	} else {
		_ = t.tx.Rollback() // SQLite has done so already, mostly
	}
	t.err = errors.Join(t.err, t.end())
	close(t.done)
	return t.err
}
