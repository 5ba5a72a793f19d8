package models

import (
	"cmp"
	"context"
	"strings"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// A search in a conversation reads its messages, newest first, up to one of these bounds: an index
// of their words would cost more than posting does.
const (
	MaxMessagesSearched = 5000
	maxBytesSearched    = 4 << 20
	searchedAtOnce      = 500
)

// MessageQuery asks for a part of a conversation, newest first.
type MessageQuery struct {
	Conversation string
	// Text has the words that each message must have; "" for all messages. A search only goes on
	// toward older messages: Before isn't used.
	Text string
	db.Range
}

// ConversationPage is a part of a conversation for people. More reports whether it continues.
type ConversationPage struct {
	MessagePage
	// Authors are the contacts who wrote the messages, by ID, without those that were deleted.
	Authors map[string]Contact
	// First and Last are the ends of the page: Last is the last message that was looked at, after
	// which the next one begins.
	First, Last Message
	// Searched is how many messages were looked at if the search stopped at its bound; 0 if it
	// didn't.
	Searched int
}

// Conversation returns a page of a conversation with the authors of its messages. What remains of
// deleted ones is in its place, but a search doesn't find it. Errors: Invalid, ErrNotFound.
func (s *Messages) Conversation(ctx context.Context, q MessageQuery) (ConversationPage, error) {
	page, err := s.conversationPage(ctx, q)
	if err != nil {
		return page, err
	}
	page.Authors, err = s.authors(ctx, page.Messages)
	return page, err
}

func (s *Messages) conversationPage(ctx context.Context, q MessageQuery) (page ConversationPage, err error) {
	if terms := text.SearchTerms(q.Text); len(terms) > 0 {
		if err := append(q.Check(), checkSearch(q.Text)...).OrNil(); err != nil {
			return page, err
		}
		if _, err := conversationIn(s.store.DB.ReaderFor(ctx), q.Conversation); err != nil {
			return page, s.store.DB.Failed(ctx, err)
		}
		return s.search(ctx, q, terms)
	}
	page.MessagePage, err = s.List(ctx, q.Conversation, q.Range)
	if err == nil {
		page.MessagePage, err = s.withDeleted(ctx, page.MessagePage, q)
	}
	if n := len(page.Messages); n > 0 {
		page.First, page.Last = page.Messages[0], page.Messages[n-1]
	}
	return page, err
}

// search returns the messages that have all terms. More says that there are older messages, which
// may match.
func (s *Messages) search(ctx context.Context, q MessageQuery, terms []string) (page ConversationPage, err error) {
	part := db.Range{After: q.After, Limit: searchedAtOnce}
	for looked, size := 0, 0; ; {
		batch, err := s.page(ctx, q.Conversation, part)
		if err != nil {
			return page, err
		}
		for i, m := range batch.Messages {
			if looked++; looked == 1 {
				page.First = m
			}
			size += len(m.Message)
			if page.Last = m; matchesAll(m.Message, terms) {
				page.Messages = append(page.Messages, m)
			}
			full := len(page.Messages) == cmp.Or(q.Limit, db.DefaultLimit)
			if full || looked == MaxMessagesSearched || size >= maxBytesSearched {
				if page.More = batch.More || i < len(batch.Messages)-1; page.More && !full {
					page.Searched = looked
				}
				return page, nil
			}
		}
		if !batch.More {
			return page, nil
		}
		part.After.ID = page.Last.ID
	}
}

func matchesAll(message string, terms []string) bool {
	key := text.SearchKey(message)
	for _, term := range terms {
		if !strings.Contains(key, term) {
			return false
		}
	}
	return true
}

// authors returns the contacts who wrote messages, by ID.
func (s *Messages) authors(ctx context.Context, messages []Message) (map[string]Contact, error) {
	var refs []ContactRef
	for _, m := range messages {
		if m.ContactID != nil {
			refs = append(refs, ContactRef{ID: *m.ContactID})
		}
	}
	authors, _, err := s.store.Members.lookUp(s.store.DB.Read(ctx), refs, "")
	return authors, s.store.DB.Failed(ctx, err)
}
