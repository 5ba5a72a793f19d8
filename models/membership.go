package models

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// membership is a contact in a group.
type membership struct {
	GroupID   string `gorm:"primaryKey"`
	ContactID string `gorm:"primaryKey"`
	CreatedAt int64
}

// ContactRef names a contact by id or, if that is "", by username.
type ContactRef struct{ ID, Username string }

// Refs returns references to contacts by id.
func Refs(ids ...string) []ContactRef {
	refs := make([]ContactRef, len(ids))
	for i, id := range ids {
		refs[i].ID = id
	}
	return refs
}

// checkRefs limits how many contacts one call names. Repeats count once.
func checkRefs(refs []ContactRef) access.Invalid {
	if len(refs) <= MaxContacts {
		return nil
	}
	distinct := map[ContactRef]bool{}
	for _, ref := range refs {
		distinct[ref] = true
	}
	if n := len(distinct); n > MaxContacts {
		return access.Refused("contacts", "At most %s contacts fit in one call; these are %s.", text.Thousands(MaxContacts), text.Thousands(n))
	}
	return nil
}

// understandMembers is resolveContacts for the members of a group that exists.
func (s *Members) understandMembers(r db.Reader, q MemberQuery) (ContactPage, error) {
	if err := append(q.Check(), checkSearch(q.Text)...).OrNil(); err != nil {
		return ContactPage{}, err
	}
	if err := groupExists(r, q.Group); err != nil {
		return ContactPage{}, err
	}
	exact, err := contactByAnyID(r, ContactQuery{Text: q.Text, Range: q.Range})
	if err == nil && len(exact) > 0 {
		in, err := s.membersAmong(r, q.Group, exact)
		return ContactPage{Contacts: slices.DeleteFunc(exact, func(c Contact) bool { return !in[c.ID] }), exact: true}, err
	}
	var page ContactPage
	if err == nil {
		page.spec, err = s.store.orPhoneNumbers(r, q.spec(), q.Text)
	}
	return page, err
}

func groupExists(r db.Reader, id string) error {
	query := db.SelectFrom("groups", "id", "id = ?", id)
	_, err := db.Take(r, query, db.OneColumn[string])
	return err
}

// MembersAmong returns which of the contacts are in a group, by id.
func (s *Members) MembersAmong(ctx context.Context, groupID string, contacts []Contact) (map[string]bool, error) {
	members, err := s.membersAmong(s.store.DB.Read(ctx), groupID, contacts)
	return members, s.store.DB.Failed(ctx, err)
}

func (s *Members) membersAmong(r db.Reader, groupID string, contacts []Contact) (map[string]bool, error) {
	members := map[string]bool{}
	if !text.ValidID(groupID) || len(contacts) == 0 {
		return members, nil
	}
	query := db.SelectFrom("memberships", "contact_id", "group_id = ?", groupID)
	query.Where(ofGroups)
	query.Where(s.store.DB.Dialect.Among("contact_id", contactIDs(contacts)))
	ids, err := db.Collect(r, query.SQL(), false, query.Args, db.OneColumn[string])
	for _, id := range ids {
		members[id] = true
	}
	return members, err
}

