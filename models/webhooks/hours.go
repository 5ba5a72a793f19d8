package webhooks

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Hour is how many deliveries were made in an hour, and how many of these failed for good.
type Hour struct {
	// At is when the hour began, in Unix seconds.
	At           int64
	Made, Failed int
}

// hoursTTL is how old what Hours returns may be: a busy hour takes a millisecond to count.
const (
	countedHours = 24
	hoursTTL     = time.Minute
)

// Hours returns the last 24 hours, the oldest first. Each is counted up to db.MaxCounted. Errors: Denied.
func (s *Store) Hours(ctx context.Context, by access.Actor) ([]Hour, error) {
	if err := by.Check(access.Webhooks); err != nil {
		return nil, err
	}
	now := s.db.Now()
	first := now.Truncate(time.Hour).Add(-(countedHours - 1) * time.Hour)
	return s.hours.Get(first.Unix(), now, func() ([]Hour, error) {
		hours, err := s.countHours(ctx, first)
		return hours, s.db.Failed(ctx, err)
	})
}

// countHours counts deliveries by their ids, which begin with the time, so that no row is read.
func (s *Store) countHours(ctx context.Context, first time.Time) ([]Hour, error) {
	const part = "(SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries WHERE "
	end := " LIMIT " + strconv.Itoa(db.MaxCounted) + ") AS part)"
	var counts []string
	var args []any
	for i := range countedHours {
		from := first.Add(time.Duration(i) * time.Hour)
		ids := []any{text.FirstID(from), text.FirstID(from.Add(time.Hour))}
		counts = append(counts, "SELECT "+strconv.FormatInt(from.Unix(), 10)+", "+part+"id >= ? AND id < ?"+end+", "+
			part+"state <> 'delivered' AND state = 'failed' AND id >= ? AND id < ?"+end)
		args = append(append(args, ids...), ids...)
	}
	hours, err := db.Collect(s.db.Read(ctx), strings.Join(counts, " UNION ALL "), false, args, func(h *Hour) []any { return []any{&h.At, &h.Made, &h.Failed} })
	slices.SortFunc(hours, func(a, b Hour) int { return cmp.Compare(a.At, b.At) })
	return hours, err
}
