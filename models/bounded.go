package models

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// A search must not look at more rows than there is time for, whatever is searched
// and in whatever order. An engine can walk an order and stop where the page is full,
// or gather what matches and sort it. The one is long where matches are rare or stand
// far down the order (names that begin with "team"), the other where they are many.
// So both are bounded: what the first can't answer, the other is asked. Where neither
// can, the page is made of what was looked at, and says so.

// sought is the rows that a search is for.
type sought struct {
	// table has the rows; walked, which has the order, is the same one or memberships.
	table, walked, columns string
	order                  keyset
	// byID says that the order is that of the ids.
	byID bool
	// terms must each be in the column search, as searchTerm gives them, and none of
	// without, which no index helps to find.
	terms, without []string
	ids            []idLimit
	// members are contacts of whom one must be in the group; nil asks for none.
	members []Contact
	// scope is what the order's index answers, filter what another one may, and place
	// is where in the order the page begins.
	scope, filter, place clauses
}

// idLimit compares the ids of rows with one, by <, > or >=.
type idLimit struct{ sign, id string }

// approach is a way to look at rows.
type approach int

const (
	// plainly leaves all to the engine, which is sure that there is little to look at.
	plainly approach = iota
	// walking takes the rows as they stand in the order.
	walking
	// listing takes matches from an index that has them by id.
	listing
	// gathering takes whatever matches, to sort it.
	gathering
	// following gathers by all but the words: the groups of a contact, the time of
	// creation, and so on.
	following
)

// mostWalked is how many rows are walked: by name, where each is somewhere else in
// the table, in 20 ms.
const mostWalked = 10_000

// keepApproaches is for how long an engine's choice is remembered: it depends on how
// common words are, which changes slowly.
const keepApproaches = time.Minute

// partialHint is told where some of the groups that belong to a page may be missing.
const partialHint = "Too many groups would have to be looked through, so some may be missing here. Write more to be precise."

// plain tells whether the order's index lists these rows and no others.
func (l *sought) plain() bool {
	return len(l.terms)+len(l.filter.conditions)+len(l.without) == 0 && l.members == nil && (l.byID || len(l.ids) == 0)
}

// answer is what a search found: a page of rows.
type answer[T any] struct {
	rows []T
	more bool
	// partial says that rows which belong to the page may be missing.
	partial bool
	// count is how many are sought in all, where that came to light; else it is nil.
	count *Count
}

// search is find for what is sought.
func search[T any](s *Store, r reader, l sought, part Range, args func(Cursor) []any, columns func(*T) []any) (answer[T], error) {
	all := l.all(s.dialect)
	unbounded := func() (answer[T], error) {
		rows, more, err := find(r, all, l.order, part, args, columns)
		return answer[T]{rows: rows, more: more}, err
	}
	if l.plain() {
		return unbounded()
	}
	approaches, err := s.approaches(r, &l, part.limit())
	if err != nil {
		return answer[T]{}, err
	}
	cursor, down := part.cursor(l.order)
	if approaches[0] == plainly && cursor.IsZero() {
		return unbounded()
	}
	if !cursor.IsZero() {
		l.beyond(args(cursor), down)
	}
	a, err := inTurn(s, r, &l, approaches, part.limit()+1, down, columns)
	switch {
	case err != nil:
		return a, err
	case a.partial && part.Whole:
		return unbounded()
	case !cursor.IsZero():
		a.count = nil // it is of what follows
	}
	a.rows, a.more = cutPage(a.rows, part)
	return a, nil
}

// inTurn tries one approach after the other, until one finds all that belongs to a page
// of up to limit rows.
func inTurn[T any](s *Store, r reader, l *sought, approaches []approach, limit int, down bool, columns func(*T) []any) (a answer[T], err error) {
	a.partial = true
	for i := 0; a.partial && i < len(approaches); i++ {
		if approaches[i] == plainly { // after a cursor the engine may be less sure
			continue
		}
		some, err := look(r, l.glance(s.dialect, approaches[i], down), limit, columns)
		if err != nil {
			return a, err
		}
		if !some.partial || len(some.rows) > len(a.rows) {
			a.rows = some.rows
		}
		a.partial, a.count = some.partial, cmp.Or(some.count, a.count)
	}
	if n := a.count; n != nil && n.More && n.N < searchCounted { // of some that were looked at
		a.count = nil
	}
	return a, nil
}

