package models

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// acts are the actions in words that follow the actor's name. {object} is the object's
// name, {old} its earlier name, {members} who was added or removed, and {actor} whom a
// visitor claimed to be.
var acts = map[audit.Action]string{
	audit.CreatedGroup:     "created {object}",
	audit.UpdatedGroup:     "changed {object}",
	audit.ArchivedGroup:    "archived {object}",
	audit.RestoredGroup:    "restored {object}",
	audit.DeletedGroup:     "deleted {object} for good",
	audit.PutBackGroup:     "put back a change of {object}",
	audit.AddedMembers:     "added {members} to {object}",
	audit.RemovedMember:    "removed {members} from {object}",
	audit.PutBackMembers:   "put back a change of the members of {object}",
	audit.CreatedContact:   "created the contact {object}",
	audit.UpdatedContact:   "changed the contact {object}",
	audit.DeletedContact:   "deleted the contact {object} for good",
	audit.PutBackContact:   "put back a change of the contact {object}",
	audit.PostedMessage:    "posted a message",
	audit.CreatedToken:     "made the API token {object}",
	audit.RevokedToken:     "revoked the API token {object}",
	audit.CreatedUser:      "made {object} a user",
	audit.ChangedPassword:  "changed the password of {object}",
	audit.SignedIn:         "signed in",
	audit.SignedOut:        "signed out",
	audit.RefusedSignIn:    "failed to sign in as {actor}",
	audit.ExportedActivity: "exported activity",
	audit.ChangedRetention: "changed how long activity is kept",
	audit.DeletedActivity:  "deleted old activity",
	audit.AdoptedActivity:  "accepted the activity as it was found",
	audit.Seeded:           "filled the database with sample data",
	jobs.Started:           "started a job",
	jobs.Cancelled:         "cancelled a job",

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

// selfActs are the words for actions that users did to themselves.
var selfActs = map[audit.Action]string{
	audit.ChangedPassword:   "changed their password",
	identity.UpdatedProfile: "changed their profile",
	audit.ChangedRole:       "changed their role",
	audit.EndedSessions:     "ended their sessions",
	audit.LinkedIdentity:    "linked another way to sign in",

	identity.UnlinkedIdentity: "unlinked another way to sign in",
}

// fieldWords are fields as a sentence names them.
var fieldWords = map[string]string{
	"name": "name", "description": "description", "avatar_url": "avatar URL", "contacts": "members",
	"username": "username", "display_name": "display name", "phone_number": "phone number",
}

// words returns what was done, with the {names} of acts, and whether there are words for
// it.
func words(l audit.Line) (string, bool) {
	self := l.ActorKind == access.UserActor && l.ActorID == l.ObjectID
	switch words, known := selfActs[l.Action]; {
	case self && l.Action == audit.CreatedUser:
		return strings.TrimSpace("joined as " + l.After("role")), true
	case l.Action == audit.CreatedUser && l.ActorKind == access.SystemActor && l.ActorName == identity.SetupName:
		return "made {object} the owner", true
	case self && known:
		return words, true
	case l.Action == audit.RefusedSignIn && l.After(audit.ReasonField) == identity.WrongSecondFactor:
		return "failed the second step of signing in as {object}", true
	case l.Action == audit.HeldOff:
		return holdWords(l), true
	case l.Action == audit.SignedOut && l.Field("other_sessions").Name != "":
		n, _ := strconv.Atoi(l.Field("other_sessions").Before.Text) // what is no number is told as 0
		if n == 1 {
			return "ended 1 other session", true
		}
		return "ended " + text.Thousands(n) + " other sessions", true
	case l.Action == audit.SignedOut && l.Field("unfinished_sign_ins").Name != "":
		return "ended an unfinished sign-in", true
	case l.Action == audit.SignedOut && l.Field("browser").Name != "":
		return "ended one of their sessions", true
	case l.Action == audit.ChangedRetention:
		return "set activity to be kept " + audit.Retention(l.After("kept")).Words(), true
	case l.Action == audit.DeletedActivity:
		return "deleted " + deletedLines(l), true
	case l.Action == audit.UpdatedGroup:
		return changeWords(l, "name", ""), true
	case l.Action == audit.UpdatedContact:
		return changeWords(l, "username", "the contact "), true
	}
	words, known := acts[l.Action]
	return words, known
}

// holdWords describes who has to wait, and why.
func holdWords(l audit.Line) string {
	codes := " wrong codes"
	if l.ActorKind == access.VisitorActor {
		codes += " in the second step of signing in as {object}"
	}
	for _, held := range []struct{ field, words string }{
		{"failed_sign_ins", " failed tries to sign in as {actor}"},
		{"wrong_passwords", " wrong passwords"},
		{"wrong_codes", codes},
		{"failed_tries", " failed tries from " + l.After("address")},
	} {
		if tries := l.After(held.field); tries != "" {
			return acts[audit.HeldOff] + " after " + tries + held.words
		}
	}
	return acts[audit.HeldOff]
}

// deletedLines describes what was deleted of the log: "4,213 lines of activity from before
// 24 November 2025".
func deletedLines(l audit.Line) string {
	n, _ := strconv.Atoi(l.Field("lines").Before.Text) // what is no number is told as 0
	words := text.Thousands(n) + " lines"
	if n == 1 {
		words = "1 line"
	}
	words += " of activity"
	if day, err := time.Parse(time.DateOnly, l.After("from_before")); err == nil {
		words += " from before " + day.Format("2 January 2006")
	}
	return words
}

// changeWords describes the changed fields of a thing, whose name is in the field name:
// "renamed {old} to {object} and changed the description".
func changeWords(l audit.Line, name, thing string) string {
	if oldName(l) == "" {
		if fields := changedFields(l.Fields()); fields != "" {
			return "changed " + fields + " of " + thing + "{object}"
		}
		return "changed " + thing + "{object}"
	}
	words := "renamed " + thing + "{old} to {object}"
	others := slices.DeleteFunc(l.Fields(), func(f audit.ChangedField) bool { return f.Name == name })
	if len(others) > 0 {
		words += " and changed " + cmp.Or(changedFields(others), "other fields")
	}
	return words
}

// oldName returns the name of a group or contact before the act; "" if it stayed.
func oldName(l audit.Line) string {
	name := map[string]string{"group": "name", "contact": "username"}[l.ObjectKind]
	return l.Field(name).Before.Text
}

// changedFields returns fields in words: "the name and description"; "" if there are more
// than two.
func changedFields(fields []audit.ChangedField) string {
	var names []string
	for _, f := range fields {
		names = append(names, fieldWords[f.Name])
	}
	if len(names) == 0 || len(names) > 2 || slices.Contains(names, "") {
		return ""
	}
	return "the " + strings.Join(names, " and ")
}

// Area is a group of actions: Name is their first word.
type Area struct {
	Name string
	// Label is the area as people read it.
	Label string
}

// Areas are those by which activity can be filtered.
var Areas = []Area{
	{"group", "Groups"},
	{"members", "Members"},
	{"contact", "Contacts"},
	{"message", "Messages"},
	{"job", "Jobs"},
	{"session", "Signing in"},
	{"user", "People"},
	{"invitation", "Invitations"},
	{"identity", "Other ways to sign in"},
	{"token", "API tokens"},
	{"activity", "Exports and deletions"},
	{"policy", "Sign-in rules"},
	{"database", "Database"},
}

// AreaLabel returns an area as people read it; an unknown name as it is.
func AreaLabel(name string) string {
	if i := slices.IndexFunc(Areas, func(a Area) bool { return a.Name == name }); i >= 0 {
		return Areas[i].Label
	}
	return name
}

// KnownAction reports whether name is an action, an area or FailedSignIns.
func KnownAction(name string) bool {
	_, known := acts[audit.Action(name)]
	return known || name == audit.FailedSignIns || slices.ContainsFunc(Areas, func(a Area) bool { return a.Name == name })
}

// ActionLabel returns a filter of activity as people read it: "Failed sign-ins", an area,
// or an action: "archived …".
func ActionLabel(name string) string {
	if name == audit.FailedSignIns {
		return "Failed sign-ins"
	}
	words, known := acts[audit.Action(name)]
	if !known {
		return AreaLabel(name)
	}
	return strings.TrimSpace(strings.NewReplacer("{object}", "…", "{members}", "…", "{actor}", "…").Replace(words))
}

// Sentence returns what was done, in words that follow Who: those before the object's name,
// that name, and those after it. An action without words is named itself.
func Sentence(l audit.Line) (before, object, after string) { return sentence(l, text.Isolated) }

// sentence is Sentence with the other names as shown returns them.
func sentence(l audit.Line, shown func(string) string) (before, object, after string) {
	words, known := words(l)
	if !known {
		words = "did “" + strings.NewReplacer(".", " ", "_", " ").Replace(string(l.Action)) + "”"
		if l.ObjectName != "" {
			words += " on {object}"
		}
	}
	// Cut before names are inserted: one of them may be “{object}”.
	before, after, found := strings.Cut(words, "{object}")
	names := strings.NewReplacer("{members}", shown(members(l)), "{actor}", "“"+shown(l.ActorName)+"”", "{old}", shown(oldName(l)))
	before, after = names.Replace(before), names.Replace(after)
	if !found {
		return before, "", ""
	}
	if object = l.ObjectName; object == "" {
		object = l.ObjectID
	}
	return before, object, after
}

// Summary returns who did what, in one sentence without a full stop.
func Summary(l audit.Line) string {
	before, object, after := sentence(l, func(name string) string { return name })
	return l.Who() + " " + before + object + after
}

// members returns who was added or removed: the name of one, or the number of several.
func members(l audit.Line) string {
	for _, f := range l.Fields() {
		if f.Name == "contacts" {
			told := f.After
			if told.Members == nil {
				told = f.Before
			}
			if told.Count == 1 && len(told.Members) == 1 {
				return told.Members[0].Username
			}
			return text.Thousands(told.Count) + " members"
		}
	}
	return "members"
}
