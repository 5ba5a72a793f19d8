package db

const (
	// fewMatches are quicker to sort than to walk to: if there are more, any short stretch
	// of an order has some, as a rule.
	fewMatches = 2000
	// fewMembers are quicker to walk than to look up in the full-text index.
	fewMembers = 1000
)

// choose begins with what is known to be small: the groups of a contact or the members
// of a group if they are few, then what the full-text index lists, in the order of ids.
func (d sqliteDialect) choose(r Reader, l *SearchSpec, _ string, _ []any) ([]strategy, error) {
	if l.Members != nil {
		n, err := CountUpTo(r, d.memberGroups(l), sqliteMemberGroups-1)
		if err != nil || !n.More {
			return []strategy{membershipScan}, err
		}
	}
	if l.OrderTable != l.Table {
		n, err := CountUpTo(r, Selection{From: l.OrderTable, Clauses: l.Scope}, fewMembers)
		if err != nil || !n.More {
			return []strategy{orderScan}, err
		}
	}
	switch {
	case len(l.Terms) == 0:
		return []strategy{orderScan, collectSort}, nil
	case l.ByID:
		return []strategy{indexScan, orderScan}, nil
	}
	n, err := CountUpTo(r, Selection{From: l.Table + "_fts", Clauses: d.match(l)}, fewMatches)
	if n.More {
		return []strategy{orderScan, collectSort}, err
	}
	return []strategy{collectSort, orderScan}, err
}
