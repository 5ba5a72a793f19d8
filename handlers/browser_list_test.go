package handlers_test

import (
	"fmt"
	"testing"
)

// manyGroups makes more groups than a screen has room for: "Group 01" is the newest.
func manyGroups(s *site) {
	s.Helper()
	for i := 30; i > 0; i-- {
		s.group(fmt.Sprintf("Group %02d", i))
	}
}

// scrolled is how far the page is scrolled down.
const scrolled = "Math.round(scrollY)"

func TestUndoLeavesTheListInItsPlace(t *testing.T) {
	t.Parallel()
	s := one(t)
	manyGroups(s)
	a := s.in(desk)
	a.lists()
	for _, undo := range []func(){func() { a.types("u") }, func() { a.click("Undo") }} {
		eval[bool](a, "(scrollTo(0, 300), true)")
		a.types("j")
		name := eval[string](a, "words(focused())")
		at := eval[int](a, scrolled)
		a.types("y")
		a.sees("#flashes", name+" archived.")
		a.sees("#count", "29 active groups")
		undo()
		a.sees("#flashes", "Undone: archived "+name+".")
		a.sees("#count", "30 active groups")
		a.until("the row is active again", "all('tr[data-status=\"archived\"]').length === 0")
		a.focuses(name)
		if got := eval[int](a, scrolled); got != at || at == 0 {
			t.Errorf("the list was at %d, and is at %d", at, got)
		}
	}
}

// TestUndoGoesWhereTheRowIs is about a list that doesn't show what the undo brings back.
func TestUndoGoesWhereTheRowIs(t *testing.T) {
	t.Parallel()
	s := one(t)
	manyGroups(s)
	a := s.in(desk)
	a.lists()
	a.types("j#")
	a.sees("dialog", "Delete Group 01?")
	a.goes("Archive instead")
	a.sees("#flashes", "Group 01 archived.")
	a.misses("tbody", "Group 01")
	a.until("htmx is there", "!!document.querySelector('#flashes form')._htmx")
	a.goes("Undo")
	a.sees("tbody", "Group 01")
	a.focuses("Group 01")
}

func TestKeysStartAtWhatIsInSight(t *testing.T) {
	t.Parallel()
	s := one(t)
	manyGroups(s)
	a := s.in(desk)
	const inSight = "(() => { const { top, bottom } = focused().closest('tr').getBoundingClientRect(); return top >= 0 && bottom <= innerHeight })()"
	for _, key := range []string{"j", "k"} {
		a.lists()
		eval[bool](a, "(scrollTo(0, 400), true)")
		at := eval[int](a, scrolled)
		a.types(key)
		a.until("a row has the focus", "!!focused().closest('tr') && "+inSight)
		if got := eval[int](a, scrolled); got != at {
			t.Errorf("%s scrolls from %d to %d", key, at, got)
		}
		if got := eval[string](a, "words(focused())"); got == "Group 01" || got == "Group 30" {
			t.Errorf("%s starts at %s", key, got)
		}
	}
}

// TestAMessageMovesNothing is about the footer, which a message must not cover, either.
func TestAMessageMovesNothing(t *testing.T) {
	t.Parallel()
	s := one(t)
	s.group("Plaza Hotel")
	a := s.in(desk)
	for _, look := range []screen{desk, phone} {
		a.look(look)
		a.lists()
		const foot = "Math.round(document.querySelector('.foot > p').getBoundingClientRect().top + scrollY)"
		before := eval[int](a, foot)
		a.types("jy")
		a.sees("#flashes", "Plaza Hotel archived.")
		a.types("y")
		a.sees("#flashes", "Plaza Hotel restored.")
		eval[bool](a, "(scrollTo(0, document.body.scrollHeight), true)")
		a.until("it covers nothing", `(() => {
			const { top, bottom } = document.querySelector('.flash').getBoundingClientRect();
			return all('.foot > p, .foot > .theme, main table').every((e) => { const r = e.getBoundingClientRect(); return r.bottom <= top || r.top >= bottom });
		})()`)
		if after := eval[int](a, foot); after != before {
			t.Errorf("%s: the footer moves from %d to %d", look, before, after)
		}
		a.shoot("message")
	}
}

// TestAViewIsSavedAndOpened saves a view by keyboard, pins it, opens it from the menu and removes
// one of its filters.
func TestAViewIsSavedAndOpened(t *testing.T) {
	t.Parallel()
	s := one(t)
	emptyGroups(s, 3)
	for _, look := range []screen{desk, desk.withoutScripts()} {
		a := s.in(look)
		a.visit("/groups?q=is:empty+002")
		a.reach("Save view")
		name := fmt.Sprint("Without scripts: ", look.scriptless)
		if look.scriptless {
			a.follow(func() { a.press("Enter") })
		} else {
			a.press("Enter")
			a.sees("dialog", "Save view")
		}
		a.focuses("#name")
		a.types(name)
		a.press("Tab") // past sharing
		a.press("Tab")
		a.focuses("[name=pinned]")
		a.types(" ")
		a.follow(func() { a.press("Enter") })
		a.sees("#flashes", "saved.")
		a.visit("/contacts")
		a.sees(".pins", name+" 1")
		a.goes(".pins a")
		a.sees("#count", "1 active group")
		a.reach("Remove filter: “002”")
		if look.scriptless {
			a.follow(func() { a.press("Enter") })
		} else {
			a.press("Enter")
			a.focuses("#q")
		}
		a.sees("#count", "3 active groups")
		s.post("/groups/views/pin", "view", s.pinned(), "pinned", "no").wants(303)
	}
}

// pinned is the view in the owner's menu.
func (s *site) pinned() string {
	s.Helper()
	pins, err := s.store.Identity.SavedViews.Pins(s.Context(), s.by)
	if err != nil || len(pins) != 1 {
		s.Fatal(pins, err)
	}
	return pins[0].View
}
