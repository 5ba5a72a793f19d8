package views

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
)

// ActivityList is what a list of activity shows.
type ActivityList struct {
	At    ActivityAt
	Lines []audit.Line
	// Next and Previous are cursors, "" at the ends of the list.
	Next, Previous string
	// Names are those of what the list is narrowed to.
	Names audit.ActivityNames
	// People and Tokens can be chosen from.
	People, Tokens []audit.ActorOption
	// Since is when activity began to be recorded, in Unix seconds; only an empty list has it.
	Since int64
	// Kept is for how long activity is kept; only the list of all of it has it.
	Kept audit.Retention
	// PageSize is how many rows the reader's pages have where an address doesn't say.
	PageSize int
	// Notes are sentences about the address.
	Notes []string
	// By is who looks at the list.
	By  access.Actor
	Now Clock
	// href is the address of a place in the list.
	href func(ActivityAt) templ.SafeURL
}

// GroupActivity is what a group's Activity tab shows.
type GroupActivity struct {
	GroupDetail
	List ActivityList
}

// ActivityDetail is one act.
type ActivityDetail struct {
	audit.Line
	// Reversible says that the reader may put back what the line tells of.
	Reversible bool
	// Reverted says which line put it back; the zero Revert if none did.
	Reverted models.Revert
	// Names are those of the people whom the line has by their ids.
	Names map[string]string
	Now   Clock
}

// Title is the entry in one sentence, for the title of its page.
func (d ActivityDetail) Title() string { return summaryIn(d.Line, d.Now) }

// PeopleOf are the ids of people that a line has without their names.
func PeopleOf(l audit.Line) (ids []string) {
	if l.ActorKind == access.TokenActor && l.UserID != "" {
		ids = append(ids, l.UserID)
	}
	for _, f := range l.Fields() {
		if f.Name == "user_id" {
			ids = append(ids, strings.Fields(f.Before.Text+" "+f.After.Text)...)
		}
	}
	return ids
}

// RevertForm is the question before a change is put back.
type RevertForm struct {
	models.Reversal
	// Problems say what was wrong with the choice.
	Problems access.Invalid
	Now      Clock
}

// refusalWords says why a field can't be reverted, and who changed it since.
func refusalWords(f models.ReversedField, now Clock) string {
	switch f.Refused {
	case models.NotPermitted:
		return "You don’t have permission to change this."
	case models.AsBefore:
		return "It already has its previous value."
	case models.MembersUnnamed:
		return "This change affected more than " + thousands(models.MostNamed, now) + " members. It can’t be reverted because activity doesn’t name them all."
	case models.MembersAsBefore:
		return "The members are already as they were, or no longer exist."
	}
	if f.Later.ID == "" {
		return "It was changed again later."
	}
	return "It was changed again by " + text.Isolated(f.Later.Who()) + " on " + fullTime(f.Later.CreatedAt, now) + "."
}

// ActivityProof is what checking the activity came to.
type ActivityProof struct {
	audit.AuditProof
	// Expect is the end of the chain that was noted earlier, or "".
	Expect   string
	Problems access.Invalid
	Now      Clock
}

// OfGroup is the list as it stands on the page of its group.
func (l ActivityList) OfGroup(id string, list templ.SafeURL) ActivityList {
	l.href = func(at ActivityAt) templ.SafeURL {
		at.List = list
		return GroupActivityURL(id, at)
	}
	return l
}

// Own is the list of what its reader did.
func (l ActivityList) Own() ActivityList {
	l.href = OwnActivityURL
	return l
}

func (l ActivityList) url(at ActivityAt) templ.SafeURL {
	if l.href != nil {
		return l.href(at)
	}
	return ActivityURL(at)
}

func (l ActivityList) paging() paging {
	var p paging
	at := l.At.page()
	p.Sizes = sizes(l.At.Limit, l.PageSize, func(limit int) templ.SafeURL {
		at.Limit = limit
		return l.url(at)
	})
	at.Limit = l.At.Limit
	if l.Next != "" {
		at.After, at.Before = l.Next, ""
		p.Next = l.url(at)
	}
	if l.Previous != "" {
		at.After, at.Before = "", l.Previous
		p.Previous = l.url(at)
	}
	return p
}

// chips are the filters that are on, each with the list without it.
func (l ActivityList) chips() []chip {
	var chips []chip
	for _, f := range []struct {
		value, words string
		without      func(*ActivityAt)
	}{
		{l.At.Who, "By " + text.Isolated(orID(l.Names.Who, l.At.Who)), func(at *ActivityAt) { at.Who = "" }},
		{l.At.Action, capital(ActionLabel(l.At.Action)), func(at *ActivityAt) { at.Action = "" }},
		{l.At.Object, "About " + text.Isolated(orID(l.Names.Object, l.At.Object)), func(at *ActivityAt) { at.Object = "" }},
		{l.At.Request, "Request " + l.At.Request, func(at *ActivityAt) { at.Request = "" }},
		{l.At.From, "From " + typedDay(l.At.From, l.Now), func(at *ActivityAt) { at.From = "" }},
		{l.At.To, "To " + typedDay(l.At.To, l.Now), func(at *ActivityAt) { at.To = "" }},
	} {
		if f.value != "" {
			at := l.At.page()
			f.without(&at)
			chips = append(chips, chip{f.words, l.url(at)})
		}
	}
	return chips
}

