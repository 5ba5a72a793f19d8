package models

import (
	"encoding/json"
	"slices"
	"strings"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// A query finds what matches while a job gathers, which is later than when the job was asked
// for. The groups that have stopped matching in between belong to the job all the same: it
// says of them that they were changed meanwhile. Which those are, the activity tells.

// mostMeanwhile is how many audit lines of the time before gathering are considered.
const mostMeanwhile = 10_000

// changedSince returns the groups that matched at a snapshot, and that somebody has changed
// or deleted since; page is that of the query.
func (s *BulkChanges) changedSince(r db.Reader, snapshot string, page GroupPage) ([]jobs.Object, error) {
	lines, err := s.linesSince(r, snapshot)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	query := selectGroups()
	query.Where(s.store.DB.Dialect.Among("id", idsIn(lines)))
	now, err := db.Collect(r, query.SQL(), false, query.Args, (*Group).columns)
	if err != nil {
		return nil, err
	}
	before := map[string]*pastGroup{}
	for _, g := range now {
		before[g.ID] = &pastGroup{Group: g}
	}
	for _, l := range lines { // the newest first
		g, known := before[l.ObjectID]
		if !known {
			g = &pastGroup{Group: Group{ID: l.ObjectID}}
			before[l.ObjectID] = g
		}
		if err := g.takeBack(l); err != nil {
			return nil, err
		}
	}
	var found []jobs.Object
	for _, g := range before {
		if g.ID < snapshot && g.matched(page) {
			found = append(found, jobs.Object{ID: g.ID, Name: g.Name})
		}
	}
	return found, nil
}

// linesSince returns the lines about groups after a snapshot, the newest first.
func (s *BulkChanges) linesSince(r db.Reader, snapshot string) ([]audit.Line, error) {
	q := db.SelectFrom("audit_lines", "object_id, object_name, changes", "id > ? AND object_kind = 'group'", snapshot)
	q.Tail = " ORDER BY id DESC"
	return db.First(r, q, mostMeanwhile, func(l *audit.Line) []any { return []any{&l.ObjectID, &l.ObjectName, &l.Changes} })
}

func idsIn(lines []audit.Line) []string {
	ids := make([]string, len(lines))
	for i, l := range lines {
		ids[i] = l.ObjectID
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// pastGroup is a group as it was before some changes, as far as they say.
type pastGroup struct {
	Group
	// left and joined are the ids of the members that the changes removed and added.
	left, joined map[string]bool
}

// takeBack takes back the change of a line.
func (g *pastGroup) takeBack(l audit.Line) error {
	var changed struct {
		ArchivedAt *struct{ Before *int64 }          `json:"archived_at"`
		Members    *struct{ Before, After *members } `json:"contacts"`
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(l.Changes), &changed); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(l.Changes), &fields); err != nil {
		return err
	}
	g.Name = l.ObjectName
	if at := changed.ArchivedAt; at != nil {
		g.ArchivedAt = at.Before
	}
	if m := changed.Members; m != nil {
		g.takeBackMembers(m.Before, m.After)
	}
	groupFields.apply(&g.Group, groupFields.newChange(func(name string) *string {
		var f struct{ Before *string }
		if said, changed := fields[name]; !changed || json.Unmarshal(said, &f) != nil {
			return nil
		}
		return new(text.Deref(f.Before))
	}))
	return nil
}

// members are those of a line, of whom it names the first.
type members struct {
	Count    int
	Contacts []audit.Member
}

func (g *pastGroup) takeBackMembers(before, after *members) {
	if g.left == nil {
		g.left, g.joined = map[string]bool{}, map[string]bool{}
	}
	if before != nil {
		g.ContactsCount += before.Count
		for _, c := range before.Contacts {
			g.left[c.ID], g.joined[c.ID] = true, false
		}
	}
	if after != nil {
		g.ContactsCount -= after.Count
		for _, c := range after.Contacts {
			g.left[c.ID], g.joined[c.ID] = false, true
		}
	}
}

// matched reports whether the group matched the query of a page, as far as its own values
// tell; by members, it is known only of a group that lost one of those who are looked for.
func (g *pastGroup) matched(page GroupPage) bool {
	spec, search, status := page.query.spec(page.members), page.query.Search, page.query.Shown()
	key := groupFields.searchKey(&g.Group)
	has := func(term string) bool { return strings.Contains(key, term) }
	lacks := func(term string) bool { return !has(term) }
	switch {
	case status != AnyStatus && g.Archived() != (status == Archived),
		!g.within(search.Limits), !g.within(page.query.Limits),
		slices.ContainsFunc(spec.Terms, lacks), slices.ContainsFunc(spec.Without, has):
		return false
	}
	for _, limit := range spec.IDs {
		if order := strings.Compare(g.ID, limit.ID); limit.Sign == "<" && order >= 0 || limit.Sign == ">" && order <= 0 || limit.Sign == ">=" && order < 0 {
			return false
		}
	}
	lost := func(id string) bool { return g.left[id] }
	return page.members == nil || slices.ContainsFunc(contactIDs(page.members), lost) ||
		slices.ContainsFunc(page.query.alsoMembers, func(also alsoMembers) bool { return slices.ContainsFunc(also.ids, lost) })
}

// within reports whether the group was within limits of its own values; not if there are
// others.
func (g *pastGroup) within(l Limits) bool {
	has := func(value *string, wanted *bool) bool { return wanted == nil || *wanted == (value != nil) }
	other := l
	other.Created, other.MinMembers, other.MaxMembers, other.Described, other.Avatar = Period{}, 0, nil, nil, nil
	return other.IsZero() && g.ContactsCount >= l.MinMembers && (l.MaxMembers == nil || g.ContactsCount <= *l.MaxMembers) &&
		has(g.Description, l.Described) && has(g.AvatarURL, l.Avatar)
}
