package db

import (
	"cmp"
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
)

// Failed maps errors of the database and of ctx to those of package access: ErrNotFound,
// Unavailable, or context.Canceled. Other errors pass through.
func (s *DB) Failed(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNoRow):
		return access.ErrNotFound
	case errors.Is(context.Cause(ctx), context.Canceled):
		return context.Canceled
	case errors.Is(err, access.ErrUnavailable):
		return err
	}
	outage := s.Dialect.Outage(err)
	if outage == "" && errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		outage = access.Busy
	}
	if outage == access.Damaged && s.Dialect.checkFiles() != nil {
		outage = access.Gone // what can't be read from a file that was moved proves no damage
	}
	if outage == "" {
		return err
	}
	return s.Health.note(access.Unavailable{Outage: outage, Cause: err}, s.Now())
}

// Transaction runs fn in one transaction, and retries it up to four times after a deadlock
// or a serialization failure. Within Atomic it is a part of that transaction. On SQLite others
// may share the transaction: see turns. Errors are as from Failed.
func (s *DB) Transaction(ctx context.Context, fn func(tx *gorm.DB) error) error {
	if around := aroundOf(ctx); around != nil {
		return s.nested(ctx, around, fn)
	}
	const tries = 5
	var err error
	for range tries {
		err = s.transact(ctx, fn)
		if !s.Dialect.retryable(err) {
			break
		}
	}
	return s.Failed(ctx, err)
}

// ExecIn runs a statement in a transaction, with ? in place of each value, and returns how many
// rows it changed. Unlike GORM's, it passes a list as one value: see Dialect.Each.
func (s *DB) ExecIn(tx *gorm.DB, sql string, args ...any) (changed int64, err error) {
	ctx, began := tx.Statement.Context, time.Now()
	defer func() {
		tx.Logger.Trace(ctx, began, func() (string, int64) { return sql, changed }, err)
	}()
	done, err := tx.Statement.ConnPool.ExecContext(ctx, s.Dialect.Placeholders(sql), args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// around is a transaction that a context carries.
type around struct {
	tx *gorm.DB
	// savepoint is what the transactions within it go back to if they fail.
	savepoint string
}

type aroundKey struct{}

// aroundOf returns the transaction that ctx carries, or nil.
func aroundOf(ctx context.Context) *around {
	found, _ := ctx.Value(aroundKey{}).(*around)
	return found
}

// Atomic runs fn in one transaction, which the context that it gets carries: what fn reads
// and changes with it, by Transaction, Read and ReaderFor, belongs to the transaction. A
// Transaction within that fails is rolled back alone. fn may run again, as for Transaction.
func (s *DB) Atomic(ctx context.Context, fn func(ctx context.Context, tx *gorm.DB) error) error {
	savepoint := "within"
	if outer := aroundOf(ctx); outer != nil {
		savepoint = outer.savepoint + "_within"
	}
	return s.Transaction(ctx, func(tx *gorm.DB) error {
		return fn(context.WithValue(ctx, aroundKey{}, &around{tx, savepoint}), tx)
	})
}

// errDryRun rolls back what went well.
var errDryRun = errors.New("dry run")

// DryRun is Atomic, but in the end nothing is changed.
func (s *DB) DryRun(ctx context.Context, fn func(ctx context.Context) error) error {
	err := s.Atomic(ctx, func(ctx context.Context, _ *gorm.DB) error { return cmp.Or(fn(ctx), errDryRun) })
	if err == errDryRun {
		return nil
	}
	return err
}

// nested runs fn as a part of another transaction, which goes on without it if it fails.
func (s *DB) nested(ctx context.Context, a *around, fn func(tx *gorm.DB) error) error {
	err := a.tx.WithContext(ctx).SavePoint(a.savepoint).Error
	if err != nil {
		return s.Failed(ctx, err)
	}
	tx := a.tx.WithContext(ctx)
	if err = fn(tx); err == nil {
		err = Flush(tx) // what fails now is this part's
	}
	if err == nil || s.Dialect.retryable(err) { // all of it is repeated
		return err
	}
	if failed := a.tx.WithContext(ctx).RollbackTo(a.savepoint).Error; failed != nil {
		err = errors.Join(err, failed)
	}
	return s.Failed(ctx, err)
}

// PieceLimit is how long one piece of background work may take, so that a database that
// hangs does not block it forever.
const PieceLimit = 5 * time.Second
