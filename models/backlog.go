package models

import (
	"context"

	"protocol.chat/console/models/db"
)

// Backlog is how much waits for the tasks in the background: each number up to MaxBacklog.
type Backlog struct {
	// Unsealed are entries of the activity log that have no place in its chain yet.
	Unsealed int
	// Events are those that have no number yet.
	Events int
	// Deliveries are those of webhooks that are to be sent, or sent again.
	Deliveries int
	// Jobs are those that have not ended.
	Jobs int
	// Clearings are conversations of what was deleted, whose rows are to be removed.
	Clearings int
}

// MaxBacklog is how far a Backlog is counted.
const MaxBacklog = 10_000

// Backlog returns what waits at the moment.
func (s *Store) Backlog(ctx context.Context) (b Backlog, err error) {
	r := s.DB.Read(ctx)
	for _, queue := range []struct {
		n         *int
		from      string
		condition string
	}{
		{&b.Unsealed, "audit_tail", "1 = 1"},
		{&b.Events, "events", "number IS NULL"},
		{&b.Deliveries, "webhook_deliveries", "state = 'pending'"},
		{&b.Jobs, "jobs", "finished_at IS NULL"},
		{&b.Clearings, "clearings", "1 = 1"},
	} {
		count, err := db.CountUpTo(r, db.SelectFrom(queue.from, "1", queue.condition), MaxBacklog)
		if err != nil {
			return b, s.DB.Failed(ctx, err)
		}
		*queue.n = count.N
	}
	return b, nil
}
