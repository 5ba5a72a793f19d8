// Package views shows what the console has to show: models in, HTML out. It
// asks for nothing and decides nothing.
//
// A page is a Page around a body component; Document draws the whole of it. A
// part that can be replaced alone is a region: its name is its DOM id, the
// hx-target within it, and its templ.Fragment. Every link and form
// works without scripts; htmx attributes (see swapAttrs) and the data attributes
// that app.js knows only make it smoother. links.go builds every address.
package views

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
)

// The sections of the console, as the navigation names them.
const (
	Groups   = "Groups"
	Contacts = "Contacts"
	Tokens   = "API tokens"
	People   = "Users"
	Activity = "Activity"
)

// The regions that can be asked for alone.
const (
	ResultsRegion = "results"
	MembersRegion = "members"
)

// Page is a whole page.
type Page struct {
	// Title names the page; with the section it makes the document's title.
	Title string
	// Section is the entry of the navigation that the page belongs to, or "".
	Section string
	// Failed says that the page shows a form that was refused.
	Failed bool
	// Passkeys says that the page can ask the browser for one.
	Passkeys bool
	Body     templ.Component
	Frame    Frame
}

// Frame is what surrounds every page.
type Frame struct {
	// User and Workspace are names; User is "" where nobody has signed in.
	User, Workspace string
	// By is who looks at the page: what they have no right to is not offered.
	By access.Actor
	// Held says that they have to set up a second factor first: the navigation leads nowhere.
	Held bool
	// Density is how close the rows of lists are.
	Density identity.Density
	// Locale is how numbers are written that app.js writes, too.
	Locale identity.Locale
	// Shortcuts says whether single keys are shortcuts.
	Shortcuts identity.Shortcuts
	// Idle is how long the session lasts without a request, or 0 where it lasts anyway.
	Idle time.Duration
	// Theme is "light", "dark" or, for what the system says, "".
	Theme string
	// Flashes are messages from the request before; each is shown once.
	Flashes []Flash
	// Path is the address of this page, where the theme's form leads back to.
	Path               string
	RequestID, Version string
}

// Flash is a message about the last action.
type Flash struct {
	// Kind is "" for a success, "info", "warn" or "bad".
	Kind string
	// Text is one sentence.
	Text string
	// Undo is a way back, or nil.
	Undo *Undo
}

// Undo is the form that reverts what a Flash is about.
type Undo struct {
	Action string
	Fields []Hidden
	// Group is the id of the group whose row, in a list that shows it, becomes State again
	// in its place; "" where a page shows what has become of it.
	Group string
	State models.Status
}

// Hidden is a hidden field of a form.
type Hidden struct{ Name, Value string }

const product = "Protocol Console"

// title returns the document's title: page – section – product.
func (p Page) title() string {
	parts := []string{text.Isolated(p.Title)}
	if p.Section != "" && p.Section != p.Title {
		parts = append(parts, p.Section)
	}
	title := strings.Join(append(parts, product), " – ")
	if p.Failed {
		title = "Error: " + title
	}
	return title
}

// idle returns Frame.Idle in seconds, or "" if it is 0. app.js shows a warning before.
func (p Page) idle() string {
	if p.Frame.Idle == 0 {
		return ""
	}
	return strconv.Itoa(int(p.Frame.Idle.Seconds()))
}

func (p Page) theme() string {
	if p.Frame.Theme == "light" || p.Frame.Theme == "dark" {
		return p.Frame.Theme
	}
	return "system"
}

// inPlace returns the attributes of an undo that keeps the list as it is. If the list doesn't show
// the row, app.js submits the form without htmx.
func (u Undo) inPlace() templ.Attributes {
	if u.Group == "" {
		return nil
	}
	return templ.Attributes{
		"hx-boost": "true", "hx-target": "#" + ResultsRegion, "hx-swap": "none", "hx-push-url": "false",
		"hx-select-oob": countAndFlashes, "data-focus": "row", "data-of": rowID(u.Group), "data-state": string(u.State),
	}
}

// countAndFlashes are the elements that a response to a row's form replaces.
const countAndFlashes = "#flashes,#count"

// announcement returns what screen readers announce.
func (f Flash) announcement() string {
	if f.Undo == nil {
		return f.Text
	}
	return f.Text + " Undo is available."
}

func (f Flash) icon() string {
	switch f.Kind {
	case "info":
		return "info"
	case "warn":
		return "warning"
	case "bad":
		return "error"
	}
	return "success"
}

// swapAttrs returns the attributes of a region with which htmx replaces the region, and not the
// page, by the target of its links and forms: those with hx-boost, which work without it too.
// Their data-focus says where the focus goes: a selector, "row" or "next".
func swapAttrs(region string) templ.OrderedAttributes {
	return templ.OrderedAttributes{
		{Key: "hx-target:inherited", Value: "#" + region},
		{Key: "hx-swap:inherited", Value: "outerMorph show:none"}, // app.js sees to the focus, and that scrolls
		{Key: "hx-select-oob:inherited", Value: "#flashes"},
		{Key: "hx-push-url:inherited", Value: "true"},
	}
}

// input is a form field with its label, hint and error.
type input struct {
	Name, Label, Value, Hint string
	// Type is that of an input; "area" makes a textarea.
	Type         string
	Autocomplete string
	Inputmode    string
	// List is the id of a datalist with what can be chosen.
	List      string
	Optional  bool
	Autofocus bool
	// Strength has the strength of a new password told in words while it is typed.
	Strength bool
	// Most is how many characters are allowed, shown while typing; 0 shows nothing.
	Most    int
	Problem string
	// HideError says that the sentence above the form is enough to be seen: beside the field it
	// is only read out.
	HideError bool
}

func (in input) attributes() templ.Attributes {
	a := templ.Attributes{"id": in.Name, "name": in.Name}
	var described []string
	if in.Hint != "" {
		described = append(described, in.Name+"-hint")
	}
	if in.Problem != "" {
		described = append(described, in.Name+"-error")
		a["aria-invalid"] = "true"
	}
	if len(described) > 0 {
		a["aria-describedby"] = strings.Join(described, " ")
	}
	if in.Autocomplete != "" {
		a["autocomplete"] = in.Autocomplete
	}
	if in.Inputmode != "" {
		a["inputmode"] = in.Inputmode
	}
	if in.List != "" {
		a["list"] = in.List
	}
	if in.Autofocus {
		a["autofocus"] = true
	}
	if !in.Optional {
		a["aria-required"] = "true"
	}
	if in.Type == "" || in.Type == "area" {
		a["dir"] = "auto"
	}
	if in.Type != "area" {
		a["value"] = in.Value
		a["type"] = in.Type
		if in.Type == "" {
			a["type"] = "text"
		}
	}
	return a
}

// fieldID returns the element that the error summary links to; that of "contacts[3]" is the
// picker's search field.
func fieldID(field string) string {
	field, _, _ = strings.Cut(field, "[")
	if field == "contacts" {
		return "find"
	}
	return field
}
