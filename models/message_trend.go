package models

import (
	"context"
	"strconv"
	"strings"
	"time"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// MaxPerDay is how many messages of a day PerDay counts, so that a conversation of millions takes no longer.
const MaxPerDay = 1000

// PerDay counts the messages of a conversation on each of the last days, the day of now last. Days begin
// in the zone of now.
func (s *Messages) PerDay(ctx context.Context, conversationID string, now time.Time, days int) ([]db.Count, error) {
	parts, args := make([]string, days), make([]any, 0, 3*days)
	for i := range days {
		from := time.Date(now.Year(), now.Month(), now.Day()-days+1+i, 0, 0, 0, 0, now.Location())
		parts[i] = "SELECT " + strconv.Itoa(i) + " AS day, count(*) AS n FROM (SELECT 1 FROM messages WHERE conversation_id = ? AND id >= ? AND id < ? LIMIT " +
			strconv.Itoa(MaxPerDay+1) + ") AS part"
		args = append(args, conversationID, text.FirstID(from), text.FirstID(from.AddDate(0, 0, 1)))
	}
	type counted struct{ day, n int }
	found, err := db.Collect(s.store.DB.Read(ctx), strings.Join(parts, " UNION ALL "), false, args, func(c *counted) []any { return []any{&c.day, &c.n} })
	counts := make([]db.Count, days)
	for _, c := range found {
		counts[c.day] = db.Count{N: min(c.n, MaxPerDay), More: c.n > MaxPerDay}
	}
	return counts, s.store.DB.Failed(ctx, err)
}
