package models

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// What a contact can have at most to be merged into another: all of it moves in one transaction.
const (
	MaxMergedGroups   = groupsCounted
	MaxMergedMessages = 10_000
)

// ContactMerge merges a contact into another one, which stays.
type ContactMerge struct {
	// From is the id of the contact that is merged; it is deleted.
	From string
	// Take names the fields whose values the contact that stays gets from the other one. If it is
	// nil, it gets those that it has no value for.
	Take []string
	// If and IfFrom are as GroupChange.If, for the contact that stays and for From.
	If, IfFrom func(Contact) bool
	// Problems are as in GroupChange.
	Problems access.Invalid
}

// Merge merges a contact into the one with the id, and returns the latter. It gets what
// the other one had: its groups, its messages, those of its conversation, and its imported ids. The
// other one is deleted and leaves a ContactTombstone. A second call with the same key returns the
// first one's contact. Errors: Invalid, ErrNotFound, ErrChanged, Conflict, Denied.
func (s *Merges) Merge(ctx context.Context, by access.Actor, id string, m ContactMerge, key *audit.IdempotencyKey) (Contact, error) {
	if err := m.check(id).OrNil(); err != nil {
		return Contact{}, err
	}
	if err := by.Check(access.EditContacts); err != nil {
		return Contact{}, err
	}
	return audit.WriteOnce(ctx, s.store.Audit, by, access.DeleteContacts, audit.MergedContact, key, func(tx *gorm.DB, line *audit.Line) (Contact, error) {
		if err := line.By.Check(access.EditContacts); err != nil {
			return Contact{}, err
		}
		stays, goes, err := s.lock(tx, id, m)
		if err != nil {
			return Contact{}, err
		}
		merge := contactMerge{s: s.store, tx: tx, by: by, goes: goes, was: stays, now: s.store.DB.Now().Unix()}
		return merge.run(line, m.Take)
	})
}

// check returns what is wrong with a merge into a contact.
func (m ContactMerge) check(id string) access.Invalid {
	problems := m.Problems
	switch {
	case problems.For("from") != "":
	case m.From == "":
		problems = problems.And(access.MissingField("from", "Enter the ID of the contact to merge."))
	case m.From == id:
		problems = problems.And(access.Refused("from", "A contact can't be merged into itself."))
	case !text.ValidID(m.From):
		problems = problems.And(noContact(m.From))
	}
	for i, name := range m.Take {
		if !slices.Contains(contactFields.names(), name) {
			problems = problems.And(access.Refused(fmt.Sprintf("take[%d]", i), "Contacts have no field “%s” to take.", text.Cut(name, 64)))
		}
	}
	return problems
}

func noContact(id string) access.Invalid {
	return access.Refused("from", "There is no contact with the id “%s”.", text.Cut(id, 64))
}

// lock reads and locks both contacts, in the order of their ids.
func (s *Merges) lock(tx *gorm.DB, id string, m ContactMerge) (stays, goes Contact, err error) {
	lockFrom := func() {
		if err == nil {
			if goes, err = s.store.lockContact(tx, m.From, m.IfFrom); errors.Is(err, db.ErrNoRow) {
				err = noContact(m.From)
			}
		}
	}
	if m.From < id {
		lockFrom()
	}
	if err == nil {
		stays, err = s.store.lockContact(tx, id, m.If)
	}
	if m.From > id {
		lockFrom()
	}
	return stays, goes, err
}

// contactMerge is a merge on its way: both contacts are locked.
type contactMerge struct {
	s  *Store
	tx *gorm.DB
	by access.Actor
	// goes is merged into the contact that was before the merge.
	goes, was Contact
	now       int64
}

