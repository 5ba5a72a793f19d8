package models

import (
	"context"
	"slices"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Figures are how many objects a bulk change would change, as far as that can be told at
// once: counts are those of lists, and which of those that a query finds an update or a
// change of members leaves as they are comes to light only one by one.
type Figures struct {
	// Matched is how many objects were asked for, and ToChange how many of them would be
	// changed.
	Matched, ToChange db.Count
	// Skipped says why the others would not be, the most frequent first.
	Skipped []SkippedCount
	// Events are those that the change makes.
	Events BulkEvents
}

// Preview is what a bulk change of groups would do.
type Preview struct {
	Figures
	// Sample are the newest of the groups to change, up to PreviewSample.
	Sample []Group
	// Contacts are those to add or remove.
	Contacts []Contact
}

// SkippedCount is how many objects would be skipped for a reason.
type SkippedCount struct {
	Reason string
	Count  db.Count
}

// PreviewSample is how many objects a preview shows.
const PreviewSample = 20

// PreviewBulk returns what StartBulk would do now. Errors: Invalid, Denied.
func (s *BulkChanges) PreviewBulk(ctx context.Context, by access.Actor, b Bulk) (Preview, error) {
	request, err := s.bulkRequest(ctx, by, b, "")
	if err != nil {
		return Preview{}, err
	}
	p, err := s.PreviewGroups(ctx, by, b)
	if err == nil {
		p.Contacts, err = s.store.ContactsByID(ctx, request.Spec.(bulkSpec).Contacts)
	}
	return p, s.store.DB.Failed(ctx, err)
}

// PreviewGroups is PreviewBulk for a change of which only the action and the groups are
// known so far. Errors: Invalid about the groups, Denied.
func (s *BulkChanges) PreviewGroups(ctx context.Context, by access.Actor, b Bulk) (p Preview, err error) {
	if err := by.Check(b.Action.Right()); err != nil {
		return p, err
	}
	if err := b.Query.Problems.And(b.checkSet()).OrNil(); err != nil {
		return p, err
	}
	if b.IDs == nil {
		p, err = s.previewQuery(ctx, b)
	} else {
		p, err = s.previewIDs(ctx, b)
	}
	if err == nil {
		p.Events, err = s.groupEvents(ctx, b.Action, p.ToChange)
	}
	return p, s.store.DB.Failed(ctx, err)
}

// left returns the status of groups that the action leaves as they are, and the reason;
// AnyStatus if there is none.
func (a BulkAction) left() (Status, string) {
	switch a {
	case BulkArchive:
		return Archived, AlreadyArchived
	case BulkRestore:
		return Active, NotArchived
	}
	return AnyStatus, ""
}

// other returns the status of the groups that don't have this one.
func (s Status) other() Status {
	if s == Archived {
		return Active
	}
	return Archived
}

// previewQuery counts by the list's own means: what an action leaves as it is has a status,
// so that each number is that of a list.
func (s *BulkChanges) previewQuery(ctx context.Context, b Bulk) (p Preview, err error) {
	r := s.store.DB.Read(ctx)
	q := plainQuery(b.Query)
	q.Reverse = false
	if p.Matched, err = s.store.countFound(r, q); err != nil {
		return p, err
	}
	p.ToChange = p.Matched
	unchanged, reason := b.Action.left()
	switch {
	case unchanged == AnyStatus: // all are changed
	case q.Status == unchanged:
		p.ToChange = db.Count{}
		p.skip(reason, p.Matched)
		return p, nil
	case q.Status == AnyStatus:
		skipped, changed := q, q
		skipped.Status, changed.Status = unchanged, unchanged.other()
		n, err := s.store.countFound(r, skipped)
		if err != nil {
			return p, err
		}
		p.skip(reason, n)
		if p.ToChange, err = s.store.countFound(r, changed); err != nil {
			return p, err
		}
		q = changed
	}
	q.Limit = PreviewSample
	page, err := s.store.groups(r, q)
	for _, hit := range page.Groups {
		p.Sample = append(p.Sample, hit.Group)
	}
	if page.Exact != nil {
		p.addExact(*page.Exact, reason, unchanged)
	}
	return p, err
}

// addExact adds the group whose id was searched for, which no list counts.
func (p *Preview) addExact(g Group, reason string, unchanged Status) {
	p.Matched.N++
	if unchanged != AnyStatus && g.Archived() == (unchanged == Archived) {
		p.skip(reason, db.Count{N: 1})
		return
	}
	p.ToChange.N++
	p.Sample = append([]Group{g}, p.Sample...)
}

// previewIDs looks at every named group.
func (s *BulkChanges) previewIDs(ctx context.Context, b Bulk) (p Preview, err error) {
	ids := slices.Clone(b.IDs)
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return !text.ValidID(id) })
	query := selectGroups()
	query.Where(s.store.DB.Dialect.Among("id", ids))
	query.Tail = " ORDER BY id DESC"
	groups, err := db.Collect(s.store.DB.Read(ctx), query.SQL(), false, query.Args, (*Group).columns)
	if err != nil {
		return p, err
	}
	unchanged, reason := b.Action.left()
	skipped := 0
	for _, g := range groups {
		switch {
		case unchanged != AnyStatus && g.Archived() == (unchanged == Archived):
			skipped++
		case len(p.Sample) < PreviewSample:
			p.Sample = append(p.Sample, g)
		}
	}
	p.Matched, p.ToChange = db.Count{N: len(ids)}, db.Count{N: len(groups) - skipped}
	p.skip(reason, db.Count{N: skipped})
	p.skip(GoneMeanwhile, db.Count{N: len(ids) - len(groups)})
	return p, nil
}

// skip notes why objects would be skipped, unless there are none.
func (p *Figures) skip(reason string, n db.Count) {
	if n.N == 0 {
		return
	}
	if i := slices.IndexFunc(p.Skipped, func(c SkippedCount) bool { return c.Reason == reason }); i >= 0 {
		p.Skipped[i].Count.N += n.N
		return
	}
	p.Skipped = append(p.Skipped, SkippedCount{reason, n})
	slices.SortStableFunc(p.Skipped, func(a, b SkippedCount) int { return b.Count.N - a.Count.N })
}
