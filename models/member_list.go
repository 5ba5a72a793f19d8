package models

import (
	"context"
	"strconv"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// MemberSort is an order of a list of members.
type MemberSort string

// The orders of lists of members: the oldest contact first, by name, or the last added or
// active first.
const (
	MembersByAge    MemberSort = ""
	MembersByName   MemberSort = "name"
	MembersByAdded  MemberSort = "added"
	MembersByActive MemberSort = "active"
)

// MaxSortedMembers is how many members a group can have whose list is sorted by anything but
// age: there is no index of these orders, so all of them are read.
const MaxSortedMembers = 20_000

// MemberQuery selects members of a group. Group is its id.
type MemberQuery struct {
	Group string
	// Text finds members as ContactQuery.Text finds contacts.
	Text string
	// Sort is the order, and Reverse reverses it.
	Sort    MemberSort
	Reverse bool
	db.Range
}

// List returns a page of a group's members. Errors: Invalid, ErrNotFound.
func (s *Members) List(ctx context.Context, q MemberQuery) (ContactPage, error) {
	return db.ReadList(ctx, s.store.DB, func(r db.Reader) (ContactPage, error) { return s.list(r, q) })
}

func (s *Members) list(r db.Reader, q MemberQuery) (ContactPage, error) {
	page, err := s.understandMembers(r, q)
	switch {
	case err != nil || page.exact:
	case q.Sort == MembersByAge && !q.Reverse:
		err = findContacts(s.store.DB, r, &page, q.Range, q.args)
	default:
		all := page.spec.All(s.store.DB.Dialect)
		page.Contacts, page.More, err = db.Find(r, all, q.keyset(), q.Range, q.args, (*Contact).columns)
	}
	if err == nil {
		err = s.setJoined(r, q.Group, page.Contacts)
	}
	return page, err
}

// Count counts all members that the query of a page finds, as far as GroupsCount does.
func (s *Members) Count(ctx context.Context, page ContactPage) (db.Count, error) {
	if page.exact {
		return db.Count{N: len(page.Contacts)}, nil
	}
	return db.ReadList(ctx, s.store.DB, func(r db.Reader) (db.Count, error) { return s.store.DB.CountMatching(r, page.spec) })
}

// setJoined sets when contacts were added to a group.
func (s *Members) setJoined(r db.Reader, group string, contacts []Contact) error {
	query := db.SelectFrom("memberships", "contact_id, created_at", "group_id = ?", group)
	query.Where(s.store.DB.Dialect.Among("contact_id", contactIDs(contacts)))
	rows, err := db.Collect(r, query.SQL(), false, query.Args, func(m *membership) []any { return []any{&m.ContactID, &m.CreatedAt} })
	joined := make(map[string]int64, len(rows))
	for _, m := range rows {
		joined[m.ContactID] = m.CreatedAt
	}
	for i, c := range contacts {
		contacts[i].JoinedAt = joined[c.ID]
	}
	return err
}

// spec returns the SearchSpec of a query, in the order of the memberships.
func (q MemberQuery) spec() db.SearchSpec {
	l := db.SearchSpec{Table: "contacts", OrderTable: "memberships", Columns: contactColumns, Terms: text.SearchTerms(q.Text)}
	l.Order = db.Keyset{Columns: []string{"memberships.contact_id"}, Below: "< ?", Above: "> ?"}
	l.Scope.Where("memberships.group_id = ?", q.Group)
	return l
}

// keyset returns the query's order.
func (q MemberQuery) keyset() db.Keyset {
	value := map[MemberSort]string{
		MembersByName: "contacts.name_key", MembersByAdded: "memberships.created_at",
		MembersByActive: "COALESCE(contacts.last_active_at, 0)",
	}[q.Sort]
	if value == "" {
		return db.Keyset{Columns: []string{"memberships.contact_id"}, Below: "< ?", Above: "> ?", Desc: q.Reverse}
	}
	return db.Keyset{
		Columns: []string{value, "memberships.contact_id"}, Below: "< (?, ?)", Above: "> (?, ?)",
		Desc: (q.Sort != MembersByName) != q.Reverse,
	}
}

// Cursor returns the place of a member in the query's order.
func (q MemberQuery) Cursor(c Contact) db.Cursor {
	at := db.Cursor{ID: c.ID}
	switch q.Sort {
	case MembersByName:
		at.Value = text.SortKey(c.Name())
	case MembersByAdded:
		at.Value = strconv.FormatInt(c.JoinedAt, 10)
	case MembersByActive:
		at.Value = strconv.FormatInt(text.Deref(c.LastActiveAt), 10)
	}
	return at
}

// Fits reports whether a cursor can be one of the query's order.
func (q MemberQuery) Fits(c db.Cursor) bool {
	switch q.Sort {
	case MembersByAge:
		return c.Value == ""
	case MembersByName:
		return len(text.Valid([]string{c.Value})) == 1
	}
	_, err := strconv.ParseInt(c.Value, 10, 64)
	return err == nil
}

// args returns the values of a cursor in the query's order.
func (q MemberQuery) args(c db.Cursor) []any {
	switch q.Sort {
	case MembersByAge:
		return []any{c.ID}
	case MembersByName:
		return []any{c.Value, c.ID}
	}
	n, _ := strconv.ParseInt(c.Value, 10, 64)
	return []any{n, c.ID}
}
