package models

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// acts are the actions in words, which follow the name of who did it. {object} is the
// name of what it was done to, {old} what that was called before, {members} who was added
// or removed, and {actor} what somebody said they were who has not signed in.
var acts = map[Action]string{
	CreatedGroup:     "created {object}",
	UpdatedGroup:     "changed {object}",
	ArchivedGroup:    "archived {object}",
	RestoredGroup:    "restored {object}",
	DeletedGroup:     "deleted {object} for good",
	PutBackGroup:     "put back a change of {object}",
	AddedMembers:     "added {members} to {object}",
	RemovedMember:    "removed {members} from {object}",
	PutBackMembers:   "put back a change of the members of {object}",
	CreatedContact:   "created the contact {object}",
	UpdatedContact:   "changed the contact {object}",
	DeletedContact:   "deleted the contact {object} for good",
	PutBackContact:   "put back a change of the contact {object}",
	PostedMessage:    "posted a message",
	CreatedToken:     "made the API token {object}",
	RevokedToken:     "revoked the API token {object}",
	CreatedUser:      "made {object} a user",
	ChangedPassword:  "changed the password of {object}",
	SignedIn:         "signed in",
	SignedOut:        "signed out",
	RefusedSignIn:    "failed to sign in as {actor}",
	ExportedActivity: "exported activity",
	ChangedRetention: "changed how long activity is kept",
	DeletedActivity:  "deleted old activity",
	AdoptedActivity:  "accepted the activity as it was found",
	Seeded:           "filled the database with sample data",

	"session.unconfirmed":      "failed to confirm who they are",
	"session.hold":             "was held off",
	"user.update":              "changed the profile of {object}",
	"user.role":                "changed the role of {object}",
	"user.disable":             "disabled {object}",
	"user.enable":              "enabled {object}",
	"user.reset_second_factor": "reset the second factor of {object}",
	"user.end_sessions":        "ended the sessions of {object}",
	"user.totp_on":             "turned on codes from an app",
	"user.totp_off":            "turned off codes from an app",
	"user.recovery_codes":      "made new recovery codes",
	"invitation.create":        "invited {object}",
	"invitation.renew":         "renewed the invitation of {object}",
	"invitation.revoke":        "revoked the invitation of {object}",
	"policy.update":            "changed the rules for signing in",
	"token.roll":               "rolled the API token {object}",
	"token.end_old_secret":     "ended the old secret of the API token {object}",
	"identity.link":            "linked {object} to another way to sign in",
	"identity.unlink":          "unlinked {object} from another way to sign in",
}

// selfActs are those actions in words that somebody did to themselves.
var selfActs = map[Action]string{
	ChangedPassword: "changed their password",
	UpdatedProfile:  "changed their profile",
	ChangedRole:     "changed their role",
	EndedSessions:   "ended their sessions",
	LinkedIdentity:  "linked another way to sign in",

	UnlinkedIdentity: "unlinked another way to sign in",
}

// fieldWords are fields as a sentence names them.
var fieldWords = map[string]string{
	"name": "name", "description": "description", "avatar_url": "avatar URL", "contacts": "members",
	"username": "username", "display_name": "display name", "phone_number": "phone number",
}

// words are what was done, with the {names} of acts.
func (l AuditLine) words() (string, bool) {
	self := l.ActorKind == UserActor && l.ActorID == l.ObjectID
	switch words, known := selfActs[l.Action]; {
	case self && l.Action == CreatedUser:
		return strings.TrimSpace("joined as " + l.after("role")), true
	case l.Action == CreatedUser && l.ActorKind == SystemActor && l.ActorName == setupName:
		return "made {object} the owner", true
	case self && known:
		return words, true
	case l.Action == RefusedSignIn && l.after(reasonField) == WrongSecondFactor:
		return "failed the second step of signing in as {object}", true
	case l.Action == HeldOff:
		return l.holdWords(), true
	case l.Action == SignedOut && l.field("other_sessions").Name != "":
		n, _ := strconv.Atoi(l.field("other_sessions").Before.Text) // what is no number is told as 0
		if n == 1 {
			return "ended 1 other session", true
		}
		return "ended " + thousands(n) + " other sessions", true
	case l.Action == SignedOut && l.field("unfinished_sign_ins").Name != "":
		return "ended an unfinished sign-in", true
	case l.Action == SignedOut && l.field("browser").Name != "":
		return "ended one of their sessions", true
	case l.Action == ChangedRetention:
		return "set activity to be kept " + Retention(l.after("kept")).Words(), true
	case l.Action == DeletedActivity:
		return "deleted " + l.deletedLines(), true
	case l.Action == UpdatedGroup:
		return l.changeWords("name", ""), true
	case l.Action == UpdatedContact:
		return l.changeWords("username", "the contact "), true
	}
	words, known := acts[l.Action]
	return words, known
}

