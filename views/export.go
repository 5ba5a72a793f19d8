package views

import "protocol.chat/console/models/text"

// ExportFormat is a format of files as a form offers it.
type ExportFormat struct{ Name, Label, Hint string }

// matching returns words for a search that limits what is exported; "" for none.
func matching(search string) string {
	if search == "" {
		return ""
	}
	return " matching “" + text.Isolated(search) + "”"
}

// exportedOnly is matching for a number of all.
func exportedOnly(search string) string {
	if search == "" {
		return ""
	}
	return "; only those" + matching(search)
}
