package models

import (
	"context"
	"time"

	"protocol.chat/console/models/db"
)

// maxTrendMoves is how many joins, and how many leaves, Trend reads, so that a group of many thousands
// takes no longer.
const maxTrendMoves = 10_000

// Trend returns how many members a group had at the end of each of the last days, the day of now last.
// It begins with the first day that is recorded and on which the group existed, and is nil if too much
// has happened since. Days begin in the zone of now.
func (s *Members) Trend(ctx context.Context, g Group, now time.Time, days int) ([]int, error) {
	if g.ContactsCount > MaxSortedMembers {
		return nil, nil // there is no index of when they joined
	}
	since, err := s.store.History.Since(ctx)
	if err != nil {
		return nil, err
	}
	ends := dayEnds(time.Unix(max(since, g.CreatedAt), 0), now, days)
	if len(ends) == 0 {
		return nil, nil
	}
	moves, err := s.moves(ctx, g.ID, ends[0])
	if err != nil || len(moves) > maxTrendMoves {
		return nil, err
	}
	trend := make([]int, len(ends))
	for i, end := range ends {
		trend[i] = g.ContactsCount
		for _, m := range moves {
			if m.at > end {
				trend[i] -= m.by
			}
		}
	}
	return trend, nil
}

// dayEnds returns the last second of each of the last days, from the day of first on.
func dayEnds(first, now time.Time, days int) []int64 {
	var ends []int64
	for i := range days {
		next := time.Date(now.Year(), now.Month(), now.Day()-days+2+i, 0, 0, 0, 0, now.Location())
		if next.After(first) {
			ends = append(ends, next.Unix()-1)
		}
	}
	return ends
}

// move is somebody who joined a group, by 1, or left it, by -1.
type move struct {
	at int64
	by int
}

// moves returns who joined a group or left it after a time.
func (s *Members) moves(ctx context.Context, groupID string, after int64) ([]move, error) {
	const sql = `SELECT created_at AS at, 1 AS moved FROM memberships WHERE group_id = ? AND created_at > ?
		UNION ALL SELECT left_at, -1 FROM past_memberships WHERE group_id = ? AND left_at > ?
		UNION ALL SELECT joined_at, 1 FROM past_memberships WHERE group_id = ? AND left_at > ? AND joined_at > ? LIMIT ?`
	args := []any{groupID, after, groupID, after, groupID, after, after, maxTrendMoves + 1}
	moves, err := db.Collect(s.store.DB.Read(ctx), sql, false, args, func(m *move) []any { return []any{&m.at, &m.by} })
	return moves, s.store.DB.Failed(ctx, err)
}