// AddMembers adds contacts to a group, and returns it with those who were not in it before.
// Errors: Invalid, ErrNotFound, Conflict, Denied. After a repeated key the contacts are
// nil.
func (s *Members) AddMembers(ctx context.Context, by access.Actor, groupID string, refs []ContactRef, key *audit.IdempotencyKey) (Group, []Contact, error) {
	if err := checkRefs(refs).OrNil(); err != nil {
		return Group{}, nil, err
	}
	var added []Contact
	g, err := audit.WriteOnce(ctx, s.store.Audit, by, access.EditMembers, audit.AddedMembers, key, func(tx *gorm.DB, line *audit.Line) (Group, error) {
		if !text.ValidID(groupID) {
			return Group{}, access.ErrNotFound
		}
		var g Group
		contacts, err := s.resolve(tx, refs, s.store.locking(&g, groupID, nil)[0])
		if err != nil {
			return Group{}, err
		}
		var changes map[string]audit.Change
		if added, changes, err = s.addMembers(tx, &g, contacts); err != nil {
			return Group{}, err
		}
		if len(added) == 0 {
			g, err = readGroup(s.store.DB.ReadIn(tx), g.ID, ShownContacts)
			return g, cmp.Or(err, audit.ErrNothing)
		}
		line.SetObject("group", g.ID, g.Name)
		if err := cmp.Or(line.SetChanges(changes), undoMembers(line, membersUndo{Added: contactIDs(added)})); err != nil {
			return Group{}, err
		}
		g, err = readGroup(s.store.DB.ReadIn(tx), g.ID, ShownContacts)
		line.Shown = g.Object()
		return g, err
	})
	return g, added, err
}

// RemoveMember removes a contact from a group, and returns the group and whether the
// contact was in it. Errors: ErrNotFound, Denied.
func (s *Members) RemoveMember(ctx context.Context, by access.Actor, groupID, contactID string) (g Group, removed bool, err error) {
	err = s.store.Audit.Write(ctx, by, access.EditMembers, audit.RemovedMember, func(tx *gorm.DB, line *audit.Line) error {
		if g, err = s.store.lockGroup(tx, groupID, nil); err != nil {
			return err
		}
		found, changes, err := s.removeMembers(tx, &g, []string{contactID})
		if err != nil {
			return err
		}
		if removed = len(found) > 0; !removed {
			return audit.ErrNothing
		}
		line.SetObject("group", g.ID, g.Name)
		line.Undoable = true
		return line.SetChanges(changes)
	})
	return g, removed, err
}

// addMembers adds contacts to a locked group, and returns those who were not in it before,
// and what an audit line says of it.
func (s *Members) addMembers(tx *gorm.DB, g *Group, contacts []Contact) ([]Contact, map[string]audit.Change, error) {
	added, err := s.join(tx, g.ID, contacts)
	if err != nil || len(added) == 0 {
		return nil, nil, err
	}
	g.ContactsCount += len(added)
	return added, map[string]audit.Change{"contacts": {Before: nil, After: named(added)}}, s.keepCount(tx, g)
}

// removeMembers removes those of the contacts who are in a locked group, and returns them,
// and what an audit line says of it.
func (s *Members) removeMembers(tx *gorm.DB, g *Group, contacts []string) ([]Contact, map[string]audit.Change, error) {
	query := selectMembers("")
	query.Where("memberships.group_id = ?", g.ID)
	query.Where(s.store.DB.Dialect.Among("contacts.id", text.Valid(contacts)))
	query.Tail = " ORDER BY contacts.id"
	removed, err := db.Collect(s.store.DB.ReadIn(tx), query.SQL(), false, query.Args, (*Contact).columns)
	if err != nil || len(removed) == 0 {
		return nil, nil, err
	}
	if _, err := s.leave(db.Later(tx), g.ID, removed); err != nil {
		return nil, nil, err
	}
	g.ContactsCount -= len(removed)
	return removed, map[string]audit.Change{"contacts": {Before: named(removed), After: nil}}, s.keepCount(tx, g)
}

// replaceMembers makes the contacts the only members of a locked group, whose members were read;
// the caller stores their count.
func (s *Members) replaceMembers(tx *gorm.DB, g *Group, members []Contact) (added, removed []Contact, err error) {
	if g.ContactsCount > ShownContacts {
		return nil, nil, ErrTooManyToReplace(g.ID, g.ContactsCount)
	}
	added, removed = notAmong(g.Contacts, members), notAmong(members, g.Contacts)
	if _, err := s.leave(db.Later(tx), g.ID, removed); err != nil {
		return nil, nil, err
	}
	g.ContactsCount, g.Contacts = len(members), firstOf(members)
	return added, removed, s.joinNew(tx, g.ID, added)
}

