// Package views renders the console's pages: models in, HTML out. It reads no data and makes
// no decisions.
//
// A page is a Page around a body component, which Document renders. A part that can be replaced
// alone is a region: its name is its DOM ID, the hx-target within it, and its templ.Fragment.
// Every link and form works without scripts; htmx attributes (see swapAttrs) and the data
// attributes of app.js are enhancements. links.go has every address.
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
	"protocol.chat/console/models/webhooks"
)

// The console's sections, as in the navigation.
const (
	Overview = "Overview"
	Groups   = "Groups"
	Contacts = "Contacts"
	Activity = "Activity"
	Jobs     = "Jobs"
	Settings = "Settings"
)

// The regions that can be requested alone.
const (
	ResultsRegion = "results"
	MembersRegion = "members"
	// MessagesRegion is the list of a group's messages.
	MessagesRegion = "conversation"
	JobRegion      = "job"
	// PeekRegion is what peek.js shows of an object's page beside the list: who it is, and its first tab.
	PeekRegion = "peek"
)

// Page is a whole page.
type Page struct {
	// Title names the page; with the section it makes the document's title.
	Title string
	// Section is the page's section, or "".
	Section string
	// SettingsTab says that the page is the tab of the settings that Title names.
	SettingsTab bool
	// Failed says that the page shows a form with problems.
	Failed bool
	// Passkeys says that the page needs passkeys.js.
	Passkeys bool
	// Docs is the menu of the documentation, which takes the place of the console's; or nil.
	Docs *DocsNav
	// Reference says that the page needs docs.css and docs.js.
	Reference bool
	Body      templ.Component
	Frame     Frame
}

// Frame is what surrounds every page.
type Frame struct {
	// User and Workspace are names; User is "" for visitors.
	User, Workspace string
	// By is the reader; the page offers only what they may do.
	By access.Actor
	// Restricted says that they must set up a second factor first: there is no navigation.
	Restricted bool
	// Density is the spacing of lists.
	Density identity.Density
	// Locale is the notation of numbers, for app.js.
	Locale identity.Locale
	// Shortcuts says that single-key shortcuts are on.
	Shortcuts identity.Shortcuts
	// Idle is after how long without a request the session ends, or 0 if it doesn't.
	Idle time.Duration
	// Theme is "light", "dark", or "" for the system's.
	Theme string
	// Views are those in the user's menu.
	Views []MenuView
	// Calls says that the page has API calls.
	Calls bool
	// Flashes are messages of the previous request; each is shown once.
	Flashes []Flash
	// Stopped are the webhooks that the console stopped sending to, for those who may see them.
	Stopped []webhooks.Webhook
	// Path is the page's address, to which the theme form returns.
	Path               string
	RequestID, Version string
}

// Flash is a message about the last action.
type Flash struct {
	// Kind is "" for a success, "info", "warn" or "bad".
	Kind string
	// Text is one sentence.
	Text string
	// Undo undoes the action, or is nil.
	Undo *Undo
}

// Undo is the form that reverts what a Flash is about.
type Undo struct {
	Action string
	Fields []Hidden
	// Group is the ID of the group whose row in a list gets State again; "" if the page is
	// reloaded instead.
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
		{Key: "hx-swap:inherited", Value: "outerMorph show:none"}, // app.js sets the focus, which scrolls
		{Key: "hx-select-oob:inherited", Value: "#flashes"},
		{Key: "hx-push-url:inherited", Value: "true"},
	}
}

// input is a form field with its label, hint and error.
type input struct {
	Name, Label, Value, Hint string
	// Type is the input's; "area" is a textarea.
	Type         string
	Autocomplete string
	Inputmode    string
	// List is the ID of a datalist.
	List string
	// Step is between the values that a number or a time can have.
	Step      string
	Optional  bool
	Autofocus bool
	// Strength shows the strength of a new password during typing.
	Strength bool
	// Most is the maximum length, which is shown during typing; 0 shows nothing.
	Most    int
	Problem string
	// HideError shows the problem to screen readers only, if the one above the form is enough.
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
	if in.Step != "" {
		a["step"] = in.Step
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
	if field == "contacts" || field == "groups" {
		return "find"
	}
	return field
}