func (m contactMerge) run(line *audit.Line, take []string) (Contact, error) {
	if err := m.fits(); err != nil {
		return Contact{}, err
	}
	stays, err := m.values(take)
	if err != nil {
		return Contact{}, err
	}
	moved, err := m.moveMemberships()
	if err != nil {
		return Contact{}, err
	}
	if err := m.moveMessages(); err != nil {
		return Contact{}, err
	}
	if err := m.bury(); err != nil {
		return Contact{}, err
	}
	if err := m.addLines(stays, moved); err != nil {
		return Contact{}, err
	}
	line.SetObject("contact", stays.ID, stays.Name())
	line.Shown = stays.Object()
	changes := contactDifferences(m.was, stays)
	changes["contacts"] = audit.Change{Before: named([]Contact{m.goes}), After: nil}
	changes["groups_joined"] = audit.Change{Before: nil, After: len(moved.joined)}
	return stays, line.SetChanges(changes)
}

// fits fails if the contact has too much to move it in one transaction.
func (m contactMerge) fits() error {
	large, err := m.s.Merges.tooLarge(m.s.DB.ReadIn(m.tx), m.goes)
	if err == nil && large {
		return access.Conflict{Field: "from", Message: fmt.Sprintf(
			"“%s” is in more than %s groups or has more than %s messages, which is too much to merge. Merge the other contact into this one, or remove it from groups first.",
			m.goes.Name(), text.Thousands(MaxMergedGroups), text.Thousands(MaxMergedMessages))}
	}
	return err
}

// values gives the contact that stays the values that it takes, and the later time of activity. The
// other one is deleted before: its username becomes free, and nobody posts for it any more.
func (m contactMerge) values(take []string) (Contact, error) {
	if err := m.tx.Exec("UPDATE imported_ids SET contact_id = ? WHERE contact_id = ?", m.was.ID, m.goes.ID).Error; err != nil {
		return Contact{}, err
	}
	if err := m.tx.Where("id = ?", m.goes.ID).Delete(&Contact{}).Error; err != nil {
		return Contact{}, err
	}
	stays := m.was
	for _, f := range contactFields {
		missing := take == nil && f.get(&stays) == nil
		if missing || slices.Contains(take, f.name) {
			f.set(&stays, text.Deref(f.get(&m.goes)))
		}
	}
	stays.derive()
	stays.UpdatedAt = m.now
	if text.Deref(m.goes.LastActiveAt) > text.Deref(stays.LastActiveAt) {
		stays.LastActiveAt = m.goes.LastActiveAt
	}
	columns := append(slices.Clone(contactWritten), "last_active_at")
	return stays, m.tx.Select(columns).Updates(&stays).Error
}

// mergedMemberships are the memberships that a merge has ended: how many, the groups in which the
// contact that stays took their place, and those that it was in already.
type mergedMemberships struct {
	left           int
	joined, shared []Group
}

// moveMemberships ends the memberships of the contact that goes, and makes the one that stays a
// member in its place. The groups are locked in the order of Deletions.leaveGroups.
func (m contactMerge) moveMemberships() (moved mergedMemberships, err error) {
	const its = "id IN (SELECT group_id FROM memberships WHERE contact_id = ?)"
	var held []string
	var groups []Group
	update := clause.Locking{Strength: "UPDATE"}
	if err := m.tx.Model(&heldGroup{}).Clauses(update).Where(its, m.goes.ID).Order("id").Pluck("id", &held).Error; err != nil {
		return moved, err
	}
	if err := m.tx.Select("id", "name").Clauses(update).Where(its, m.goes.ID).Order("id").Find(&groups).Error; err != nil {
		return moved, err
	}
	// Groups that are being cleared have neither row.
	ids := slices.Clone(held)
	for _, g := range groups {
		ids = append(ids, g.ID)
	}
	added, err := m.join(ids)
	if err != nil {
		return moved, err
	}
	if _, err := m.s.endMemberships(m.tx, m.now, "contact_id = ?", m.goes.ID); err != nil {
		return moved, err
	}
	shared := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(added, id) })
	for _, changed := range []struct {
		ids  []string
		less int
	}{{added, 0}, {shared, 1}} {
		if err := m.countFewer(changed.ids, changed.less); err != nil {
			return moved, err
		}
	}
	moved.left = len(groups)
	for _, g := range groups {
		if slices.Contains(added, g.ID) {
			moved.joined = append(moved.joined, g)
		} else {
			moved.shared = append(moved.shared, g)
		}
	}
	return moved, nil
}

