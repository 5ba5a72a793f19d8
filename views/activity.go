package views

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

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
	// Names are the names of the filters' IDs.
	Names audit.ActivityNames
	// Users and Tokens are the actors to choose from.
	Users, Tokens []audit.ActorOption
	// Since is when recording started, in Unix seconds; only an empty list has it.
	Since int64
	// Kept is the retention period; only the whole log has it.
	Kept audit.Retention
	// PageSize is the reader's page size, for addresses without a limit.
	PageSize int
	// Notes are remarks on the address.
	Notes []string
	// Steps are what readers can undo; only their own activity has them.
	Steps []audit.Line
	// Matches are what a search by name found, if it found several; each leads to its activity.
	Matches []Result
	// By is the reader.
	By  access.Actor
	Now Clock
	// href returns the address of a page of the list.
	href func(ActivityAt) templ.SafeURL
	// ofGroup says that the list is that of one group.
	ofGroup bool
}

// GroupActivity is what a group's Activity tab shows.
type GroupActivity struct {
	GroupDetail
	List ActivityList
}

// ActivityDetail is what the page of an entry shows.
type ActivityDetail struct {
	audit.Line
	// Reversible says that the reader may revert the change.
	Reversible bool
	// Undelete says that the reader may undo the deletion.
	Undelete bool
	// Reverted says what reverted it; the zero Revert if nothing did.
	Reverted models.Revert
	// Names are the names of the users whose IDs the entry has.
	Names map[string]string
	Now   Clock
}

// Title is the entry in one sentence, for the title of its page.
func (d ActivityDetail) Title() string { return summaryIn(d.Line, d.Now) }

