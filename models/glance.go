package models

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// glance is one approach to a search as statements: the rows that are looked at, and
// those of them that are sought.
type glance struct {
	columns string
	// rows are looked at, no more than most. Where they are walked, they end there.
	rows selection
	most int
	// walked are those sought, as they come; nil where rows are gathered.
	walked *selection
	// order is what keeps walked in order; "" where it is without.
	order string
	// table and down say how gathered rows are sorted.
	table string
	down  bool
}

// glance is the approach for a direction.
func (l *sought) glance(d dialect, a approach, down bool) glance {
	if a >= gathering {
		return l.gather(d, a, down)
	}
	g, from := glance{columns: l.columns}, ""
	g.rows, g.most, from = d.walk(l, a, down)
	g.walked = &selection{from: fmt.Sprintf(from, g.rows.sql()), clauses: clauses{args: g.rows.args}, planned: true}
	wanted := *l
	if a == listing {
		g.walked.add(l.scope) // its place is limited by ids
		wanted.terms = l.unmatched()
	}
	g.walked.add(wanted.having(d))
	g.walked.add(l.lacking(d))
	if !l.byID {
		g.walked.add(l.limits())
	}
	g.order = d.keptOrder(l.order.order(down))
	return g
}

// stretch is the part of the order that may be walked.
func (l *sought) stretch(columns string, down bool) selection {
	q := selection{columns: columns, from: l.walked, planned: true}
	q.add(l.scope)
	q.add(l.place)
	if l.byID {
		q.add(l.limits())
	}
	q.tail = " ORDER BY " + l.order.order(down) + " LIMIT " + strconv.Itoa(mostWalked)
	return q
}

// gather takes no more of each row than sorting needs. What does not help to find rows
// is tested of those that were found, so that it can't make an engine look for long.
func (l *sought) gather(d dialect, a approach, down bool) glance {
	g := glance{columns: l.columns, table: l.table, down: down}
	rows, kept, most := d.gather(l, a)
	kept.add(l.lacking(d))
	value := l.order.columns[0]
	if l.walked == l.table {
		kept.add(l.place)
	} else {
		value = l.table + ".id"
	}
	rows.columns = l.table + ".id, " + value + " AS value, " + strings.Join(append(kept.conditions, "TRUE"), " AND ") + " AS kept"
	rows.args = slices.Concat(kept.args, rows.args)
	g.rows, g.most = rows, most
	return g
}

// look reads up to limit rows. The answer is partial where others may come before or
// among them. Of gathered rows it counts those that are sought.
func look[T any](r reader, g glance, limit int, columns func(*T) []any) (a answer[T], err error) {
	if g.walked != nil {
		g.walked.columns = g.columns
		a.rows, err = collect(r, g.walked.sql()+g.order+" LIMIT "+strconv.Itoa(limit), true, g.walked.args, columns)
		if err != nil || len(a.rows) == limit || len(g.walked.conditions) == 0 {
			return a, err // full, or all rows there are
		}
		all, err := g.exhausted(r)
		a.partial = !all
		return a, err
	}
	type gathered struct {
		row            T
		kept           bool
		looked, sought int
	}
	rows, err := collect(r, g.sorted(limit), true, g.rows.args, func(row *gathered) []any {
		return append(columns(&row.row), &row.kept, &row.looked, &row.sought)
	})
	a.count = &Count{}
	for _, row := range rows {
		if row.kept {
			a.rows = append(a.rows, row.row)
		}
		a.partial = row.looked == g.most
		a.count = &Count{N: min(row.sought, searchCounted), More: a.partial || row.sought > searchCounted}
	}
	return a, err
}

// sorted is the statement for the first of the gathered rows. After those that are kept
// come others, so that there is a row to tell how many were looked at.
func (g glance) sorted(limit int) string {
	order := "kept DESC, " + keyset{columns: []string{"value", "id"}}.order(g.down)
	return "WITH found AS MATERIALIZED (" + g.gathered(g.most) + ") SELECT " + g.columns + ", part.kept, (SELECT count(*) FROM found), (SELECT count(*) FROM found WHERE kept) " +
		"FROM (SELECT id, value, kept FROM found ORDER BY " + order + " LIMIT " + strconv.Itoa(limit) + ") AS part " +
		"JOIN " + g.table + " ON " + g.table + ".id = part.id ORDER BY " + strings.ReplaceAll("part."+order, ", ", ", part.")
}

// count counts what is sought, up to one more than most. all says that there can't
// be others.
func (g glance) count(r reader, most int) (n int, all bool, err error) {
	if g.walked != nil {
		found, err := counted(r, *g.walked, most)
		if err != nil || found.More {
			return most + 1, true, err
		}
		if len(g.walked.conditions) == 0 {
			return found.N, true, nil
		}
		all, err = g.exhausted(r)
		return found.N, all, err
	}
	// Most often a few tell that there are more than one wants to know. To look at them
	// twice is little, where they are few of those that there may be.
	if first := 2 * most; first < g.most/2 {
		if n, all, err = g.countGathered(r, first); all || n > most || err != nil {
			return n, true, err
		}
	}
	n, all, err = g.countGathered(r, g.most)
	return n, all || n > most, err
}

// countGathered counts what is sought among the first so many rows. all says that these
// are all.
func (g glance) countGathered(r reader, first int) (n int, all bool, err error) {
	type counts struct{ kept, looked int }
	sql := "SELECT count(*) FILTER (WHERE kept), count(*) FROM (" + g.gathered(first) + ") AS found"
	found, err := collect(r, sql, true, g.rows.args, func(c *counts) []any { return []any{&c.kept, &c.looked} })
	if err != nil {
		return 0, false, err
	}
	return found[0].kept, found[0].looked < first, nil
}

// gathered is the statement for the first so many rows that are gathered.
func (g glance) gathered(first int) string { return g.rows.sql() + " LIMIT " + strconv.Itoa(first) }

// exhausted tells whether there were fewer rows to look at than could be.
func (g glance) exhausted(r reader) (bool, error) {
	n, err := collect(r, "SELECT count(*) FROM ("+g.rows.sql()+") AS rows", true, g.rows.args, whole[int])
	return err == nil && n[0] < g.most, err
}
