package db

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
)

// Failed maps what the database or the context reported to the errors above.
// Errors of this package pass through.
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

// Transaction runs fn in one transaction, again where the engine chose it as
// the victim of a deadlock.
func (s *DB) Transaction(ctx context.Context, fn func(tx *gorm.DB) error) error {
	const tries = 5
	run := fn
	if local := s.Dialect.local(); local != "" {
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
		if !s.Dialect.again(err) {
			break
		}
	}
	return s.Failed(ctx, err)
}

// PieceLimit is how long one piece of the work that goes on in the background may take,
// so that a database that is silent does not hold it up for good.
const PieceLimit = 5 * time.Second
