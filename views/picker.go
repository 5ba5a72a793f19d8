package views

import (
	"slices"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
)

// Picker selects contacts.
type Picker struct {
	// GroupID is the group whose members are marked, or "".
	GroupID string
	Chosen  []models.Contact
	// With Searched, Find is the search, and Found are the contacts found.
	Find     string
	Searched bool
	Found    []models.Contact
	// Already has the IDs of those who are members.
	Already map[string]bool
	Now     Clock
}

// offers returns the contacts found that are not selected yet.
func (p Picker) offers() []models.Contact {
	var offers []models.Contact
	for _, c := range p.Found {
		if !slices.ContainsFunc(p.Chosen, func(chosen models.Contact) bool { return chosen.ID == c.ID }) {
			offers = append(offers, c)
		}
	}
	return offers
}

// contactsProblem returns the first problem with the selected members.
func contactsProblem(problems access.Invalid) string {
	for _, p := range problems {
		if fieldID(p.Field) == "find" {
			return p.Message
		}
	}
	return ""
}
