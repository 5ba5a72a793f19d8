package db

import (
	"regexp"
	"strings"

	"protocol.chat/console/models/text"
)

// choose asks the planner, which knows roughly how common a trigram is, for its plan
// without bounds. It can only guess at the groups of a contact.
func (*postgresDialect) choose(r Reader, l *SearchSpec, sql string, args []any) ([]strategy, error) {
	if l.Members != nil {
		return []strategy{membershipScan, collectSort, orderScan}, nil
	}
	lines, err := Collect(r, "EXPLAIN "+sql, true, args, OneColumn[string])
	plan := strings.Join(lines, "\n")
	switch {
	case !strings.Contains(plan, "Sort "):
		return []strategy{orderScan, collectSort, membershipScan}, err
	case strings.Contains(plan, l.Table+"_search"), strings.Contains(plan, l.Table+"_symbols"):
		if few(plan) && len(l.Terms) == 1 && len(text.TermWords(l.Terms[0])) == 1 {
			return []strategy{unbounded, collectSort, orderScan, membershipScan}, err
		}
		return []strategy{collectSort, orderScan, membershipScan}, err
	}
	return []strategy{membershipScan, collectSort, orderScan}, err
}

// few reports whether a plan expects fewer than a thousand rows for a word. Even if the
// planner, who has seen a hundred texts, mistakes one in fifty for one in a thousand, those
// are few enough, and the bound would cost more than the search. (For phrases and several
// words its estimate may be wrong altogether.) For symbols it knows the common ones, so
// that an estimate below ten thousand can be trusted.
func few(plan string) bool {
	found := wordRows.FindStringSubmatch(plan)
	return found != nil && (len(found[2]) <= 3 || found[1] == "symbols" && len(found[2]) <= 4)
}

// wordRows matches how many rows a plan expects of an index of words.
var wordRows = regexp.MustCompile(`Bitmap Index Scan on \w+_(search|symbols) .*rows=(\d+)`)
