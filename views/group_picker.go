package views

import (
	"slices"

	"protocol.chat/console/models"
)

// GroupPicker selects groups. Its fields are those of Picker.
type GroupPicker struct {
	Chosen   []models.Group
	Find     string
	Searched bool
	Found    []models.Group
	Now      Clock
}

// offers returns the groups found that are not selected yet.
func (p GroupPicker) offers() []models.Group {
	return slices.DeleteFunc(slices.Clone(p.Found), func(g models.Group) bool {
		return slices.ContainsFunc(p.Chosen, func(chosen models.Group) bool { return chosen.ID == g.ID })
	})
}
