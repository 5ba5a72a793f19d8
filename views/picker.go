package views

import (
	"slices"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

// Picker selects contacts.
type Picker struct {
	By access.Actor
	// Existing says that no contact can be created here.
	Existing bool
	// GroupID is the group whose members are marked, or "".
	GroupID string
	Chosen  []models.Contact
	// With Searched, Find is the search, and Found are the contacts found.
	Find     string
	Searched bool
	Found    []models.Contact
	// Already has the IDs of those who are members.
	Already map[string]bool
	Paste   Paste
	New     NewPick
	Now     Clock
}

// NewPick is the form that creates a contact in a picker.
type NewPick struct {
	// Shown shows the form; otherwise scripts do that.
	Shown                 bool
	Username, DisplayName string
	Problems              access.Invalid
}

// isChosen reports whether a contact was selected.
func (p Picker) isChosen(c models.Contact) bool {
	return slices.ContainsFunc(p.Chosen, func(chosen models.Contact) bool { return chosen.ID == c.ID })
}

// offers returns the contacts found that are not selected yet.
func (p Picker) offers() []models.Contact {
	return slices.DeleteFunc(slices.Clone(p.Found), p.isChosen)
}

// offersNew reports whether the reader can create a contact of what was searched for.
func (p Picker) offersNew() bool { return p.New.Username != "" && p.mayCreate() }

func (p Picker) mayCreate() bool { return !p.Existing && p.By.May(access.EditContacts) }

// createLabel returns the label of the option that creates a contact.
func (p Picker) createLabel() string { return "Create contact “" + text.Isolated(p.Find) + "”" }

// focused reports whether a step in selecting contacts led to the page, so that the focus is there.
func (p Picker) focused() bool { return p.Searched || len(p.Paste.Matches) > 0 || p.New.Shown }

// contactsProblem returns the first problem with the selected members.
func contactsProblem(problems access.Invalid) string {
	for _, p := range problems {
		if fieldID(p.Field) == "find" {
			return p.Message
		}
	}
	return ""
}