// join makes the contact that stays a member of groups, and returns those that it was not in.
func (m contactMerge) join(ids []string) (added []string, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	each, list := m.s.DB.Dialect.Each(ids)
	insert := "INSERT INTO memberships (group_id, contact_id, created_at) SELECT value, ?, ? FROM " + each +
		" WHERE true ON CONFLICT DO NOTHING RETURNING group_id"
	return db.Collect(m.s.DB.ReadIn(m.tx), insert, true, []any{m.was.ID, m.now, list}, db.OneColumn[string])
}

// countFewer counts so many members fewer in groups, which have changed in any case.
func (m contactMerge) countFewer(ids []string, less int) error {
	changed := map[string]any{"contacts_count": gorm.Expr("contacts_count - ?", less), "updated_at": m.now}
	for part := range slices.Chunk(ids, m.s.DB.Dialect.Batch()) {
		for _, groups := range []any{&heldGroup{}, &Group{}} {
			if err := m.tx.Model(groups).Where("id IN ?", part).Updates(changed).Error; err != nil {
				return err
			}
		}
	}
	return nil
}

// moveMessages makes the contact that stays the author of what the other one wrote, and moves the
// messages of the other one's conversation to its own.
func (m contactMerge) moveMessages() error {
	for _, table := range []string{"messages", "deleted_messages"} {
		if err := m.tx.Exec("UPDATE "+table+" SET contact_id = ? WHERE contact_id = ?", m.was.ID, m.goes.ID).Error; err != nil {
			return err
		}
		if err := m.tx.Exec("UPDATE "+table+" SET conversation_id = ? WHERE conversation_id = ?", m.was.ConversationID, m.goes.ConversationID).Error; err != nil {
			return err
		}
	}
	return nil
}

// bury leaves the tombstone, and makes earlier ones lead to the contact that stays.
func (m contactMerge) bury() error {
	if err := m.tx.Model(&ContactTombstone{}).Where("merged_into = ?", m.goes.ID).Update("merged_into", m.was.ID).Error; err != nil {
		return err
	}
	return m.tx.Create(&ContactTombstone{
		ContactID: m.goes.ID, Name: m.goes.Name(), MergedInto: &m.was.ID, DeletedAt: m.now, DeletedBy: m.by.Who(),
	}).Error
}

// addLines adds the lines beside that of the contact that stays: one about the other contact, and
// one about each group that the former has joined, or that the latter has left to it.
func (m contactMerge) addLines(stays Contact, moved mergedMemberships) error {
	line := m.s.Audit.NewLine(m.by, audit.MergedAway)
	line.SetObject("contact", m.goes.ID, m.goes.Name())
	line.Shown = m.goes.Object()
	changes := contactDifferences(m.goes, Contact{})
	changes["conversation_id"], changes["created_at"] = audit.Change{Before: m.goes.ConversationID, After: nil}, audit.Change{Before: m.goes.CreatedAt, After: nil}
	changes["groups_left"] = audit.Change{Before: nil, After: moved.left}
	changes["contacts"] = audit.Change{Before: nil, After: named([]Contact{stays})}
	if err := line.SetChanges(changes); err != nil {
		return err
	}
	lines := []audit.Line{line}
	left := named([]Contact{m.goes})
	for _, change := range []struct {
		action   audit.Action
		groups   []Group
		contacts audit.Change
	}{
		{audit.AddedMembers, moved.joined, audit.Change{Before: left, After: named([]Contact{stays})}},
		{audit.RemovedMember, moved.shared, audit.Change{Before: left, After: nil}},
	} {
		for _, g := range change.groups {
			line := m.s.Audit.NewLine(m.by, change.action)
			line.SetObject("group", g.ID, g.Name)
			if err := line.SetChanges(map[string]audit.Change{"contacts": change.contacts}); err != nil {
				return err
			}
			lines = append(lines, line)
		}
	}
	return m.s.Audit.Add(m.tx, lines)
}
