package models

import (
	"context"
	"slices"
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
	{"members", []string{"members:", "is:empty"}, []FacetValue{
		{Filter: "members:0", Finds: "without members"},
		{Filter: "members:1..9", Finds: "with 1 to 9 members"},
		{Filter: "members:10..99", Finds: "with 10 to 99 members"},
		{Filter: "members:>=100", Finds: "with 100 members or more"},
	}},
	{"description", []string{"has:description", "no:description"}, []FacetValue{
		{Filter: "has:description", Finds: "with a description"}, {Filter: "no:description", Finds: "without a description"},
	}},
	{"avatar", []string{"has:avatar", "no:avatar"}, []FacetValue{
		{Filter: "has:avatar", Finds: "with an avatar"}, {Filter: "no:avatar", Finds: "without an avatar"},
	}},
	{"created", []string{"created:"}, []FacetValue{
		{Filter: "created:>7d", Finds: "created in the last 7 days"},
		{Filter: "created:>30d", Finds: "created in the last 30 days"},
		{Filter: "created:>90d", Finds: "created in the last 90 days"},
		{Filter: "created:<1y", Finds: "created more than a year ago"},
	}},
	{"active", []string{"active:"}, []FacetValue{
		{Filter: "active:>7d", Finds: "active in the last 7 days"},
		{Filter: "active:>30d", Finds: "active in the last 30 days"},
		{Filter: "active:<90d", Finds: "not active for 90 days"},
		{Filter: "active:<1y", Finds: "not active for a year"},
	}},
	{"updated", []string{"updated:"}, []FacetValue{
		{Filter: "updated:>7d", Finds: "changed in the last 7 days"}, {Filter: "updated:>30d", Finds: "changed in the last 30 days"},
	}},
	{"archived", []string{"archived:"}, []FacetValue{
		{Filter: "archived:>30d", Finds: "archived in the last 30 days"}, {Filter: "archived:<1y", Finds: "archived more than a year ago"},
	}},
	{"duplicate", []string{"is:duplicate"}, []FacetValue{
		{Filter: "is:duplicate", Finds: "whose name another active group has"},
	}},
}

// FacetTime is for how long GroupFacets counts: what it does not come to is not known.
const FacetTime = 80 * time.Millisecond

// GroupFacets returns the values that a list of groups can be limited by, with how many it
// would have. Errors: Invalid.
func (s *Store) GroupFacets(ctx context.Context, q GroupQuery) ([]Facet, error) {
	if err := q.check().OrNil(); err != nil {
		return nil, err
	}
	counting, stop := context.WithTimeout(ctx, FacetTime)
	defer stop()
	all := make([]Facet, len(facets))
	for i, f := range facets {
		all[i] = f
		all[i].Values = slices.Clone(f.Values)
		if err := s.countFacet(s.DB.Read(counting), q, &all[i]); err != nil && counting.Err() == nil {
			return all, s.DB.Failed(ctx, err)
		}
	}
	return all, ctx.Err()
}

func (s *Store) countFacet(r db.Reader, q GroupQuery, f *Facet) error {
	for i := range f.Values {
		limited := q
		limited.Search = ParseSearchAt(q.Search.With(f.Values[i].Filter, f.Prefixes...), q.Search.zone, s.DB.Now())
		n, known, err := s.countFaceted(r, limited)
		if err != nil {
			return err
		}
		if known {
			f.Values[i].Count = &n
		}
	}
	return nil
}

// countFaceted counts what a query finds, in the order whose index has its limits, if there
// is one. known is false if not all could be looked at.
func (s *Store) countFaceted(r db.Reader, q GroupQuery) (n db.Count, known bool, err error) {
	page, err := s.resolveSearch(r, q)
	if err != nil {
		return n, false, err
	}
	wanted := page.query.spec(page.members)
	for _, sort := range GroupSorts {
		page.query.Sort = sort
		if spec := page.query.spec(page.members); spec.Plain() {
			wanted = spec
			break
		}
	}
	n, err = s.DB.CountWithin(r, wanted)
	return n, !n.More || n.N == db.MaxCounted, err
}

// GroupsCountWithin counts all groups that a query finds, as for a facet; nil if that is not
// known in time. Errors: Invalid.
func (s *Store) GroupsCountWithin(ctx context.Context, q GroupQuery, limit time.Duration) (*db.Count, error) {
	counting, stop := context.WithTimeout(ctx, limit)
	defer stop()
	n, known, err := s.countFaceted(s.DB.Read(counting), q)
	switch {
	case ctx.Err() == nil && counting.Err() != nil:
		return nil, nil
	case err != nil || !known:
		return nil, s.DB.Failed(ctx, err)
	}
	return &n, nil
}
