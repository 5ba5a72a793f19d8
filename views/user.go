package views

import (
	"slices"
	"strings"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
)

// PeopleList is what the list of people shows.
type PeopleList struct {
	People      []identity.Person
	Invitations []identity.Invitation
	Policy      identity.Policy
	// Begins is the day up to which activity was deleted, in Unix seconds, or 0.
	Begins int64
	By     access.Actor
	Now    Clock
}

// PersonDetail is what the page of one of the people shows.
type PersonDetail struct {
	identity.Person
	Linked []Linked
	// Begins is as in PeopleList.
	Begins int64
	By     access.Actor
	Done   bool
	Now    Clock
}

// InviteForm is what the form for an invitation shows.
type InviteForm struct {
	identity.NewInvitation
	// Roles are those that can be chosen.
	Roles    []access.Role
	Problems access.Invalid
}

// InvitationMade is an invitation with its link, shown this once.
type InvitationMade struct {
	identity.Invitation
	Link string
	Now  Clock
}

// Welcome is what somebody sees who was invited.
type Welcome struct {
	identity.Invitation
	Workspace, Secret string
	Problems          access.Invalid
	Now               Clock
}

// RoleForm is what the form for somebody's role shows.
type RoleForm struct {
	identity.Person
	// Chosen is the role that was chosen. Own says that it is one's own, and Only that
	// nobody else is an owner.
	Chosen   access.Role
	Own      bool
	Only     bool
	Problems access.Invalid
}

// PersonQuestion is asked before something is done to somebody.
type PersonQuestion struct {
	identity.Person
	// Own says that it is about who is asked.
	Own bool
	Now Clock
}

// PolicyForm is what the form for the rules for signing in shows.
type PolicyForm struct {
	Rules []PolicyRule
	// Tokens is as in models.Policy.
	Tokens   bool
	Problems access.Invalid
	Now      Clock
}

// PolicyRule is what is asked of a role: a second factor from a day on, as 2027-01-31.
type PolicyRule struct {
	Role access.Role
	Need bool
	From string
	identity.FactorCount
}

// mine reports whether the page is about who looks at it.
func (d PersonDetail) mine() bool { return d.ID == d.By.UserID }

// managed reports whether who looks at the page may do anything to the person.
func (d PersonDetail) managed() bool { return d.By.MayManage(d.Role) }

// factors are the person's second factors in words.
func factors(p identity.Person, now Clock) string {
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
	return capital(listed(has, "and"))
}

// invited is who an invitation is for, as the log and the buttons call them.
func invited(i identity.Invitation) string {
	if i.Name != "" {
		return i.Name
	}
	return i.Email
}

// signOutTitle asks whether somebody is to be signed out everywhere.
func (q PersonQuestion) signOutTitle() string {
	if q.Own {
		return "Sign out everywhere?"
	}
	return "Sign out " + text.Isolated(q.Name) + " everywhere?"
}

// sessionsEnd says how many sessions of somebody end.
func (q PersonQuestion) sessionsEnd() string {
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

// signOutEffect says what stays as it is.
func (q PersonQuestion) signOutEffect() string {
	if q.Own {
		return "You can sign in again at any time. API tokens keep working."
	}
	return "They can sign in again at any time. To block access, disable them instead. API tokens keep working."
}

// lacks is the sentence for what the reader may not do.
func lacks(by access.Actor, right access.Right) string {
	rule := right.Rule()
	return "Your role, " + by.Role.Name() + ", doesn't let you " + anyOf(rule.Does) + ". " + capital(holders(rule)) + " can."
}

// anyOf is what a right lets one do, as it is said of who may do none of it.
func anyOf(does string) string { return strings.ReplaceAll(does, " and ", " or ") }

// holders are the roles that have a right: "owners, admins and editors".
func holders(rule access.Rule) string {
	names := make([]string, len(rule.Roles))
	for i, r := range rule.Roles {
		names[i] = string(r) + "s"
	}
	return listed(names, "and")
}

// listed is a list in words: "a, b and c".
func listed(words []string, and string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + and + " " + words[last]
}

// Refusal tells somebody which right they lack, and who can give it: some owners, by name.
func Refusal(by access.Actor, right access.Right, owners []string) string {
	if len(owners) == 0 {
		return lacks(by, right)
	}
	return lacks(by, right) + " " + listed(owners, "or") + " (" + plural(len(owners), "owner", "owners") + ") can change your role."
}

// article is somebody of a role: "an editor".
func article(r access.Role) string {
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

// without says how many people a new rule would stop.
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

// PolicyHolds says what the rules ask of whom.
func PolicyHolds(p identity.Policy, now Clock) string {
	var asked []string
	for _, role := range access.Roles {
		if from, need := p.SecondFactor[role]; need && from <= now.Unix() {
			asked = append(asked, string(role)+"s since "+ruleDay(from, now))
		} else if need {
			asked = append(asked, string(role)+"s from "+ruleDay(from, now))
		}
	}
	if len(asked) == 0 {
		return "No role requires a second factor."
	}
	holds := "A second factor is required for " + strings.Join(asked, ", ") + "."
	if p.Tokens {
		holds += " API tokens of users without one are blocked too."
	}
	return holds
}

// ruleDay is the day from which a rule holds. Rules begin at 00:00 UTC, so it is the day
// there, wherever the reader is.
func ruleDay(from int64, now Clock) string {
	return dayOfYear(time.Unix(from, 0).UTC(), now)
}

// asks says since when, or from when on, the rules ask a person for a second factor who can
// sign in; "" where they do not.
func (l PeopleList) asks(p *identity.Person) string {
	from, asked := l.Policy.SecondFactor[p.Role]
	switch {
	case !asked || p.DisabledAt != nil:
		return ""
	case from <= l.Now.Unix():
		return "required since " + ruleDay(from, l.Now)
	}
	return "required from " + ruleDay(from, l.Now)
}

// unseen says of somebody who was not seen that they never were, or what can be known of
// it: begins is the day up to which activity was deleted, or 0.
func unseen(p identity.Person, begins int64, now Clock) string {
	if p.CreatedAt >= begins {
		return "Never"
	}
	return "Not since " + dayOfYear(time.Unix(begins, 0).UTC(), now)
}