// filters is what the filters are called where they are folded away.
func (l ActivityList) filters() string {
	if n := len(l.chips()); n > 0 {
		return "Filters · " + strconv.Itoa(n)
	}
	return "Filters"
}

func orID(name, id string) string {
	if name == "" {
		return id
	}
	return name
}

// since is where the record begins, for an empty list.
func (l ActivityList) since() string {
	return "Activity is recorded from " + fullDay(l.Now.local(l.Since), l.Now) + "."
}

// summary is what is said when the list changes.
func (l ActivityList) summary() string {
	if len(l.Lines) == 0 {
		return l.none()
	}
	return counted(len(l.Lines), "act", "acts", l.Now) + " on this page"
}

// none is what an empty list says.
func (l ActivityList) none() string {
	if l.At.Q != "" {
		return "Nothing has the id " + text.Isolated(l.At.Q)
	}
	return "No activity matches"
}

// from says where an act came from: "Chrome, 10.0.0.4".
func from(l audit.Line) string {
	var parts []string
	for _, part := range []string{agent(l.UserAgent), l.IP} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// agent is the browser or program that a user agent names; "" where there is none.
func agent(userAgent string) string {
	if browser := identity.Browser(userAgent); browser != "" {
		return browser
	}
	program, _, _ := strings.Cut(strings.TrimSpace(userAgent), " ")
	program, _, _ = strings.Cut(program, "/")
	return clipRunes(program, 30)
}

// sender is the browser and its system, or the program, that a user agent names.
func sender(userAgent string) string {
	if identity.Browser(userAgent) != "" {
		return identity.BrowserName(userAgent)
	}
	return agent(userAgent)
}

func clipRunes(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n]) + "…"
	}
	return s
}

// capital is a sentence that begins with a capital letter.
func capital(s string) string {
	for i, r := range s {
		return strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}

// doerIcon is the icon of who is no person; "" is a person.
func doerIcon(l audit.Line) string {
	return map[access.ActorKind]string{access.SystemActor: "terminal", access.TokenActor: "key", access.VisitorActor: "question"}[l.ActorKind]
}

// objectURL is the page of what an act was done to, or "".
func objectURL(l audit.Line) templ.SafeURL {
	switch {
	case l.Action == audit.DeletedContact || l.ObjectID == "":
		return ""
	case l.ObjectKind == "group":
		return GroupURL(l.ObjectID)
	case l.ObjectKind == "contact":
		return ContactURL(l.ObjectID)
	}
	return ""
}

// whoID is the id by which what somebody did is listed, or "".
func whoID(l audit.Line) string {
	if l.ActorKind == access.UserActor || l.ActorKind == access.TokenActor {
		return l.ActorID
	}
	return ""
}

// fieldName is a field of an act, as people read it.
func fieldName(name string) string {
	if label := FieldLabel(name); label != "" {
		return label
	}
	if role, ok := strings.CutPrefix(name, secondFactorField); ok {
		return access.Role(role).Name() + "s need a second factor from"
	}
	known := map[string]string{
		"old_until": "Old secret works until", "hint": "Secret", "old_hint": "Old secret", "new_device": "New browser", "ip": "IP address",
		"expires_at": "Expires", scopesField: "May do", "failed_sign_ins": "Failed sign-ins", retentionField: "Activity is kept", "from_before": "From before",
		"contacts": "Members", "archived_at": "Archived", "email": "E-mail address", "contact_id": "Contact", "message_id": "Message",
		"conversation_id": "Conversation", "user_id": "Owner", "reverted_line": "Put back", "request_id": "Request",
		"tokens_need_second_factor": "API tokens need a second factor", "unfinished_sign_ins": "Unfinished sign-ins", "invitations": "Invitations taken back",
		"page_size": "Rows a page", "locale": "Dates and numbers", "shortcuts": "Single-key shortcuts",
	}
	if label, ok := known[name]; ok {
		return label
	}
	label := strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(name, "_at"), "_count"), "_", " ")
	return capital(label)
}

// secondFactorField begins the fields that say from when a role needs a second factor.
const secondFactorField = "second_factor."

// scopesField is the field that says what a token may do, and retentionField that for how
// long activity is kept.
const (
	scopesField    = "scopes"
	retentionField = "kept"
)