// countSought counts what is sought, up to searchCounted.
func (s *Store) countSought(r reader, l sought) (Count, error) {
	approaches, err := s.approaches(r, &l, searchCounted)
	if err == nil && approaches[0] == plainly {
		return counted(r, l.all(s.dialect), searchCounted)
	}
	most := 0
	for i := 0; err == nil && i < len(approaches); i++ {
		n, all := 0, false
		if n, all, err = l.glance(s.dialect, approaches[i], l.order.desc).count(r, searchCounted); all {
			return Count{N: min(n, searchCounted), More: n > searchCounted}, err
		}
		most = max(most, n)
	}
	return Count{N: most, More: true}, err
}

// approaches is the engine's choice of where to begin, remembered for a while.
func (s *Store) approaches(r reader, l *sought, limit int) ([]approach, error) {
	q := l.all(s.dialect)
	sql := q.sql() + " ORDER BY " + l.order.order(l.order.desc) + " LIMIT " + strconv.Itoa(limit+1)
	return s.chosen.get(sql+fmt.Sprint(q.args...), s.Now(), func() ([]approach, error) {
		all, err := s.dialect.approaches(r, l, sql, q.args)
		return slices.DeleteFunc(all, func(a approach) bool { return a == following && !l.followed() }), err
	})
}

// followed tells whether something but words and a status limits what is sought.
func (l *sought) followed() bool {
	return l.members != nil || len(l.filter.conditions)+len(l.ids) > 0 || l.walked != l.table
}

// beyond limits what is sought to what follows a cursor, whose values are args.
func (l *sought) beyond(args []any, down bool) {
	switch {
	case !l.byID:
		l.place.where(l.order.beyond(down), args...)
	case down:
		l.ids = append(slices.Clone(l.ids), idLimit{"<", args[0].(string)})
	default:
		l.ids = append(slices.Clone(l.ids), idLimit{">", args[0].(string)})
	}
}

// all is a statement for all that is sought, without bounds.
func (l *sought) all(d dialect) selection {
	q := selection{columns: l.columns, from: l.walked, planned: !l.plain() || len(l.ids) > 0}
	if l.walked != l.table {
		q.from += " CROSS JOIN " + l.table
		q.where(l.walked + ".contact_id = " + l.table + ".id")
	}
	q.add(l.scope)
	q.add(l.limits())
	q.add(l.having(d))
	q.add(l.lacking(d))
	return q
}

// besides is what is sought of a row of the table but its words.
func (l *sought) besides(d dialect) (c clauses) {
	if l.walked == l.table {
		c.add(l.scope)
	} else {
		in := selection{columns: "1", from: l.walked, clauses: l.scope}
		in.add(l.place)
		in.where(l.walked + ".contact_id = " + l.table + ".id")
		c.where("EXISTS ("+in.sql()+")", in.args...)
	}
	c.add(l.limits())
	c.add(l.but(func(l *sought) { l.terms = nil }).having(d))
	return c
}

// but is what is sought without some of what it is sought by.
func (l *sought) but(leave func(l *sought)) *sought {
	less := *l
	leave(&less)
	return &less
}

// limits is the limits of the ids.
func (l *sought) limits() (c clauses) {
	for _, limit := range l.ids {
		c.where(l.table+".id "+limit.sign+" ?", limit.id)
	}
	return c
}

// having is what is sought of a row but its place.
func (l *sought) having(d dialect) (c clauses) {
	for _, term := range l.terms {
		c.add(d.contains(l.table, term))
	}
	if l.members != nil {
		is, ids := d.among("memberships.contact_id", contactIDs(l.members))
		c.where("EXISTS (SELECT 1 FROM memberships WHERE memberships.group_id = groups.id AND "+is+")", ids)
	}
	c.add(l.filter)
	return c
}

// lacking is what no row may have.
func (l *sought) lacking(d dialect) (c clauses) {
	for _, term := range l.without {
		c.add(d.lacks(l.table, term))
	}
	return c
}
