package models

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// membership says that a contact is in a group.
type membership struct {
	GroupID   string `gorm:"primaryKey"`
	ContactID string `gorm:"primaryKey"`
	CreatedAt int64
}

// ContactRef names a contact by id or by username.
type ContactRef struct{ ID, Username string }

// Refs are references to contacts by id.
func Refs(ids ...string) []ContactRef {
	refs := make([]ContactRef, len(ids))
	for i, id := range ids {
		refs[i].ID = id
	}
	return refs
}

// checkRefs limits how many contacts one call names. Repeats count once.
func checkRefs(refs []ContactRef) Invalid {
	if len(refs) <= MaxContacts {
		return nil
	}
	distinct := map[ContactRef]bool{}
	for _, ref := range refs {
		distinct[ref] = true
	}
	if n := len(distinct); n > MaxContacts {
		return bad("contacts", "At most %s contacts fit in one call; these are %s.", thousands(MaxContacts), thousands(n))
	}
	return nil
}

// MemberQuery is which members of a group are wanted.
type MemberQuery struct {
	Group string
	// Text finds members as ContactQuery.Text finds contacts.
	Text string
	Range
}

// Members answers a page of a group's members, the oldest contact first, or ErrNotFound.
func (s *Store) Members(ctx context.Context, q MemberQuery) (ContactPage, error) {
	if err := append(q.check(), checkSearch(q.Text)...).orNil(); err != nil {
		return ContactPage{}, err
	}
	db := s.read.WithContext(ctx)
	var groups int64
	if err := db.Model(&Group{}).Where("id = ?", q.Group).Count(&groups).Error; err != nil {
		return ContactPage{}, s.failed(ctx, err)
	}
	if groups == 0 {
		return ContactPage{}, ErrNotFound
	}
	query := db.Model(&Contact{}).Select(contactColumns).
		Joins("JOIN memberships ON memberships.contact_id = contacts.id").Where("memberships.group_id = ?", q.Group)
	if terms := searchTerms(q.Text); len(terms) > 0 {
		var err error
		if query, _, err = s.dialect.search(query, "contacts", terms, false); err != nil {
			return ContactPage{}, s.failed(ctx, err)
		}
	}
	order := keyset{columns: []string{"memberships.contact_id"}, below: "< ?", above: "> ?"}
	contacts, more, err := find[Contact](query, order, q.Range, func(c Cursor) []any { return []any{c.ID} })
	return ContactPage{Contacts: contacts, More: more}, s.failed(ctx, err)
}

// MembersAmong says by id which of the contacts are in a group.
func (s *Store) MembersAmong(ctx context.Context, groupID string, contacts []Contact) (map[string]bool, error) {
	members := map[string]bool{}
	if !ValidID(groupID) || len(contacts) == 0 {
		return members, nil
	}
	var ids []string
	err := s.read.WithContext(ctx).Model(&membership{}).Where(ofGroups).
		Where("group_id = ? AND contact_id IN ?", groupID, contactIDs(contacts)).Pluck("contact_id", &ids).Error
	for _, id := range ids {
		members[id] = true
	}
	return members, s.failed(ctx, err)
}

// AddMembers puts contacts into a group and answers it, with those who were not
// in it before. Who is in it already stays.
func (s *Store) AddMembers(ctx context.Context, by Actor, groupID string, refs []ContactRef, key *Once) (Group, []Contact, error) {
	if err := checkRefs(refs).orNil(); err != nil {
		return Group{}, nil, err
	}
	var added []Contact
	g, err := once(ctx, s, by, EditMembers, AddedMembers, key, func(tx *gorm.DB, line *AuditLine) (Group, error) {
		g, err := s.lockGroup(tx, groupID, nil)
		if err != nil {
			return Group{}, err
		}
		contacts, err := s.resolve(tx, refs)
		if err != nil {
			return Group{}, err
		}
		if added, err = s.join(tx, &g, contacts); err != nil {
			return Group{}, err
		}
		if len(added) == 0 {
			if g, err = s.group(tx, g.ID); err != nil {
				return Group{}, err
			}
			return g, errUnchanged
		}
		if err := s.keepCount(tx, &g); err != nil {
			return Group{}, err
		}
		line.about("group", g.ID, g.Name)
		if err := line.say(map[string]change{"contacts": {nil, named(added)}}); err != nil {
			return Group{}, err
		}
		return s.group(tx, g.ID)
	})
	return g, added, err
}

