package identity

import (
	"slices"
	"strconv"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// Density is the spacing of rows in lists.
type Density string

// The densities.
const (
	Comfortable Density = ""
	Compact     Density = "compact"
)

// Locale is how dates and numbers are written.
type Locale string

// The locales, with how they write a day and a number.
const (
	DayFirst   Locale = ""            // 23 November 2026, 1,234.5
	MonthFirst Locale = "month-first" // November 23, 2026, 1,234.5
	YearFirst  Locale = "year-first"  // 2026-11-23, 1 234.5
	Dotted     Locale = "dotted"      // 23.11.2026, 1.234,5
)

// Locales are all locales, the default first.
var Locales = []Locale{DayFirst, MonthFirst, YearFirst, Dotted}

// Shortcuts is whether single keys are shortcuts.
type Shortcuts string

// Single-key shortcuts on, the default, or off.
const (
	ShortcutsOn  Shortcuts = ""
	ShortcutsOff Shortcuts = "off"
)

// PageSizes are the numbers of rows to choose from for a page of a list.
var PageSizes = []int{10, 25, 50, 100}

// DefaultPageSize is the page size of users who have chosen none.
const DefaultPageSize = 25

// Rows returns how many rows a page of a list has for the user, unless its URL says.
func (u User) Rows() int {
	if u.PageSize == 0 {
		return DefaultPageSize
	}
	return u.PageSize
}

// Columns are the columns that lists of groups have for a user, in order, as words; "" is
// the usual ones. What they are called is for those to know who show them.
type Columns string

// maxColumns is how long Columns can be, in bytes.
const maxColumns = 200

// checkPreferences adds the preferences to the columns to change.
func (c ProfileChange) checkPreferences(columns map[string]any) (problems access.Invalid) {
	if c.Density != nil {
		columns["density"] = *c.Density
		if *c.Density != Comfortable && *c.Density != Compact {
			problems = append(problems, access.Refused("density", "The density must be comfortable or compact.")...)
		}
	}
	if c.PageSize != nil {
		columns["page_size"] = *c.PageSize
		if !slices.Contains(PageSizes, *c.PageSize) {
			problems = append(problems, access.Refused("page_size", "A page can have 10, 25, 50 or 100 rows.")...)
		}
	}
	if c.Locale != nil {
		columns["locale"] = *c.Locale
		problems = append(problems, c.Locale.check()...)
	}
	if c.Shortcuts != nil {
		columns["shortcuts"] = *c.Shortcuts
		if *c.Shortcuts != ShortcutsOn && *c.Shortcuts != ShortcutsOff {
			problems = append(problems, access.Refused("shortcuts", "Single-key shortcuts are either on or off.")...)
		}
	}
	if c.GroupColumns != nil {
		columns["group_columns"] = *c.GroupColumns
		if words := string(*c.GroupColumns); len(words) > maxColumns || strings.Trim(words, "abcdefghijklmnopqrstuvwxyz_ ") != "" {
			problems = append(problems, access.Refused("columns", "Choose columns from the list.")...)
		}
	}
	return problems
}

// preferences returns a user's preferences before and after, in words.
func preferences(was, is User) []audit.Difference {
	return []audit.Difference{
		{Field: "density", Before: (*string)(&was.Density), After: (*string)(&is.Density)},
		{Field: "page_size", Before: new(strconv.Itoa(was.Rows())), After: new(strconv.Itoa(is.Rows()))},
		{Field: "locale", Before: new(was.Locale.label()), After: new(is.Locale.label())},
		{Field: "group_columns", Before: new(was.GroupColumns.label()), After: new(is.GroupColumns.label())},
		{Field: "shortcuts", Before: new(was.Shortcuts.label()), After: new(is.Shortcuts.label())},
	}
}

// check returns what is wrong with a locale; nil is none to check.
func (l *Locale) check() access.Invalid {
	if l == nil || slices.Contains(Locales, *l) {
		return nil
	}
	return access.Refused("locale", "Choose a format for dates and numbers from the list.")
}

func (l Locale) label() string {
	if l == DayFirst {
		return "day-first"
	}
	return string(l)
}

func (c Columns) label() string {
	if c == "" {
		return "default"
	}
	return string(c)
}

func (s Shortcuts) label() string {
	if s == ShortcutsOn {
		return "on"
	}
	return string(s)
}
