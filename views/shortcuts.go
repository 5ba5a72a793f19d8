package views

import "strings"

// A shortcut is a key that does what an element of the page does. The element says so by
// its data-key, keys.js presses it, and the sheet of shortcuts lists it: which key is whose
// is decided here, and a test holds the pages to it. Shortcuts act only where the page has
// their element, so they can do no more than its reader may.
type shortcut struct {
	// keys are one key, or two that are pressed one after the other: "g g".
	keys, does string
}

// shortcutGroup is shortcuts for one purpose.
type shortcutGroup struct {
	title     string
	shortcuts []shortcut
}

var shortcutGroups = []shortcutGroup{
	{"Go to", []shortcut{
		{"g g", Groups},
		{"g c", Contacts},
		{"g a", Activity},
		{"g p", People},
		{"g t", Tokens},
	}},
	{"Lists", []shortcut{
		{"j", "Next row"},
		{"k", "Previous row"},
		{"Enter", "Open the row"},
	}},
	{"Page", []shortcut{
		{"/", "Search"},
		{"c", "Create"},
		{"u", "Undo last action"},
		{"?", "Show shortcuts"},
	}},
	{"Actions", []shortcut{
		{"e", "Edit"},
		{"y", "Archive or restore"},
		{"#", "Delete"},
	}},
}

// pressed returns the keys of a shortcut, one by one.
func (s shortcut) pressed() []string { return strings.Fields(s.keys) }

// sectionKeys returns the keys that lead to a section, or "".
func sectionKeys(section string) string {
	for _, s := range shortcutGroups[0].shortcuts {
		if s.does == section {
			return s.keys
		}
	}
	return ""
}
