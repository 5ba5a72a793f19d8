package db

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// boundedQuery is a strategy of a search as SQL: the rows to examine, and which of them
// match.
type boundedQuery struct {
	columns string
	// rows are the rows to examine, at most maxRows.
	rows    Selection
	maxRows int
	// keptArgs is how many of the rows' arguments are those of their columns.
	keptArgs int
	// scan selects the matches in the order of the rows; nil if the rows are collected and
	// sorted.
	scan *Selection
	// order is the ORDER BY that keeps scan in order; "" if it is in order anyway.
	order string
	// table and down say how collected rows are sorted.
	table string
	down  bool
}

func (l *SearchSpec) scanOrder(d Dialect, down bool) boundedQuery {
	return l.scan(d, orderScan, l.conds(d), down)
}

// scanIndex leaves out the words that the index has matched.
func (l *SearchSpec) scanIndex(d Dialect, down bool) boundedQuery {
	conds := l.Scope // which the index does not cover
	conds.Add(l.except(func(l *SearchSpec) { l.Terms = l.unmatched() }).conds(d))
	return l.scan(d, indexScan, conds, down)
}

// scan takes rows as they come, and tests each.
func (l *SearchSpec) scan(d Dialect, a strategy, conds Clauses, down bool) boundedQuery {
	g, from := boundedQuery{columns: l.Columns}, ""
	g.rows, g.maxRows, from = d.scan(l, a, down)
	g.scan = &Selection{From: fmt.Sprintf(from, g.rows.SQL()), Clauses: Clauses{Args: g.rows.Args}, Planned: true}
	g.scan.Add(conds)
	g.scan.Add(l.excludedConds(d))
	if !l.ByID {
		g.scan.Add(l.idConds())
	}
	g.order = d.scanOrderBy(l.Order.order(down))
	return g
}

// orderRange returns the part of the order that may be scanned.
func (l *SearchSpec) orderRange(columns string, down bool) Selection {
	q := Selection{Columns: columns, From: l.OrderTable, Planned: true}
	q.Add(l.Scope)
	q.Add(l.place)
	if l.ByID {
		q.Add(l.idConds())
	}
	q.Tail = " ORDER BY " + l.Order.order(down) + " LIMIT " + strconv.Itoa(maxScanned)
	return q
}

func (l *SearchSpec) collectMatches(d Dialect, down bool) boundedQuery {
	return l.collect(d, collectSort, down)
}

func (l *SearchSpec) collectNarrowed(d Dialect, down bool) boundedQuery {
	return l.collect(d, membershipScan, down)
}

func (l *SearchSpec) collectFiltered(d Dialect, down bool) boundedQuery {
	kept := l.conds(d)
	kept.Add(l.Scope)
	kept.Add(l.idConds())
	return l.collected(d, Selection{From: l.Table, Clauses: l.driver}, kept, maxScanned, down)
}

// collectOrder collects the rows that orderScan examines.
func (l *SearchSpec) collectOrder(d Dialect) boundedQuery {
	rows := Selection{From: l.Table, Tail: " ORDER BY " + l.Order.order(l.Order.Desc)}
	rows.Add(l.Scope)
	rows.Add(l.idConds())
	return l.collected(d, rows, l.conds(d), maxScanned, l.Order.Desc)
}

func (l *SearchSpec) collect(d Dialect, a strategy, down bool) boundedQuery {
	rows, kept, most := d.collect(l, a)
	return l.collected(d, rows, kept, most, down)
}

// collected selects only what sorting needs of each row. Conditions that don't help to find
// rows are tested on the rows found, so that they can't make an engine search for long.
func (l *SearchSpec) collected(d Dialect, rows Selection, kept Clauses, most int, down bool) boundedQuery {
	g := boundedQuery{columns: l.Columns, table: l.Table, down: down}
	kept.Add(l.excludedConds(d))
	value := l.Order.Columns[0]
	if l.OrderTable == l.Table {
		kept.Add(l.place)
	} else {
		value = l.Table + ".id"
	}
	rows.Columns = l.Table + ".id, " + value + " AS value, " + strings.Join(append(kept.Conditions, "TRUE"), " AND ") + " AS kept"
	rows.Args = slices.Concat(kept.Args, rows.Args)
	g.rows, g.maxRows, g.keptArgs = rows, most, len(kept.Args)
	return g
}

