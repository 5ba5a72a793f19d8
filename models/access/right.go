package access

import (
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
)

// Right is permission to do one kind of thing.
type Right string

// The rights.
const (
	ReadGroups      Right = "groups.read"
	EditGroups      Right = "groups.edit"
	ArchiveGroups   Right = "groups.archive"
	DeleteGroups    Right = "groups.delete"
	EditMembers     Right = "members.edit"
	ReadContacts    Right = "contacts.read"
	EditContacts    Right = "contacts.edit"
	DeleteContacts  Right = "contacts.delete"
	ReadMessages    Right = "messages.read"
	PostMessages    Right = "messages.post"
	DeleteMessages  Right = "messages.delete"
	ShareViews      Right = "views.share"
	ManageViews     Right = "views.manage"
	ReadActivity    Right = "activity.read"
	Export          Right = "data.export"
	CreateTokens    Right = "tokens.make"
	ManageTokens    Right = "tokens.manage"
	ReadUsers       Right = "people.read"
	ManageUsers     Right = "people.manage"
	ManageRoles     Right = "roles.manage"
	ManagePolicy    Right = "policy.manage"
	ManageRetention Right = "activity.keep"
	ManageSettings  Right = "settings.manage"
	Webhooks        Right = "webhooks"
)

// SignedInOnly is the right that every signed-in user has, and no token.
const SignedInOnly Right = ""

// Role is a named set of rights.
type Role string

// The roles. Each has fewer rights than those before it, except that auditors see what
// editors do not.
const (
	Owner     Role = "owner"
	Admin     Role = "admin"
	Editor    Role = "editor"
	Moderator Role = "moderator"
	Auditor   Role = "auditor"
)

// Roles are all roles, the most powerful first.
var Roles = []Role{Owner, Admin, Editor, Moderator, Auditor}

