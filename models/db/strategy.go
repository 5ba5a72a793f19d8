package db

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// strategy is a way to find the rows of a search; see the package comment.
type strategy int

const (
	// unbounded leaves everything to the engine, if it is sure that little matches.
	unbounded strategy = iota
	// orderScan takes the rows in the order of the list.
	orderScan
	// indexScan takes matches from an index that has them by id.
	indexScan
	// collectSort collects whatever matches, and sorts it.
	collectSort
	// membershipScan collects by all but the words: the groups of a contact, the time of
	// creation, and so on.
	membershipScan
)

// strategies are all there are.
var strategies = [...]struct {
	name string
	// applies reports whether the strategy can find anything sooner than the others.
	applies func(l *SearchSpec) bool
	// plan returns its statements for one direction of the order; nil if the engine plans.
	plan func(l *SearchSpec, d Dialect, down bool) boundedQuery
}{
	unbounded:      {"unbounded", always, nil},
	orderScan:      {"orderScan", always, (*SearchSpec).scanOrder},
	indexScan:      {"indexScan", (*SearchSpec).byWords, (*SearchSpec).scanIndex},
	collectSort:    {"collectSort", always, (*SearchSpec).collectMatches},
	membershipScan: {"membershipScan", (*SearchSpec).narrowed, (*SearchSpec).collectNarrowed},
}

func (a strategy) String() string { return strategies[a].name }

func always(*SearchSpec) bool { return true }

// byWords reports whether words limit the search, in the order of the ids.
func (l *SearchSpec) byWords() bool { return l.ByID && len(l.Terms) > 0 }

// narrowed reports whether anything but words and a status limits the search.
func (l *SearchSpec) narrowed() bool {
	return l.Members != nil || len(l.Filter.Conditions)+len(l.IDs) > 0 || l.OrderTable != l.Table
}

// strategyTTL is how long an engine's choice of strategies is cached: it depends on how
// common words are, which changes slowly.
const strategyTTL = time.Minute

// choose returns the engine's choice of strategies, the best first, without those that
// don't apply.
func (s *DB) choose(r Reader, l *SearchSpec, limit int) ([]strategy, error) {
	q := l.All(s.Dialect)
	sql := q.SQL() + " ORDER BY " + l.Order.order(l.Order.Desc) + " LIMIT " + strconv.Itoa(limit+1)
	return s.chosen.Get(sql+fmt.Sprint(q.Args...), s.Now(), func() ([]strategy, error) {
		all, err := s.Dialect.choose(r, l, sql, q.Args)
		return slices.DeleteFunc(all, func(a strategy) bool { return !strategies[a].applies(l) }), err
	})
}
