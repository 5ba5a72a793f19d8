package models

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Status limits a list of groups.
type Status string

// The statuses of groups.
const (
	AnyStatus Status = ""
	Active    Status = "active"
	Archived  Status = "archived"
)

// GroupSort is an order of a list of groups.
type GroupSort string

// The orders of lists of groups. ByArchived sorts archived groups only.
const (
	ByCreated  GroupSort = "created"
	ByName     GroupSort = "name"
	ByMembers  GroupSort = "members"
	ByArchived GroupSort = "archived"
	ByUpdated  GroupSort = "updated"
	ByActive   GroupSort = "active"
)

// GroupSorts are the orders of lists of groups.
var GroupSorts = []GroupSort{ByCreated, ByName, ByMembers, ByUpdated, ByActive, ByArchived}

// GroupQuery selects groups. Its zero value is all groups, newest first.
type GroupQuery struct {
	// Search is from ParseSearch.
	Search Search
	// Text finds groups by any part of name or description, taken literally: no operators,
	// as the API's q.
	Text string
	// Status limits the list, unless the search has a status itself.
	Status Status
	// Contact is the id of a contact who must be a member; "" for any. AlsoContacts are the ids of
	// others who must be too.
	Contact      string
	AlsoContacts []string `json:",omitempty"`
	// Limits limit the list besides those of the search.
	Limits Limits
	// Sort is the order; "" is ByCreated.
	Sort GroupSort
	// Reverse reverses the order. Names begin with A; all else with the newest or most.
	Reverse bool
	// WithContacts reads the first members of each.
	WithContacts bool
	db.Range

	// creators are those that Limits.Creator means, once they were looked up; nil before,
	// and without one.
	creators *creators
	// alsoMembers are contacts, once they were looked up: of each of these, one must be a member
	// besides those that spec takes.
	alsoMembers []alsoMembers
}

// GroupHit is a group in a list, with why it was found.
type GroupHit struct {
	Group
	// Member is the member that was searched for, or nil.
	Member *Contact
}

// GroupPage is a part of a list of groups.
type GroupPage struct {
	Groups []GroupHit
	// More reports whether the list continues in the direction of the range.
	More bool
	// Count is how many there are in all, if that came with finding the page; if nil, call
	// GroupsCount.
	Count *db.Count
	// Exact is the group whose id, or whose conversation's id, was searched for, whatever
	// its status; nil if none.
	Exact *Group
	// Contact is the contact whose id was searched for or is first in the query, or nil; the
	// groups are those of this contact.
	Contact *Contact
	// Missing are the ids in the query that no contact has.
	Missing []string
	// NoContacts are what was typed after member: that no contact matches.
	NoContacts []string
	// MembersLike is a search by members that finds something too; nil if there is none.
	MembersLike *MembersLike
	// AtLeast reports whether not all contacts who match member: were considered, so that
	// there may be more groups than were found.
	AtLeast bool
	// Search is the search as it was understood; its Hints are for the person.
	Search Search

	// query is the query with the Search above, and members are those of whom one must be
	// in each group: see searchedMembers.
	query   GroupQuery
	members []Contact
}

// Groups returns a page of groups. Errors: Invalid.
func (s *Store) Groups(ctx context.Context, q GroupQuery) (GroupPage, error) {
	return db.ReadList(ctx, s.DB, func(r db.Reader) (GroupPage, error) { return s.groups(r, q) })
}

func (s *Store) groups(r db.Reader, q GroupQuery) (GroupPage, error) {
	page, err := s.resolveSearch(r, q)
	if err != nil {
		return page, err
	}
	found, err := db.Search(s.DB, r, page.query.spec(page.members), q.Range, q.args, (*Group).columns)
	if err != nil {
		return page, err
	}
	groups := found.Rows
	if found.Partial {
		page.Search.Hints = append(page.Search.Hints, Hint{Kind: HintPartial})
	}
	if q.WithContacts {
		err = s.Members.addContacts(r, groups)
	}
	if page.More, page.Count = found.More, found.Count; page.Count != nil {
		page.Count.AtLeast = page.AtLeast
	}
	page.Groups = make([]GroupHit, 0, len(groups))
	for _, g := range groups {
		if page.Exact == nil || g.ID != page.Exact.ID {
			page.Groups = append(page.Groups, GroupHit{Group: g})
		}
	}
	if err == nil {
		err = s.setMatchedMembers(r, page.Groups, page.members)
	}
	if err == nil {
		err = s.hintMembers(r, &page)
	}
	return page, err
}

// Shown returns the status of all groups that the query finds; AnyStatus if they differ.
// is:archived and is:active in the search override Status.
func (q GroupQuery) Shown() Status {
	status := cmp.Or(q.Search.Status, q.Status)
	if status == AnyStatus && !q.Limits.Archived.IsZero() {
		return Archived
	}
	return status
}

// GroupsCount counts all groups that the query of a page finds, up to a thousand; those
// limited only by a status up to MaxCounted, and beyond that about.
func (s *Store) GroupsCount(ctx context.Context, page GroupPage) (db.Count, error) {
	return db.ReadList(ctx, s.DB, func(r db.Reader) (db.Count, error) { return s.countGroups(r, page) })
}

