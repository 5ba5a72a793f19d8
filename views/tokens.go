package views

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
)

// TokensAt is a place in the list of tokens, as its address says it.
type TokensAt struct {
	// Whose is "" for all that one may see, or "own".
	Whose string
	// After and Before are cursors; at most one is given.
	After, Before string
}

// TokenList is what the list of tokens shows.
type TokenList struct {
	At   TokensAt
	Rows []models.Token
	// Next and Previous are cursors, or "".
	Next, Previous string
	// Others says that the reader may see the tokens of others.
	Others bool
	// By is who looks at it.
	By    models.Actor
	Notes []string
	Now   Clock
}

func (l TokenList) paging() paging {
	var p paging
	if l.Next != "" {
		p.Next = TokensAtURL(TokensAt{Whose: l.At.Whose, After: l.Next})
	}
	if l.Previous != "" {
		p.Previous = TokensAtURL(TokensAt{Whose: l.At.Whose, Before: l.Previous})
	}
	return p
}

// TokenForm is what the form for a new token shows.
type TokenForm struct {
	// Key keeps a second submit of the same form from making a second token.
	Key  string
	Name string
	// Preset is "read", "write" or, where Scopes count, "choose".
	Preset string
	Scopes []string
	// Networks is as it was typed.
	Networks string
	// Expires is one of TokenExpiries.
	Expires  string
	Problems models.Invalid
	// By is who makes the token.
	By models.Actor
}

// TokenExpiries are the values of the form's field: days, and "never".
var TokenExpiries = []string{"30", "90", "365", "never"}

// Preset is the scopes that a choice of the form gives a token of an actor's: those of
// the choice that the actor has.
func Preset(by models.Actor, choice string) models.Scopes {
	scopes := models.WriteScopes()
	if choice == "read" {
		scopes = models.ReadScopes()
	}
	return slices.DeleteFunc(scopes, func(right models.Right) bool { return !by.May(right) })
}

// writes tells whether the maker may give a token more than reading.
func (f TokenForm) writes() bool {
	return Preset(f.By, "write").String() != Preset(f.By, "read").String()
}

// writeHint says what "Read and write" is.
func (f TokenForm) writeHint() string {
	const hint = "See all of that, and change it, as far as your role may."
	if !slices.Contains(Preset(f.By, "write"), models.DeleteGroups) {
		return hint
	}
	return hint + " That includes deleting groups and contacts for good."
}

// ticked tells whether a scope is chosen, by itself or with the preset.
func (f TokenForm) ticked(right models.Right) bool {
	if f.Preset == "choose" {
		return slices.Contains(f.Scopes, string(right))
	}
	return slices.Contains(Preset(f.By, f.Preset), right)
}

// scopeGroup is the scopes for one kind of thing.
type scopeGroup struct {
	name  string
	rules []models.Rule
}

// scopeGroups are all scopes that a token can have.
func scopeGroups() []scopeGroup {
	groups := []scopeGroup{{name: "Groups"}, {name: "Contacts"}, {name: "Messages"}, {name: "Activity"}}
	for _, rule := range models.Rules {
		kind, _, _ := strings.Cut(string(rule.Right), ".")
		i := slices.Index([]string{"groups", "contacts", "messages", "activity"}, strings.Replace(kind, "members", "groups", 1))
		if rule.Scope && i >= 0 {
			groups[i].rules = append(groups[i].rules, rule)
		}
	}
	return groups
}

// whoHas is the sentence about a right that the reader lacks.
func whoHas(rule models.Rule) string {
	return "Not available: only " + holders(rule) + " may do this."
}

// TokenSecret is a secret that is shown this once: of a new token, or of one that was
// rolled.
type TokenSecret struct {
	models.Token
	Secret string
	Rolled bool
	Origin string
	Now    Clock
}

func (t TokenSecret) title() string {
	if t.Rolled {
		return t.Name + " has a new secret"
	}
	return t.Name + " is ready"
}

// TokenDetail is what the page of a token shows.
type TokenDetail struct {
	models.Token
	Use models.TokenUse
	// By is who looks at it.
	By models.Actor
	// PerMinute is how many calls it may make in a minute; 0 is any number.
	PerMinute int
	Now       Clock
}

// own tells whether it is the reader's token, which they may roll.
func (d TokenDetail) own() bool { return d.UserID == d.By.UserID }

// RollForm is what the page for rolling a token shows.
type RollForm struct {
	models.Token
	Key string
	// Overlap is how many hours the old secret goes on working.
	Overlap  string
	Problems models.Invalid
	Now      Clock
}

// overlapLabel is a choice of the form.
func overlapLabel(hours string) string {
	switch hours {
	case "0":
		return "It ends at once"
	case "1":
		return "For 1 hour"
	}
	return "For " + hours + " hours"
}

