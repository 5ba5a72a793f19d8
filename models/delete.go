package models

import (
	"context"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Tombstone is what remains of a deleted group, with its values as of that time. DeletedAt
// is in Unix seconds, and DeletedBy the name of who deleted it.
type Tombstone struct {
	GroupID        string `gorm:"primaryKey"`
	ConversationID string
	Name           string
	ContactsCount  int
	// MessagesCount is how many of the group's messages have been deleted. More reports
	// whether others still are to be, and that it grows.
	MessagesCount int
	More          bool `gorm:"->"`
	DeletedAt     int64
	DeletedBy     string
	// UpdatedAt and ArchivedAt are the group's; 0 and nil for one that was deleted before
	// they were stored.
	UpdatedAt  int64
	ArchivedAt *int64
	// HeldUntil is until when the deletion can be undone; nil if it can't be any more.
	HeldUntil *int64 `gorm:"->"`
}

// Tombstone returns what remains of a deleted group, or ErrNotFound.
func (s *Store) Tombstone(ctx context.Context, groupID string) (Tombstone, error) {
	var t Tombstone
	err := s.DB.Reader.WithContext(ctx).
		Select("*, EXISTS (SELECT 1 FROM clearings JOIN messages ON messages.conversation_id = clearings.conversation_id"+
			" WHERE clearings.group_id = tombstones.group_id) AS more, "+
			"(SELECT until_at FROM held_groups WHERE id = tombstones.group_id) AS held_until").
		Where("group_id = ?", groupID).Take(&t).Error
	return t, s.DB.Failed(ctx, err)
}

// DeleteGroup deletes a group permanently, with its conversation, and leaves a Tombstone.
// The group, its members and its messages can't be found any more; Deletions.Purge deletes the
// rows of a large group later. when is as GroupChange.If. Errors: ErrNotFound, ErrChanged,
// Denied.
func (s *Store) DeleteGroup(ctx context.Context, by access.Actor, id string, when func(Group) bool) error {
	return s.deleteGroup(ctx, by, id, when, 0)
}

// deleteGroup is DeleteGroup; the group is on hold until a time, unless that is 0.
func (s *Store) deleteGroup(ctx context.Context, by access.Actor, id string, when func(Group) bool, until int64) error {
	return s.deleteWithClearing(ctx, by, access.DeleteGroups, audit.DeletedGroup, func(tx *gorm.DB, line *audit.Line) (clearing, error) {
		g, err := s.lockGroup(tx, id, when)
		if err != nil {
			return clearing{}, err
		}
		return s.deleteLocked(tx, line, by, g, until)
	})
}

// deleteLocked deletes a locked group, or puts it on hold until a time, and sets its line.
// What it returns is to be cleared.
func (s *Store) deleteLocked(tx *gorm.DB, line *audit.Line, by access.Actor, g Group, until int64) (clearing, error) {
	whole := []Group{g}
	if err := s.Members.addContacts(s.DB.ReadIn(tx), whole); err != nil {
		return clearing{}, err
	}
	g.Contacts = whole[0].Contacts
	if until > 0 {
		if err := s.Holds.keep(tx, g.ID, until); err != nil {
			return clearing{}, err
		}
	}
	// The conversation is deleted with it, once messages that are being posted are
	// stored: PostMessage locks it, and finds none from here on.
	if err := tx.Where("id = ?", g.ID).Delete(&Group{}).Error; err != nil {
		return clearing{}, err
	}
	messages, err := db.CountUpTo(s.DB.ReadIn(tx), db.SelectFrom("messages", "1", "conversation_id = ?", g.ConversationID), db.MaxCounted)
	if err != nil {
		return clearing{}, err
	}
	line.SetObject("group", g.ID, g.Name)
	line.Shown = g.Object()
	changes := deletedGroupChanges(g, messages)
	if line.Undoable = until > 0; line.Undoable {
		changes[audit.HeldField] = audit.Change{Before: nil, After: until}
	}
	if err := line.SetChanges(changes); err != nil {
		return clearing{}, err
	}
	return clearing{ConversationID: g.ConversationID, GroupID: &g.ID, Held: until > 0}, tx.Create(&Tombstone{
		GroupID: g.ID, ConversationID: g.ConversationID, Name: g.Name, ContactsCount: g.ContactsCount,
		UpdatedAt: g.UpdatedAt, ArchivedAt: g.ArchivedAt, DeletedAt: s.DB.Now().Unix(), DeletedBy: by.Who(),
	}).Error
}

// deletedGroupChanges returns what an audit line says of a deleted group: all its values. If there
// are more messages than were counted, the tombstone has their final number.
func deletedGroupChanges(g Group, messages db.Count) map[string]audit.Change {
	changes := differences(g, Group{})
	changes["conversation_id"], changes["created_at"] = audit.Change{Before: g.ConversationID, After: nil}, audit.Change{Before: g.CreatedAt, After: nil}
	changes["messages_count"] = audit.Change{Before: auditCount(messages), After: nil}
	if g.ContactsCount > 0 {
		changes["contacts"] = audit.Change{Before: namedOf(g.ContactsCount, g.Contacts[:min(len(g.Contacts), MaxNamed)]), After: nil}
	}
	return changes
}

// auditCount returns a count for an audit line.
func auditCount(n db.Count) any {
	if n.More {
		return "more than " + text.Thousands(n.N)
	}
	return n.N
}

// DeleteContact deletes a contact permanently, with its one-to-one conversation, and ends
// its memberships. The contact can't be found any more; if it is in many groups, some count
// it until Deletions.Purge has come to them. when is as ContactChange.If. Errors: ErrNotFound,
// ErrChanged, Denied.
func (s *Store) DeleteContact(ctx context.Context, by access.Actor, id string, when func(Contact) bool) error {
	return s.deleteWithClearing(ctx, by, access.DeleteContacts, audit.DeletedContact, func(tx *gorm.DB, line *audit.Line) (clearing, error) {
		c, err := s.lockContact(tx, id, when)
		if err != nil {
			return clearing{}, err
		}
		return s.deleteLockedContact(tx, line, c)
	})
}

// deleteLockedContact is deleteLocked for a contact.
func (s *Store) deleteLockedContact(tx *gorm.DB, line *audit.Line, c Contact) (clearing, error) {
	if err := tx.Where("id = ?", c.ID).Delete(&Contact{}).Error; err != nil {
		return clearing{}, err
	}
	groups, err := db.CountUpTo(s.DB.ReadIn(tx), db.SelectFrom("memberships", "1", "contact_id = ? AND "+ofGroups, c.ID), db.MaxCounted)
	if err != nil {
		return clearing{}, err
	}
	line.SetObject("contact", c.ID, c.Name())
	line.Shown = c.Object()
	changes := contactDifferences(c, Contact{})
	changes["conversation_id"], changes["created_at"] = audit.Change{Before: c.ConversationID, After: nil}, audit.Change{Before: c.CreatedAt, After: nil}
	changes["groups_left"] = audit.Change{Before: nil, After: auditCount(groups)}
	return clearing{ConversationID: c.ConversationID, ContactID: &c.ID}, line.SetChanges(changes)
}

// deleteWithClearing is Write for a deletion: fn deletes the row by which the object is found, and
// returns what to clear. The first piece is cleared at once, the rest by Deletions.Purge.
func (s *Store) deleteWithClearing(ctx context.Context, by access.Actor, right access.Right, action audit.Action, fn func(tx *gorm.DB, line *audit.Line) (clearing, error)) error {
	var done bool
	err := s.Audit.Write(ctx, by, right, action, func(tx *gorm.DB, line *audit.Line) error {
		c, err := fn(tx, line)
		if err != nil {
			return err
		}
		done, err = s.clearFirst(tx, c)
		return err
	})
	if err == nil && !done {
		s.Deletions.requestPurge()
	}
	return err
}

// clearFirst clears the first piece, and leaves the rest, if any, to Deletions.Purge. It leaves
// all of what is on hold to Holds.Release.
func (s *Store) clearFirst(tx *gorm.DB, c clearing) (done bool, err error) {
	c.CreatedAt = s.DB.Now().Unix()
	if !c.Held {
		if _, done, err = s.Deletions.clearPiece(tx, c, progress{}); err != nil || done {
			return done, err
		}
	}
	return c.Held, tx.Create(&c).Error
}
