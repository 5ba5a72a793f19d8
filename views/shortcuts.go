package views

import "strings"

// A shortcut is a key that clicks or focuses the element with its data-key, by keys.js. This is
// the one list of keys, which a test compares with the pages. Without the element a shortcut does
// nothing, so that it can't do more than its reader may.
type shortcut struct {
	// keys are one key, or a sequence of two: "g g". Ctrl+K, which isn't a single key and can't be turned
	// off, is app.js's.
	keys, does string
}

// shortcutGroup is a titled group of shortcuts.
type shortcutGroup struct {
	title     string
	shortcuts []shortcut
}

var shortcutGroups = []shortcutGroup{
	{"Go to", []shortcut{
		{"g o", Overview},
		{"g g", Groups},
		{"g c", Contacts},
		{"g j", Jobs},
		{"g a", Activity},
		{"g s", Settings},
	}},
	{"Lists", []shortcut{
		{"j", "Next row"},
		{"k", "Previous row"},
		{"Enter", "Open the row"},
		{"Space", "Peek at the row"},
		{"x", "Select the row"},
		{"X", "Select up to the row"},
	}},
	{"Page", []shortcut{
		{"Ctrl+K", "Search everything"},
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
