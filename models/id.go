package models

import (
	"context"
	"time"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// IDInFuture reports whether an id can't have been given to anything yet: it is later than
// now, and than the newest ids, which are ahead of a clock that was set back.
func (s *Store) IDInFuture(ctx context.Context, id string) bool {
	if !text.IDTime(id).After(s.DB.Now().Add(clockSlack)) {
		return false
	}
	for _, table := range []string{"groups", "contacts", "messages"} {
		query := db.SelectFrom(table, "id", "id >= ?", id)
		if later, err := db.First(s.DB.Read(ctx), query, 1, db.OneColumn[string]); err != nil || len(later) > 0 {
			return false
		}
	}
	return true
}

// clockSlack is how much the clocks of two instances may differ.
const clockSlack = time.Minute
