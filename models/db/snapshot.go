package db

import (
	"context"
	"database/sql"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
)

// snapshotConns is how many snapshots are read at once: their readers decide how long they
// take, and other long reads have to go on.
const snapshotConns = longConns / 2

type snapshotKey struct{}

// WithSnapshot returns a context for which r is the Snapshot.
func WithSnapshot(ctx context.Context, r Reader) context.Context {
	return context.WithValue(ctx, snapshotKey{}, r)
}

// Snapshot passes a Reader that sees the database as it is at one moment: the one that ctx
// carries, or that of now. Until fn returns, the engine keeps what others delete and change.
// Errors: Conflict if too many are being read, and what fn returns.
func (s *DB) Snapshot(ctx context.Context, fn func(r Reader) error) error {
	if r, within := ctx.Value(snapshotKey{}).(Reader); within {
		return fn(r)
	}
	select {
	case s.snapshots <- struct{}{}:
		defer func() { <-s.snapshots }()
	default:
		return ErrExporting
	}
	return s.snapshotOf(ctx, s.LongReader, s.Dialect, fn)
}

// snapshotOf passes a Reader that sees a database as it is at one moment.
func (s *DB) snapshotOf(ctx context.Context, handle *gorm.DB, d Dialect, fn func(r Reader) error) error {
	moment := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	return handle.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if local := d.beginStatement(); local != "" {
			if err := tx.Exec(local).Error; err != nil {
				return err
			}
		}
		return fn(s.ReadIn(tx))
	}, moment)
}

// ErrExporting refuses a snapshot while too many are being read.
var ErrExporting = access.Conflict{Message: "Other exports are running. Try again when they have finished."}