// run reads up to limit rows. The result is partial if there may be others before or among
// them. Of collected rows it also counts the matches.
func run[T any](r Reader, g boundedQuery, limit int, columns func(*T) []any) (a SearchResult[T], err error) {
	if g.scan != nil {
		g.scan.Columns = g.columns
		a.Rows, err = Collect(r, g.scan.SQL()+g.order+" LIMIT "+strconv.Itoa(limit), true, g.scan.Args, columns)
		if err != nil || len(a.Rows) == limit || len(g.scan.Conditions) == 0 {
			return a, err // a full page, or all rows
		}
		all, err := g.exhausted(r)
		a.Partial = !all
		return a, err
	}
	type collected struct {
		row              T
		kept             bool
		scanned, matches int
	}
	rows, err := Collect(r, g.sorted(limit), true, g.rows.Args, func(row *collected) []any {
		return append(columns(&row.row), &row.kept, &row.scanned, &row.matches)
	})
	a.Count = &Count{}
	for _, row := range rows {
		if row.kept {
			a.Rows = append(a.Rows, row.row)
		}
		a.Partial = row.scanned == g.maxRows
		a.Count = &Count{N: min(row.matches, maxMatches), More: a.Partial || row.matches > maxMatches}
	}
	return a, err
}

// sorted returns the statement for the first of the collected rows, matches first. Others
// follow so that, even without a match, one row reports how many were examined.
func (g boundedQuery) sorted(limit int) string {
	order := "kept DESC, " + Keyset{Columns: []string{"value", "id"}}.order(g.down)
	return "WITH found AS MATERIALIZED (" + g.collected(g.maxRows) + ") SELECT " + g.columns + ", part.kept, (SELECT count(*) FROM found), (SELECT count(*) FROM found WHERE kept) " +
		"FROM (SELECT id, value, kept FROM found ORDER BY " + order + " LIMIT " + strconv.Itoa(limit) + ") AS part " +
		"JOIN " + g.table + " ON " + g.table + ".id = part.id ORDER BY " + strings.ReplaceAll("part."+order, ", ", ", part.")
}

// count counts the matches, up to one more than most. all reports whether the count is
// complete.
func (g boundedQuery) count(r Reader, most int) (n int, all bool, err error) {
	if g.scan != nil {
		found, err := CountUpTo(r, *g.scan, most)
		if err != nil || found.More {
			return most + 1, true, err
		}
		if len(g.scan.Conditions) == 0 {
			return found.N, true, nil
		}
		all, err = g.exhausted(r)
		return found.N, all, err
	}
	// Usually a few rows show that there are more than most. Reading them twice costs
	// little if they are few compared with g.maxRows.
	if first := 2 * most; first < g.maxRows/2 {
		if n, all, err = g.countCollected(r, first); all || n > most || err != nil {
			return n, true, err
		}
	}
	n, all, err = g.countCollected(r, g.maxRows)
	return n, all || n > most, err
}

// countCollected counts the matches among the first rows. all reports whether there are no
// others.
func (g boundedQuery) countCollected(r Reader, first int) (n int, all bool, err error) {
	type counts struct{ matches, scanned int }
	sql := "SELECT count(*) FILTER (WHERE kept), count(*) FROM (" + g.collected(first) + ") AS found"
	found, err := Collect(r, sql, true, g.rows.Args, func(c *counts) []any { return []any{&c.matches, &c.scanned} })
	if err != nil {
		return 0, false, err
	}
	return found[0].matches, found[0].scanned < first, nil
}

// countEach counts the matches among the collected rows that match each of some conditions.
// all reports whether there are no others.
func (g boundedQuery) countEach(r Reader, each []Clauses) (counts []int, all bool, err error) {
	rows, sum := g.rows, "SELECT count(*)"
	var args []any
	for i, c := range each {
		name := "c" + strconv.Itoa(i)
		rows.Columns += ", " + strings.Join(append(c.Conditions, "TRUE"), " AND ") + " AS " + name
		sum += ", count(*) FILTER (WHERE kept AND " + name + ")"
		args = append(args, c.Args...)
	}
	args = slices.Concat(g.rows.Args[:g.keptArgs], args, g.rows.Args[g.keptArgs:])
	counts = make([]int, 1+len(each))
	sum += " FROM (" + rows.SQL() + " LIMIT " + strconv.Itoa(g.maxRows) + ") AS found"
	_, err = Collect(r, sum, true, args, func(*struct{}) []any {
		places := make([]any, len(counts))
		for i := range counts {
			places[i] = &counts[i]
		}
		return places
	})
	return counts[1:], err == nil && counts[0] < g.maxRows, err
}

// collected returns the statement for the first rows to collect.
func (g boundedQuery) collected(first int) string {
	return g.rows.SQL() + " LIMIT " + strconv.Itoa(first)
}

// exhausted reports whether there were fewer rows to examine than the bound.
func (g boundedQuery) exhausted(r Reader) (bool, error) {
	n, err := Collect(r, "SELECT count(*) FROM ("+g.rows.SQL()+") AS rows", true, g.rows.Args, OneColumn[int])
	return err == nil && n[0] < g.maxRows, err
}