// RemoveMember takes a contact out of a group and answers the group. It is no
// error where the contact was not in it: removed says so.
func (s *Store) RemoveMember(ctx context.Context, by Actor, groupID, contactID string) (g Group, removed bool, err error) {
	err = s.write(ctx, by, EditMembers, RemovedMember, func(tx *gorm.DB, line *AuditLine) error {
		if g, err = s.lockGroup(tx, groupID, nil); err != nil {
			return err
		}
		var gone []Contact
		err := tx.Select(contactColumns).Joins("JOIN memberships ON memberships.contact_id = contacts.id").
			Where("memberships.group_id = ? AND contacts.id = ?", groupID, contactID).Find(&gone).Error
		if err != nil {
			return err
		}
		if removed = len(gone) > 0; !removed {
			return errUnchanged
		}
		if err := s.leave(tx, &g, gone); err != nil {
			return err
		}
		if err := s.keepCount(tx, &g); err != nil {
			return err
		}
		line.about("group", g.ID, g.Name)
		return line.say(map[string]change{"contacts": {named(gone), nil}})
	})
	return g, removed, err
}

// replaceMembers makes the contacts the only members of a locked group, whose
// count the caller's update or this one stores.
func (s *Store) replaceMembers(tx *gorm.DB, g *Group, refs []ContactRef) (added, removed []Contact, err error) {
	if g.ContactsCount > ShownContacts {
		return nil, nil, Conflict{Field: "contacts", Message: fmt.Sprintf(
			"This group has %s members, more than the %d that a group's contacts list shows, so they can't be replaced as a whole. "+
				"Add and remove members with POST and DELETE on /v1/groups/%s/contacts.", thousands(g.ContactsCount), ShownContacts, g.ID)}
	}
	wanted, err := s.resolve(tx, refs)
	if err != nil {
		return nil, nil, err
	}
	whole := []Group{*g}
	if err := addContacts(tx, whole); err != nil {
		return nil, nil, err
	}
	keep := make(map[string]bool, len(wanted))
	for _, c := range wanted {
		keep[c.ID] = true
	}
	removed = slices.DeleteFunc(whole[0].Contacts, func(c Contact) bool { return keep[c.ID] })
	if err := s.leave(tx, g, removed); err != nil {
		return nil, nil, err
	}
	if added, err = s.join(tx, g, wanted); err != nil {
		return nil, nil, err
	}
	if len(added)+len(removed) == 0 {
		return nil, nil, nil
	}
	return added, removed, s.keepCount(tx, g)
}

// join adds contacts to a locked group and answers those who were not in it.
func (s *Store) join(tx *gorm.DB, g *Group, contacts []Contact) ([]Contact, error) {
	var added []Contact
	for part := range slices.Chunk(contacts, s.dialect.batch()) {
		var present []string
		if err := tx.Model(&membership{}).Where("group_id = ? AND contact_id IN ?", g.ID, contactIDs(part)).
			Pluck("contact_id", &present).Error; err != nil {
			return nil, err
		}
		var rows []membership
		for _, c := range part {
			if !slices.Contains(present, c.ID) {
				added = append(added, c)
				rows = append(rows, membership{GroupID: g.ID, ContactID: c.ID, CreatedAt: s.Now().Unix()})
			}
		}
		if len(rows) == 0 {
			continue
		}
		if err := tx.Create(&rows).Error; err != nil {
			return nil, err
		}
	}
	g.ContactsCount += len(added)
	return added, nil
}

