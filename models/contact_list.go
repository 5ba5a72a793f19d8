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

// ContactQuery says which contacts are wanted. Its zero value is the newest ones.
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
	// More says that the list goes on in the direction of the range.
	More bool
	// Partial says that there were too many contacts to look through, so that some may be
	// missing.
	Partial bool
	// Count is how many there are in all, if that came with finding the page; if nil, call
	// CountContacts.
	Count *db.Count
}

func contactPage(a db.SearchResult[Contact]) ContactPage {
	return ContactPage{Contacts: a.Rows, More: a.More, Partial: a.Partial, Count: a.Count}
}

// Contacts returns a page of contacts. Errors: Invalid.
func (s *Store) Contacts(ctx context.Context, q ContactQuery) (ContactPage, error) {
	page, err := s.contacts(s.DB.Read(ctx), q)
	return page, s.DB.Failed(ctx, err)
}

func (s *Store) contacts(r db.Reader, q ContactQuery) (ContactPage, error) {
	if err := append(q.Check(), checkSearch(q.Text)...).OrNil(); err != nil {
		return ContactPage{}, err
	}
	exact, err := contactByAnyID(r, q)
	page := ContactPage{Contacts: exact}
	if err == nil && len(exact) == 0 {
		page, err = s.findContacts(r, q.sought(), q.Text, q.Range, q.args)
	}
	if err == nil && q.WithGroups {
		err = s.countGroups(r, page.Contacts)
	}
	return page, err
}

// findContacts returns a page of the contacts that match a search.
func (s *Store) findContacts(r db.Reader, l db.SearchSpec, text string, part db.Range, args func(db.Cursor) []any) (ContactPage, error) {
	l, err := s.orNumbers(r, l, text)
	if err != nil {
		return ContactPage{}, err
	}
	found, err := db.Search(s.DB, r, l, part, args, (*Contact).columns)
	return contactPage(found), err
}

// contactByAnyID returns the contact whose id, or whose conversation's id, the text is.
func contactByAnyID(r db.Reader, q ContactQuery) ([]Contact, error) {
	id := text.Unquote(q.Text)
	if !text.ValidID(id) || !q.After.IsZero() || !q.Before.IsZero() {
		return nil, nil
	}
	return db.First(r, selectContacts("(id = ? OR conversation_id = ?)", id, id), 1, (*Contact).columns)
}

// sought returns the SearchSpec of a query.
func (q ContactQuery) sought() db.SearchSpec {
	l := db.SearchSpec{Table: "contacts", Walked: "contacts", Columns: contactColumns, Order: db.IDKeyset("contacts"), ByID: q.Sort == ContactsByAge}
	l.Terms = text.SearchTerms(q.Text)
	l.Order.Desc = true
	if q.Sort == ContactsByName {
		l.Order = db.ValueKeyset("contacts", "name_key")
	}
	l.Order.Desc = l.Order.Desc != q.Reverse
	return l
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

// CountContacts counts the contacts that a query finds, as far as CountGroups does.
func (s *Store) CountContacts(ctx context.Context, q ContactQuery) (db.Count, error) {
	r := s.DB.Read(ctx)
	if exact, err := contactByAnyID(r, q); err != nil || len(exact) > 0 {
		return db.Count{N: len(exact)}, s.DB.Failed(ctx, err)
	}
	q.Sort, q.Reverse = ContactsByAge, false
	wanted := q.sought()
	if len(wanted.Terms) == 0 {
		n, err := s.DB.Total(r, wanted.All(s.DB.Dialect), "contacts")
		return n, s.DB.Failed(ctx, err)
	}
	wanted, err := s.orNumbers(r, wanted, q.Text)
	if err != nil {
		return db.Count{}, s.DB.Failed(ctx, err)
	}
	n, err := s.DB.CountSought(r, wanted)
	return n, s.DB.Failed(ctx, err)
}

// orNumbers returns l with typed read as phone numbers if it is written like them and finds
// nothing as words: a name may be written like a number.
func (s *Store) orNumbers(r db.Reader, l db.SearchSpec, typed string) (db.SearchSpec, error) {
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
