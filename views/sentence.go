package views

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
	"protocol.chat/console/models/webhooks"
)

// acts are the actions in words that follow the actor's name. {object} is the object's
// name, {old} its earlier name, {members} who was added or removed, {rule} the archive rule
// that did it, and {actor} whom a visitor claimed to be.
var acts = map[audit.Action]string{
	audit.CreatedGroup:     "created {object}",
	audit.UpdatedGroup:     "updated {object}",
	audit.ArchivedGroup:    "archived {object}",
	audit.RestoredGroup:    "restored {object}",
	audit.DeletedGroup:     "permanently deleted {object}",
	audit.UndeletedGroup:   "undid the deletion of {object}",
	audit.ChangedHold:      "changed how long {object} are kept",
	audit.RevertedGroup:    "reverted a change to {object}",
	audit.RevertedGroupTo:  "reverted {object} to an earlier time",
	audit.AddedMembers:     "added {members} to {object}",
	audit.RemovedMember:    "removed {members} from {object}",
	audit.RevertedMembers:  "reverted a change to the members of {object}",
	audit.CreatedContact:   "created the contact {object}",
	audit.UpdatedContact:   "updated the contact {object}",
	audit.DeletedContact:   "permanently deleted the contact {object}",
	audit.ErasedContact:    "erased the personal data of the contact {object}",
	audit.RedactedEntries:  "erased the personal data of the contact {object} from more activity",
	audit.RevertedContact:  "reverted a change to the contact {object}",
	audit.MergedContact:    "merged the contact {members} into {object}",
	audit.MergedAway:       "merged the contact {object} into {members}",
	audit.PostedMessage:    "posted a message",
	audit.DeletedMessage:   "deleted a message",
	audit.CreatedToken:     "created the API token {object}",
	audit.RevokedToken:     "revoked the API token {object}",
	audit.CreatedUser:      "created the user {object}",
	audit.ChangedPassword:  "changed the password of {object}",
	audit.SignedIn:         "signed in",
	audit.SignedOut:        "signed out",
	audit.RefusedSignIn:    "failed to sign in as {actor}",
	audit.ExportedActivity: "exported activity",
	audit.ExportedGroups:   "exported groups",
	audit.ExportedGroup:    "exported {object} with its members and messages",
	audit.ExportedMembers:  "exported the members of {object}",
	audit.ExportedContacts: "exported contacts",
	audit.ExportedContact:  "exported the contact {object} with their groups and messages",
	audit.ChangedRetention: "changed activity retention",
	audit.DeletedActivity:  "deleted old activity",
	audit.AdoptedActivity:  "accepted the activity log as is",
	audit.Seeded:           "added sample data",
	jobs.Started:           "started a job",
	jobs.UploadedFile:      "uploaded a file to import",
	jobs.Cancelled:         "cancelled a job",
	jobs.Downloaded:        "downloaded the file of a job",

	"session.unconfirmed":      "failed to confirm their identity",
	"session.hold":             "was temporarily blocked",
	"user.update":              "updated the profile of {object}",
	"user.role":                "changed the role of {object}",
	"user.disable":             "disabled {object}",
	"user.enable":              "enabled {object}",
	"user.reset_second_factor": "reset the second factor of {object}",
	"user.end_sessions":        "signed out all sessions of {object}",
	"user.totp_on":             "set up an authenticator app",
	"user.totp_off":            "removed their authenticator app",
	"user.recovery_codes":      "generated new recovery codes",
	"invitation.create":        "invited {object}",
	"invitation.renew":         "renewed the invitation for {object}",
	"invitation.revoke":        "revoked the invitation for {object}",
	"policy.update":            "changed the sign-in policy",
	"settings.update":          "changed the general settings",
	"token.roll":               "rotated the API token {object}",
	"token.end_old_secret":     "revoked the old secret of the API token {object}",
	"identity.link":            "linked another sign-in method to {object}",
	"identity.unlink":          "unlinked a sign-in method from {object}",

	models.CreatedRule:      "created the archive rule {object}",
	models.UpdatedRule:      "changed the archive rule {object}",
	models.PausedRule:       "paused the archive rule {object}",
	models.StoppedRule:      "stopped the archive rule {object}",
	models.DeletedRule:      "deleted the archive rule {object}",
	models.ScheduledGroup:   "set a date to archive {object}",
	models.UnscheduledGroup: "removed the date to archive {object}",
	models.StoppedSchedule:  "stopped the scheduled archiving of {object}",
	models.ExemptedGroup:    "exempted {object} from archive rules",
	models.UnexemptedGroup:  "ended the exemption of {object} from archive rules",

	webhooks.CreatedWebhook: "created the webhook {object}",
	webhooks.UpdatedWebhook: "changed the webhook {object}",
	webhooks.DeletedWebhook: "deleted the webhook {object}",
	webhooks.RolledWebhook:  "rotated the secret of the webhook {object}",
	webhooks.RevealedSecret: "revealed the secret of the webhook {object}",
	webhooks.TestedWebhook:  "sent a test event to the webhook {object}",
	webhooks.ResentDelivery: "sent deliveries to the webhook {object} again",
	webhooks.StoppedWebhook: "stopped sending to the webhook {object}",

	identity.CreatedView:  "saved the view {object}",
	identity.UpdatedView:  "changed the view {object}",
	identity.DeletedView:  "deleted the view {object}",
	identity.PinnedView:   "pinned the view {object} to their menu",
	identity.UnpinnedView: "unpinned the view {object} from their menu",
}