// Name returns the role for display: "Owner"; "" for none.
func (r Role) Name() string {
	if r == "" {
		return ""
	}
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

// Rule says which roles have a right.
type Rule struct {
	Right Right
	// Description completes "This role can …": a verb and its object, in lower case.
	Description string
	Roles       []Role
	// Scope reports whether a token can have the right.
	Scope bool
}

// Rules is the table of rights. The store enforces it, pages hide what it does not permit,
// and the documentation shows it.
var Rules = []Rule{
	{ReadGroups, "view groups and their members", Roles, true},
	{EditGroups, "create and edit groups", []Role{Owner, Admin, Editor}, true},
	{ArchiveGroups, "archive and restore groups", []Role{Owner, Admin, Editor, Moderator}, true},
	{DeleteGroups, "permanently delete groups", []Role{Owner, Admin}, true},
	{EditMembers, "add and remove group members", []Role{Owner, Admin, Editor, Moderator}, true},
	{ReadContacts, "view contacts", Roles, true},
	{EditContacts, "create and edit contacts", []Role{Owner, Admin, Editor}, true},
	{DeleteContacts, "permanently delete contacts", []Role{Owner, Admin}, true},
	{ReadMessages, "read messages", Roles, true},
	{PostMessages, "post messages", []Role{Owner, Admin, Editor}, true},
	{DeleteMessages, "delete messages", []Role{Owner, Admin, Moderator}, true},
	{ShareViews, "share saved views", []Role{Owner, Admin, Editor, Moderator}, false},
	{ManageViews, "change and delete views that others share", []Role{Owner, Admin}, false},
	{ReadActivity, "view activity", []Role{Owner, Admin, Auditor}, true},
	{Export, "export data", []Role{Owner, Admin, Auditor}, true},
	{CreateTokens, "create your own API tokens", Roles, false},
	{ManageTokens, "view and revoke other users' API tokens", []Role{Owner, Admin}, false},
	{ReadUsers, "view users", []Role{Owner, Admin, Auditor}, false},
	{Webhooks, "manage webhooks, and see what is sent to them", []Role{Owner, Admin}, true},
	{ManageUsers, "invite and disable users, and reset a lost second factor", []Role{Owner, Admin}, false},
	{ManageRoles, "change roles, and manage owners and admins", []Role{Owner}, false},
	{ManagePolicy, "change the sign-in policy", []Role{Owner}, false},
	{ManageRetention, "change how long activity and deleted groups are kept", []Role{Owner}, false},
	{ManageSettings, "change general settings", []Role{Owner}, false},
}

// Rule returns the rule of a right; without roles if it is unknown.
func (r Right) Rule() Rule {
	i := slices.IndexFunc(Rules, func(rule Rule) bool { return rule.Right == r })
	if i < 0 {
		return Rule{Right: r}
	}
	return Rules[i]
}

// Serialized reports whether changes that need the right run one at a time, so that two
// owners can't remove each other's role at once. They take that lock before they lock an
// account, so they can't deadlock.
func (r Right) Serialized() bool {
	return slices.Contains([]Right{ManageUsers, ManageRoles, ManagePolicy, ManageRetention, ManageSettings}, r)
}

// has reports whether a role has a right.
func (r Role) has(right Right) bool { return slices.Contains(right.Rule().Roles, r) }

// Known reports whether there is such a role.
func (r Role) Known() bool { return slices.Contains(Roles, r) }

// Scopes are the rights that a token has, as far as its owner has them.
type Scopes []Right

// ReadScopes returns the scopes for reading everything in the API except activity and exports.
func ReadScopes() Scopes { return Scopes{ReadGroups, ReadContacts, ReadMessages} }

// WriteScopes returns the scopes for every call of the API except those for activity and exports.
func WriteScopes() Scopes {
	return Scopes{
		ReadGroups, EditGroups, ArchiveGroups, DeleteGroups, EditMembers,
		ReadContacts, EditContacts, DeleteContacts, ReadMessages, PostMessages, DeleteMessages,
	}
}

// String returns the scopes as they are stored: separated by spaces.
func (s Scopes) String() string {
	words := make([]string, len(s))
	for i, right := range s {
		words[i] = string(right)
	}
	return strings.Join(words, " ")
}

// Short returns the scopes for ParseScopes, as "read" or "write" if they are just those.
func (s Scopes) Short() string {
	switch words := s.String(); words {
	case ReadScopes().String():
		return "read"
	case WriteScopes().String():
		return "write"
	default:
		return words
	}
}

// ParseScopes reads scopes separated by spaces or commas; "read" and "write" stand for
// ReadScopes and WriteScopes. Errors: Invalid about "scopes" for what no token can have.
func ParseScopes(words string) (Scopes, error) {
	var scopes Scopes
	for word := range strings.FieldsFuncSeq(words, func(r rune) bool { return r == ' ' || r == ',' }) {
		var more Scopes
		switch word {
		case "read":
			more = ReadScopes()
		case "write":
			more = WriteScopes()
		default:
			if !Right(word).Rule().Scope {
				return nil, Refused("scopes", "“%s” isn't a scope that a token can have.", word)
			}
			more = Scopes{Right(word)}
		}
		scopes = append(scopes, more...)
	}
	return scopes.InOrder(), nil
}

// InOrder returns the scopes without repetition, in the order of Rules.
func (s Scopes) InOrder() Scopes {
	var ordered Scopes
	for _, rule := range Rules {
		if slices.Contains(s, rule.Right) {
			ordered = append(ordered, rule.Right)
		}
	}
	return ordered
}

// Value returns the stored form.
func (s Scopes) Value() (driver.Value, error) { return s.String(), nil }

// Scan reads the stored form. It drops what is no scope any more.
func (s *Scopes) Scan(value any) error {
	words, err := storedText(value)
	if err != nil {
		return fmt.Errorf("scopes: %w", err)
	}
	*s = nil
	for word := range strings.FieldsSeq(words) {
		if Right(word).Rule().Scope {
			*s = append(*s, Right(word))
		}
	}
	return nil
}

// storedText returns a text as database drivers deliver it.
func storedText(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	}
	return "", fmt.Errorf("a %T is no text", value)
}