// UserIDs returns the IDs of users that an entry has without their names.
func UserIDs(l audit.Line) (ids []string) {
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

// RevertForm is what the confirmation before reverting a change shows.
type RevertForm struct {
	models.Reversal
	// Problems are those of the choice.
	Problems access.Invalid
	Now      Clock
}

// refusalWords says why a field can't be reverted, and who changed it since.
func refusalWords(f models.ReversedField, now Clock) string {
	switch f.Refused {
	case models.NotPermitted:
		return "You don't have permission to change this."
	case models.AsBefore:
		return "It already has its previous value."
	case models.MembersUnnamed:
		return "This change affected more than " + thousands(models.MaxNamed, now) + " members. It can't be reverted because activity doesn't name them all."
	case models.MembersAsBefore:
		return "The members are already as they were, or no longer exist."
	}
	if f.Later.ID == "" {
		return "It was changed again later."
	}
	return "It was changed again by " + text.Isolated(f.Later.Who()) + " on " + fullTime(f.Later.CreatedAt, now) + "."
}

// OfGroup returns the list with links to the Activity tab of a group.
func (l ActivityList) OfGroup(id string, list templ.SafeURL) ActivityList {
	l.ofGroup = true
	l.href = func(at ActivityAt) templ.SafeURL {
		at.List = list
		return GroupActivityURL(id, at)
	}
	return l
}

// Own returns the list with links to the user's own activity.
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

// chips returns the active filters, each with a link to the list without it.
func (l ActivityList) chips() []chip {
	var chips []chip
	for _, f := range []struct {
		value, words string
		without      func(*ActivityAt)
	}{
		{l.At.Who, "By " + text.Isolated(orID(l.Names.Who, l.At.Who)), func(at *ActivityAt) { at.Who = "" }},
		{l.At.Action, capitalize(ActionLabel(l.At.Action)), func(at *ActivityAt) { at.Action = "" }},
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

// filters returns the label of the collapsed filters.
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

// recordedSince returns the hint of an empty list.
func (l ActivityList) recordedSince() string {
	return "Activity has been recorded since " + fullDay(l.Now.local(l.Since), l.Now) + "."
}

// summary returns what screen readers announce after the list has changed.
func (l ActivityList) summary() string {
	if n := len(l.Matches); n > 0 {
		return counted(n, "match", "matches", l.Now) + " for " + text.Isolated(l.At.Q)
	}
	if len(l.Lines) == 0 {
		return l.emptyTitle()
	}
	return counted(len(l.Lines), "entry", "entries", l.Now)
}

// emptyTitle returns the heading of an empty list.
func (l ActivityList) emptyTitle() string {
	if l.At.Q != "" {
		return "Nothing has the name or ID " + text.Isolated(l.At.Q)
	}
	at := l.At
	if l.ofGroup {
		at.Object = ""
	}
	if at.filtered() {
		return "No matching activity"
	}
	return "No activity yet"
}

// source returns where an action came from: "Chrome, 10.0.0.4".
func source(l audit.Line) string {
	var parts []string
	for _, part := range []string{agent(l.UserAgent), l.IP} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// agent returns the browser or program of a user agent, or "" if it has none.
func agent(userAgent string) string {
	if browser := identity.BrowserOf(userAgent).Name; browser != "" {
		return browser
	}
	program, _, _ := strings.Cut(strings.TrimSpace(userAgent), " ")
	program, _, _ = strings.Cut(program, "/")
	return truncate(program, 30)
}

// agentDetail returns the browser and its system, or the program, of a user agent.
func agentDetail(userAgent string) string {
	if browser := identity.BrowserOf(userAgent); browser.Name != "" {
		return browserName(browser)
	}
	return agent(userAgent)
}

func truncate(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n]) + "…"
	}
	return s
}

// capitalize returns s with a capital first letter.
func capitalize(s string) string {
	for i, r := range s {
		return strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}

// actorIcon returns the icon of an actor, or "" for users, who have an avatar.
func actorIcon(l audit.Line) string {
	return map[access.ActorKind]string{access.SystemActor: "terminal", access.TokenActor: "key", access.VisitorActor: "question"}[l.ActorKind]
}

// objectURL returns the page of an entry's object, or "" if it has none.
func objectURL(l audit.Line) templ.SafeURL {
	switch {
	case l.Action == audit.DeletedContact || l.Action == audit.MergedAway || l.ObjectID == "":
		return ""
	case l.ObjectKind == "group":
		return GroupURL(l.ObjectID)
	case l.ObjectKind == "contact":
		return ContactURL(l.ObjectID)
	}
	return ""
}

// actorID returns the ID by which an actor's activity is listed, or "".
func actorID(l audit.Line) string {
	if l.ActorKind == access.UserActor || l.ActorKind == access.TokenActor {
		return l.ActorID
	}
	return ""
}

// fieldName returns the label of an entry's field.
func fieldName(name string) string {
	if label := FieldLabel(name); label != "" {
		return label
	}
	if role, ok := strings.CutPrefix(name, secondFactorField); ok {
		return access.Role(role).Name() + "s need a second factor from"
	}
	known := map[string]string{
		"old_until": "Old secret works until", "hint": "Secret", "old_hint": "Old secret", "new_device": "New browser", "ip": "IP address",
		"expires_at": "Expires", scopesField: "Permissions", "failed_sign_ins": "Failed sign-ins", retentionField: "Retention", "from_before": "Older than", factorsField: "Signed in with",
		"contacts": "Members", "archived_at": "Archived", "email": "Email", "contact_id": "Contact", "message_id": "Message",
		"conversation_id": "Conversation", "user_id": "Owner", "reverted_line": "Reverts", models.DeletionReasonField: "Reason", models.RevertedToField: "Reverted to", audit.HeldField: "Can be undone until", models.HoldField: "Deleted groups kept", identity.AvatarsField: "Avatars shown", models.ChecklistField: "First steps shown", "request_id": "Request ID",
		"activity_entries": "Activity entries", "fault_entry": "Fault at entry", "fault_line": "Fault in line", "seen_entry": "Entry seen before",
		"tokens_need_second_factor": "API tokens need a second factor", "public_docs": "Documentation for everybody", "unfinished_sign_ins": "Unfinished sign-ins", "invitations": "Invitations revoked",
		"page_size": "Rows per page", "locale": "Dates and numbers", "shortcuts": "Single-key shortcuts",
		"group_columns": "Columns of groups", "query": "Filters",
		"q": "Search", "contacts_min": "Fewest members", "contacts_max": "Most members", "same_name": "Shares its name",
	}
	if label, ok := known[name]; ok {
		return label
	}
	label := strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(name, "_at"), "_count"), "_", " ")
	return capitalize(label)
}

// secondFactorField is the prefix of the fields with the day from which a role needs a second
// factor.
const secondFactorField = "second_factor."

// Fields whose values are codes.
const (
	scopesField    = "scopes" // a token's permissions
	retentionField = "kept"   // how long activity is kept
	browserField   = "browser"
	factorsField   = "factors" // what a user signed in with
)

