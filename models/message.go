package models

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
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

// Message is something said in a conversation.
type Message struct {
	ID             string
	ConversationID string
	// ContactID is who said it; nil: the console. The contact may be gone.
	ContactID *string
	// Message is the text.
	Message string
	// CreatedAt is in Unix seconds.
	CreatedAt int64
}

// MessagePage is a part of a conversation.
type MessagePage struct {
	Messages []Message
	More     bool
}

// Messages answers a page of a conversation, newest first, or ErrNotFound.
func (s *Store) Messages(ctx context.Context, conversationID string, r Range) (MessagePage, error) {
	if err := r.check().orNil(); err != nil {
		return MessagePage{}, err
	}
	if _, err := conversationIn(s.read.WithContext(ctx), conversationID); err != nil {
		return MessagePage{}, s.failed(ctx, err)
	}
	order := idKeyset("messages")
	order.desc = true
	query := said("id, conversation_id, contact_id, message, created_at", conversationID)
	messages, more, err := find(s.reader(ctx), query, order, r, func(c Cursor) []any { return []any{c.ID} }, (*Message).columns)
	return MessagePage{Messages: messages, More: more}, s.failed(ctx, err)
}

// columns are where what Messages reads goes.
func (m *Message) columns() []any {
	return []any{&m.ID, &m.ConversationID, &m.ContactID, &m.Message, &m.CreatedAt}
}

func conversationIn(db *gorm.DB, id string) (c conversation, err error) {
	if !ValidID(id) {
		return c, ErrNotFound
	}
	return c, db.Where("id = ?", id).Take(&c).Error
}

// said is what was said in a conversation that still exists.
func said(columns, conversationID string) selection {
	return selectFrom("messages", columns, "conversation_id = ? AND EXISTS (SELECT 1 FROM conversations WHERE id = ?)", conversationID, conversationID)
}

// MessagesCount counts the messages of a conversation, up to MostCounted.
func (s *Store) MessagesCount(ctx context.Context, conversationID string) (Count, error) {
	n, err := counted(s.reader(ctx), said("", conversationID), MostCounted)
	return n, s.failed(ctx, err)
}

// NewMessage is what somebody says; From is a contact's id, "" for the console. Problems are
// as in GroupChange.
type NewMessage struct {
	From, Text string
	Problems   Invalid
}

// PostMessage says something in a conversation: for the console, or for a contact who is in
// it. If key is given, a second call under it returns the first one's message. Errors:
// Invalid, ErrNotFound, Conflict, Denied.
func (s *Store) PostMessage(ctx context.Context, by Actor, conversationID string, m NewMessage, key *Once) (Message, error) {
	var problems Invalid
	text := *problems.require("message", &m.Text, "Enter a message.", messageText)
	problems = m.Problems.and(problems)
	if m.From != "" && !ValidID(m.From) {
		problems = problems.and(noAuthor(m.From))
	}
	if len(problems) > 0 {
		return Message{}, s.refuseMessage(ctx, problems, m.From)
	}
	return once(ctx, s, by, PostMessages, PostedMessage, key, func(tx *gorm.DB, line *AuditLine) (Message, error) {
		// Locked, so that it is not deleted meanwhile.
		c, err := conversationIn(tx.Clauses(clause.Locking{Strength: "KEY SHARE"}), conversationID)
		if err != nil {
			return Message{}, err
		}
		now := s.Now()
		if m.From != "" {
			if err := s.speak(tx, c, m.From, now); err != nil {
				return Message{}, err
			}
		}
		posted := Message{
			ID: s.ids.next(now, ""), ConversationID: conversationID, ContactID: orNil(m.From),
			Message: text, CreatedAt: now.Unix(),
		}
		line.about("conversation", conversationID, "")
		if err := line.say(map[string]change{"message_id": {nil, posted.ID}, "contact_id": {nil, posted.ContactID}}); err != nil {
			return Message{}, err
		}
		return posted, tx.Create(&posted).Error
	})
}

// refuseMessage is what is wrong with a message: the problems that are known, and that its
// author doesn't exist.
func (s *Store) refuseMessage(ctx context.Context, problems Invalid, from string) error {
	if from == "" {
		return problems
	}
	byID, _, err := s.lookUp(s.reader(ctx), Refs(from), "")
	if err != nil {
		return s.failed(ctx, err)
	}
	if _, found := byID[from]; !found {
		problems = problems.and(noAuthor(from))
	}
	return problems
}

// speak notes that a contact says something in a conversation that they are in, and keeps
// them from leaving it until that is said.
func (s *Store) speak(tx *gorm.DB, c conversation, contactID string, now time.Time) error {
	active := tx.Model(&Contact{}).Where("id = ?", contactID).UpdateColumn("last_active_at", now.Unix())
	if active.Error != nil {
		return active.Error
	}
	if active.RowsAffected == 0 {
		return noAuthor(contactID)
	}
	if c.GroupID == nil {
		if deref(c.ContactID) != contactID {
			return bad("contact_id", "This is the conversation of another contact. Only that contact and the console can post in it.")
		}
		return nil
	}
	query := selectFrom("memberships", "contact_id", "group_id = ? AND contact_id = ?", *c.GroupID, contactID)
	member, err := collect(s.readerIn(tx), query.sql()+s.dialect.keyShare(), false, query.args, whole[string])
	if err == nil && len(member) == 0 {
		return bad("contact_id", "The contact “%s” is not a member of this group, so they can't post in its conversation.", contactID)
	}
	return err
}

func noAuthor(id string) Invalid {
	return bad("contact_id", "There is no contact with the id “%s”.", cut(id, 64))
}

func messageText(s string) (string, string) {
	return visible(paragraphs("The message", s, MaxMessage))
}
