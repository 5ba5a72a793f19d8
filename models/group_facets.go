package models

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"protocol.chat/console/models/db"
)

// Facet is a property of groups by which a list can be limited, with the values to offer.
type Facet struct {
	// Name is its code: "members", say.
	Name string
	// Prefixes are what filters of this facet begin with in a search: see Search.With.
	Prefixes []string
	Values   []FacetValue
	// implied is a filter that all values imply.
	implied string
}

// FacetValue is a filter in the search language, and how many groups a list would have with
// it in place of those of the same facet.
type FacetValue struct {
	Filter string
	// Finds completes "Groups …".
	Finds string
	// Count is counted up to db.MaxCounted; nil if it is not known.
	Count *db.Count
}

// facets are all facets, without counts.
var facets = []Facet{
	{Name: "members", Prefixes: []string{"members:", "is:empty"}, Values: []FacetValue{
		{Filter: "members:0", Finds: "without members"}, {Filter: "members:1..9", Finds: "with 1 to 9 members"},
		{Filter: "members:10..99", Finds: "with 10 to 99 members"}, {Filter: "members:>=100", Finds: "with 100 members or more"},
	}},
	{Name: "description", Prefixes: []string{"has:description", "no:description"}, Values: []FacetValue{
		{Filter: "has:description", Finds: "with a description"}, {Filter: "no:description", Finds: "without a description"},
	}},
	{Name: "avatar", Prefixes: []string{"has:avatar", "no:avatar"}, Values: []FacetValue{
		{Filter: "has:avatar", Finds: "with an avatar"}, {Filter: "no:avatar", Finds: "without an avatar"},
	}},
	{Name: "created", Prefixes: []string{"created:"}, Values: []FacetValue{
		{Filter: "created:>7d", Finds: "created in the last 7 days"}, {Filter: "created:>30d", Finds: "created in the last 30 days"},
		{Filter: "created:>90d", Finds: "created in the last 90 days"}, {Filter: "created:<1y", Finds: "created more than a year ago"},
	}},
	{Name: "active", Prefixes: []string{"active:"}, Values: []FacetValue{
		{Filter: "active:>7d", Finds: "active in the last 7 days"}, {Filter: "active:>30d", Finds: "active in the last 30 days"},
		{Filter: "active:<90d", Finds: "not active for 90 days"}, {Filter: "active:<1y", Finds: "not active for a year"},
	}},
	{Name: "updated", Prefixes: []string{"updated:"}, Values: []FacetValue{
		{Filter: "updated:>7d", Finds: "changed in the last 7 days"}, {Filter: "updated:>30d", Finds: "changed in the last 30 days"},
	}},
	{Name: "archived", Prefixes: []string{"archived:", "is:active", "is:archived"}, implied: "is:archived", Values: []FacetValue{
		{Filter: "archived:>30d", Finds: "archived in the last 30 days"}, {Filter: "archived:<1y", Finds: "archived more than a year ago"},
	}},
	{Name: "duplicate", Prefixes: []string{"is:duplicate"}, Values: []FacetValue{
		{Filter: "is:duplicate", Finds: "whose name another active group has"},
	}},
}

// facetTime is for how long GroupFacets counts: what it does not come to is not known.
const facetTime = 100 * time.Millisecond

// GroupFacets returns the values that a list of groups can be limited by, with how many it
// would have. Errors: Invalid.
func (s *Store) GroupFacets(ctx context.Context, q GroupQuery) ([]Facet, error) {
	if err := q.check().OrNil(); err != nil {
		return nil, err
	}
	all := make([]Facet, len(facets))
	alike := map[string][]*Facet{} // by the search that they limit
	for i, f := range facets {
		all[i] = f
		all[i].Values = slices.Clone(f.Values)
		base := q.Search.With(f.implied, f.Prefixes...)
		alike[base] = append(alike[base], &all[i])
	}
	counting, stop := context.WithTimeout(ctx, facetTime)
	defer stop()
	var (
		parts sync.WaitGroup
		mu    sync.Mutex
		errs  []error
	)
	for base, some := range alike {
		parts.Go(func() {
			err := s.countFacets(counting, s.based(q, base), some)
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	parts.Wait()
	if counting.Err() != nil {
		return all, s.DB.Failed(ctx, ctx.Err())
	}
	return all, s.DB.Failed(ctx, errors.Join(errs...))
}

// based returns the query with another search.
func (s *Store) based(q GroupQuery, typed string) GroupQuery {
	q.Search, q.Range = ParseSearchAt(typed, q.Search.zone, s.DB.Now()), db.Range{}
	q.Sort, q.Reverse = ByCreated, false
	return q
}

// countFacets counts the values of facets among what a query finds: all of them at once if
// that is little, each by its index if nothing but a status limits the query.
func (s *Store) countFacets(ctx context.Context, q GroupQuery, some []*Facet) error {
	r := s.DB.Read(ctx)
	page, err := s.resolveSearch(r, q)
	if err != nil {
		return err
	}
	var conditions []db.Clauses
	for _, f := range some {
		for _, v := range f.Values {
			conditions = append(conditions, s.conditionsOf(q, v.Filter))
		}
	}
	counts, all, err := s.DB.CountEach(r, page.query.spec(page.members), conditions)
	if err != nil || !all && !q.isPlain() || page.AtLeast {
		return err
	}
	for _, f := range some {
		for i := range f.Values {
			if all {
				f.Values[i].Count, counts = &db.Count{N: counts[0]}, counts[1:]
			} else if err := s.countValue(r, q, &f.Values[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// conditionsOf returns the conditions of a filter.
func (s *Store) conditionsOf(q GroupQuery, filter string) (c db.Clauses) {
	limited := s.based(GroupQuery{Search: q.Search}, filter)
	limited.Search.Status = AnyStatus
	spec := limited.spec(nil)
	return spec.Conditions(s.DB.Dialect)
}

// countValue counts what a query limited by a status and a value finds, in the order whose
// index has them.
func (s *Store) countValue(r db.Reader, q GroupQuery, v *FacetValue) error {
	q = s.based(q, q.Search.With(v.Filter))
	wanted := q.spec(nil)
	for _, sort := range GroupSorts {
		if q.Sort = sort; q.spec(nil).Plain() {
			wanted = q.spec(nil)
			break
		}
	}
	n, err := s.DB.CountWithin(r, wanted)
	if err == nil && (!n.More || n.N == db.MaxCounted) {
		v.Count = &n
	}
	return err
}
