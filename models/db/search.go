package db

import (
	"cmp"
	"slices"
)

// SearchSpec specifies a search: which rows, and in which order.
type SearchSpec struct {
	// Table has the rows. OrderTable, whose index has the order, is Table or memberships.
	Table, OrderTable, Columns string
	Order                      Keyset
	// ByID reports whether Order is that of the ids.
	ByID bool
	// Every one of Terms must occur in the column search, normalized as it is; none of
	// Without may, which no index helps to find.
	Terms, Without []string
	IDs            []IDLimit
	// Members are the ids of contacts of whom one must be in the group; nil for any group.
	Members []string
	// Scope is what the order's index covers, Tests what no index helps to find, and place
	// is where in the order the page begins.
	Scope, Tests, place Clauses
	// Filters are conditions of which each has an index of its own.
	Filters []Clauses
	// driver is the filter, or the limits of the ids, that the engine chose to collect by.
	driver Clauses
}

// IDLimit compares the ids of rows with ID by Sign: <, > or >=.
type IDLimit struct{ Sign, ID string }

// maxScanned is the maximum number of rows that are scanned in an order: by name, with rows
// scattered over the table, in 20 ms.
const maxScanned = 10_000

// Plain reports whether the order's index lists exactly these rows.
func (l SearchSpec) Plain() bool {
	return len(l.Terms)+len(l.Filters)+len(l.Without)+len(l.Tests.Conditions) == 0 && l.Members == nil && (l.ByID || len(l.IDs) == 0)
}

// SearchResult is a page of the rows that a search found. More reports whether the list
// continues.
type SearchResult[T any] struct {
	Rows []T
	More bool
	// Partial reports whether rows of the page may be missing.
	Partial bool
	// Count is how many rows match in all; nil if the search did not find out.
	Count *Count
}

// Search is Find within the bounds of a search, unless part.Whole is set.
func Search[T any](s *DB, r Reader, l SearchSpec, part Range, args func(Cursor) []any, columns func(*T) []any) (SearchResult[T], error) {
	all := l.All(s.Dialect)
	findAll := func() (SearchResult[T], error) {
		rows, more, err := Find(r, all, l.Order, part, args, columns)
		return SearchResult[T]{Rows: rows, More: more}, err
	}
	if l.Plain() {
		return findAll()
	}
	choice, err := s.choose(r, &l, part.limit())
	if err != nil {
		return SearchResult[T]{}, err
	}
	cursor, down := part.cursor(l.Order)
	if choice[0] == unbounded && cursor.IsZero() {
		return findAll()
	}
	if !cursor.IsZero() {
		l.beyond(args(cursor), down)
	}
	a, err := tryStrategies(s, r, &l, choice, part.limit()+1, down, columns)
	switch {
	case err != nil:
		return a, err
	case a.Partial && part.Whole:
		return findAll()
	case !cursor.IsZero():
		a.Count = nil // it counts only what follows
	}
	a.Rows, a.More = cutPage(a.Rows, part)
	return a, nil
}

// tryStrategies tries one strategy after the other, until one finds all that belongs to a
// page of up to limit rows.
func tryStrategies[T any](s *DB, r Reader, l *SearchSpec, choice []strategy, limit int, down bool, columns func(*T) []any) (a SearchResult[T], err error) {
	a.Partial = true
	for i := 0; a.Partial && i < len(choice); i++ {
		if choice[i] == unbounded { // after a cursor the engine may be less sure
			continue
		}
		some, err := run(r, strategies[choice[i]].plan(l, s.Dialect, down), limit, columns)
		if err != nil {
			return a, err
		}
		if !some.Partial || len(some.Rows) > len(a.Rows) {
			a.Rows = some.Rows
		}
		a.Partial, a.Count = some.Partial, cmp.Or(some.Count, a.Count)
	}
	if n := a.Count; n != nil && n.More && n.N < maxMatches { // only of the rows examined
		a.Count = nil
	}
	return a, nil
}

// CountMatching counts the rows that match, up to maxMatches.
func (s *DB) CountMatching(r Reader, l SearchSpec) (Count, error) {
	choice, err := s.choose(r, &l, maxMatches)
	if err == nil && choice[0] == unbounded {
		return CountUpTo(r, l.All(s.Dialect), maxMatches)
	}
	if err != nil {
		return Count{}, err
	}
	return s.countBy(r, &l, choice, l.Order.Desc, maxMatches)
}

// countBy counts the rows that match, up to most, by one strategy after the other until one
// is complete.
func (s *DB) countBy(r Reader, l *SearchSpec, choice []strategy, down bool, most int) (Count, error) {
	found := 0
	for _, a := range choice {
		if a == unbounded {
			continue
		}
		n, all, err := strategies[a].plan(l, s.Dialect, down).count(r, most)
		if err != nil || all {
			return Count{N: min(n, most), More: n > most}, err
		}
		found = max(found, n)
	}
	return Count{N: found, More: true}, nil
}

