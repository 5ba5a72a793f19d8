package models

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// byID reports whether the order is that of the ids.
func (q GroupQuery) byID() bool { return q.Sort == "" || q.Sort == ByCreated }

// args returns the values of a cursor in the query's order.
func (q GroupQuery) args(c db.Cursor) []any {
	switch {
	case q.byID():
		return []any{c.ID}
	case q.Sort == ByName:
		return []any{c.Value, c.ID}
	}
	n, _ := strconv.ParseInt(c.Value, 10, 64)
	return []any{n, c.ID}
}

// Cursor returns the place of a group in the query's order.
func (q GroupQuery) Cursor(g Group) db.Cursor {
	switch q.Sort {
	case ByName:
		return db.Cursor{ID: g.ID, Value: text.SortKey(g.Name)}
	case ByMembers:
		return db.Cursor{ID: g.ID, Value: strconv.Itoa(g.ContactsCount)}
	case ByArchived:
		return db.Cursor{ID: g.ID, Value: strconv.FormatInt(text.Deref(g.ArchivedAt), 10)}
	case ByUpdated:
		return db.Cursor{ID: g.ID, Value: strconv.FormatInt(g.UpdatedAt, 10)}
	case ByActive:
		return db.Cursor{ID: g.ID, Value: strconv.FormatInt(g.LastActiveAt, 10)}
	}
	return db.Cursor{ID: g.ID}
}

// Fits reports whether a cursor can be one of the query's order.
func (q GroupQuery) Fits(c db.Cursor) bool {
	switch {
	case q.byID():
		return c.Value == ""
	case q.Sort == ByName:
		return len(text.Valid([]string{c.Value})) == 1
	}
	bits := 64
	if q.Sort == ByMembers {
		bits = 32
	}
	_, err := strconv.ParseInt(c.Value, 10, bits)
	return err == nil
}

// GroupCursor returns the place of a group in the query's order by its id alone, also of one
// that is deleted. ok is false if the group is unknown or has no place in the order.
func (s *Store) GroupCursor(ctx context.Context, q GroupQuery, id string) (c db.Cursor, ok bool, err error) {
	query := selectGroups()
	query.Where("id = ?", id)
	found, err := db.First(s.DB.Read(ctx), query, 1, (*Group).columns)
	if err != nil {
		return c, false, s.DB.Failed(ctx, err)
	}
	var g Group
	if len(found) > 0 {
		g = found[0]
	} else {
		t, err := s.Tombstone(ctx, id)
		if errors.Is(err, access.ErrNotFound) {
			return c, false, nil
		}
		if err != nil {
			return c, false, err
		}
		g = Group{ID: id, Name: t.Name, ContactsCount: t.ContactsCount, UpdatedAt: t.UpdatedAt, ArchivedAt: t.ArchivedAt}
	}
	return q.Cursor(g), q.Sort != ByArchived || g.Archived(), nil
}

// CursorAt returns the place in the query's order where a typed value begins: a date if the
// list is sorted by a time, the beginning of a name, or a number of members. A page after it
// begins there. It returns false if the value is none of the order's.
func (q GroupQuery) CursorAt(typed string, zone *time.Location) (db.Cursor, bool) {
	ascending := !q.keyset().Desc
	first, last := text.FirstID(time.UnixMilli(0)), strings.Repeat("z", text.IDLength)
	id := last // the page begins below all ids that the value has
	if ascending {
		id = first
	}
	switch typed = strings.TrimSpace(typed); q.Sort {
	case ByName:
		key := text.SortKey(typed)
		if !ascending {
			key += string(unicode.MaxRune) // above all names that begin so
		}
		return db.Cursor{ID: id, Value: key}, typed != "" && len(text.Valid([]string{typed})) == 1
	case ByMembers:
		n, err := strconv.ParseUint(typed, 10, 31)
		return db.Cursor{ID: id, Value: strconv.FormatUint(n, 10)}, err == nil
	}
	s := Search{zone: cmp.Or(zone, time.UTC), now: time.Now()}
	from, next, ok := s.day(typed)
	switch {
	case !ok:
		return db.Cursor{}, false
	case q.byID() && ascending:
		return db.Cursor{ID: text.FirstID(from)}, true
	case q.byID():
		return db.Cursor{ID: text.FirstID(next)}, true
	case ascending:
		return db.Cursor{ID: last, Value: strconv.FormatInt(seconds(from)-1, 10)}, true
	}
	return db.Cursor{ID: first, Value: strconv.FormatInt(seconds(next), 10)}, true
}

// GroupsBefore counts the groups before the first one of a page that Groups returned, up to
// MaxCounted. More reports that there are others, or that it is not known.
func (s *Store) GroupsBefore(ctx context.Context, page GroupPage) (db.Count, error) {
	q := page.query
	if len(page.Groups) == 0 || q.First() {
		return db.Count{}, nil
	}
	first := q.args(q.Cursor(page.Groups[0].Group))
	return db.ReadList(ctx, s.DB, func(r db.Reader) (db.Count, error) {
		n, err := s.DB.CountBefore(r, q.spec(page.members), first)
		n.More = n.More || page.AtLeast
		return n, err
	})
}
