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
	// Count is counted up to db.MaxCounted; nil if it is not known.
	Count *db.Count
}

// facets are all facets, without counts.
var facets = []Facet{
	{Name: "members", Prefixes: []string{"members:", "is:empty"}, Values: filters("members:0", "members:1..9", "members:10..99", "members:>=100")},
	{Name: "description", Prefixes: []string{"has:description", "no:description"}, Values: filters("has:description", "no:description")},
	{Name: "avatar", Prefixes: []string{"has:avatar", "no:avatar"}, Values: filters("has:avatar", "no:avatar")},
	{Name: "created", Prefixes: []string{"created:"}, Values: filters("created:>7d", "created:>30d", "created:>90d", "created:<1y")},
	{Name: "active", Prefixes: []string{"active:"}, Values: filters("active:>7d", "active:>30d", "active:<90d", "active:<1y")},
	{Name: "updated", Prefixes: []string{"updated:"}, Values: filters("updated:>7d", "updated:>30d")},
	{Name: "archived", Prefixes: []string{"archived:", "is:active", "is:archived"}, implied: "is:archived", Values: filters("archived:>30d", "archived:<1y")},
	{Name: "duplicate", Prefixes: []string{"is:duplicate"}, Values: filters("is:duplicate")},
}

// filters returns values of a facet, without counts.
func filters(all ...string) []FacetValue {
	values := make([]FacetValue, len(all))
	for i, filter := range all {
		values[i].Filter = filter
	}
	return values
}

// OfGroups returns the values that a list of groups can be limited by, with how many it
// would have. Errors: Invalid.
func (s *Facets) OfGroups(ctx context.Context, q GroupQuery) ([]Facet, error) {
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
	counting, stop := context.WithTimeout(ctx, s.Patience)
	defer stop()
	var (
		parts sync.WaitGroup
		mu    sync.Mutex
		errs  []error
	)
	for base, some := range alike {
		parts.Go(func() {
			_, err := db.TryList(counting, s.store.DB, func(r db.Reader) (struct{}, error) {
				return struct{}{}, s.countFacets(r, s.based(q, base), some)
			})
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	parts.Wait()
	if counting.Err() != nil {
		return all, s.store.DB.Failed(ctx, ctx.Err())
	}
	return all, s.store.DB.Failed(ctx, errors.Join(errs...))
}

// based returns the query with another search.
func (s *Facets) based(q GroupQuery, typed string) GroupQuery {
	q.Search, q.Range = ParseSearchAt(typed, q.Search.zone, s.store.DB.Now()), db.Range{}
	q.Sort, q.Reverse = ByCreated, false
	return q
}

// countFacets counts the values of facets among what a query finds: each by its index in a
// long list that only a status limits, or else all at once, if the query finds little.
func (s *Facets) countFacets(r db.Reader, q GroupQuery, some []*Facet) error {
	page, err := s.store.resolveSearch(r, q)
	if err != nil {
		return err
	}
	if q.isPlain() {
		n, err := s.store.countGroups(r, page)
		if err != nil {
			return err
		}
		if n.N >= db.MaxCounted {
			return s.countValues(r, q, some)
		}
	}
	var conditions []db.Clauses
	for _, f := range some {
		for _, v := range f.Values {
			conditions = append(conditions, s.conditionsOf(q, v.Filter))
		}
	}
	counts, all, err := s.store.DB.CountEach(r, page.query.spec(page.members), conditions)
	if err != nil || !all || page.AtLeast {
		return err
	}
	for _, f := range some {
		for i := range f.Values {
			f.Values[i].Count, counts = &db.Count{N: counts[0]}, counts[1:]
		}
	}
	return nil
}

// countValues counts each value by its index.
func (s *Facets) countValues(r db.Reader, q GroupQuery, some []*Facet) error {
	for _, f := range some {
		for i := range f.Values {
			if err := s.countValue(r, q, &f.Values[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// conditionsOf returns the conditions of a filter.
func (s *Facets) conditionsOf(q GroupQuery, filter string) (c db.Clauses) {
	limited := s.based(GroupQuery{Search: q.Search}, filter)
	limited.Search.Status = AnyStatus
	spec := limited.spec(nil)
	return spec.Conditions(s.store.DB.Dialect)
}

// countValue counts what a query limited by a status and a value finds.
func (s *Facets) countValue(r db.Reader, q GroupQuery, v *FacetValue) (err error) {
	v.Count, err = s.countIndexed(r, s.based(q, q.Search.With(v.Filter)), nil)
	return err
}

// countIndexed counts what a query with the members that it searches finds, in the order
// whose index has its limits, if there is one; nil if not all could be looked at.
func (s *Facets) countIndexed(r db.Reader, q GroupQuery, members []Contact) (*db.Count, error) {
	wanted := q.spec(members)
	for _, sort := range GroupSorts {
		q.Sort = sort
		if spec := q.spec(members); spec.Plain() {
			wanted = spec
			break
		}
	}
	n, err := s.store.DB.CountWithin(r, wanted)
	if err != nil || n.More && n.N != db.MaxCounted {
		return nil, err
	}
	return &n, nil
}

// GroupsCountWithin counts all groups that a query finds, as for a facet; nil if that is not
// known in time. Errors: Invalid.
func (s *Store) GroupsCountWithin(ctx context.Context, q GroupQuery, limit time.Duration) (*db.Count, error) {
	counting, stop := context.WithTimeout(ctx, limit)
	defer stop()
	r := s.DB.Read(counting)
	page, err := s.resolveSearch(r, q)
	if err != nil {
		return nil, s.DB.Failed(ctx, err)
	}
	n, err := s.Facets.countIndexed(r, page.query, page.members)
	if ctx.Err() == nil && counting.Err() != nil {
		return nil, nil
	}
	return n, s.DB.Failed(ctx, err)
}
