package views

import (
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/views/reference"
)

// APITab is what the API tab of an object shows.
type APITab struct {
	// JSON is the object as the API returns it, on lines of its own, and ETag that of the answer.
	JSON, ETag string
	// Calls are about the object. The first reads it.
	Calls []reference.Request
	// Language is that of the samples.
	Language reference.Language
}

// address returns the path of the call that reads the object.
func (t APITab) address() string {
	read := t.Calls[0]
	return strings.TrimPrefix(read.URL(), read.Base)
}

// GroupAPI is the API tab of a group.
type GroupAPI struct {
	GroupDetail
	APITab
}

// in returns the address of the tab with samples in a language.
func (t GroupAPI) in(l reference.Language) templ.SafeURL { return GroupAPIURL(t.ID, l.ID, t.List) }

// ContactAPI is the API tab of a contact.
type ContactAPI struct {
	ContactDetail
	APITab
}

// in is as GroupAPI.in.
func (t ContactAPI) in(l reference.Language) templ.SafeURL { return ContactAPIURL(t.ID, l.ID, t.List) }
