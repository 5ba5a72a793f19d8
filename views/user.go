package views

import (
	"slices"
	"strings"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
)

// UserList is what the list of users shows.
type UserList struct {
	Users       []identity.Account
	Invitations []identity.Invitation
	Policy      identity.Policy
	// Begins is the day up to which activity was deleted, in Unix seconds, or 0.
	Begins int64
	By     access.Actor
	Now    Clock
}

// UserDetail is what a user's page shows.
type UserDetail struct {
	identity.Account
	Linked []Linked
	// Begins is as in UserList.
	Begins int64
	By     access.Actor
	Done   bool
	Now    Clock
}

// InviteForm is what the form for an invitation shows.
type InviteForm struct {
	identity.NewInvitation
	// Roles are the choices.
	Roles    []access.Role
	Problems access.Invalid
}

// InvitationLink is a new invitation with its link, which is shown only once.
type InvitationLink struct {
	identity.Invitation
	Link string
	By   access.Actor
	Now  Clock
}

// Welcome is what the page of an invitation link shows.
type Welcome struct {
	identity.Invitation
	Workspace, Secret string
	Problems          access.Invalid
	Now               Clock
}

// RoleForm is what the form for a user's role shows.
type RoleForm struct {
	identity.Account
	// Chosen is the selected role. Own says that the user is the reader, and Only that there is
	// no other owner.
	Chosen   access.Role
	Own      bool
	Only     bool
	Problems access.Invalid
}

// UserQuestion is what a confirmation before an action on a user shows.
type UserQuestion struct {
	identity.Account
	// Own says that the user is the reader.
	Own bool
	Now Clock
}

// PolicyForm is what the Sign-in policy page shows.
type PolicyForm struct {
	Rules []PolicyRule
	// Tokens is as in models.Policy.
	Tokens bool
	// PublicDocs is as in identity.Policy.
	PublicDocs bool
	Problems   access.Invalid
	Now        Clock
}

// PolicyRule is whether a role needs a second factor, and from which day, as 2027-01-31.
type PolicyRule struct {
	Role access.Role
	Need bool
	From string
	identity.FactorCount
}

// own reports whether the user is the reader.
func (d UserDetail) own() bool { return d.ID == d.By.UserID }

// manageable reports whether the reader may manage the user.
func (d UserDetail) manageable() bool { return d.By.MayManage(d.Role) }

// factors returns a user's second factors in words.
func factors(p identity.Account, now Clock) string {
	var has []string
	if p.TOTP {
		has = append(has, "authenticator app")
	}
	if p.Passkeys > 0 {
		has = append(has, counted(p.Passkeys, "passkey", "passkeys", now))
	}
	if len(has) == 0 {
		return "None"
	}
	return capitalize(listed(has, "and"))
}

// invited returns the name of whom an invitation is for, or else their email.
func invited(i identity.Invitation) string {
	if i.Name != "" {
		return i.Name
	}
	return i.Email
}

// signOutTitle returns the title of the confirmation before a user is signed out everywhere.
func (q UserQuestion) signOutTitle() string {
	if q.Own {
		return "Sign out everywhere?"
	}
	return "Sign out " + text.Isolated(q.Name) + " everywhere?"
}

// sessionsEnd returns how many sessions end.
func (q UserQuestion) sessionsEnd() string {
	switch q.Sessions {
	case 0:
		return "They have no active sessions."
	case 1:
		if q.Own {
			return "Your only session, this one, ends immediately."
		}
		return "1 session ends immediately."
	}
	if q.Own {
		return thousands(q.Sessions, q.Now) + " sessions end immediately, including this one."
	}
	return thousands(q.Sessions, q.Now) + " sessions end immediately."
}

// signOutEffect returns what doesn't change.
func (q UserQuestion) signOutEffect() string {
	if q.Own {
		return "You can sign in again at any time. API tokens keep working."
	}
	return "They can sign in again at any time. To block access, disable them instead. API tokens keep working."
}

// noPermission returns the sentence on a permission that the reader lacks.
func noPermission(by access.Actor, right access.Right) string {
	rule := right.Rule()
	return "Your role, " + by.Role.Name() + ", doesn't let you " + anyOf(rule.Description) + ". " + capitalize(holders(rule)) + " can."
}

