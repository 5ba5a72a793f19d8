package views

import (
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

// MergeSearch is what the page shows that asks for the contact to merge another one with.
type MergeSearch struct {
	models.Contact
	// Q is what was searched for, and Found are the contacts that were found. Suggested says that
	// nobody searched: Found are like the contact.
	Q         string
	Found     []models.Contact
	Suggested bool
	List      templ.SafeURL
	Notes     []string
	Now       Clock
}

// MergeForm is what the page shows before two contacts are merged.
type MergeForm struct {
	models.MergePreview
	// Keep is the id of the contact that is chosen to stay, and Chosen are the ids of those whose
	// values it gets, by field.
	Keep   string
	Chosen map[string]string
	// Changed says that one of them has changed since the form was shown.
	Changed  bool
	Key      string
	List     templ.SafeURL
	Problems access.Invalid
	Notes    []string
	Now      Clock
}

// NewMergeForm returns the form with the choices that are made at first: what the contact that
// stays has, and of the other one what that has no value for.
func NewMergeForm(p models.MergePreview) MergeForm {
	f := MergeForm{MergePreview: p, Keep: p.Contacts[0].ID, Chosen: map[string]string{}}
	if p.TooLarge[1] {
		f.Keep = p.Contacts[1].ID
	}
	for _, field := range f.fields() {
		f.Chosen[field.name] = f.Keep
		for i, value := range field.values {
			if value != "" && field.values[1-i] == "" {
				f.Chosen[field.name] = p.Contacts[i].ID
			}
		}
	}
	return f
}

// mergeField is a field in which two contacts differ.
type mergeField struct {
	name   string
	values [2]string
}

// fields are the fields in which the contacts differ, in the order of the form.
func (f MergeForm) fields() []mergeField {
	var different []mergeField
	second := f.Contacts[1].Fields().Inputs()
	for i, input := range f.Contacts[0].Fields().Inputs() {
		if input.Value != second[i].Value {
			different = append(different, mergeField{input.Name, [2]string{input.Value, second[i].Value}})
		}
	}
	return different
}

// same says which fields are the same, or have no value, in both contacts; "" if none is.
func (f MergeForm) same() string {
	different := map[string]bool{}
	for _, field := range f.fields() {
		different[field.name] = true
	}
	var labels []string
	for _, input := range f.Contacts[0].Fields().Inputs() {
		if !different[input.Name] {
			labels = append(labels, models.FieldLabel(input.Name))
		}
	}
	return strings.Join(labels, ", ")
}

// groups returns how many groups the contact that stays will be in.
func (f MergeForm) groups() int { return f.Both() + f.OnlyCount[0].N + f.OnlyCount[1].N }

// silent reports whether there are no messages to move.
func (f MergeForm) silent() bool {
	return f.Wrote[0].N+f.Wrote[1].N+f.Conversation[0].N+f.Conversation[1].N == 0
}

// possible reports whether the contacts can be merged at all.
func (f MergeForm) possible() bool { return !f.TooLarge[0] || !f.TooLarge[1] }

// name returns the name of the contact at a place. If both have the same, usernames tell them apart.
func (f MergeForm) name(i int) string {
	if f.Contacts[0].Name() == f.Contacts[1].Name() {
		return f.Contacts[i].Username
	}
	return f.Contacts[i].Name()
}

// title names both contacts.
func (f MergeForm) title() string {
	return "Merge " + text.Isolated(f.name(0)) + " and " + text.Isolated(f.name(1)) + "?"
}

// mergeLimit says what makes a contact too large to be merged into another.
func mergeLimit(now Clock) string {
	return "more than " + counted(models.MaxMergedGroups, "group", "groups", now) + " or " + counted(models.MaxMergedMessages, "message", "messages", now)
}

// back returns where the form can be left to.
func (f MergeForm) back() templ.SafeURL { return orElse(f.List, ContactsURL(ContactsAt{})) }
