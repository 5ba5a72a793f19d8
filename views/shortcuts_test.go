package views

import (
	"html"
	"regexp"
	"slices"
	"testing"

	"protocol.chat/console/models/identity"
)

// Every key that a page gives to an element is in the list of shortcuts, and every shortcut
// of the list is some page's; keys.js itself does the others.
func TestShortcutsAreThosePressed(t *testing.T) {
	var listed []string
	for _, g := range shortcutGroups {
		for _, s := range g.shortcuts {
			listed = append(listed, s.keys)
		}
	}
	given := []string{"j", "k", "Enter", "X"}
	for name, c := range everyPage() {
		page := draw(t, Document(Page{Title: name, Body: c, Frame: Frame{User: "Anna", By: owner, Path: "/", Flashes: []Flash{{Text: "Done.", Undo: &Undo{Action: "/x"}}}}}))
		for _, found := range regexp.MustCompile(` data-key="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			keys := html.UnescapeString(found[1])
			if given = append(given, keys); !slices.Contains(listed, keys) {
				t.Errorf("%s: the key %q is not in the list", name, keys)
			}
		}
	}
	for _, keys := range listed {
		if !slices.Contains(given, keys) {
			t.Errorf("%q is in the list, and on no page", keys)
		}
	}
	slices.Sort(listed)
	if len(slices.Compact(slices.Clone(listed))) != len(listed) {
		t.Errorf("two shortcuts have the same keys: %q", listed)
	}
}

func TestDatesAndNumbersAreTheReaders(t *testing.T) {
	at := noon.AddDate(0, -1, 0).Add(2*60*60*1e9 + 5*60*1e9).Unix()
	old := noon.AddDate(-1, 0, 0).Unix()
	for locale, want := range map[identity.Locale][]string{
		identity.DayFirst:   {"23 October 2026, 14:05 UTC", "23 Oct", "23 Nov 2025", "23 October", "1,234,567", "1.23 million", "31 Jan 2026"},
		identity.MonthFirst: {"October 23, 2026, 2:05 PM UTC", "Oct 23", "Nov 23, 2025", "October 23", "1,234,567", "1.23 million", "Jan 31, 2026"},
		identity.YearFirst:  {"2026-10-23 14:05 UTC", "2026-10-23", "2025-11-23", "2026-10-23", "1\u202f234\u202f567", "1.23 million", "2026-01-31"},
		identity.Dotted:     {"23.10.2026 14:05 UTC", "23.10.2026", "23.11.2025", "23.10.2026", "1.234.567", "1,23 million", "31.01.2026"},
	} {
		now := NewClock(noon.Time, locale)
		got := []string{
			fullTime(at, now), ago(at, now), ago(old, now), dayOfYear(now.local(at), now),
			thousands(1_234_567, now), roughly(1_234_567, now), typedDay("2026-01-31", now),
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", locale, got, want)
		}
	}
	if got := typedDay("soon", noon); got != "soon" {
		t.Errorf("no day is %q", got)
	}
	if got, want := NewClock(noon.Time, "klingon"), noon; fullTime(at, got) != fullTime(at, want) {
		t.Errorf("a locale that nobody knows writes %s", fullTime(at, got))
	}
	if got := example(identity.Dotted); got != "23.11.2026 14:05 · 1.234,5" {
		t.Error(got)
	}
}

func TestSizesOfPages(t *testing.T) {
	for _, c := range []struct {
		limit, own int
		current    int
		plain      int // the one whose address has no limit
	}{{0, 0, 25, 25}, {0, 50, 50, 50}, {25, 50, 25, 50}, {5, 25, 0, 25}} {
		l := GroupList{At: GroupsAt{Limit: c.limit, After: "x"}, PageSize: c.own}
		for _, s := range l.paging().Sizes {
			if s.Current != (s.N == c.current) || (s.Href == "/groups") != (s.N == c.plain) {
				t.Errorf("limit %d of %d: %+v", c.limit, c.own, s)
			}
		}
	}
}
