package db

import (
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
	if outage == "" {
		return err
	}
	return s.Health.note(access.Unavailable{Outage: outage, Cause: err}, s.Now())
}

// Transaction runs fn in one transaction, and retries it up to four times after a deadlock
// or a serialization failure. Errors are as from Failed.
func (s *DB) Transaction(ctx context.Context, fn func(tx *gorm.DB) error) error {
	const tries = 5
	run := fn
	if local := s.Dialect.beginStatement(); local != "" {
		run = func(tx *gorm.DB) error {
			if err := tx.Exec(local).Error; err != nil {
				return err
			}
			return fn(tx)
		}
	}
	var err error
	for range tries {
		err = s.Writer.WithContext(ctx).Transaction(run)
		if !s.Dialect.retryable(err) {
			break
		}
	}
	return s.Failed(ctx, err)
}

// PieceLimit is how long one piece of background work may take, so that a database that
// hangs does not block it forever.
const PieceLimit = 5 * time.Second
