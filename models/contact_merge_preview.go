package models

import (
	"context"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// MergePreview is what merging two contacts would do. Places are those of Contacts.
type MergePreview struct {
	// Contacts are the two, with the number of their groups.
	Contacts [2]Contact
	// Only are some of the groups that only one of them is in, and OnlyCount is how many there are.
	Only      [2][]Group
	OnlyCount [2]db.Count
	// Wrote is how many messages each wrote, and Conversation how many are in its conversation.
	Wrote, Conversation [2]db.Count
	// TooLarge says of each that it has too much to be merged into the other.
	TooLarge [2]bool
}

// Both returns how many groups both are in.
func (p MergePreview) Both() int { return max(p.Contacts[0].Groups.N-p.OnlyCount[0].N, 0) }

// Preview returns what merging two contacts would do; it names up to some of the groups that
// only one is in. Errors: ErrNotFound.
func (s *Merges) Preview(ctx context.Context, ids [2]string, some int) (MergePreview, error) {
	var p MergePreview
	contacts, err := s.store.ContactsByID(ctx, ids[:])
	if err != nil {
		return p, err
	}
	if len(contacts) < len(ids) {
		return p, access.ErrNotFound
	}
	r := s.store.DB.Read(ctx)
	if err := s.store.countGroupsOf(r, contacts); err != nil {
		return p, s.store.DB.Failed(ctx, err)
	}
	p.Contacts = [2]Contact(contacts)
	for i := range contacts {
		if err := s.previewOf(r, &p, i, some); err != nil {
			return p, s.store.DB.Failed(ctx, err)
		}
	}
	return p, nil
}

// previewOf adds to a preview what the contact at a place has.
func (s *Merges) previewOf(r db.Reader, p *MergePreview, i, some int) (err error) {
	c := p.Contacts[i]
	only := selectGroups()
	only.Joins = " JOIN memberships ON memberships.group_id = groups.id"
	only.Where("memberships.contact_id = ?", c.ID)
	only.Where("NOT EXISTS (SELECT 1 FROM memberships AS other WHERE other.group_id = groups.id AND other.contact_id = ?)", p.Contacts[1-i].ID)
	if p.OnlyCount[i], err = db.CountUpTo(r, only, groupsCounted); err != nil {
		return err
	}
	only.Tail = " ORDER BY memberships.group_id DESC"
	if p.Only[i], err = db.First(r, only, some, (*Group).columns); err != nil {
		return err
	}
	p.Wrote[i], p.Conversation[i], err = s.store.Messages.countOf(r, c)
	p.TooLarge[i] = c.Groups.More || p.Wrote[i].More || p.Conversation[i].More
	return err
}

// CountOf counts the messages that a contact wrote in groups and those of its conversation, up to
// MaxMergedMessages.
func (s *Messages) CountOf(ctx context.Context, c Contact) (wrote, conversation db.Count, err error) {
	r := s.store.DB.Read(ctx)
	inGroups := db.SelectFrom("messages", "1", "contact_id = ? AND conversation_id <> ?", c.ID, c.ConversationID)
	if wrote, err = db.CountUpTo(r, inGroups, MaxMergedMessages); err == nil {
		_, conversation, err = s.countOf(r, c)
	}
	return wrote, conversation, s.store.DB.Failed(ctx, err)
}

// countOf counts the messages that a contact wrote and those of its conversation, up to
// MaxMergedMessages.
func (s *Messages) countOf(r db.Reader, c Contact) (wrote, conversation db.Count, err error) {
	if wrote, err = db.CountUpTo(r, db.SelectFrom("messages", "1", "contact_id = ?", c.ID), MaxMergedMessages); err != nil {
		return wrote, conversation, err
	}
	conversation, err = db.CountUpTo(r, db.SelectFrom("messages", "1", "conversation_id = ?", c.ConversationID), MaxMergedMessages)
	return wrote, conversation, err
}

// tooLarge reports whether a contact has more than a merge moves.
func (s *Merges) tooLarge(r db.Reader, c Contact) (bool, error) {
	groups, err := db.CountUpTo(r, db.SelectFrom("memberships", "1", "contact_id = ?", c.ID), MaxMergedGroups)
	if err != nil || groups.More {
		return groups.More, err
	}
	wrote, conversation, err := s.store.Messages.countOf(r, c)
	return wrote.More || conversation.More, err
}