// changedNothing reports whether an entry's fields describe an event and not a change.
func changedNothing(l audit.Line) bool {
	if strings.HasPrefix(string(l.Action), "session.") {
		return true
	}
	return slices.Contains([]audit.Action{
		audit.ExportedActivity, audit.ExportedGroups, audit.ExportedGroup, audit.ExportedMembers, audit.ExportedContacts, audit.ExportedContact,
		audit.DeletedActivity, audit.AdoptedActivity, audit.PostedMessage, audit.DeletedMessage, audit.Seeded,
	}, l.Action)
}

// onlyValue returns the value of a field that did not change.
func onlyValue(f audit.ChangedField) audit.FieldValue {
	if f.After.None {
		return f.Before
	}
	return f.After
}

// valueText returns a value as text.
func valueText(field string, t audit.FieldValue) string {
	if t.Members != nil {
		return usernames(t.Members, t.Count)
	}
	switch field {
	case retentionField:
		return retentionLabel(audit.ParseRetention(t.Text))
	case models.HoldField:
		if seconds, err := strconv.Atoi(t.Text); err == nil {
			return holdLabel(time.Duration(seconds) * time.Second)
		}
	case audit.ReasonField:
		return reasonWords(identity.ParseReason(t.Text))
	case browserField:
		return storedBrowser(t.Text)
	case factorsField:
		return factorsInWords(t.Text)
	case audit.FaultField:
		return cmp.Or(FaultText(audit.AuditFault{Kind: audit.FaultKind(t.Text)}, Clock{}), t.Text) // older entries have a sentence
	case scopesField:
		if scopes, err := access.ParseScopes(t.Text); err == nil {
			return scopesInWords(scopes)
		}
	}
	if words, is := map[string]string{"true": "Yes", "false": "No"}[t.Text]; is && slices.Contains(yesOrNo, field) {
		return words
	}
	return t.Text
}

// usernames lists members, and how many more there are of count: "ann, ben and 3 more".
func usernames(members []audit.Member, count int) string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.Username
	}
	all := strings.Join(names, ", ")
	if more := count - len(names); more > 0 {
		all += " and " + strconv.Itoa(more) + " more"
	}
	return all
}

// yesOrNo are the filters of an export that groups have or don't have.
var yesOrNo = []string{"described", "with_avatar", "exempt", "same_name", "scheduled", identity.AvatarsField, models.ChecklistField}

// reasonWords says why a sign-in was refused.
func reasonWords(reason string) string {
	words, known := map[string]string{
		identity.WrongPassword:     "Incorrect email or password",
		identity.WrongSecondFactor: "Incorrect second factor",
		identity.WrongPasskey:      "Passkey not accepted",
		identity.UserDisabled:      "The user is disabled",
		identity.UnknownAddress:    "No user has the provider's email address",
		identity.UnverifiedAddress: "The provider hasn't verified the email address",
		identity.NoAddress:         "The provider sent no email address",
		identity.OtherIdentity:     "The user is linked to another identity of the provider",
	}[reason]
	if !known {
		return reason
	}
	return words
}

// emptyValue returns the text for a field without a value.
func emptyValue(field string) string {
	if field == "expires_at" {
		return "Never"
	}
	return "None"
}

// timeValue returns the time that a field's value is, and whether the field is a time.
func timeValue(field string, t audit.FieldValue) (int64, bool) {
	at, err := strconv.ParseInt(t.Text, 10, 64)
	named := strings.HasSuffix(field, "_at") || strings.HasSuffix(field, "_until") || strings.HasPrefix(field, secondFactorField)
	return at, err == nil && named
}

// comparedAsText reports whether a field's values are compared word by word.
func comparedAsText(f audit.ChangedField) bool {
	if f.Name == "user_id" || f.Name == "locale" || f.Name == retentionField || f.Name == models.HoldField {
		return false
	}
	_, before := timeValue(f.Name, f.Before)
	_, after := timeValue(f.Name, f.After)
	return !f.Before.None && !f.After.None && !before && !after && f.Before.Members == nil && f.After.Members == nil
}

// hasFolds reports whether some unchanged text is folded away.
func hasFolds(pieces []piece) bool {
	for _, p := range pieces {
		if p.kind == folded {
			return true
		}
	}
	return false
}

// logPosition returns an entry's place in the log.
func logPosition(l audit.Line, now Clock) string {
	if l.Number == 0 {
		return "Pending; assigned within a second"
	}
	return "Entry " + thousands(int(l.Number), now)
}

// hasActor reports whether an ID is in one of the lists.
func hasActor(id string, lists ...[]audit.ActorOption) bool {
	for _, list := range lists {
		for _, d := range list {
			if d.ID == id {
				return true
			}
		}
	}
	return false
}
