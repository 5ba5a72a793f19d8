package db

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

// Sizes of a page of a list: without a limit, and at most.
const (
	DefaultLimit = 10
	MaxLimit     = 100
)

// Cursor is a place in a list: the row with this ID, which may be deleted now, and its
// Value in the list's order ("" if the order is that of the ids).
type Cursor struct{ ID, Value string }

// ParseCursor reads what String wrote. It returns false if s is no cursor.
func ParseCursor(s string) (Cursor, bool) {
	id, rest, valued := strings.Cut(s, ".")
	if !text.ValidID(id) {
		return Cursor{}, false
	}
	value, err := base64.RawURLEncoding.DecodeString(rest)
	return Cursor{ID: id, Value: string(value)}, err == nil && valued == (rest != "")
}

// String returns the cursor as written in a URL; "" for the zero Cursor.
func (c Cursor) String() string {
	if c.Value == "" {
		return c.ID
	}
	return c.ID + "." + base64.RawURLEncoding.EncodeToString([]byte(c.Value))
}

// IsZero reports whether c is the start of the list.
func (c Cursor) IsZero() bool { return c.ID == "" }

// Range is the part of a list to read. The zero Range is its first page.
type Range struct {
	// After and Before are the rows beside the page; at most one may be set.
	After, Before Cursor
	// Last requests the last page instead. More then reports whether others precede it.
	Last bool
	// Limit is 1 to MaxLimit; 0 means DefaultLimit.
	Limit int
	// Whole requests every row of the page, however many have to be examined, because a
	// program that pages through a list must miss none. A page for people may be partial.
	Whole bool
	// Problems were found while the request was read; Check returns them with its own.
	Problems access.Invalid
}

// First reports whether the range is the first page.
func (r Range) First() bool { return r.After.IsZero() && r.Before.IsZero() && !r.Last }

// Check returns what is wrong with the range.
func (r Range) Check() access.Invalid {
	problems := r.Problems
	if !r.After.IsZero() && !r.Before.IsZero() {
		problems = problems.And(access.Refused("ending_before", "Use either starting_after or ending_before, not both."))
	}
	if r.Last && !(r.After.IsZero() && r.Before.IsZero()) {
		problems = problems.And(access.Refused("last", "The last page has no cursor."))
	}
	if r.Limit < 0 || r.Limit > MaxLimit {
		problems = problems.And(access.Refused("limit", "The limit must be a whole number from 1 to %d.", MaxLimit))
	}
	return problems
}

func (r Range) limit() int {
	if r.Limit == 0 {
		return DefaultLimit
	}
	return r.Limit
}

// Keyset is an order in which a page begins at given values instead of an offset. Equal
// values are ordered by id, in the same direction.
type Keyset struct {
	// Columns are compared in turn; the last one is unique.
	Columns []string
	// Below and Above compare the columns with the values of a cursor: "< (?, ?)".
	Below, Above string
	// Desc reports whether the list begins with the greatest value.
	Desc bool
}

// IDKeyset returns the order of a table's ids, ascending.
func IDKeyset(table string) Keyset {
	return Keyset{Columns: []string{table + ".id"}, Below: "< ?", Above: "> ?"}
}

// ValueKeyset returns the order of a column, ascending.
func ValueKeyset(table, column string) Keyset {
	return Keyset{Columns: []string{table + "." + column, table + ".id"}, Below: "< (?, ?)", Above: "> (?, ?)"}
}

// Find reads one page of q in the order k, and reports whether the list continues in the
// direction of part. args returns the values of a cursor in this order; columns, the
// destinations of one row's values.
func Find[T any](r Reader, q Selection, k Keyset, part Range, args func(Cursor) []any, columns func(*T) []any) (rows []T, more bool, err error) {
	cursor, down := part.cursor(k)
	if !cursor.IsZero() {
		q.Where(k.beyond(down), args(cursor)...)
	}
	// The limit is a literal, so that the planner sees it.
	sql := q.SQL() + " ORDER BY " + k.order(down) + " LIMIT " + strconv.Itoa(part.limit()+1)
	if rows, err = Collect(r, sql, q.Planned, q.Args, columns); err != nil {
		return nil, false, err
	}
	rows, more = cutPage(rows, part)
	return rows, more, nil
}

// backward reports whether the range is read against the order of the list.
func (r Range) backward() bool { return r.Last || !r.Before.IsZero() }

// cursor returns where the range begins, and whether the order is walked downward.
func (r Range) cursor(k Keyset) (from Cursor, down bool) {
	if r.backward() {
		return r.Before, !k.Desc
	}
	return r.After, k.Desc
}

// cutPage returns the page among rows as they were read, and whether there were more.
func cutPage[T any](rows []T, part Range) ([]T, bool) {
	more := len(rows) > part.limit()
	if more {
		rows = rows[:part.limit()]
	}
	if part.backward() {
		slices.Reverse(rows)
	}
	return rows, more
}

// beyond returns the condition that a row follows a cursor.
func (k Keyset) beyond(down bool) string {
	compare := k.Above
	if down {
		compare = k.Below
	}
	return "(" + strings.Join(k.Columns, ", ") + ") " + compare
}

// order returns the keyset as ORDER BY takes it.
func (k Keyset) order(down bool) string {
	if !down {
		return strings.Join(k.Columns, ", ")
	}
	return strings.Join(k.Columns, " DESC, ") + " DESC"
}

// MaxCounted is how far totals are counted. Beyond it a Count has More or About.
const MaxCounted = 10_000

// Count is a number of rows, N, that was counted up to a limit.
type Count struct {
	N int
	// More reports whether there are more than N.
	More bool
	// About reports whether N is the engine's estimate.
	About bool
	// AtLeast reports whether there are N or more, because not all were looked at.
	AtLeast bool
}

// Exact reports whether N is the number itself.
func (c Count) Exact() bool { return !c.More && !c.About && !c.AtLeast }

// CountUpTo counts the rows of q, up to most; More reports whether there are others.
func CountUpTo(r Reader, q Selection, most int) (Count, error) {
	q.Columns = "1"
	sql := "SELECT count(*) FROM (" + q.SQL() + " LIMIT " + strconv.Itoa(most+1) + ") AS part"
	n, err := Collect(r, sql, q.Planned, q.Args, OneColumn[int])
	if err != nil {
		return Count{}, err
	}
	return Count{N: min(n[0], most), More: n[0] > most}, nil
}

// Total returns the length of a list that only its status limits; list is a name that
// Dialect.estimate knows. A short list is counted again after each change; the estimate for
// a long one is cached for some seconds.
func (s *DB) Total(r Reader, q Selection, list string) (Count, error) {
	if known, ok := s.totals.peek(list, s.Now()); ok {
		return known, nil
	}
	n, err := s.countsFor(r).Get(list, s.Now(), func() (Count, error) { return CountUpTo(r, q, MaxCounted) })
	if err != nil || !n.More {
		return n, err
	}
	about, err := s.Dialect.estimate(r, list)
	if err != nil || about <= MaxCounted {
		return n, err // no estimate yet, or an outdated one
	}
	n = Count{N: about, About: true}
	s.totals.put(list, n, s.Now())
	return n, nil
}