// leave takes members out of a locked group.
func (s *Store) leave(tx *gorm.DB, g *Group, contacts []Contact) error {
	for part := range slices.Chunk(contacts, s.dialect.batch()) {
		if err := tx.Where("group_id = ? AND contact_id IN ?", g.ID, contactIDs(part)).Delete(&membership{}).Error; err != nil {
			return err
		}
	}
	g.ContactsCount -= len(contacts)
	return nil
}

// keepCount stores a locked group's number of members, and that it changed.
func (s *Store) keepCount(tx *gorm.DB, g *Group) error {
	g.UpdatedAt = s.Now().Unix()
	return tx.Select("contacts_count", "updated_at").Updates(g).Error
}

// problemsTold is how many unknown contacts a refusal names.
const problemsTold = 20

// resolve finds the contacts that are named, each once, and keeps them from
// being deleted meanwhile. Those that don't exist are Invalid, each by its place.
func (s *Store) resolve(tx *gorm.DB, refs []ContactRef) ([]Contact, error) {
	places := map[ContactRef]int{} // of the first of equal ones
	distinct := make([]ContactRef, 0, len(refs))
	for i, ref := range refs {
		if _, again := places[ref]; !again {
			places[ref] = i
			distinct = append(distinct, ref)
		}
	}
	byID, byName, err := s.lookUp(tx, distinct)
	if err != nil {
		return nil, err
	}
	var contacts []Contact
	var problems Invalid
	seen := map[string]bool{}
	for _, ref := range distinct {
		c, found := byID[ref.ID]
		what := fmt.Sprintf("There is no contact with the id “%s”.", cut(ref.ID, 64))
		if ref.ID == "" {
			c, found = byName[Fold(ref.Username)]
			what = fmt.Sprintf("There is no contact with the username “%s”.", cut(ref.Username, 64))
		}
		switch {
		case !found && len(problems) < problemsTold:
			problems = append(problems, Problem{Field: fmt.Sprintf("contacts[%d]", places[ref]), Code: Bad, Message: what})
		case found && !seen[c.ID]:
			seen[c.ID] = true
			contacts = append(contacts, c)
		}
	}
	return contacts, problems.orNil()
}

func (s *Store) lookUp(tx *gorm.DB, refs []ContactRef) (byID, byName map[string]Contact, err error) {
	byID, byName = map[string]Contact{}, map[string]Contact{}
	for part := range slices.Chunk(refs, s.dialect.batch()) {
		var ids, names []string
		for _, ref := range part {
			if ref.ID != "" {
				ids = append(ids, ref.ID)
			} else {
				names = append(names, Fold(ref.Username))
			}
		}
		for column, values := range map[string][]string{"id": ids, "username_key": names} {
			if len(values) == 0 {
				continue
			}
			var found []Contact
			err := tx.Clauses(clause.Locking{Strength: "KEY SHARE"}).Where(column+" IN ?", valid(values)).Order("id").Find(&found).Error
			if err != nil {
				return nil, nil, err
			}
			for _, c := range found {
				byID[c.ID], byName[c.UsernameKey] = c, c
			}
		}
	}
	return byID, byName, nil
}

// valid is the values that a database takes: others name nothing.
func valid(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool {
		return strings.ContainsRune(v, 0) || strings.ToValidUTF8(v, "") != v
	})
}

// namedMost is how many members an audit line names.
const namedMost = 100

// named is contacts as an audit line tells of them: how many, and the first by
// id and username.
func named(contacts []Contact) any {
	if len(contacts) == 0 {
		return nil
	}
	type name struct {
		ID       string `json:"id"`
		Username string `json:"username"`
	}
	names := make([]name, 0, min(len(contacts), namedMost))
	for _, c := range contacts[:min(len(contacts), namedMost)] {
		names = append(names, name{c.ID, c.Username})
	}
	return map[string]any{"count": len(contacts), "contacts": names}
}

func contactIDs(contacts []Contact) []string {
	ids := make([]string, len(contacts))
	for i, c := range contacts {
		ids[i] = c.ID
	}
	return ids
}
