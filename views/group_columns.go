package views

import (
	"cmp"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/identity"
)

// Column is a column of lists of groups besides the name.
type Column struct {
	// Name is its name in addresses.
	Name, Label, Class string
	// Sort is the order that its heading leads to; "" for none.
	Sort string
}

// groupColumns are all columns, in order.
var groupColumns = []Column{
	{"description", "Description", "c-text c-more", ""},
	{"members", "Members", "c-num num", "contacts_count"},
	{"created", "Created", "c-when", "created_at"},
	{"by", "Created by", "c-who c-text", ""},
	{"updated", "Updated", "c-when", "updated_at"},
	{"active", "Last active", "c-when", "last_active_at"},
	{"status", "Status", "c-status", ""},
	{"archived", "Archived", "c-when", "archived_at"},
	{"id", "ID", "c-id", ""},
	{"conversation", "Conversation ID", "c-id", ""},
}

// usualColumns are those of users who have chosen none, and nameColumn is the choice of none
// besides the name.
const (
	usualColumns = "description members created status"
	nameColumn   = "name"
)

// ParseColumns returns the known columns among words, in order; "" if there are none.
func ParseColumns(words []string) string {
	var known []string
	for _, c := range groupColumns {
		if slices.Contains(words, c.Name) {
			known = append(known, c.Name)
		}
	}
	if len(known) == 0 && slices.Contains(words, nameColumn) {
		return nameColumn
	}
	return strings.Join(known, " ")
}

// OwnColumns returns columns as a user keeps them: "" for the usual ones.
func OwnColumns(columns string) identity.Columns {
	if columns == usualColumns {
		return ""
	}
	return identity.Columns(columns)
}

// columns returns the columns of the list. The status is shown only where it differs, and in a list of archived
// groups the usual columns have the time of archiving in its place.
func (l *GroupList) columns() []Column {
	columns := make([]Column, 0, len(groupColumns))
	for _, c := range groupColumns {
		if !l.ShowsColumn(c.Name) {
			continue
		}
		if c.Name == "archived" && l.Status != models.Archived {
			c.Sort = ""
		}
		columns = append(columns, c)
	}
	return columns
}

// chosen returns the names of the columns that were chosen for the list.
func (l *GroupList) chosen() string {
	return cmp.Or(l.At.Cols, string(l.Columns), usualColumns)
}

// ShowsColumn reports whether the list has a column.
func (l *GroupList) ShowsColumn(name string) bool {
	chosen := l.chosen()
	switch {
	case name == "status" && l.Status != models.AnyStatus:
		return false
	case name == "archived" && l.Status == models.Archived && chosen == usualColumns:
		return true
	}
	return hasWord(chosen, name)
}

// chose reports whether a column was chosen for the list.
func (l *GroupList) chose(name string) bool { return hasWord(l.chosen(), name) }

func hasWord(words, word string) bool {
	for w := range strings.FieldsSeq(words) {
		if w == word {
			return true
		}
	}
	return false
}

// ColumnChoice is what the form for the columns shows.
type ColumnChoice struct {
	List GroupList
	// Back is the list that the form was opened from.
	Back templ.SafeURL
}

// ColumnsURL returns the address of the form for the columns of a list.
func ColumnsURL(list templ.SafeURL) templ.SafeURL { return "/groups/columns" + FromList(list) }
