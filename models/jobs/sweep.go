package jobs

import (
	"context"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/db"
)

// sweptAtOnce is how many results one transaction deletes.
const sweptAtOnce = 1000

// Sweep deletes jobs that ended longer than Undoable ago, with their results. It is
// housekeeping, and has no audit line.
func (s *Store) Sweep(ctx context.Context) error {
	at, err := s.log.TrustedTime(ctx)
	if err != nil {
		return err
	}
	if err := s.Files.sweep(ctx, at); err != nil {
		return err
	}
	old := at.Add(-Undoable).Unix()
	for {
		start := time.Now()
		more, err := s.sweepSome(ctx, old)
		if err != nil || !more {
			return err
		}
		select { // half of the time is left to other writers
		case <-time.After(time.Since(start)):
		case <-ctx.Done():
			return s.db.Failed(ctx, ctx.Err())
		}
	}
}

// sweepSome deletes some results of the oldest job that ended before a time, or the job
// itself when it has none, and reports whether there was one.
func (s *Store) sweepSome(ctx context.Context, before int64) (more bool, err error) {
	ctx, cancel := context.WithTimeout(db.Alone(ctx), db.PieceLimit)
	defer cancel()
	var ids []string
	oldest := s.db.Reader.WithContext(ctx).Model(&Job{}).Where("finished_at <= ?", before).Order("finished_at").Limit(1)
	if err := oldest.Pluck("id", &ids).Error; err != nil || len(ids) == 0 {
		return false, s.db.Failed(ctx, err)
	}
	return true, s.db.Transaction(ctx, func(tx *gorm.DB) error {
		if more, err := dropResults(tx, ids[0], sweptAtOnce); more || err != nil {
			return err
		}
		if more, err := dropParts(tx, ids[0]); more || err != nil {
			return err
		}
		return tx.Where("id = ?", ids[0]).Delete(&Job{}).Error
	})
}

// dropResults deletes up to n results of a job, and reports whether there were any.
func dropResults(tx *gorm.DB, id string, n int) (some bool, err error) {
	first := tx.Model(&jobResult{}).Select("object_id").Where("job_id = ?", id).Order("object_id").Limit(n)
	gone := tx.Where("job_id = ? AND object_id IN (?)", id, first).Delete(&jobResult{})
	return gone.RowsAffected > 0, gone.Error
}