// changedNothing tells lines that say how something went, and not what became of it.
func changedNothing(l audit.Line) bool {
	if strings.HasPrefix(string(l.Action), "session.") {
		return true
	}
	return slices.Contains([]audit.Action{audit.ExportedActivity, audit.DeletedActivity, audit.AdoptedActivity, audit.PostedMessage, audit.Seeded}, l.Action)
}

// given is the value of a field that did not change.
func given(f audit.ChangedField) audit.FieldValue {
	if f.After.None {
		return f.Before
	}
	return f.After
}

// toldText is a value as people read it.
func toldText(field string, t audit.FieldValue) string {
	switch field {
	case retentionField:
		return retentionLabel(audit.ParseRetention(t.Text))
	case audit.ReasonField:
		return reasonWords(identity.ParseReason(t.Text))
	case scopesField:
		if scopes, err := access.ParseScopes(t.Text); err == nil {
			return scopesInWords(scopes)
		}
	}
	return t.Text
}

// reasonWords says why a sign-in was refused.
func reasonWords(reason string) string {
	words, known := map[string]string{
		identity.WrongPassword:       "Incorrect email or password",
		identity.WrongSecondFactor:   "Incorrect second factor",
		identity.WrongPasskey:        "Passkey not accepted",
		identity.DisabledUserRefused: "The user is disabled",
		identity.UnknownAddress:      "No user has the provider’s email address",
		identity.UnverifiedAddress:   "The provider hasn’t verified the email address",
		identity.NoAddress:           "The provider sent no email address",
		identity.OtherIdentity:       "The user is linked to another identity of the provider",
	}[reason]
	if !known {
		return reason
	}
	return words
}

// noValue is how a field reads that has no value.
func noValue(field string) string {
	if field == "expires_at" {
		return "Never"
	}
	return "None"
}

// momentOf is the time that a value is: that of a field that is named as one.
func momentOf(field string, t audit.FieldValue) (int64, bool) {
	at, err := strconv.ParseInt(t.Text, 10, 64)
	named := strings.HasSuffix(field, "_at") || strings.HasSuffix(field, "_until") || strings.HasPrefix(field, secondFactorField)
	return at, err == nil && named
}

// long tells fields that are compared word by word.
func long(f audit.ChangedField) bool {
	if f.Name == "user_id" || f.Name == "locale" || f.Name == retentionField {
		return false
	}
	_, before := momentOf(f.Name, f.Before)
	_, after := momentOf(f.Name, f.After)
	return !f.Before.None && !f.After.None && !before && !after && f.Before.Members == nil && f.After.Members == nil
}

// hasFolds reports whether some of a text that stayed is not shown.
func hasFolds(pieces []piece) bool {
	for _, p := range pieces {
		if p.kind == folded {
			return true
		}
	}
	return false
}

func place(l audit.Line, now Clock) string {
	if l.Number == 0 {
		return "Not sealed yet; it will be within a second"
	}
	return "Entry " + thousands(int(l.Number), now) + " of the chain"
}

// intact is what is said of an activity that is as it was written.
func (p ActivityProof) intact() string {
	if p.Expect != "" && !p.Incomparable {
		return "Every line is as the console wrote it, none is missing, they are in their order, and they contain the end you noted."
	}
	return "Every line is as the console wrote it, none is missing, and they are in their order."
}

// marked says how far the log is known to go outside the database.
func (p ActivityProof) marked() string {
	if !p.HasMark {
		return "No mark is kept outside the database yet: only the end of the chain, noted elsewhere, shows that it was put back to an earlier day."
	}
	return fmt.Sprintf("It goes on from entry %s, which this console has noted outside the database.", thousands(int(p.Marked), p.Now))
}

// wasAdopted says that the log was not always in order.
func (p ActivityProof) wasAdopted() string {
	times := "once"
	if p.Adoptions > 1 {
		times = thousands(int(p.Adoptions), p.Now) + " times"
	}
	return fmt.Sprintf("The activity was accepted as it was found %s, by the command console audit adopt. Entries that could not be verified then: %s.", times, thousands(int(p.Adopted), p.Now))
}

func (p ActivityProof) title() string {
	if p.Broken != nil {
		return "The activity is not as it was written"
	}
	return "The activity is intact"
}

// faulty is where the activity is broken.
func (p ActivityProof) faulty() string {
	switch f := p.Broken; {
	case f.Number != 0:
		return fmt.Sprintf("At entry %s of the chain: ", thousands(int(f.Number), p.Now))
	default:
		return ""
	}
}

// among reports whether somebody is among those who can be chosen.
func among(id string, lists ...[]audit.ActorOption) bool {
	for _, list := range lists {
		for _, d := range list {
			if d.ID == id {
				return true
			}
		}
	}
	return false
}