// holdWords say who began to wait, and why.
func (l AuditLine) holdWords() string {
	codes := " wrong codes"
	if l.ActorKind == VisitorActor {
		codes += " in the second step of signing in as {object}"
	}
	for _, held := range []struct{ field, words string }{
		{"failed_sign_ins", " failed tries to sign in as {actor}"},
		{"wrong_passwords", " wrong passwords"},
		{"wrong_codes", codes},
		{"failed_tries", " failed tries from " + l.after("address")},
	} {
		if tries := l.after(held.field); tries != "" {
			return acts[HeldOff] + " after " + tries + held.words
		}
	}
	return acts[HeldOff]
}

// deletedLines is what the console deleted of the log: "4,213 lines of activity from
// before 24 November 2025".
func (l AuditLine) deletedLines() string {
	n, _ := strconv.Atoi(l.field("lines").Before.Text) // what is no number is told as 0
	words := thousands(n) + " lines"
	if n == 1 {
		words = "1 line"
	}
	words += " of activity"
	if day, err := time.Parse(time.DateOnly, l.after("from_before")); err == nil {
		words += " from before " + day.Format("2 January 2006")
	}
	return words
}

// changeWords say what became of the fields of a thing, which is called after the field
// name: "renamed {old} to {object} and changed the description".
func (l AuditLine) changeWords(name, thing string) string {
	if l.oldName() == "" {
		if fields := changedFields(l.Fields()); fields != "" {
			return "changed " + fields + " of " + thing + "{object}"
		}
		return "changed " + thing + "{object}"
	}
	words := "renamed " + thing + "{old} to {object}"
	others := slices.DeleteFunc(l.Fields(), func(f ChangedField) bool { return f.Name == name })
	if len(others) > 0 {
		words += " and changed " + cmp.Or(changedFields(others), "other fields")
	}
	return words
}

// oldName is what a group or contact was called before the act; "" where that stayed.
func (l AuditLine) oldName() string {
	name := map[string]string{"group": "name", "contact": "username"}[l.ObjectKind]
	return l.field(name).Before.Text
}

// changedFields are fields in words: "the name and description"; "" where there are more
// than two.
func changedFields(fields []ChangedField) string {
	var names []string
	for _, f := range fields {
		names = append(names, fieldWords[f.Name])
	}
	if len(names) == 0 || len(names) > 2 || slices.Contains(names, "") {
		return ""
	}
	return "the " + strings.Join(names, " and ")
}

// field is a field of the act; the zero value where it has none of this name.
func (l AuditLine) field(name string) ChangedField {
	for _, f := range l.Fields() {
		if f.Name == name {
			return f
		}
	}
	return ChangedField{}
}

func (l AuditLine) after(field string) string { return l.field(field).After.Text }

// reasonField is where the line of a refused sign-in says why.
const reasonField = "reason"

// Area is what actions are about, by the first word of theirs.
type Area struct {
	Name string
	// Label is the area as people read it.
	Label string
}

// Areas are what activity can be narrowed to.
var Areas = []Area{
	{"group", "Groups"},
	{"members", "Members"},
	{"contact", "Contacts"},
	{"message", "Messages"},
	{"session", "Signing in"},
	{"user", "People"},
	{"invitation", "Invitations"},
	{"identity", "Other ways to sign in"},
	{"token", "API tokens"},
	{"activity", "Exports and deletions"},
	{"policy", "Sign-in rules"},
	{"database", "Database"},
}

// AreaLabel is an area as people read it.
func AreaLabel(name string) string {
	if i := slices.IndexFunc(Areas, func(a Area) bool { return a.Name == name }); i >= 0 {
		return Areas[i].Label
	}
	return name
}

// FailedSignIns is what activity can be narrowed to besides an action or an area: sign-ins
// that were refused, and who was held off because of them.
const FailedSignIns = "session.failed"

// KnownAction tells whether activity can be narrowed to an action, an area, or FailedSignIns.
func KnownAction(name string) bool {
	_, known := acts[Action(name)]
	return known || name == FailedSignIns || slices.ContainsFunc(Areas, func(a Area) bool { return a.Name == name })
}

// ActionLabel is what activity is narrowed to, as people choose it: "Failed sign-ins", an
// area, or an action: "archived …".
func ActionLabel(name string) string {
	if name == FailedSignIns {
		return "Failed sign-ins"
	}
	words, known := acts[Action(name)]
	if !known {
		return AreaLabel(name)
	}
	return strings.TrimSpace(strings.NewReplacer("{object}", "…", "{members}", "…", "{actor}", "…").Replace(words))
}

