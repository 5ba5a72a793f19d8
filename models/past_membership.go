package models

import (
	"context"

	"gorm.io/gorm"

	"protocol.chat/console/models/db"
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
	if err := tx.Exec(copied, append([]any{at, at}, args...)...).Error; err != nil {
		return 0, err
	}
	ended := tx.Where(condition, args...).Delete(&membership{})
	return int(ended.RowsAffected), ended.Error
}

// forgotAtOnce is how many past memberships one transaction deletes.
const forgotAtOnce = 1000

// Sweep deletes the past memberships that ended before the activity begins that is kept: without
// it, nobody can ask for them any more.
func (s *History) Sweep(ctx context.Context) error {
	before, err := s.store.Audit.Retention.DeletedBefore(ctx)
	for n := forgotAtOnce; err == nil && before > 0 && n == forgotAtOnce; {
		n, err = s.sweepSome(ctx, before)
	}
	return err
}

func (s *History) sweepSome(ctx context.Context, before int64) (n int, err error) {
	ctx, cancel := context.WithTimeout(db.Alone(ctx), db.PieceLimit)
	defer cancel()
	some := "DELETE FROM past_memberships WHERE (group_id, left_at, contact_id) IN" +
		" (SELECT group_id, left_at, contact_id FROM past_memberships WHERE left_at < ? ORDER BY left_at LIMIT ?)"
	err = s.store.DB.Transaction(ctx, func(tx *gorm.DB) error {
		swept := tx.Exec(some, before, forgotAtOnce)
		n = int(swept.RowsAffected)
		return swept.Error
	})
	return n, err
}
