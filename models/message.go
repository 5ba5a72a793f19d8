package models

import (
	"cmp"
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// MaxMessage is how long a message can be, in characters.
const MaxMessage = 10_000

// conversation belongs to one group or to one contact.
type conversation struct {
	ID        string
	GroupID   *string
	ContactID *string
	CreatedAt int64
}

// Message is a message in a conversation.
type Message struct {
	ID             string
	ConversationID string
	// ContactID is who wrote it; nil for the console. The contact may be deleted.
	ContactID *string
	// PostedBy is who posted it for the console; nil for a contact's, and if it isn't known.
	PostedBy *string
	// Message is the text; "" if it was deleted.
	Message string
	// CreatedAt is in Unix seconds.
	CreatedAt int64
	// Deleted says how it was deleted; nil if it wasn't. Only Messages.Conversation and
	// Messages.Delete return messages that were.
	Deleted *MessageDeletion `gorm:"-"`
}

// messageColumns are those that (*Message).columns reads.
const messageColumns = "id, conversation_id, contact_id, posted_by, message, created_at"

// MessagePage is a part of a conversation. More reports whether it continues.
type MessagePage struct {
	Messages []Message
	More     bool
}

// List returns a page of a conversation, newest first. Errors: Invalid, ErrNotFound.
func (s *Messages) List(ctx context.Context, conversationID string, r db.Range) (MessagePage, error) {
	if err := r.Check().OrNil(); err != nil {
		return MessagePage{}, err
	}
	if _, err := conversationIn(s.store.DB.ReaderFor(ctx), conversationID); err != nil {
		return MessagePage{}, s.store.DB.Failed(ctx, err)
	}
	return s.page(ctx, conversationID, r)
}

// page is List for a range and a conversation that were checked.
func (s *Messages) page(ctx context.Context, conversationID string, r db.Range) (MessagePage, error) {
	order := db.IDKeyset("messages")
	order.Desc = true
	query := selectMessages(messageColumns, conversationID)
	messages, more, err := db.Find(s.store.DB.Read(ctx), query, order, r, func(c db.Cursor) []any { return []any{c.ID} }, (*Message).columns)
	return MessagePage{Messages: messages, More: more}, s.store.DB.Failed(ctx, err)
}

// columns returns the destinations of the columns of Messages.
func (m *Message) columns() []any {
	return []any{&m.ID, &m.ConversationID, &m.ContactID, &m.PostedBy, &m.Message, &m.CreatedAt}
}

func conversationIn(db *gorm.DB, id string) (c conversation, err error) {
	if !text.ValidID(id) {
		return c, access.ErrNotFound
	}
	return c, db.Where("id = ?", id).Take(&c).Error
}

// selectMessages selects the messages of a conversation that still exists.
func selectMessages(columns, conversationID string) db.Selection {
	return db.SelectFrom("messages", columns, "conversation_id = ? AND EXISTS (SELECT 1 FROM conversations WHERE id = ?)", conversationID, conversationID)
}

// MessagesCount counts the messages of a conversation, up to MaxCounted.
func (s *Messages) MessagesCount(ctx context.Context, conversationID string) (db.Count, error) {
	n, err := db.CountUpTo(s.store.DB.Read(ctx), selectMessages("", conversationID), db.MaxCounted)
	return n, s.store.DB.Failed(ctx, err)
}

// NewMessage is a message to post. From is a contact's id, "" for the console. Problems are
// as in GroupChange.
type NewMessage struct {
	From, Text string
	Problems   access.Invalid
}

// PostMessage posts in a conversation, for the console or for a contact who is in it. A
// second call with the same key returns the first one's message. Errors: Invalid,
// ErrNotFound, Conflict, Denied.
func (s *Messages) PostMessage(ctx context.Context, by access.Actor, conversationID string, m NewMessage, key *audit.IdempotencyKey) (Message, error) {
	var problems access.Invalid
	typed := *problems.Require("message", &m.Text, "Enter a message.", messageText)
	problems = m.Problems.And(problems)
	if m.From != "" && !text.ValidID(m.From) {
		problems = problems.And(noAuthor(m.From))
	}
	if len(problems) > 0 {
		return Message{}, s.refuseMessage(ctx, problems, m.From)
	}
	return audit.WriteOnce(ctx, s.store.Audit, by, access.PostMessages, audit.PostedMessage, key, func(tx *gorm.DB, line *audit.Line) (Message, error) {
		now := s.store.DB.Now()
		known, err := markActive(tx, conversationID, m.From, now)
		if err != nil {
			return Message{}, err
		}
		// Locked, so that it is not deleted meanwhile.
		c, err := conversationIn(tx.Clauses(clause.Locking{Strength: "KEY SHARE"}), conversationID)
		if err != nil {
			return Message{}, err
		}
		if m.From != "" {
			if !known {
				return Message{}, noAuthor(m.From)
			}
			if err := s.mayPost(tx, c, m.From); err != nil {
				return Message{}, err
			}
		}
		posted := Message{
			ID: s.store.DB.IDs.Next(now, ""), ConversationID: conversationID, ContactID: text.OrNil(m.From),
			Message: typed, CreatedAt: now.Unix(),
		}
		if m.From == "" {
			posted.PostedBy = text.OrNil(by.Who())
		}
		line.SetObject("conversation", conversationID, "")
		line.Shown, line.EventsOf = posted.Object(), text.Deref(cmp.Or(c.GroupID, c.ContactID))
		if err := line.SetChanges(map[string]audit.Change{"message_id": {Before: nil, After: posted.ID}, "contact_id": {Before: nil, After: posted.ContactID}}); err != nil {
			return Message{}, err
		}
		return posted, tx.Create(&posted).Error
	})
}

// refuseMessage returns the known problems of a message, and that its author doesn't exist.
func (s *Messages) refuseMessage(ctx context.Context, problems access.Invalid, from string) error {
	if from == "" {
		return problems
	}
	byID, _, err := s.store.Members.lookUp(s.store.DB.Read(ctx), Refs(from), "")
	if err != nil {
		return s.store.DB.Failed(ctx, err)
	}
	if _, found := byID[from]; !found {
		problems = problems.And(noAuthor(from))
	}
	return problems
}

// activityPrecision is how exact Group.LastActiveAt is: the row of a group has many indexes,
// so it is not written for each message of a busy one.
const activityPrecision = time.Minute

// markActive stores that a contact and the group of a conversation were active. known is
// false if there is no such contact. The contact is written first, and the conversation
// locked last, as where one of them is deleted.
func markActive(tx *gorm.DB, conversationID, contactID string, now time.Time) (known bool, err error) {
	if contactID != "" {
		active := tx.Model(&Contact{}).Where("id = ?", contactID).UpdateColumn("last_active_at", now.Unix())
		if known = active.RowsAffected > 0; active.Error != nil {
			return false, active.Error
		}
	}
	stale := now.Add(-activityPrecision).Unix()
	return known, tx.Model(&Group{}).Where("conversation_id = ? AND last_active_at <= ?", conversationID, stale).
		UpdateColumn("last_active_at", now.Unix()).Error
}

// mayPost checks that a contact is in a conversation, and keeps them from leaving until the
// transaction ends.
func (s *Messages) mayPost(tx *gorm.DB, c conversation, contactID string) error {
	if c.GroupID == nil {
		if text.Deref(c.ContactID) != contactID {
			return access.Refused("contact_id", "This is the conversation of another contact. Only that contact and the console can post in it.")
		}
		return nil
	}
	query := db.SelectFrom("memberships", "contact_id", "group_id = ? AND contact_id = ?", *c.GroupID, contactID)
	member, err := db.Collect(s.store.DB.ReadIn(tx), query.SQL()+s.store.DB.Dialect.KeyShare(), false, query.Args, db.OneColumn[string])
	if err == nil && len(member) == 0 {
		return access.Refused("contact_id", "The contact “%s” is not a member of this group, so they can't post in its conversation.", contactID)
	}
	return err
}

func noAuthor(id string) access.Invalid {
	return access.Refused("contact_id", "There is no contact with the id “%s”.", text.Cut(id, 64))
}

func messageText(s string) (string, string) {
	return text.Visible(text.Paragraphs("The message", s, MaxMessage))
}
