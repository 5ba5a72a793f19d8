package views

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"protocol.chat/console/models"
)

// ChoicePrefix begins the names of the inputs that choose a contact for a pasted entry.
const ChoicePrefix = "choice."

// Paste is a pasted list of contacts.
type Paste struct {
	Text string
	// Matches are what was found for its entries.
	Matches []models.ContactMatch
	// Before are the entries that were looked up before. Those found of the others are selected.
	Before  []string
	Problem string
}

// pastedRow is an entry of a pasted list, as the picker shows it.
type pastedRow struct {
	models.ContactMatch
	// state is "choose", "missing", "found", "member", or "again" if an entry before it means
	// the same contact.
	state string
	// index is the place of the entry in the list.
	index int
}

// pasted returns the entries of the pasted list: first those that need a look.
func (p Picker) pasted() []pastedRow {
	rows := make([]pastedRow, len(p.Paste.Matches))
	seen := map[string]bool{}
	for i, m := range p.Paste.Matches {
		rows[i] = pastedRow{m, p.stateOf(m, seen), i}
		if len(m.Contacts) == 1 {
			seen[m.Contacts[0].ID] = true
		}
	}
	order := []string{"choose", "missing", "found", "member", "again"}
	slices.SortStableFunc(rows, func(a, b pastedRow) int {
		return slices.Index(order, a.state) - slices.Index(order, b.state)
	})
	return rows
}

func (p Picker) stateOf(m models.ContactMatch, seen map[string]bool) string {
	switch {
	case len(m.Contacts) > 1:
		return "choose"
	case len(m.Contacts) == 0:
		return "missing"
	case p.Already[m.Contacts[0].ID]:
		return "member"
	case seen[m.Contacts[0].ID]:
		return "again"
	}
	return "found"
}

// choice returns the name of the radio buttons for an entry.
func (r pastedRow) choice() string { return ChoicePrefix + strconv.Itoa(r.index) }

// chosen returns the ID of the contact that was chosen for an entry, or "".
func (r pastedRow) chosen(p Picker) string {
	for _, c := range r.Contacts {
		if p.isChosen(c) && !p.Already[c.ID] {
			return c.ID
		}
	}
	return ""
}

// picked reports whether a contact of the pasted list is selected: those found are, unless that
// was undone.
func (p Picker) picked(r pastedRow, c models.Contact) bool {
	return p.isChosen(c) || r.state == "found" && !slices.Contains(p.Paste.Before, r.Entry)
}

// listed returns the selected contacts that the pasted list doesn't show.
func (p Picker) listed() []models.Contact {
	shown := map[string]bool{}
	for _, m := range p.Paste.Matches {
		for _, c := range m.Contacts {
			shown[c.ID] = !p.Already[c.ID]
		}
	}
	return slices.DeleteFunc(slices.Clone(p.Chosen), func(c models.Contact) bool { return shown[c.ID] })
}

// selected returns how many contacts are selected.
func (p Picker) selected() int {
	n := len(p.listed())
	for _, row := range p.pasted() {
		if row.state == "found" && p.picked(row, row.Contacts[0]) || row.state == "choose" && row.chosen(p) != "" {
			n++
		}
	}
	return n
}

// entries returns the pasted entries as one value: none has a comma.
func (p Paste) entries() string {
	entries := make([]string, len(p.Matches))
	for i, m := range p.Matches {
		entries[i] = m.Entry
	}
	return strings.Join(entries, ",")
}

// pastedSummary returns what was found for a pasted list: "12 found · 3 not found".
func (p Picker) pastedSummary() string {
	n := map[string]int{}
	for _, row := range p.pasted() {
		n[row.state]++
	}
	var parts []string
	for _, part := range []struct{ state, words string }{
		{"found", "found"}, {"choose", "to choose from"}, {"missing", "not found"}, {"member", "already members"}, {"again", "repeated"},
	} {
		if n[part.state] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[part.state], part.words))
		}
	}
	return strings.Join(parts, " · ")
}

// missing reports whether nothing was found for a pasted entry.
func (p Paste) missing() bool {
	return slices.ContainsFunc(p.Matches, func(m models.ContactMatch) bool { return len(m.Contacts) == 0 })
}
