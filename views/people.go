package views

import (
	"slices"
	"strings"

	"protocol.chat/console/models"
)

// PeopleList is what the list of people shows.
type PeopleList struct {
	People      []models.Person
	Invitations []models.Invitation
	By          models.Actor
	Now         Clock
}

// PersonDetail is what the page of one of the people shows.
type PersonDetail struct {
	models.Person
	By   models.Actor
	Done bool
	Now  Clock
}

// InviteForm is what the form for an invitation shows.
type InviteForm struct {
	models.NewInvitation
	// Roles are those that can be chosen.
	Roles    []models.Role
	Problems models.Invalid
}

// InvitationMade is an invitation with its link, shown this once.
type InvitationMade struct {
	models.Invitation
	Link string
	Now  Clock
}

// Welcome is what somebody sees who was invited.
type Welcome struct {
	models.Invitation
	Workspace, Secret string
	Problems          models.Invalid
	Now               Clock
}

// RoleForm is what the form for somebody's role shows.
type RoleForm struct {
	models.Person
	// Chosen is the role that was chosen, and Own says that it is one's own.
	Chosen   models.Role
	Own      bool
	Problems models.Invalid
}

// PersonQuestion is asked before something is done to somebody.
type PersonQuestion struct {
	models.Person
	Now Clock
}

// PolicyForm is what the form for the rules for signing in shows.
type PolicyForm struct {
	Rules    []PolicyRule
	Problems models.Invalid
}

// PolicyRule is what is asked of a role: a second factor from a day on, as 2027-01-31.
type PolicyRule struct {
	Role models.Role
	Need bool
	From string
	// Without is how many people of the role have no second factor.
	Without int
}

// mine tells whether the page is about who looks at it.
func (d PersonDetail) mine() bool { return d.ID == d.By.UserID }

// managed tells whether who looks at the page may do anything to the person.
func (d PersonDetail) managed() bool { return d.By.MayManage(d.Role) }

// factors are the person's second factors in words.
func factors(p models.Person) string {
	var has []string
	if p.TOTP {
		has = append(has, "codes from an app")
	}
	if p.Passkeys > 0 {
		has = append(has, counted(p.Passkeys, "passkey", "passkeys"))
	}
	if len(has) == 0 {
		return "None"
	}
	return capital(listed(has, "and"))
}

// invited is who an invitation is for, as the log and the buttons call them.
func invited(i models.Invitation) string {
	if i.Name != "" {
		return i.Name
	}
	return i.Email
}

// lacks is the sentence for what the reader may not do.
func lacks(by models.Actor, right models.Right) string {
	rule := right.Rule()
	return "Your role, " + by.Role.Name() + ", does not let you " + rule.Does + ". " + capital(holders(rule)) + " may."
}

// holders are the roles that have a right: "owners, admins and editors".
func holders(rule models.Rule) string {
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
func Refusal(by models.Actor, right models.Right, owners []string) string {
	if len(owners) == 0 {
		return lacks(by, right)
	}
	return lacks(by, right) + " " + listed(owners, "or") + " (" + plural(len(owners), "owner", "owners") + ") can change your role."
}

// article is somebody of a role: "an editor".
func article(r models.Role) string {
	if strings.ContainsRune("aeiou", rune(r[0])) {
		return "an " + string(r)
	}
	return "a " + string(r)
}

// described is what somebody of a role does: "An editor creates groups."
func described(r models.Role) string {
	does := r.Does()
	return capital(article(r)) + " " + strings.ToLower(does[:1]) + does[1:]
}

// browsers says in how many browsers somebody is signed in.
func browsers(n int) string {
	if n == 0 {
		return "Nowhere"
	}
	return "In " + counted(n, "browser", "browsers")
}

func tokensInUse(n int) string {
	if n == 0 {
		return "None"
	}
	return thousands(n) + " in use"
}

// has tells whether a rule names a role.
func has(rule models.Rule, r models.Role) bool { return slices.Contains(rule.Roles, r) }

// withoutFactor says how many people a new rule would stop.
func withoutFactor(n int) string {
	switch n {
	case 0:
		return "Nobody is without one."
	case 1:
		return "1 of them has none yet."
	}
	return thousands(n) + " of them have none yet."
}