// CountBefore counts the matching rows before a place in the order, whose values are args,
// up to MaxCounted. More reports that there are others, or that it is not known.
func (s *DB) CountBefore(r Reader, l SearchSpec, args []any) (Count, error) {
	return s.countTo(r, l, !l.Order.Desc, args)
}

// CountWithin counts the matching rows as CountBefore does.
func (s *DB) CountWithin(r Reader, l SearchSpec) (Count, error) {
	return s.countTo(r, l, l.Order.Desc, nil)
}

func (s *DB) countTo(r Reader, l SearchSpec, down bool, after []any) (Count, error) {
	if l.Plain() {
		q := l.All(s.Dialect)
		if after != nil {
			q.Where(l.Order.beyond(down), after...)
		}
		q.Tail = " ORDER BY " + l.Order.order(down) // or else PostgreSQL might read the table from its start
		return CountUpTo(r, q, MaxCounted)
	}
	all, err := s.choose(r, &l, maxMatches)
	if err != nil {
		return Count{}, err
	}
	if after != nil {
		l.beyond(after, down)
	}
	return s.countBy(r, &l, all, down, MaxCounted)
}

// CountEach counts, of the rows that match, those that match each of some conditions too,
// at once. all is false if there are more rows than a search may look at.
func (s *DB) CountEach(r Reader, l SearchSpec, each []Clauses) (counts []int, all bool, err error) {
	choice := []strategy{orderScan}
	if !l.Plain() {
		if choice, err = s.choose(r, &l, maxMatches); err != nil {
			return nil, false, err
		}
	}
	for i := 0; i < len(choice) && !all && err == nil; i++ {
		var g boundedQuery
		switch a := choice[i]; a {
		case unbounded, indexScan:
			continue
		case orderScan:
			g = l.collectOrder(s.Dialect)
		default:
			g = strategies[a].plan(&l, s.Dialect, l.Order.Desc)
		}
		counts, all, err = g.countEach(r, each)
	}
	return counts, all, err
}

// beyond limits the search to what follows a cursor, whose values are args.
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

// All returns a statement for all that matches, without bounds.
func (l *SearchSpec) All(d Dialect) Selection {
	q := Selection{Columns: l.Columns, From: l.OrderTable, Planned: !l.Plain() || len(l.IDs) > 0}
	if l.OrderTable != l.Table {
		q.From += " CROSS JOIN " + l.Table
		q.Where(l.OrderTable + ".contact_id = " + l.Table + ".id")
	}
	q.Add(l.Conditions(d))
	return q
}

// otherConds returns the conditions on a row of the table, without Terms and Without.
func (l *SearchSpec) otherConds(d Dialect) (c Clauses) {
	if l.OrderTable == l.Table {
		c.Add(l.Scope)
	} else {
		in := Selection{Columns: "1", From: l.OrderTable, Clauses: l.Scope}
		in.Add(l.place)
		in.Where(l.OrderTable + ".contact_id = " + l.Table + ".id")
		c.Where("EXISTS ("+in.SQL()+")", in.Args...)
	}
	c.Add(l.idConds())
	c.Add(l.except(func(l *SearchSpec) { l.Terms = nil }).conds(d))
	return c
}

// except returns a copy of the search after remove has removed something from it.
func (l *SearchSpec) except(remove func(l *SearchSpec)) *SearchSpec {
	less := *l
	remove(&less)
	return &less
}

// Conditions returns all conditions on a row.
func (l *SearchSpec) Conditions(d Dialect) (c Clauses) {
	c.Add(l.Scope)
	c.Add(l.idConds())
	c.Add(l.conds(d))
	c.Add(l.excludedConds(d))
	return c
}

// idConds returns the conditions on the ids.
func (l *SearchSpec) idConds() (c Clauses) {
	for _, limit := range l.IDs {
		c.Where(l.Table+".id "+limit.Sign+" ?", limit.ID)
	}
	return c
}

// conds returns the conditions on a row, without those on its place and Without.
func (l *SearchSpec) conds(d Dialect) (c Clauses) {
	for _, term := range l.Terms {
		c.Add(d.contains(l.Table, term))
	}
	if l.Members != nil {
		is, ids := d.Among("memberships.contact_id", l.Members)
		c.Where("EXISTS (SELECT 1 FROM memberships WHERE memberships.group_id = groups.id AND "+is+")", ids)
	}
	for _, filter := range l.Filters {
		c.Add(filter)
	}
	return c
}

// excludedConds returns the conditions that no index helps with: Tests, and those for
// Without.
func (l *SearchSpec) excludedConds(d Dialect) (c Clauses) {
	c.Add(l.Tests)
	for _, term := range l.Without {
		c.Add(d.lacks(l.Table, term))
	}
	return c
}

// maxMatches is how far matches are counted: each must be read.
const maxMatches = 1000
