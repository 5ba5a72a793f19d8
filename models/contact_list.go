package models

import (
	"context"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Orders of lists of contacts: the newest first, or by name.
const (
	ContactsByAge  = ""
	ContactsByName = "name"
)

// ContactQuery selects contacts. Its zero value is the newest ones.
type ContactQuery struct {
	// Text finds contacts by any part of username, display name or phone number, however
	// that is written, or by id.
	Text string
	// Sort is ContactsByAge or ContactsByName.
	Sort string
	// Reverse reverses the order: the oldest first, or names from the end.
	Reverse bool
	// WithGroups reads the number of groups of each.
	WithGroups bool
	db.Range
}

// ContactPage is a part of a list of contacts.
type ContactPage struct {
	Contacts []Contact
	// More reports whether the list continues in the direction of the range.
	More bool
	// Partial reports whether there were too many contacts to look through, so that some
	// may be missing.
	Partial bool
	// Count is how many there are in all, if that came with finding the page; if nil, call
	// ContactsCount.
	Count *db.Count

	// spec finds all contacts of the list; it is not set if exact, which says that the only
	// one was found by its id.
	spec  db.SearchSpec
	exact bool
}

// Contacts returns a page of contacts. Errors: Invalid.
func (s *Store) Contacts(ctx context.Context, q ContactQuery) (ContactPage, error) {
	return db.ReadList(ctx, s.DB, func(r db.Reader) (ContactPage, error) { return s.contacts(r, q) })
}

func (s *Store) contacts(r db.Reader, q ContactQuery) (ContactPage, error) {
	page, err := s.resolveContacts(r, q)
	if err == nil && len(page.Contacts) == 0 {
		err = findContacts(s.DB, r, &page, q.Range, q.args)
	}
	if err == nil && q.WithGroups {
		err = s.countGroupsOf(r, page.Contacts)
	}
	return page, err
}

// resolveContacts looks up whether a query's text is an id or a number, and returns a page
// with no one or with the contact of that id.
func (s *Store) resolveContacts(r db.Reader, q ContactQuery) (ContactPage, error) {
	if err := append(q.Check(), checkSearch(q.Text)...).OrNil(); err != nil {
		return ContactPage{}, err
	}
	exact, err := contactByAnyID(r, q)
	page := ContactPage{Contacts: exact, exact: len(exact) > 0}
	if err == nil && !page.exact {
		page.spec, err = s.orPhoneNumbers(r, q.spec(), q.Text)
	}
	return page, err
}

// findContacts adds to a page the contacts that its spec finds.
func findContacts(d *db.DB, r db.Reader, page *ContactPage, part db.Range, args func(db.Cursor) []any) error {
	found, err := db.Search(d, r, page.spec, part, args, (*Contact).columns)
	page.Contacts, page.More, page.Partial, page.Count = found.Rows, found.More, found.Partial, found.Count
	return err
}

// contactByAnyID returns the contact whose id, or whose conversation's id, the text is.
func contactByAnyID(r db.Reader, q ContactQuery) ([]Contact, error) {
	id := text.Unquote(q.Text)
	if !text.ValidID(id) || !q.After.IsZero() || !q.Before.IsZero() {
		return nil, nil
	}
	return db.First(r, selectContacts("(id = ? OR conversation_id = ?)", id, id), 1, (*Contact).columns)
}

// spec returns the SearchSpec of a query.
func (q ContactQuery) spec() db.SearchSpec {
	l := db.SearchSpec{Table: "contacts", OrderTable: "contacts", Columns: contactColumns, Terms: text.SearchTerms(q.Text)}
	l.Order, l.ByID = q.order()
	return l
}

// order returns the query's order, and whether it is that of the ids.
func (q ContactQuery) order() (order db.Keyset, byID bool) {
	if q.Sort == ContactsByName {
		order = db.ValueKeyset("contacts", "name_key")
		order.Desc = q.Reverse
		return order, false
	}
	order = db.IDKeyset("contacts")
	order.Desc = !q.Reverse
	return order, true
}

// args returns the values of a cursor in the query's order.
func (q ContactQuery) args(c db.Cursor) []any {
	if q.Sort == ContactsByName {
		return []any{c.Value, c.ID}
	}
	return []any{c.ID}
}

// Cursor returns the place of a contact in the query's order.
func (q ContactQuery) Cursor(c Contact) db.Cursor {
	if q.Sort == ContactsByName {
		return db.Cursor{ID: c.ID, Value: text.SortKey(c.Name())}
	}
	return db.Cursor{ID: c.ID}
}

// Fits reports whether a cursor can be one of the query's order.
func (q ContactQuery) Fits(c db.Cursor) bool {
	if q.Sort == ContactsByName {
		return len(text.Valid([]string{c.Value})) == 1
	}
	return c.Value == ""
}

// ContactsCount counts all contacts that the query of a page finds, as far as GroupsCount
// does.
func (s *Store) ContactsCount(ctx context.Context, page ContactPage) (db.Count, error) {
	if page.exact {
		return db.Count{N: 1}, nil
	}
	return db.ReadList(ctx, s.DB, func(r db.Reader) (db.Count, error) { return s.countContacts(r, page) })
}

func (s *Store) countContacts(r db.Reader, page ContactPage) (db.Count, error) {
	spec := page.spec
	spec.Order, spec.ByID = ContactQuery{}.order() // any order counts the same
	if len(spec.Terms) == 0 {
		return s.DB.Total(r, spec.All(s.DB.Dialect), "contacts")
	}
	return s.DB.CountMatching(r, spec)
}

// orPhoneNumbers returns l with typed read as phone numbers if it is written like them and finds
// nothing as words: a name may be written like a number.
func (s *Store) orPhoneNumbers(r db.Reader, l db.SearchSpec, typed string) (db.SearchSpec, error) {
	terms := text.NumberTerms(typed)
	if terms == nil {
		return l, nil
	}
	found, err := db.Search(s.DB, r, l, db.Range{Limit: 1}, nil, (*Contact).columns)
	if err == nil && len(found.Rows) == 0 {
		l.Terms = terms
	}
	return l, err
}
