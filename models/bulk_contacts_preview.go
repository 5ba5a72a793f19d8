package models

import (
	"context"
	"slices"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// ContactPreview is what a bulk change of contacts would do.
type ContactPreview struct {
	Figures
	// Sample are the first of the contacts to change, up to PreviewSample: the newest, or
	// the oldest members of a group.
	Sample []Contact
	// Groups are those to add to or to remove from.
	Groups []Group
	// Ending is how many memberships would end.
	Ending db.Count
}

// PreviewContacts returns what StartBulk would do now. Errors: Invalid, Denied, ErrNotFound
// if there is no such group whose members are meant.
func (s *BulkChanges) PreviewContacts(ctx context.Context, by access.Actor, b ContactBulk) (ContactPreview, error) {
	if _, err := s.bulkRequest(ctx, by, b, ""); err != nil {
		return ContactPreview{}, err
	}
	return s.PreviewContactSet(ctx, by, b)
}

// PreviewContactSet is PreviewContacts for a change whose groups are not known yet. Errors:
// Invalid about the contacts, Denied, ErrNotFound.
func (s *BulkChanges) PreviewContactSet(ctx context.Context, by access.Actor, b ContactBulk) (p ContactPreview, err error) {
	if err := by.Check(b.Action.Right()); err != nil {
		return p, err
	}
	if err := b.checkSet().OrNil(); err != nil {
		return p, err
	}
	r := s.store.DB.Read(ctx)
	var ids []string
	if b.IDs == nil {
		ids, err = s.previewFound(r, b, &p)
	} else {
		ids, err = s.previewContactIDs(r, b, &p)
	}
	if err == nil && b.Action != BulkAddToGroups {
		err = s.countEnding(r, b, ids, &p)
	}
	if err == nil {
		p.Groups, _, err = s.groupsNamed(r, b.Groups)
	}
	if err == nil {
		p.Events, err = s.contactEvents(ctx, b, ids, p)
	}
	return p, s.store.DB.Failed(ctx, err)
}

// endingCounted is of how many contacts the memberships are counted.
const endingCounted = 1000

// previewFound counts what a query finds, as its list does, and returns the ids of the first.
func (s *BulkChanges) previewFound(r db.Reader, b ContactBulk, p *ContactPreview) ([]string, error) {
	page, err := s.findContacts(r, b.Group, ContactQuery{Text: b.Query.Text})
	if err != nil {
		return nil, err
	}
	if !page.exact {
		if p.Matched, err = s.countContacts(r, b, page); err != nil {
			return nil, err
		}
		args := ContactQuery{}.args
		if err := findContacts(s.store.DB, r, &page, db.Range{Limit: endingCounted}, args); err != nil {
			return nil, err
		}
	} else {
		p.Matched.N = len(page.Contacts)
	}
	p.ToChange = p.Matched
	p.Sample = page.Contacts[:min(len(page.Contacts), PreviewSample)]
	return contactIDs(page.Contacts), nil
}

// countContacts counts what a query finds: all members of a group by the group's number.
func (s *BulkChanges) countContacts(r db.Reader, b ContactBulk, page ContactPage) (db.Count, error) {
	if b.Group != "" && b.Query.Text == "" {
		g, err := readGroup(r, b.Group, 0)
		return db.Count{N: g.ContactsCount}, err
	}
	if b.Group != "" {
		return s.store.DB.CountMatching(r, page.spec)
	}
	return s.store.countContacts(r, page)
}

// previewContactIDs looks at every named contact, and returns the ids of those to change.
func (s *BulkChanges) previewContactIDs(r db.Reader, b ContactBulk, p *ContactPreview) ([]string, error) {
	ids := slices.Clone(b.IDs)
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return !text.ValidID(id) })
	query := selectContacts(s.store.DB.Dialect.Among("id", ids))
	query.Tail = " ORDER BY id DESC"
	contacts, err := db.Collect(r, query.SQL(), false, query.Args, (*Contact).columns)
	if err != nil {
		return nil, err
	}
	p.Matched.N = len(ids)
	p.skip(GoneMeanwhile, db.Count{N: len(ids) - len(contacts)})
	if b.Action != BulkDeleteContacts {
		if contacts, err = s.withoutUnchanged(r, b, contacts, &p.Figures); err != nil {
			return nil, err
		}
	}
	p.ToChange.N = len(contacts)
	p.Sample = contacts[:min(len(contacts), PreviewSample)]
	return contactIDs(contacts), nil
}

// withoutUnchanged returns the contacts that a change of their groups changes, and notes why
// it doesn't change the others.
func (s *BulkChanges) withoutUnchanged(r db.Reader, b ContactBulk, contacts []Contact, f *Figures) ([]Contact, error) {
	if b.Action == BulkAddToGroups && len(b.Groups) == 0 {
		return contacts, nil // which groups is still to be said
	}
	type count struct {
		id string
		n  int
	}
	query := db.Selection{Columns: "contact_id, count(*)", From: "memberships", Tail: " GROUP BY contact_id"}
	query.Where(s.store.DB.Dialect.Among("contact_id", contactIDs(contacts)))
	if b.Groups != nil {
		query.Where(s.store.DB.Dialect.Among("group_id", text.Valid(b.Groups)))
	}
	query.Where(ofGroups)
	rows, err := db.Collect(r, query.SQL(), false, query.Args, func(c *count) []any { return []any{&c.id, &c.n} })
	in := make(map[string]int, len(rows))
	for _, row := range rows {
		in[row.id] = row.n
	}
	unchanged, reason := 0, NotMember
	if b.Action == BulkAddToGroups {
		unchanged, reason = len(b.Groups), AlreadyMember
	}
	changed := slices.DeleteFunc(slices.Clone(contacts), func(c Contact) bool { return in[c.ID] == unchanged })
	f.skip(reason, db.Count{N: len(contacts) - len(changed)})
	return changed, err
}

// countEnding counts the memberships of some contacts that would end.
func (s *BulkChanges) countEnding(r db.Reader, b ContactBulk, ids []string, p *ContactPreview) error {
	query := db.Selection{Columns: "1", From: "memberships"}
	query.Where(s.store.DB.Dialect.Among("contact_id", ids))
	if b.Groups != nil {
		query.Where(s.store.DB.Dialect.Among("group_id", text.Valid(b.Groups)))
	}
	query.Where(ofGroups)
	var err error
	p.Ending, err = db.CountUpTo(r, query, db.MaxCounted)
	if p.ToChange.More || p.ToChange.N > len(ids) {
		p.Ending.AtLeast = true
	}
	return err
}
