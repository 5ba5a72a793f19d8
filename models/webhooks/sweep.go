package webhooks

import (
	"cmp"
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
	if err := s.sweepAll(ctx, old); err != nil {
		return err
	}
	gone, err := db.Collect(s.db.Read(ctx), goneWebhooks, false, nil, db.OneColumn[string])
	for _, id := range gone {
		err = cmp.Or(err, s.sweepAll(ctx, db.SelectFrom("webhook_deliveries", "id", "webhook_id = ?", id)))
	}
	return s.db.Failed(ctx, err)
}

// goneWebhooks selects the webhooks that were deleted and still have deliveries. It steps from
// webhook to webhook through an index, instead of reading every delivery.
const goneWebhooks = "WITH RECURSIVE each_webhook (id) AS (SELECT min(webhook_id) FROM webhook_deliveries" +
	" UNION ALL SELECT (SELECT min(webhook_id) FROM webhook_deliveries WHERE webhook_id > each_webhook.id) FROM each_webhook WHERE id IS NOT NULL)" +
	" SELECT id FROM each_webhook WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM webhooks)"

// sweepAll deletes the deliveries that q selects, in pieces.
func (s *Store) sweepAll(ctx context.Context, q db.Selection) error {
	for {
		start := time.Now()
		n, err := s.sweepSome(ctx, q)
		if err != nil || n < sweptAtOnce {
			return err
		}
		select { // half of the time is left to other writers
		case <-time.After(time.Since(start)):
		case <-ctx.Done():
			return s.db.Failed(ctx, ctx.Err())
		}
	}
}

// sweepSome deletes some of the deliveries that q selects, and returns how many.
func (s *Store) sweepSome(ctx context.Context, q db.Selection) (int, error) {
	ctx, cancel := context.WithTimeout(db.Alone(ctx), db.PieceLimit)
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