func (s *Store) countGroups(r db.Reader, page GroupPage) (db.Count, error) {
	q := page.query
	q.Sort = ByCreated // any order counts the same; this one needs no sorting
	spec := q.spec(page.members)
	if list, plain := q.list(); plain && page.members == nil {
		return s.DB.Total(r, spec.All(s.DB.Dialect), list)
	}
	n, err := s.DB.CountMatching(r, spec)
	n.AtLeast = page.AtLeast
	return n, err
}

// GroupsCountOf is GroupsCount for a query whose page no one asked for.
func (s *Store) GroupsCountOf(ctx context.Context, q GroupQuery) (db.Count, error) {
	return db.ReadList(ctx, s.DB, func(r db.Reader) (db.Count, error) { return s.countFound(r, q) })
}

// countFound is countGroups for a query whose page no one asked for.
func (s *Store) countFound(r db.Reader, q GroupQuery) (db.Count, error) {
	page, err := s.resolveSearch(r, q)
	if err != nil {
		return db.Count{}, err
	}
	return s.countGroups(r, page)
}

// list returns the name of the list for Dialect.estimate, and whether only a status limits
// it.
func (q GroupQuery) list() (string, bool) {
	status, search := q.Shown(), q.Search
	search.Status = AnyStatus
	plain := search.IsZero() && q.Text == "" && q.Limits.IsZero()
	if status == AnyStatus {
		return "groups", plain
	}
	return "groups_" + string(status), plain
}

// check returns what is wrong with the query.
func (q GroupQuery) check() access.Invalid {
	problems := q.Range.Check().And(checkSearch(q.Search.Typed + q.Text)).And(q.Limits.check())
	switch {
	case q.Sort == ByArchived && q.Shown() != Archived:
		problems = append(problems, access.Refused("sort", "Only archived groups can be sorted by the time of archiving.")...)
	case q.Sort != "" && !slices.Contains(GroupSorts, q.Sort):
		problems = append(problems, access.Refused("sort", "Groups can be sorted by created, name, members, updated, active or archived.")...)
	}
	for _, id := range q.contactIDs() {
		if !text.ValidID(id) {
			problems = problems.And(access.Refused("contact", "There is no contact with the id “%s”.", text.Cut(id, 64)))
		}
	}
	if len(q.contactIDs()) > MaxSearchedMembers {
		problems = problems.And(access.Refused("contact", "At most %d contacts can be asked for.", MaxSearchedMembers))
	}
	return problems
}

// contactIDs returns Contact and AlsoContacts, each once.
func (q GroupQuery) contactIDs() []string {
	var ids []string
	for _, id := range append([]string{q.Contact}, q.AlsoContacts...) {
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// spec returns the SearchSpec of a query for the groups of members; nil for all groups.
func (q GroupQuery) spec(members []Contact) db.SearchSpec {
	search := q.Search
	l := db.SearchSpec{Table: "groups", OrderTable: "groups", Columns: selectGroups().Columns, Order: q.keyset(), ByID: q.byID()}
	if members != nil {
		l.Members = contactIDs(members)
	}
	l.Terms = append(text.TermsOf(search.Words), text.TermsOf(strings.Fields(q.Text))...)
	l.Without = text.TermsOf(search.Without)
	l.IDs = slices.Concat(q.Limits.Created.ids(), search.Limits.Created.ids())
	switch q.Shown() {
	case Active:
		l.Scope.Where("groups.archived_at IS NULL")
	case Archived:
		l.Scope.Where("groups.archived_at IS NOT NULL")
	}
	q.limit(&l)
	for _, also := range q.alsoMembers {
		l.Tests.Add(also.condition)
	}
	return l
}

// limit adds the limits: those that the order's index has to its scope, of which a list in
// the order of ids has one that all rows are equal in, and all others as filters.
func (q GroupQuery) limit(l *db.SearchSpec) {
	inScope := false
	for _, c := range slices.Concat(q.Limits.conditions(), q.Search.Limits.conditions(), q.created()) {
		ordered := !q.byID() && l.Order.Columns[0] == "groups."+c.column
		if equal := q.byID() && c.equal && !inScope; equal || ordered {
			inScope = true
			l.Scope.Add(c.Clauses)
			continue
		}
		l.Filters = append(l.Filters, c.Clauses)
	}
	if q.Limits.Duplicate || q.Search.Limits.Duplicate {
		l.Tests.Where(sharesName)
	}
	if q.Limits.unexempt() || q.Search.Limits.unexempt() {
		l.Tests.Where("NOT " + isExempt)
	}
}

// created returns the condition that one of the creators that were found created a group.
func (q GroupQuery) created() []limited {
	if q.creators == nil {
		return nil
	}
	c := limited{column: "created_by_id"}
	c.Where(q.creators.condition, q.creators.ids)
	return []limited{c}
}

// keyset returns the query's order.
func (q GroupQuery) keyset() db.Keyset {
	k := db.IDKeyset("groups")
	switch q.Sort {
	case ByName:
		k = db.ValueKeyset("groups", "name_key")
	case ByMembers:
		k = db.ValueKeyset("groups", "contacts_count")
	case ByArchived:
		k = db.ValueKeyset("groups", "archived_at")
	case ByUpdated:
		k = db.ValueKeyset("groups", "updated_at")
	case ByActive:
		k = db.ValueKeyset("groups", "last_active_at")
	}
	k.Desc = (q.Sort != ByName) != q.Reverse
	return k
}