func overlaps() []string {
	var hours []string
	for _, o := range models.Overlaps {
		hours = append(hours, strconv.Itoa(int(o.Hours())))
	}
	return hours
}

func expiryLabel(value string) string {
	if value == "never" {
		return "Never"
	}
	if value == "365" {
		return "In a year"
	}
	return "In " + value + " days"
}

// scopesInWords are the rights of a token, in short.
func scopesInWords(s models.Scopes) string {
	switch s.Short() {
	case "read":
		return "Read only"
	case "write":
		return "Read and write"
	}
	var kinds []string
	verbs := map[string][]string{}
	for _, right := range s {
		kind, verb, _ := strings.Cut(string(right), ".")
		if verbs[kind] == nil {
			kinds = append(kinds, kind)
		}
		verbs[kind] = append(verbs[kind], verb)
	}
	for i, kind := range kinds {
		kinds[i] = capital(kind) + ": " + strings.Join(verbs[kind], ", ")
	}
	return strings.Join(kinds, "; ")
}

func curlToken(origin, secret string) string {
	return "curl " + origin + "/v1/groups -H \"Authorization: Bearer " + secret + "\""
}

// usedFrom ends the sentence that says when a token was last used.
func usedFrom(t models.Token) string {
	if t.LastUsedIP == nil {
		return "."
	}
	return " from " + *t.LastUsedIP + "."
}

// failedCall tells whether a call was answered with an error.
func failedCall(r models.TokenRequest) bool { return r.Status >= 400 }

// The chart of a token's hours: its measures in its own units.
const (
	chartHeight = 96
	barStep     = 20
	barWidth    = 14
)

// hourBar is an hour of the chart: how high all of its calls are, and those that failed.
type hourBar struct {
	x, y, height, failed int
	models.TokenHour
}

// busiest is the most calls that an hour had, which the chart's height stands for.
func busiest(hours []models.TokenHour) int {
	most := 0
	for _, h := range hours {
		most = max(most, h.Requests)
	}
	return most
}

func hourBars(hours []models.TokenHour) []hourBar {
	most := max(1, busiest(hours))
	drawn := make([]hourBar, len(hours))
	for i, h := range hours {
		b := hourBar{x: i*barStep + (barStep-barWidth)/2, TokenHour: h}
		if h.Requests > 0 {
			b.height = max(2, h.Requests*chartHeight/most)
			b.failed = h.Errors * b.height / h.Requests
		}
		b.y = chartHeight - b.height
		drawn[i] = b
	}
	return drawn
}

// chartSentence says what the chart shows.
func chartSentence(hours []models.TokenHour, now Clock) string {
	var requests, errors int
	var peak models.TokenHour
	for _, h := range hours {
		requests, errors = requests+h.Requests, errors+h.Errors
		if h.Requests > peak.Requests {
			peak = h
		}
	}
	if requests == 0 {
		return "No requests in the last 24 hours."
	}
	return counted(requests, "request", "requests", now) + " in the last 24 hours, " + counted(errors, "error", "errors", now) +
		". The busiest hour began at " + hourOf(peak.Hour, now) + " with " + thousands(peak.Requests, now) + "."
}

// quiet tells whether there is nothing to draw.
func quiet(hours []models.TokenHour) bool {
	return !slices.ContainsFunc(hours, func(h models.TokenHour) bool { return h.Requests > 0 })
}

// hourOf is the time of an hour in the reader's zone.
func hourOf(at int64, now Clock) string { return zoned(at, now, now.writes().hour+" ") }

func shortHour(at int64, now Clock) string {
	return now.local(at).Format(now.writes().shortOfYear + now.writes().join + now.writes().hour)
}

func chartBox(hours []models.TokenHour) string {
	return "0 0 " + strconv.Itoa(len(hours)*barStep) + " " + strconv.Itoa(chartHeight)
}

// The addresses of tokens.

func TokensURL() templ.SafeURL { return "/settings/tokens" }

// TokensAtURL is a place in the list of tokens.
func TokensAtURL(at TokensAt) templ.SafeURL {
	return address(TokensURL(), "whose", at.Whose, "after", at.After, "before", at.Before)
}

func NewTokenURL() templ.SafeURL             { return "/settings/tokens/new" }
func TokenURL(id string) templ.SafeURL       { return under("/settings/tokens/", id, "", "") }
func RollTokenURL(id string) templ.SafeURL   { return under("/settings/tokens/", id, "/roll", "") }
func RevokeTokenURL(id string) templ.SafeURL { return under("/settings/tokens/", id, "/revoke", "") }

// EndOldSecretURL ends the secret from before a token was rolled.
func EndOldSecretURL(id string) templ.SafeURL {
	return under("/settings/tokens/", id, "/end-old-secret", "")
}
