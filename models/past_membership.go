package models

import (
	"context"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// A membership that ends becomes a row of past_memberships: it says who was in which group, and
// from when until when. Those that last have the beginning only, in memberships, so adding
// members costs nothing more. History reads both.

// endMemberships deletes the memberships that match a condition, and returns how many there were.
// at is when they ended: for what a deletion left, when that was.
func (s *Store) endMemberships(tx *gorm.DB, at int64, condition string, args ...any) (int, error) {
	// The rows are locked while they are copied: nobody else deletes and copies them.
	copied := "INSERT INTO past_memberships (group_id, contact_id, joined_at, left_at)" +
		" SELECT group_id, contact_id, created_at, CAST(? AS bigint) FROM memberships WHERE created_at < ? AND " + condition + s.DB.Dialect.ForUpdate()
	if err := db.Later(tx).Exec(copied, append([]any{at, at}, args...)...).Error; err != nil {
		return 0, err
	}
	ended := tx.Where(condition, args...).Delete(&membership{})
	return int(ended.RowsAffected), ended.Error
}

// forgotAtOnce is how many rows one transaction deletes.
const forgotAtOnce = 1000

// forgotten are what the records of past activity have in other tables: a statement that deletes
// some of a table that is from before a time.
var forgotten = []struct {
	delete string
	// before is the argument for a time in Unix seconds.
	before func(at int64) any
}{
	{"DELETE FROM past_memberships WHERE (group_id, left_at, contact_id) IN" +
		" (SELECT group_id, left_at, contact_id FROM past_memberships WHERE left_at < ? ORDER BY left_at LIMIT ?)", unixTime},
	{"DELETE FROM tombstones WHERE group_id IN (SELECT group_id FROM tombstones WHERE deleted_at < ? ORDER BY deleted_at LIMIT ?)", unixTime},
	{"DELETE FROM contact_tombstones WHERE contact_id IN (SELECT contact_id FROM contact_tombstones WHERE deleted_at < ? ORDER BY deleted_at LIMIT ?)", unixTime},
	{"DELETE FROM reverts WHERE (line_id, id) IN (SELECT line_id, id FROM reverts WHERE line_id < ? ORDER BY line_id, id LIMIT ?)", firstID},
}

func unixTime(at int64) any { return at }
func firstID(at int64) any  { return text.FirstID(time.Unix(at, 0)) }

// Sweep deletes past memberships that ended, and what remains of groups that were deleted,
// contacts that were merged and changes that were reverted, before the activity begins that is kept: without it, nobody can ask
// for them any more.
func (s *History) Sweep(ctx context.Context) error {
	before, err := s.store.Audit.Retention.DeletedBefore(ctx)
	if err != nil || before == 0 {
		return err
	}
	for _, old := range forgotten {
		for n := forgotAtOnce; err == nil && n == forgotAtOnce; {
			n, err = s.sweepSome(ctx, old.delete, old.before(before))
		}
	}
	return err
}

func (s *History) sweepSome(ctx context.Context, some string, before any) (n int, err error) {
	ctx, cancel := context.WithTimeout(db.Alone(ctx), db.PieceLimit)
	defer cancel()
	err = s.store.DB.Transaction(ctx, func(tx *gorm.DB) error {
		swept := tx.Exec(some, before, forgotAtOnce)
		n = int(swept.RowsAffected)
		return swept.Error
	})
	return n, err
}