// selfActs are the words for actions that users did to themselves.
var selfActs = map[audit.Action]string{
	audit.ChangedPassword:   "changed their password",
	identity.UpdatedProfile: "updated their profile",
	audit.ChangedRole:       "changed their role",
	audit.EndedSessions:     "signed out everywhere",
	audit.LinkedIdentity:    "linked another sign-in method",

	identity.UnlinkedIdentity: "unlinked a sign-in method",
}

// actWords returns what was done, with the {names} of acts, and whether there are words for
// it. Dates and numbers are as their reader writes them.
func actWords(l audit.Line, now Clock) (string, bool) {
	self := l.ActorKind == access.UserActor && l.ActorID == l.ObjectID
	switch words, known := selfActs[l.Action]; {
	case self && l.Action == audit.CreatedUser:
		return strings.TrimSpace("joined as " + l.After("role")), true
	case l.Action == audit.CreatedUser && l.ActorKind == access.SystemActor && l.ActorName == identity.SetupName:
		return "made {object} the owner", true
	case self && known:
		return words, true
	case l.Action == audit.RefusedSignIn && identity.ParseReason(l.After(audit.ReasonField)) == identity.WrongSecondFactor:
		return "failed the second-factor check as {object}", true
	case l.Action == audit.ThrottledSignIn:
		return holdWords(l), true
	case l.Action == audit.SignedOut:
		return signOutWords(l, now), true
	case l.Action == audit.ChangedRetention:
		return "set activity retention to " + retentionLabel(audit.ParseRetention(l.After(retentionField))), true
	case l.Action == audit.DeletedGroup && l.Field(audit.HeldField).Name != "":
		return "deleted {object}", true
	case l.Action == audit.DeletedActivity:
		return "deleted " + deletedEntries(l, now), true
	case l.Action == audit.ArchivedGroup:
		return archiveWords(l), true
	case l.Action == audit.UpdatedGroup:
		return changeWords(l, "name", ""), true
	case l.Action == audit.UpdatedContact:
		return changeWords(l, "username", "the contact "), true
	}
	words, known := acts[l.Action]
	return words, known
}

// holdWords describes who is blocked, and why.
func holdWords(l audit.Line) string {
	codes := " incorrect codes"
	if l.ActorKind == access.VisitorActor {
		codes = " incorrect second-factor codes for {object}"
	}
	for _, held := range []struct{ field, words string }{
		{"failed_sign_ins", " failed attempts to sign in as {actor}"},
		{"wrong_passwords", " incorrect passwords"},
		{"wrong_codes", codes},
		{"failed_tries", " failed attempts from " + l.After("address")},
	} {
		if tries := l.After(held.field); tries != "" {
			return acts[audit.ThrottledSignIn] + " after " + tries + held.words
		}
	}
	return acts[audit.ThrottledSignIn]
}

