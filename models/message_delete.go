package models

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// MaxDeletionReason is how long the reason for deleting a message can be, in characters.
const MaxDeletionReason = 250

// DeletionReasonField is the field of a deleted message's line that says why.
const DeletionReasonField = "deletion_reason"

// MessageDeletion says when a message was deleted, in Unix seconds, by whom, and why.
type MessageDeletion struct {
	At         int64
	By, Reason string
}

// deletedMessage is the row of a deleted message.
type deletedMessage struct {
	ConversationID, ID  string
	ContactID, PostedBy *string
	CreatedAt           int64
	DeletedAt           int64
	DeletedBy, Reason   string
}

// Delete deletes the text of a message. What remains is shown in its place, with the reason. The
// audit line and the event are without the text. Errors: Invalid about "reason", ErrNotFound, Denied.
func (s *Messages) Delete(ctx context.Context, by access.Actor, id, reason string) error {
	var problems access.Invalid
	reason = *problems.Require("reason", &reason, "Enter a reason.", deletionReason)
	return s.store.Audit.Write(ctx, by, access.DeleteMessages, audit.DeletedMessage, func(tx *gorm.DB, line *audit.Line) error {
		m, c, err := s.lockMessage(tx, id)
		if err := cmp.Or(err, problems.OrNil()); err != nil {
			return err
		}
		m.Deleted = &MessageDeletion{At: s.store.DB.Now().Unix(), By: by.Who(), Reason: reason}
		line.SetObject("conversation", m.ConversationID, "")
		line.Shown, line.EventsOf = m.deletedObject(), text.Deref(cmp.Or(c.GroupID, c.ContactID))
		if err := line.SetChanges(map[string]audit.Change{
			"message_id": {Before: m.ID, After: nil}, "contact_id": {Before: m.ContactID, After: nil},
			DeletionReasonField: {Before: nil, After: reason},
		}); err != nil {
			return err
		}
		return tx.Create(&deletedMessage{
			ConversationID: m.ConversationID, ID: m.ID, ContactID: m.ContactID, PostedBy: m.PostedBy, CreatedAt: m.CreatedAt,
			DeletedAt: m.Deleted.At, DeletedBy: m.Deleted.By, Reason: reason,
		}).Error
	})
}

func deletionReason(s string) (string, string) {
	return text.Visible(text.Line("The reason", s, MaxDeletionReason))
}

// lockMessage deletes the row of a message, and returns it and its conversation, which is locked so
// that it is not deleted meanwhile. Errors: ErrNotFound.
func (s *Messages) lockMessage(tx *gorm.DB, id string) (m Message, c conversation, err error) {
	if !text.ValidID(id) {
		return m, c, access.ErrNotFound
	}
	if err := tx.Where("id = ?", id).Take(&m).Error; err != nil {
		return m, c, err
	}
	c, err = conversationIn(tx.Clauses(clause.Locking{Strength: "KEY SHARE"}), m.ConversationID)
	if err != nil {
		return m, c, err
	}
	deleted := tx.Where("id = ?", id).Delete(&Message{})
	if deleted.Error == nil && deleted.RowsAffected == 0 {
		return m, c, access.ErrNotFound // by somebody else meanwhile
	}
	return m, c, deleted.Error
}

// Message returns a message that wasn't deleted, and the id of the group in whose conversation it is,
// "" for a contact's. Errors: ErrNotFound.
func (s *Messages) Message(ctx context.Context, id string) (m Message, groupID string, err error) {
	if !text.ValidID(id) {
		return m, "", access.ErrNotFound
	}
	r := s.store.DB.ReaderFor(ctx)
	if err := r.Where("id = ?", id).Take(&m).Error; err != nil {
		return m, "", s.store.DB.Failed(ctx, err)
	}
	c, err := conversationIn(r, m.ConversationID)
	return m, text.Deref(c.GroupID), s.store.DB.Failed(ctx, err)
}

// withDeleted adds to a page of a conversation what remains of those that were deleted.
func (s *Messages) withDeleted(ctx context.Context, page MessagePage, q MessageQuery) (MessagePage, error) {
	order := db.IDKeyset("deleted_messages")
	order.Desc = true
	query := db.SelectFrom("deleted_messages", "id, conversation_id, contact_id, posted_by, created_at, deleted_at, deleted_by, reason", "conversation_id = ?", q.Conversation)
	deleted, more, err := db.Find(s.store.DB.Read(ctx), query, order, q.Range, func(c db.Cursor) []any { return []any{c.ID} }, func(m *Message) []any {
		m.Deleted = new(MessageDeletion)
		return []any{&m.ID, &m.ConversationID, &m.ContactID, &m.PostedBy, &m.CreatedAt, &m.Deleted.At, &m.Deleted.By, &m.Deleted.Reason}
	})
	if err != nil || len(deleted) == 0 {
		return page, s.store.DB.Failed(ctx, err)
	}
	all := append(page.Messages, deleted...)
	slices.SortFunc(all, func(a, b Message) int { return strings.Compare(b.ID, a.ID) })
	page.More = page.More || more
	if over := len(all) - cmp.Or(q.Limit, db.DefaultLimit); over > 0 {
		page.More = true
		if q.Last || !q.Before.IsZero() {
			all = all[over:]
		} else {
			all = all[:len(all)-over]
		}
	}
	page.Messages = all
	return page, nil
}
