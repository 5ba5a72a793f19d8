package views

import (
	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
)

// ContactList is what the list of contacts shows. Its fields are those of GroupList.
type ContactList struct {
	By             access.Actor
	Live           Live
	At             ContactsAt
	Rows           []models.Contact
	Words          []string
	Total          *db.Count
	Next, Previous string
	PageSize       int
	Notes          []string
	None           bool
	Origin         string
	Now            Clock
}

// usernameHint is the hint of the field for a username.
const usernameHint = "Letters, numbers, dots, underscores and hyphens. Not case-sensitive."

// ContactForm is what the forms for a new contact and for an edited one show.
type ContactForm struct {
	models.ContactFields
	Was      models.ContactFields
	Key      string
	Problems access.Invalid
	Draft    int64
	Next     string
	Others   []identity.Opener
	Live     Live
	Now      Clock
}

// ContactDetail is what a contact's page shows.
type ContactDetail struct {
	models.Contact
	By access.Actor
	// In are some of the contact's groups; MoreIn says that there are more.
	In     []models.Group
	MoreIn bool
	Done   bool
	// List is the list that the page was opened from; "" for the default.
	List   templ.SafeURL
	Origin string
	Live   Live
	Now    Clock
}

// then returns where an edit that was started on the page leads: back to it.
func (d ContactDetail) then() templ.SafeURL { return returnTo(ContactURL(d.ID), d.List) }

// mayMerge reports whether the reader may merge contacts.
func (d ContactDetail) mayMerge() bool { return mayMerge(d.By) }

func mayMerge(by access.Actor) bool {
	return by.May(access.DeleteContacts) && by.May(access.EditContacts)
}

// ContactDelete is what the confirmation before deleting a contact shows.
type ContactDelete struct {
	models.Contact
	By access.Actor
	// Leaves are some of the groups the contact is removed from; MoreLeaves says that there
	// are more.
	Leaves     []models.Group
	MoreLeaves bool
	Next       string
	Now        Clock
}

func (l ContactList) paging() paging {
	var p paging
	at := l.At.page()
	if l.Next != "" {
		at.After, at.Before = l.Next, ""
		p.Next = ContactsURL(at)
	}
	if l.Previous != "" {
		at.After, at.Before = "", l.Previous
		p.Previous = ContactsURL(at)
	}
	at.After, at.Before = "", ""
	p.Sizes = sizes(l.At.Limit, l.PageSize, func(limit int) templ.SafeURL {
		at.Limit = limit
		return ContactsURL(at)
	})
	return p
}

func (l ContactList) summary() string {
	switch {
	case len(l.Rows) == 0:
		return "No contacts found"
	case l.Total != nil:
		return total(*l.Total, "contact", "contacts", l.Now)
	}
	return counted(len(l.Rows), "contact", "contacts", l.Now) + " on this page"
}

func (l ContactList) title() string {
	page := Page{Title: Contacts, Section: Contacts}
	if l.At.Q != "" {
		page.Title = l.At.Q
	}
	return page.title()
}

func (l ContactList) cleared() ContactsAt { return ContactsAt{Sort: l.At.Sort, Limit: l.At.Limit} }

func (f ContactForm) guard() string {
	if len(f.Problems) > 0 || f.Draft != 0 {
		return "dirty"
	}
	return ""
}

func noContactTitle(l ContactList) string {
	if l.At.Q == "" {
		return "No contacts on this page"
	}
	return "No contacts match “" + text.Isolated(l.At.Q) + "”"
}

// live returns the attributes by which the list hears of changes. A search may leave new contacts
// out, and so may another page of the list than the first.
func (l ContactList) live() templ.OrderedAttributes {
	noun := ""
	if l.At.Q != "" {
		noun = "contacts"
	}
	return l.Live.list(l.At.After == "" && l.At.Before == "", noun)
}
