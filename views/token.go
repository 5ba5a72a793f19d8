package views

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
)

// TokenList is what the list of tokens shows.
type TokenList struct {
	At   TokensAt
	Rows []identity.Token
	// Next and Previous are cursors, or "".
	Next, Previous string
	// Others says that the reader may see tokens of other users.
	Others bool
	// User is the name of At.User.
	User string
	// Done is as in GroupDetail.
	Done bool
	// By is the reader.
	By    access.Actor
	Notes []string
	Now   Clock
}

func (l TokenList) paging() paging {
	var p paging
	at := l.At
	if at.After, at.Before = l.Next, ""; l.Next != "" {
		p.Next = TokensAtURL(at)
	}
	if at.After, at.Before = "", l.Previous; l.Previous != "" {
		p.Previous = TokensAtURL(at)
	}
	return p
}

// TokenForm is what the form for a new token shows.
type TokenForm struct {
	// Key is the form's idempotency key.
	Key  string
	Name string
	// Preset is "read", "write", or "choose" for Scopes.
	Preset string
	Scopes []string
	// Networks is the text that was entered.
	Networks string
	// Expires is one of TokenExpiries.
	Expires  string
	Problems access.Invalid
	// By is the reader.
	By access.Actor
}

// TokenExpiries are the form's choices: days, and "never".
var TokenExpiries = []string{"30", "90", "365", "never"}

// Preset returns the scopes of a preset of the form, as far as the actor has them.
func Preset(by access.Actor, choice string) access.Scopes {
	scopes := access.WriteScopes()
	if choice == "read" {
		scopes = access.ReadScopes()
	}
	return slices.DeleteFunc(scopes, func(right access.Right) bool { return !by.May(right) })
}

// writes reports whether the maker may give a token more than reading.
func (f TokenForm) writes() bool {
	return Preset(f.By, "write").String() != Preset(f.By, "read").String()
}

// writeHint returns the hint of "Read and write".
func (f TokenForm) writeHint() string {
	const hint = "View and change them, within your role's permissions."
	if !slices.Contains(Preset(f.By, "write"), access.DeleteGroups) {
		return hint
	}
	return hint + " Includes permanently deleting groups and contacts."
}

// ticked reports whether a scope is checked, by itself or by the preset.
func (f TokenForm) ticked(right access.Right) bool {
	if f.Preset == "choose" {
		return slices.Contains(f.Scopes, string(right))
	}
	return slices.Contains(Preset(f.By, f.Preset), right)
}

// scopeGroup is the scopes for one kind of object.
type scopeGroup struct {
	name  string
	rules []access.Rule
}

// scopeGroups returns all scopes that a token can have.
func scopeGroups() []scopeGroup {
	groups := []scopeGroup{{name: "Groups"}, {name: "Contacts"}, {name: "Messages"}, {name: "Activity"}}
	for _, rule := range access.Rules {
		kind, _, _ := strings.Cut(string(rule.Right), ".")
		i := slices.Index([]string{"groups", "contacts", "messages", "activity"}, strings.Replace(kind, "members", "groups", 1))
		if rule.Scope && i >= 0 {
			groups[i].rules = append(groups[i].rules, rule)
		}
	}
	return groups
}

// whoHas returns the hint of a permission that the user lacks.
func whoHas(rule access.Rule) string {
	return "Not available: only " + holders(rule) + " can do this."
}

// TokenSecret is a secret of a new or rotated token, which is shown only once.
type TokenSecret struct {
	identity.Token
	Secret  string
	Rotated bool
	Origin  string
	Now     Clock
}

func (t TokenSecret) title() string {
	if t.Rotated {
		return "New secret for " + text.Isolated(t.Name)
	}
	return text.Isolated(t.Name) + " is ready"
}

// TokenDetail is what the page of a token shows.
type TokenDetail struct {
	identity.Token
	Use identity.TokenUse
	// By is the reader.
	By access.Actor
	// PerMinute is the rate limit; 0 for none.
	PerMinute int
	// Done is as in GroupDetail.
	Done bool
	Now  Clock
}

// pendingRequests reports whether there were requests that aren't listed yet.
func (d TokenDetail) pendingRequests() bool {
	if d.LastUsedAt == nil || d.Now.Unix()-*d.LastUsedAt > int64(time.Minute.Seconds()) {
		return false
	}
	return len(d.Use.Requests) == 0 || d.Use.Requests[0].CreatedAt < *d.LastUsedAt
}

// whoseCurrent returns the aria-current of the list's tab: "true" if a filter narrows it.
func whoseCurrent(at TokensAt) string {
	if at.User != "" {
		return "true"
	}
	return "page"
}

// duration returns how long a request took.
func duration(r identity.TokenRequest, now Clock) string {
	if r.MS == 0 {
		return "under 1\u00a0ms"
	}
	return thousands(int(r.MS), now) + "\u00a0ms"
}

// own reports whether the token is the reader's, who can rotate it.
func (d TokenDetail) own() bool { return d.UserID == d.By.UserID }

// RotateForm is what the form for rotating a token shows.
type RotateForm struct {
	identity.Token
	Key string
	// Overlap is how many hours the old secret keeps working.
	Overlap  string
	Problems access.Invalid
	Now      Clock
}

// overlapLabel returns the label of a choice of the form.
func overlapLabel(hours string) string {
	switch hours {
	case "0":
		return "Stops working immediately"
	case "1":
		return "Works for 1 more hour"
	}
	return "Works for " + hours + " more hours"
}

func overlaps() []string {
	var hours []string
	for _, o := range identity.Overlaps {
		hours = append(hours, strconv.Itoa(int(o.Hours())))
	}
	return hours
}

func expiryLabel(value string) string {
	if value == "never" {
		return "Never"
	}
	if value == "365" {
		return "1 year"
	}
	return value + " days"
}

// The names of the presets, and of tokens with their scopes.
const (
	readOnly     = "Read only"
	readAndWrite = "Read and write"
)

// scopesInWords returns a token's permissions: the name of a preset, or the list.
func scopesInWords(s access.Scopes) string { return scopesShown(s, len(s)) }

// scopesInShort returns a token's permissions in short: the name of a preset, or the first one and
// the number of others.
func scopesInShort(s access.Scopes) string { return scopesShown(s, 1) }

func scopesShown(s access.Scopes, most int) string {
	switch s.Short() {
	case "read":
		return readOnly
	case "write":
		return readAndWrite
	}
	var does []string
	for _, right := range s[:min(most, len(s))] {
		does = append(does, right.Rule().Description)
	}
	if more := len(s) - len(does); more > 0 {
		return capitalize(strings.Join(does, ", ")) + " and " + strconv.Itoa(more) + " more"
	}
	return capitalize(strings.Join(does, ", ")) // some say "and" themselves
}

func curlToken(origin, secret string) string {
	return "curl " + origin + "/v1/groups -H \"Authorization: Bearer " + secret + "\""
}

// usedFrom returns the end of the sentence on when a token was last used.
func usedFrom(t identity.Token) string {
	if t.LastUsedIP == nil {
		return "."
	}
	return " from " + *t.LastUsedIP + "."
}

// failedCall reports whether a request got an error.
func failedCall(r identity.TokenRequest) bool { return r.Status >= 400 }
