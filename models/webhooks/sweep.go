package webhooks

import (
	"context"
	"time"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"

	"gorm.io/gorm"
)

// sweptAtOnce is how many deliveries one transaction deletes.
const sweptAtOnce = 1000

// Sweep deletes deliveries that were made longer than Kept ago, and those of webhooks that were
// deleted.
func (s *Store) Sweep(ctx context.Context) error {
	at, err := s.log.TrustedTime(ctx)
	if err != nil {
		return err
	}
	old := db.SelectFrom("webhook_deliveries", "id", "id < ?", text.FirstID(at.Add(-Kept)))
	old.Tail = " ORDER BY id"
	orphans := db.SelectFrom("webhook_deliveries", "id", "webhook_id NOT IN (SELECT id FROM webhooks)")
	for _, q := range []db.Selection{old, orphans} {
		for {
			start := time.Now()
			n, err := s.sweepSome(ctx, q)
			if err != nil || n < sweptAtOnce {
				if err != nil {
					return err
				}
				break
			}
			select { // half of the time is left to other writers
			case <-time.After(time.Since(start)):
			case <-ctx.Done():
				return s.db.Failed(ctx, ctx.Err())
			}
		}
	}
	return nil
}

// sweepSome deletes some of the deliveries that q selects, and returns how many.
func (s *Store) sweepSome(ctx context.Context, q db.Selection) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, db.PieceLimit)
	defer cancel()
	ids, err := db.First(s.db.Read(ctx), q, sweptAtOnce, db.OneColumn[string])
	if err != nil || len(ids) == 0 {
		return 0, s.db.Failed(ctx, err)
	}
	return len(ids), s.db.Transaction(ctx, func(tx *gorm.DB) error {
		in, arg := s.db.Dialect.Among("id", ids)
		_, err := db.Collect(s.db.ReadIn(tx), "DELETE FROM webhook_deliveries WHERE "+in+" RETURNING id", false, []any{arg}, db.OneColumn[string])
		return err
	})
}