// anyOf returns what a right permits, as it reads in a negation.
func anyOf(does string) string { return strings.ReplaceAll(does, " and ", " or ") }

// roleDescription says what a role may do, in a sentence.
func roleDescription(r access.Role) string {
	return map[access.Role]string{
		access.Owner:     "Full access, including managing roles.",
		access.Admin:     "Everything except managing owners, admins, roles, sign-in policy and retention.",
		access.Editor:    "Create, edit and archive groups and contacts, and post messages.",
		access.Moderator: "Add and remove members, archive groups, and delete messages.",
		access.Auditor:   "Read-only access to everything, including activity and exports.",
	}[r]
}

// holders returns the roles that have a right: "owners, admins and editors".
func holders(rule access.Rule) string {
	names := make([]string, len(rule.Roles))
	for i, r := range rule.Roles {
		names[i] = string(r) + "s"
	}
	return listed(names, "and")
}

// listed returns a list in words: "a, b and c".
func listed(words []string, and string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + and + " " + words[last]
}

// Refusal returns the sentence on a permission that the reader lacks, with the names of owners who
// can change that.
func Refusal(by access.Actor, right access.Right, owners []string) string {
	if len(owners) == 0 {
		return noPermission(by, right)
	}
	return noPermission(by, right) + " " + listed(owners, "or") + " (" + plural(len(owners), "owner", "owners") + ") can change your role."
}

// withArticle returns a role with its article: "an editor".
func withArticle(r access.Role) string {
	if strings.ContainsRune("aeiou", rune(r[0])) {
		return "an " + string(r)
	}
	return "a " + string(r)
}

// active returns how many sessions or tokens are active: "2 active".
func active(n int, now Clock) string {
	if n == 0 {
		return "None"
	}
	return thousands(n, now) + " active"
}

// has reports whether a rule names a role.
func has(rule access.Rule, r access.Role) bool { return slices.Contains(rule.Roles, r) }

// without returns how many users of the role have no second factor.
func (r PolicyRule) without(now Clock) string {
	switch {
	case r.People == 0:
		return "No " + string(r.Role) + "s yet."
	case r.Without == 0:
		return "All have one."
	case r.Without == 1:
		return "1 doesn't have one yet."
	}
	return thousands(r.Without, now) + " don't have one yet."
}

// PolicySummary returns a summary of the sign-in policy.
func PolicySummary(p identity.Policy, now Clock) string {
	var asked []string
	for _, role := range access.Roles {
		if from, need := p.SecondFactor[role]; need && from <= now.Unix() {
			asked = append(asked, string(role)+"s since "+ruleDay(from, now))
		} else if need {
			asked = append(asked, string(role)+"s from "+ruleDay(from, now))
		}
	}
	docs := ""
	if p.PublicDocs {
		docs = " Everybody can read the documentation."
	}
	if len(asked) == 0 {
		return "No role requires a second factor." + docs
	}
	holds := "A second factor is required for " + strings.Join(asked, ", ") + "."
	if p.Tokens {
		holds += " API tokens of users without one are blocked too."
	}
	return holds + docs
}

// ruleDay returns the day from which a rule applies. Rules start at 00:00 UTC, so it is the day
// there, whatever the reader's zone.
func ruleDay(from int64, now Clock) string {
	return dayOfYear(time.Unix(from, 0).UTC(), now)
}

// requirement returns since when, or from when, a user needs a second factor, or "" if they don't.
func (l UserList) requirement(p *identity.Account) string {
	from, asked := l.Policy.SecondFactor[p.Role]
	switch {
	case !asked || p.DisabledAt != nil:
		return ""
	case from <= l.Now.Unix():
		return "required since " + ruleDay(from, l.Now)
	}
	return "required from " + ruleDay(from, l.Now)
}

// neverSeen returns the text for a user without a last time seen: "Never", or the earliest day it
// could have been if older activity was deleted. begins is the day up to which it was, or 0.
func neverSeen(p identity.Account, begins int64, now Clock) string {
	if p.CreatedAt >= begins {
		return "Never"
	}
	return "Not since " + dayOfYear(time.Unix(begins, 0).UTC(), now)
}