// Sentence is what was done, in words that follow Who: what comes before the name of
// the object, that name, and what comes after it. An action that has no words is told
// by its own.
func (l AuditLine) Sentence() (before, object, after string) { return l.sentence(Isolated) }

// sentence is Sentence with the names before and after the object's as shown says.
func (l AuditLine) sentence(shown func(string) string) (before, object, after string) {
	words, known := l.words()
	if !known {
		words = "did “" + strings.NewReplacer(".", " ", "_", " ").Replace(string(l.Action)) + "”"
		if l.ObjectName != "" {
			words += " on {object}"
		}
	}
	// Cut before names are put in: one of them may be “{object}”.
	before, after, found := strings.Cut(words, "{object}")
	names := strings.NewReplacer("{members}", shown(l.members()), "{actor}", "“"+shown(l.ActorName)+"”", "{old}", shown(l.oldName()))
	before, after = names.Replace(before), names.Replace(after)
	if !found {
		return before, "", ""
	}
	if object = l.ObjectName; object == "" {
		object = l.ObjectID
	}
	return before, object, after
}

// Summary is who did what, in one sentence without a full stop.
func (l AuditLine) Summary() string {
	before, object, after := l.sentence(func(name string) string { return name })
	return l.Who() + " " + before + object + after
}

// members is who was added or removed: the name of one, or the number of several.
func (l AuditLine) members() string {
	for _, f := range l.Fields() {
		if f.Name == "contacts" {
			told := f.After
			if told.Members == nil {
				told = f.Before
			}
			if told.Count == 1 && len(told.Members) == 1 {
				return told.Members[0].Username
			}
			return thousands(told.Count) + " members"
		}
	}
	return "members"
}

// ChangedField is one field of what was changed.
type ChangedField struct {
	// Name is that of the API: "avatar_url".
	Name          string
	Before, After Told
}

// Told is a value as the audit log tells it.
type Told struct {
	// None says that there was no value.
	None bool
	Text string
	// Members are the first of the contacts that the value is a list of, and Count is how
	// many there are. Members is nil where it is none.
	Members []Member
	Count   int
}

// Member is a contact as it was when somebody added or removed it.
type Member struct {
	ID       string `json:"id"`
	Username string `json:"username"`
}

// fieldOrder is how fields follow each other; those not in it come after these.
var fieldOrder = []string{"name", "username", "display_name", "phone_number", "email", "role", "description", "avatar_url", "archived_at", "contacts", "lines", "first_entry", "last_entry"}

// Fields are the fields that the act changed, in the order of forms.
func (l AuditLine) Fields() []ChangedField {
	var said map[string]json.RawMessage
	if json.Unmarshal([]byte(l.Changes), &said) != nil {
		return nil
	}
	var fields []ChangedField
	for name, value := range said {
		f := ChangedField{Name: name, Before: Told{None: true}}
		var both map[string]json.RawMessage
		_ = json.Unmarshal(value, &both)
		if both["before"] != nil && both["after"] != nil && len(both) == 2 {
			f.Before, f.After = told(both["before"]), told(both["after"])
		} else {
			f.After = told(value)
		}
		fields = append(fields, f)
	}
	slices.SortFunc(fields, func(a, b ChangedField) int {
		if x, y := placeOf(a.Name), placeOf(b.Name); x != y {
			return x - y
		}
		return strings.Compare(a.Name, b.Name)
	})
	return fields
}

func placeOf(field string) int {
	if i := slices.Index(fieldOrder, field); i >= 0 {
		return i
	}
	return len(fieldOrder)
}

// told is a value that say stored.
func told(value json.RawMessage) Told {
	var named struct {
		Count    int
		Contacts []Member
	}
	var text string
	var list []any
	switch {
	case string(value) == "null":
		return Told{None: true}
	case json.Unmarshal(value, &text) == nil:
		return Told{Text: text}
	case json.Unmarshal(value, &named) == nil && named.Contacts != nil:
		return Told{Members: named.Contacts, Count: named.Count, Text: usernames(named.Contacts, named.Count)}
	case json.Unmarshal(value, &list) == nil:
		words := make([]string, len(list))
		for i, v := range list {
			b, _ := json.Marshal(v) // what came from JSON goes into it again
			words[i] = strings.Trim(string(b), `"`)
		}
		return Told{Text: strings.Join(words, ", ")}
	}
	return Told{Text: string(value)}
}

func usernames(members []Member, count int) string {
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
