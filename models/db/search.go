package db

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

// SearchSpec is the rows that a search is for.
type SearchSpec struct {
	// Table has the rows; walked, which has the order, is the same one or memberships.
	Table, Walked, Columns string
	Order                  Keyset
	// ByID says that the order is that of the ids.
	ByID bool
	// Terms must each be in the column search, as searchTerm gives them, and none of
	// without, which no index helps to find.
	Terms, Without []string
	IDs            []IDLimit
	// Members are the ids of contacts of whom one must be in the group; nil asks for none.
	Members []string
	// Scope is what the order's index answers, filter what another one may, and place
	// is where in the order the page begins.
	Scope, Filter, place Clauses
}

// IDLimit compares the ids of rows with one, by <, > or >=.
type IDLimit struct{ Sign, ID string }

// strategy is a way to look at rows.
type strategy int

const (
	// unbounded leaves all to the engine, which is sure that there is little to look at.
	unbounded strategy = iota
	// orderScan takes the rows as they stand in the order.
	orderScan
	// indexScan takes matches from an index that has them by id.
	indexScan
	// collectSort takes whatever matches, to sort it.
	collectSort
	// membershipScan gathers by all but the words: the groups of a contact, the time of
	// creation, and so on.
	membershipScan
)

// mostWalked is how many rows are walked: by name, where each is somewhere else in
// the table, in 20 ms.
const mostWalked = 10_000

// keepApproaches is for how long an engine's choice is remembered: it depends on how
// common words are, which changes slowly.
const keepApproaches = time.Minute

// PartialHint is told where some of the groups that belong to a page may be missing.
const PartialHint = "Too many groups would have to be looked through, so some may be missing here. Write more to be precise."

// plain tells whether the order's index lists these rows and no others.
func (l *SearchSpec) plain() bool {
	return len(l.Terms)+len(l.Filter.Conditions)+len(l.Without) == 0 && l.Members == nil && (l.ByID || len(l.IDs) == 0)
}

// SearchResult is what a search found: a page of rows.
type SearchResult[T any] struct {
	Rows []T
	More bool
	// Partial says that rows which belong to the page may be missing.
	Partial bool
	// Count is how many are sought in all, where that came to light; else it is nil.
	Count *Count
}

// Search is find for what is sought.
func Search[T any](s *DB, r Reader, l SearchSpec, part Range, args func(Cursor) []any, columns func(*T) []any) (SearchResult[T], error) {
	all := l.All(s.Dialect)
	findAll := func() (SearchResult[T], error) {
		rows, more, err := Find(r, all, l.Order, part, args, columns)
		return SearchResult[T]{Rows: rows, More: more}, err
	}
	if l.plain() {
		return findAll()
	}
	approaches, err := s.approaches(r, &l, part.limit())
	if err != nil {
		return SearchResult[T]{}, err
	}
	cursor, down := part.cursor(l.Order)
	if approaches[0] == unbounded && cursor.IsZero() {
		return findAll()
	}
	if !cursor.IsZero() {
		l.beyond(args(cursor), down)
	}
	a, err := tryStrategies(s, r, &l, approaches, part.limit()+1, down, columns)
	switch {
	case err != nil:
		return a, err
	case a.Partial && part.Whole:
		return findAll()
	case !cursor.IsZero():
		a.Count = nil // it is of what follows
	}
	a.Rows, a.More = cutPage(a.Rows, part)
	return a, nil
}

// tryStrategies tries one approach after the other, until one finds all that belongs to a page
// of up to limit rows.
func tryStrategies[T any](s *DB, r Reader, l *SearchSpec, approaches []strategy, limit int, down bool, columns func(*T) []any) (a SearchResult[T], err error) {
	a.Partial = true
	for i := 0; a.Partial && i < len(approaches); i++ {
		if approaches[i] == unbounded { // after a cursor the engine may be less sure
			continue
		}
		some, err := run(r, l.bounded(s.Dialect, approaches[i], down), limit, columns)
		if err != nil {
			return a, err
		}
		if !some.Partial || len(some.Rows) > len(a.Rows) {
			a.Rows = some.Rows
		}
		a.Partial, a.Count = some.Partial, cmp.Or(some.Count, a.Count)
	}
	if n := a.Count; n != nil && n.More && n.N < searchCounted { // of some that were looked at
		a.Count = nil
	}
	return a, nil
}