// signOutWords describes which sessions were signed out: the actor's own unless the line
// says otherwise.
func signOutWords(l audit.Line, now Clock) string {
	has := func(field string) bool { return l.Field(field).Name != "" }
	switch {
	case has("other_sessions"):
		return "signed out " + counted(countBefore(l, "other_sessions"), "other session", "other sessions", now)
	case has("unfinished_sign_ins"):
		return "cancelled an unfinished sign-in"
	case has(browserField):
		return "signed out one of their sessions"
	}
	return acts[audit.SignedOut]
}

// archiveWords says which rule archived a group, if one did.
func archiveWords(l audit.Line) string {
	words := acts[audit.ArchivedGroup]
	switch name, by := l.Rule(); {
	case !by:
		return words
	case name == "":
		return words + " on the date set for it"
	}
	return words + " by the archive rule “{rule}”"
}

// deletedEntries describes what was deleted of the log: "4,213 activity entries from before
// 24 November 2025".
func deletedEntries(l audit.Line, now Clock) string {
	words := counted(countBefore(l, "lines"), "activity entry", "activity entries", now)
	if day, err := time.Parse(time.DateOnly, l.After("from_before")); err == nil {
		words += " from before " + fullDay(day, now)
	}
	return words
}

// countBefore returns the number that a field had before; 0 if it had none.
func countBefore(l audit.Line, field string) int {
	n, _ := strconv.Atoi(l.Field(field).Before.Text)
	return n
}

// changeWords describes the changed fields of a thing, whose name is in the field name:
// "renamed {old} to {object} and changed the description".
func changeWords(l audit.Line, name, thing string) string {
	if oldName(l) == "" {
		if fields := changedFields(l.Fields()); fields != "" {
			return "changed " + fields + " of " + thing + "{object}"
		}
		return "updated " + thing + "{object}"
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
		label := models.FieldLabel(f.Name)
		if f.Name == "contacts" {
			label = "members"
		}
		names = append(names, label)
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
	{"view", "Views"},
	{"rule", "Archive rules"},
	{"job", "Jobs"},
	{"session", "Sign-ins"},
	{"user", "Users"},
	{"invitation", "Invitations"},
	{"identity", "Sign-in methods"},
	{"token", "API tokens"},
	{"webhook", "Webhooks"},
	{"activity", "Activity log"},
	{"policy", "Sign-in policy"},
	{"settings", "Settings"},
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
// that name, and those after it. An action without words is named itself. Names are isolated
// from the writing direction of the words around them.
func Sentence(l audit.Line, now Clock) (before, object, after string) {
	return sentenceWith(l, now, text.Isolated)
}

// Summary returns who did what, in one sentence without a full stop, for programs and files:
// names are as they are, dates and numbers in the usual notation.
func Summary(l audit.Line) string { return summaryIn(l, Clock{}) }

// summaryIn is Summary in the notation of its reader.
func summaryIn(l audit.Line, now Clock) string {
	before, object, after := sentenceWith(l, now, func(name string) string { return name })
	return l.Who() + " " + before + object + after
}

// sentenceWith is Sentence with the names other than the object's as shown returns them.
func sentenceWith(l audit.Line, now Clock, shown func(string) string) (before, object, after string) {
	words, known := actWords(l, now)
	if !known {
		words = "did “" + strings.NewReplacer(".", " ", "_", " ").Replace(string(l.Action)) + "”"
		if l.ObjectName != "" {
			words += " on {object}"
		}
	}
	// Cut before names are inserted: one of them may be “{object}”.
	before, after, found := strings.Cut(words, "{object}")
	rule, _ := l.Rule()
	names := strings.NewReplacer("{rule}", shown(rule), "{members}", shown(memberWords(l, now)), "{actor}", "“"+shown(l.ActorName)+"”", "{old}", shown(oldName(l)))
	before, after = names.Replace(before), names.Replace(after)
	if !found {
		return before, "", ""
	}
	return before, cmp.Or(l.ObjectName, l.ObjectID), after
}

// memberWords returns who was added or removed: the name of one, or the number of several.
func memberWords(l audit.Line, now Clock) string {
	f := l.Field("contacts")
	if f.Name == "" {
		return "members"
	}
	who := f.After
	if who.Members == nil {
		who = f.Before
	}
	if who.Count == 1 && len(who.Members) == 1 {
		return who.Members[0].Username
	}
	return thousands(who.Count, now) + " members"
}