// notAmong returns the contacts that are not among others.
func notAmong(others, contacts []Contact) []Contact {
	among := make(map[string]bool, len(others))
	for _, c := range others {
		among[c.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(contacts), func(c Contact) bool { return among[c.ID] })
}

// firstOf returns the members that a Group carries.
func firstOf(members []Contact) []Contact {
	first := append([]Contact{}, members...)
	slices.SortFunc(first, func(a, b Contact) int { return strings.Compare(a.ID, b.ID) })
	return first[:min(len(first), ShownContacts)]
}

// join adds contacts to a locked group and returns those who were not in it; the caller
// stores their count. It is one statement, because ten thousand rows must not keep other
// writers waiting.
func (s *Members) join(tx *gorm.DB, groupID string, contacts []Contact) ([]Contact, error) {
	if len(contacts) == 0 {
		return nil, nil
	}
	insert, args := s.joining(groupID, contacts)
	joined, err := db.Collect(s.store.DB.ReadIn(tx), insert+" RETURNING contact_id", true, args, db.OneColumn[string])
	isNew := make(map[string]bool, len(joined))
	for _, id := range joined {
		isNew[id] = true
	}
	return slices.DeleteFunc(slices.Clone(contacts), func(c Contact) bool { return !isNew[c.ID] }), err
}

// joinNew is join for contacts of whom none is in the group.
func (s *Members) joinNew(tx *gorm.DB, groupID string, contacts []Contact) error {
	if len(contacts) == 0 {
		return nil
	}
	insert, args := s.joining(groupID, contacts)
	_, err := s.store.DB.ExecIn(db.Later(tx), insert, args...)
	return err
}

// joining returns the statement of join, and its arguments.
func (s *Members) joining(groupID string, contacts []Contact) (insert string, args []any) {
	each, ids := s.store.DB.Dialect.Each(contactIDs(contacts))
	return "INSERT INTO memberships (group_id, contact_id, created_at) SELECT ?, value, ? FROM " + each +
			" WHERE true ON CONFLICT DO NOTHING", // WHERE: SQLite would take ON for a join's
		[]any{groupID, s.store.DB.Now().Unix(), ids}
}

// leave removes contacts from a locked group and returns how many of them were in it, which isn't
// known of db.Later; the caller stores their count.
func (s *Members) leave(tx *gorm.DB, groupID string, contacts []Contact) (int, error) {
	if len(contacts) == 0 {
		return 0, nil
	}
	return s.store.endMemberships(tx, s.store.DB.Now().Unix(), "group_id = ? AND contact_id IN ?", groupID, contactIDs(contacts))
}

// keepCount stores a locked group's number of members, and when it changed.
func (s *Members) keepCount(tx *gorm.DB, g *Group) error {
	g.UpdatedAt = s.store.DB.Now().Unix()
	return db.Later(tx).Select("contacts_count", "updated_at").Updates(g).Error
}

// maxUnknownRefs is how many unknown contacts a refusal names.
const maxUnknownRefs = 20

// resolve returns the named contacts, each once, and keeps them from being deleted
// meanwhile. It reads also in the same round trip. Errors: Invalid, about contacts[i] for those
// that don't exist.
func (s *Members) resolve(tx *gorm.DB, refs []ContactRef, also ...db.Statement) ([]Contact, error) {
	contacts, problems, err := s.findRefs(s.store.DB.ReadIn(tx), refs, s.store.DB.Dialect.KeyShare(), also...)
	return contacts, cmp.Or(err, problems.OrNil())
}

// CheckContacts adds to problems those of refs that don't exist. Errors: Invalid.
func (s *Members) CheckContacts(ctx context.Context, problems access.Invalid, refs []ContactRef) error {
	if problems = problems.And(checkRefs(refs)); problems.For("contacts") != "" { // too many
		return problems
	}
	_, unknown, err := s.findRefs(s.store.DB.Read(ctx), refs, "")
	if err != nil {
		return s.store.DB.Failed(ctx, err)
	}
	return problems.And(unknown)
}

// findRefs returns the named contacts, each once, and problems for those that don't exist.
// locked ends the SELECT, and also is read in the same round trip.
func (s *Members) findRefs(r db.Reader, refs []ContactRef, locked string, also ...db.Statement) (contacts []Contact, problems access.Invalid, err error) {
	places := map[ContactRef]int{} // of the first of equal ones
	distinct := make([]ContactRef, 0, len(refs))
	for i, ref := range refs {
		if _, again := places[ref]; !again {
			places[ref] = i
			distinct = append(distinct, ref)
		}
	}
	byID, byName, err := s.lookUp(r, distinct, locked, also...)
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for _, ref := range distinct {
		c, found := byID[ref.ID]
		what := fmt.Sprintf("There is no contact with the id “%s”.", text.Cut(ref.ID, 64))
		if ref.ID == "" {
			c, found = byName[text.UsernameKey(ref.Username)]
			what = fmt.Sprintf("There is no contact with the username “%s”.", text.Cut(ref.Username, 64))
		}
		switch {
		case !found && len(problems) < maxUnknownRefs:
			problems = append(problems, access.Problem{Field: fmt.Sprintf("contacts[%d]", places[ref]), Code: access.Bad, Message: what})
		case found && !seen[c.ID]:
			seen[c.ID] = true
			contacts = append(contacts, c)
		}
	}
	return contacts, problems, nil
}

// lookUp reads the named contacts, by id and by username key. locked and also are as in findRefs.
func (s *Members) lookUp(r db.Reader, refs []ContactRef, locked string, also ...db.Statement) (byID, byName map[string]Contact, err error) {
	var ids, names []string
	for _, ref := range refs {
		if ref.ID != "" {
			ids = append(ids, ref.ID)
		} else {
			names = append(names, text.UsernameKey(ref.Username))
		}
	}
	byID, byName = map[string]Contact{}, map[string]Contact{}
	for column, values := range map[string][]string{"id": ids, "username_key": names} {
		if len(values) == 0 {
			continue
		}
		query := selectContacts(s.store.DB.Dialect.Among(column, text.Valid(values)))
		also = append(also, db.Statement{SQL: query.SQL() + " ORDER BY id" + locked, Args: query.Args, Read: func(rows db.Rows) error {
			found, err := db.Scan(rows, (*Contact).columns)
			for _, c := range found {
				byID[c.ID], byName[text.UsernameKey(c.Username)] = c, c
			}
			return err
		}})
	}
	if len(also) == 0 {
		return byID, byName, nil
	}
	return byID, byName, r.Together(r.Ctx, also...)
}

// MaxNamed is how many members an audit line names.
const MaxNamed = 100

// named returns contacts for an audit line: how many, and the first by id and username.
func named(contacts []Contact) any {
	if len(contacts) == 0 {
		return nil
	}
	return namedOf(len(contacts), contacts[:min(len(contacts), MaxNamed)])
}

func namedOf(count int, first []Contact) any {
	names := make([]audit.Member, len(first))
	for i, c := range first {
		names[i] = audit.Member{ID: c.ID, Username: c.Username}
	}
	return map[string]any{"count": count, "contacts": names}
}

func contactIDs(contacts []Contact) []string {
	ids := make([]string, len(contacts))
	for i, c := range contacts {
		ids[i] = c.ID
	}
	return ids
}

// ErrTooManyToReplace refuses to replace the members of a group as a whole.
func ErrTooManyToReplace(group string, count int) error {
	return access.Conflict{Field: "contacts", Message: fmt.Sprintf(
		"This group has %s members, more than the %d that a group's contacts list shows, so they can't be replaced as a whole. "+
			"Add and remove members with POST and DELETE on /v1/groups/%s/contacts.", text.Thousands(count), ShownContacts, group)}
}