// CountSought counts what is sought, up to searchCounted.
func (s *DB) CountSought(r Reader, l SearchSpec) (Count, error) {
	approaches, err := s.approaches(r, &l, searchCounted)
	if err == nil && approaches[0] == unbounded {
		return CountUpTo(r, l.All(s.Dialect), searchCounted)
	}
	most := 0
	for i := 0; err == nil && i < len(approaches); i++ {
		n, all := 0, false
		if n, all, err = l.bounded(s.Dialect, approaches[i], l.Order.Desc).count(r, searchCounted); all {
			return Count{N: min(n, searchCounted), More: n > searchCounted}, err
		}
		most = max(most, n)
	}
	return Count{N: most, More: true}, err
}

// approaches is the engine's choice of where to begin, remembered for a while.
func (s *DB) approaches(r Reader, l *SearchSpec, limit int) ([]strategy, error) {
	q := l.All(s.Dialect)
	sql := q.SQL() + " ORDER BY " + l.Order.order(l.Order.Desc) + " LIMIT " + strconv.Itoa(limit+1)
	return s.chosen.Get(sql+fmt.Sprint(q.Args...), s.Now(), func() ([]strategy, error) {
		all, err := s.Dialect.approaches(r, l, sql, q.Args)
		return slices.DeleteFunc(all, func(a strategy) bool { return a == membershipScan && !l.followed() }), err
	})
}

// followed tells whether something but words and a status limits what is sought.
func (l *SearchSpec) followed() bool {
	return l.Members != nil || len(l.Filter.Conditions)+len(l.IDs) > 0 || l.Walked != l.Table
}

// beyond limits what is sought to what follows a cursor, whose values are args.
func (l *SearchSpec) beyond(args []any, down bool) {
	switch {
	case !l.ByID:
		l.place.Where(l.Order.beyond(down), args...)
	case down:
		l.IDs = append(slices.Clone(l.IDs), IDLimit{"<", args[0].(string)})
	default:
		l.IDs = append(slices.Clone(l.IDs), IDLimit{">", args[0].(string)})
	}
}

// All is a statement for all that is sought, without bounds.
func (l *SearchSpec) All(d Dialect) Selection {
	q := Selection{Columns: l.Columns, From: l.Walked, Planned: !l.plain() || len(l.IDs) > 0}
	if l.Walked != l.Table {
		q.From += " CROSS JOIN " + l.Table
		q.Where(l.Walked + ".contact_id = " + l.Table + ".id")
	}
	q.add(l.Scope)
	q.add(l.limits())
	q.add(l.having(d))
	q.add(l.excludedConds(d))
	return q
}

// otherConds is what is sought of a row of the table but its words.
func (l *SearchSpec) otherConds(d Dialect) (c Clauses) {
	if l.Walked == l.Table {
		c.add(l.Scope)
	} else {
		in := Selection{Columns: "1", From: l.Walked, Clauses: l.Scope}
		in.add(l.place)
		in.Where(l.Walked + ".contact_id = " + l.Table + ".id")
		c.Where("EXISTS ("+in.SQL()+")", in.Args...)
	}
	c.add(l.limits())
	c.add(l.except(func(l *SearchSpec) { l.Terms = nil }).having(d))
	return c
}

// except is what is sought without some of what it is sought by.
func (l *SearchSpec) except(leave func(l *SearchSpec)) *SearchSpec {
	less := *l
	leave(&less)
	return &less
}

// limits is the limits of the ids.
func (l *SearchSpec) limits() (c Clauses) {
	for _, limit := range l.IDs {
		c.Where(l.Table+".id "+limit.Sign+" ?", limit.ID)
	}
	return c
}

// having is what is sought of a row but its place.
func (l *SearchSpec) having(d Dialect) (c Clauses) {
	for _, term := range l.Terms {
		c.add(d.contains(l.Table, term))
	}
	if l.Members != nil {
		is, ids := d.Among("memberships.contact_id", l.Members)
		c.Where("EXISTS (SELECT 1 FROM memberships WHERE memberships.group_id = groups.id AND "+is+")", ids)
	}
	c.add(l.Filter)
	return c
}

// excludedConds is what no row may have.
func (l *SearchSpec) excludedConds(d Dialect) (c Clauses) {
	for _, term := range l.Without {
		c.add(d.lacks(l.Table, term))
	}
	return c
}

// searchCounted is how far the finds of a search are counted: each must be looked at.
const searchCounted = 1000
