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
	// filterScan collects by the filter that the fewest rows match.
	filterScan
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
	filterScan:     {"filterScan", always, (*SearchSpec).collectFiltered},
}

func (a strategy) String() string { return strategies[a].name }

func always(*SearchSpec) bool { return true }

// byWords reports whether words limit the search, in the order of the ids.
func (l *SearchSpec) byWords() bool { return l.ByID && len(l.Terms) > 0 }

// narrowed reports whether anything but words and a status limits the search.
func (l *SearchSpec) narrowed() bool {
	return l.Members != nil || len(l.Filters)+len(l.IDs) > 0 || l.OrderTable != l.Table
}

// strategyTTL is how long an engine's choice of strategies is cached: it depends on how
// common words are, which changes slowly.
const strategyTTL = time.Minute

// choice is how to find the rows of a search: by which strategies, the best first, and by
// which filter to collect.
type choice struct {
	strategies []strategy
	driver     Clauses
}

// choose returns the choice for a search, without strategies that don't apply, and sets the
// driver of l to it.
func (s *DB) choose(r Reader, l *SearchSpec, limit int) ([]strategy, error) {
	q := l.All(s.Dialect)
	sql := q.SQL() + " ORDER BY " + l.Order.order(l.Order.Desc) + " LIMIT " + strconv.Itoa(limit+1)
	found, err := s.chosen.Get(sql+fmt.Sprint(q.Args...), s.Now(), func() (choice, error) {
		if l.filtered() {
			return s.chooseFilter(r, l, sql, q.Args)
		}
		all, err := s.Dialect.choose(r, l, sql, q.Args)
		return choice{strategies: applying(all, l)}, err
	})
	l.driver = found.driver
	return found.strategies, err
}

// applying returns those of the strategies that apply.
func applying(all []strategy, l *SearchSpec) []strategy {
	return slices.DeleteFunc(all, func(a strategy) bool { return !strategies[a].applies(l) })
}

// fewFiltered are quicker to collect and sort than to walk to.
const fewFiltered = 2000

// filtered reports whether filters limit the search, rather than members.
func (l *SearchSpec) filtered() bool { return l.Members == nil && len(l.Filters) > 0 }

// chooseFilter counts what each filter lists, as far as a search may look. The filter that
// lists the least drives filterScan, which is complete if that is less than the bound. If
// it is not, and there are no words, only the order of the list may help.
func (s *DB) chooseFilter(r Reader, l *SearchSpec, sql string, args []any) (c choice, err error) {
	drivers := l.Filters
	if ids := l.idConds(); len(ids.Conditions) > 0 && !l.ByID {
		drivers = append(slices.Clone(drivers), ids)
	}
	least := maxScanned
	for _, driver := range drivers {
		n, err := CountUpTo(r, Selection{From: l.Table, Clauses: driver, Planned: true}, least-1)
		if err != nil {
			return c, err
		}
		if !n.More {
			least, c.driver = n.N+1, driver
		}
	}
	complete := least < maxScanned
	switch {
	case len(l.Terms) > 0:
		if c.strategies, err = s.Dialect.choose(r, l, sql, args); err != nil {
			return c, err
		}
		c.strategies = slices.DeleteFunc(applying(c.strategies, l), func(a strategy) bool { return a == membershipScan })
		if complete {
			c.strategies = append(c.strategies, filterScan)
		}
	case !complete:
		c.strategies = []strategy{orderScan}
	case least <= fewFiltered:
		c.strategies = []strategy{filterScan, orderScan}
	default:
		c.strategies = []strategy{orderScan, filterScan}
	}
	return c, nil
}
