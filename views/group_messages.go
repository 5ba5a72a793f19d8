package views

import (
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

// GroupMessages is what a group's Messages tab shows.
type GroupMessages struct {
	GroupDetail
	At             MessagesAt
	Page           models.ConversationPage
	Next, Previous string
	Notes          []string
	Form           MessageForm
}

// MessageForm is the form that posts a message. Key is its idempotency key.
type MessageForm struct {
	Key, Text string
	Problems  access.Invalid
}

// words are the search's, to highlight.
func (m GroupMessages) words() []string { return strings.Fields(m.At.Q) }

// author returns who wrote a message, or nil for the console and for a contact who was deleted.
func (m GroupMessages) author(of models.Message) *models.Contact {
	c, found := m.Page.Authors[text.Deref(of.ContactID)]
	if !found {
		return nil
	}
	return &c
}

// authorName names who wrote a message, if no contact there is did.
func authorName(m models.Message) string {
	if m.ContactID == nil {
		return "Console"
	}
	return "Deleted contact"
}

// MessageDelete is what the confirmation before deleting a message shows.
type MessageDelete struct {
	models.Message
	// Author is who wrote it, if that is a contact.
	Author *models.Contact
	// Next is where deleting leads.
	Next     templ.SafeURL
	Reason   string
	Problems access.Invalid
	Now      Clock
}

func (d MessageDelete) author() string {
	if d.Author != nil {
		return d.Author.Name()
	}
	return authorName(d.Message)
}

// then returns where deleting a message of the list leads: back to its page of the list.
func (m GroupMessages) then() Next { return Then(MessagesURL(m.ID, m.At)) }

// authorIcon is the picture beside that name.
func authorIcon(m models.Message) string {
	if m.ContactID == nil {
		return "terminal"
	}
	return "user"
}

// summary returns how many messages there are, or were found, for the line above the list.
func (m GroupMessages) summary() string {
	if m.At.Q == "" {
		return total(m.Messages, "message", "messages", m.Now)
	}
	found := counted(len(m.Page.Messages), "message", "messages", m.Now)
	if m.Next != "" || m.Previous != "" {
		found += " on this page"
	}
	return found + matching(m.At.Q)
}

// stopped says how far a search has come that stopped early; "" if it didn't.
func (m GroupMessages) stopped() string {
	if m.Page.Searched == 0 {
		return ""
	}
	return "Searched " + thousands(m.Page.Searched, m.Now) + " messages, back to " + fullTime(m.Page.Last.CreatedAt, m.Now) + "."
}

// paging has no way back from a page of a search but its first page.
func (m GroupMessages) paging() paging {
	var p paging
	if m.Next != "" {
		at := m.At.page()
		at.After = m.Next
		p.Next = MessagesURL(m.ID, at)
	}
	if m.Previous != "" {
		p.First = MessagesURL(m.ID, m.At.page())
	}
	if m.Previous != "" && m.At.Q == "" {
		at := m.At.page()
		at.Before = m.Previous
		p.Previous = MessagesURL(m.ID, at)
	}
	return p
}
