package jobs

import (
	"context"

	"protocol.chat/console/models/db"
)

// Progress is how far a job is, to compare with how far it was.
type Progress struct {
	ID                           string
	State                        State
	Total, Done, Skipped, Failed int
}

func (p *Progress) columns() []any {
	return []any{&p.ID, &p.State, &p.Total, &p.Done, &p.Skipped, &p.Failed}
}

// Progress returns how far jobs are, by their ids.
func (s *Store) Progress(ctx context.Context, ids []string) ([]Progress, error) {
	among, arg := s.db.Dialect.Among("id", ids)
	query := db.SelectFrom("jobs", "id, state, total, done, skipped, failed", among, arg)
	found, err := db.Collect(s.db.Read(ctx), query.SQL(), false, query.Args, (*Progress).columns)
	return found, s.db.Failed(ctx, err)
}
