package models

import (
	"regexp"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
)

// Limits of a contact's values, in characters.
const (
	MaxUsername = 64
	MaxPhone    = 32
)

// ContactChange is what a new contact gets or what to change about one: nil leaves a value
// as it is, "" removes an optional one.
type ContactChange struct {
	Username, PhoneNumber, AvatarURL, DisplayName *string
	// Was and If are as in GroupChange.
	Was *ContactFields
	If  func(Contact) bool
	// Problems are as in GroupChange.
	Problems access.Invalid

	reverts string // the id of the audit line that the change puts back, or ""
}

// ContactFields are the values that a form edits; "" for none.
type ContactFields struct{ Username, PhoneNumber, AvatarURL, DisplayName string }

// Fields returns the contact's values for a form.
func (c Contact) Fields() ContactFields {
	return ContactFields{c.Username, text.Deref(c.PhoneNumber), text.Deref(c.AvatarURL), text.Deref(c.DisplayName)}
}

// contactSetter holds checked values; nil leaves one as it is.
type contactSetter struct{ username, phone, avatarURL, displayName *string }

// check returns the checked values of the change, and what is wrong with it.
func (c ContactChange) check() (set contactSetter, problems access.Invalid) {
	set.username = problems.Require("username", c.Username, "Enter a username for the contact.", username)
	set.displayName = problems.Check("display_name", c.DisplayName, displayName)
	set.phone = problems.Check("phone_number", c.PhoneNumber, phoneNumber)
	set.avatarURL = problems.Check("avatar_url", c.AvatarURL, avatarURL)
	return set, c.Problems.And(problems)
}

var usernameForm = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)

func username(s string) (string, string) {
	s, problem := text.Line("The username", s, MaxUsername)
	switch {
	case problem != "":
		return s, problem
	case !usernameForm.MatchString(s):
		return s, "The username can have letters A to Z, digits, dots, hyphens and underscores only."
	}
	return s, ""
}

func displayName(s string) (string, string) {
	return text.Visible(text.ProperName("The display name", s))
}

func phoneNumber(s string) (string, string) {
	s, problem := text.Line("The phone number", s, MaxPhone)
	if problem == "" && s != "" && text.PhoneDigits(s) == "" {
		return s, "The phone number must have digits in it."
	}
	return s, problem
}

func avatarURL(s string) (string, string) { return text.WebAddress("The avatar URL", s) }

// set sets the values, and what is derived from them.
func (c *Contact) set(v contactSetter) {
	if v.username != nil {
		c.Username = *v.username
	}
	if v.phone != nil {
		c.PhoneNumber = text.OrNil(*v.phone)
	}
	if v.avatarURL != nil {
		c.AvatarURL = text.OrNil(*v.avatarURL)
	}
	if v.displayName != nil {
		c.DisplayName = text.OrNil(*v.displayName)
	}
	c.UsernameKey = text.UsernameKey(c.Username)
	c.NameKey = text.SortKey(c.Name())
	c.Search = text.SearchKey(c.Username, text.Deref(c.DisplayName), text.PhoneDigits(text.Deref(c.PhoneNumber)))
}

// merge is GroupChange.merge for contacts.
func (c ContactChange) merge(tx *gorm.DB, stored Contact, set contactSetter) error {
	if c.Was == nil {
		return nil
	}
	now := stored.Fields()
	return overtaken(tx, stored.ID, []edit{
		{"username", set.username, c.Was.Username, now.Username},
		{"display_name", set.displayName, c.Was.DisplayName, now.DisplayName},
		{"phone_number", set.phone, c.Was.PhoneNumber, now.PhoneNumber},
		{"avatar_url", set.avatarURL, c.Was.AvatarURL, now.AvatarURL},
	})
}

// contactDifferences returns what changed about a contact, for the audit line.
func contactDifferences(before, after Contact) map[string]audit.Change {
	return audit.Changes([]audit.Difference{
		{Field: "username", Before: text.OrNil(before.Username), After: text.OrNil(after.Username)},
		{Field: "display_name", Before: before.DisplayName, After: after.DisplayName},
		{Field: "phone_number", Before: before.PhoneNumber, After: after.PhoneNumber},
		{Field: "avatar_url", Before: before.AvatarURL, After: after.AvatarURL},
	})
}
