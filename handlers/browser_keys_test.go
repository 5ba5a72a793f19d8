package handlers_test

import (
	"testing"
)

// stop tells of the thing that has the focus: whether it comes after the one
// before, whether a ring of 2 pixels is round it, and whether it can be seen.
const stop = `(() => {
	const e = focused(), last = window.lastStop;
	window.lastStop = e;
	const ring = (e) => e && getComputedStyle(e).outlineStyle !== 'none' && parseFloat(getComputedStyle(e).outlineWidth) >= 2;
	const { left, top, right, bottom } = e.getBoundingClientRect();
	return {
		name: words(e), page: e === document.body,
		after: !last?.isConnected || e === last || !!(last.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING),
		ring: ring(e) || ring(e.closest('label')),
		seen: hit(e).ok && bottom > 0 && right > 0 && top < innerHeight && left < innerWidth,
	};
})()`

// reach presses Tab until the focus is on a thing, looking at every stop.
func (t *tab) reach(what string) {
	t.Helper()
	eval[bool](t, "(window.lastStop = focused() === document.body ? null : focused(), true)")
	for range 120 {
		t.press("Tab")
		s := eval[struct {
			Name                    string
			Page, After, Ring, Seen bool
		}](t, stop)
		switch {
		case s.Page:
			eval[bool](t, "(window.lastStop = null, true)") // round the end of the page
			continue
		case !s.After:
			t.Errorf("%s: Tab goes back to %q", t.screen, s.Name)
		case !s.Ring:
			t.Errorf("%s: no ring round %q", t.screen, s.Name)
		case !s.Seen:
			t.Errorf("%s: %q is covered or off the screen while it has the focus", t.screen, s.Name)
		}
		if s.Name == what {
			return
		}
	}
	t.Fatalf("%s: Tab never comes to %q\n%s", t.screen, what, t.describe())
}

// opens presses Enter on a link or button that leads to another page.
func (t *tab) opens(what string) {
	t.Helper()
	t.reach(what)
	t.follow(func() { t.press("Enter") })
}

func TestByKeyboardAlone(t *testing.T) {
	t.Parallel()
	needChromium(t)
	for _, look := range []screen{desk, phone} {
		t.Run(look.String(), func(t *testing.T) {
			t.Parallel()
			s := one(t)
			s.contact("hector")
			s.contact("hedwig")
			s.group("Grand Hotel")
			byKeys(s.in(look))
		})
	}
}

func byKeys(a *tab) {
	a.visit("/groups")
	a.press("Tab")
	a.focuses("Skip to content")
	a.press("Enter")
	a.until("the content has the focus", "focused().id === 'main'")
	a.press("Tab")
	a.focuses("Skip to list")
	a.press("Enter")
	a.until("the list has the focus", "focused().id === 'rows'")
	a.press("Tab")
	a.until("its first row is next", "focused().matches('#rows tr:first-child [name=ids]')")
	a.opens("New group")
	a.focuses("#name")
	a.types("Plaza Hotel")
	a.reach("Members (optional)")
	a.types("he")
	a.until("two are offered, and a new contact", "all('[role=\"option\"]').length === 3")
	active := func(n string) {
		a.Helper()
		a.until("option "+n+" is active", "focused().getAttribute('aria-activedescendant') === all('[role=\"option\"]')["+n+"].id && all('[aria-selected=\"true\"]').length === 1")
	}
	a.press("Down")
	active("0")
	a.press("End")
	active("2")
	a.press("Down")
	active("0")
	a.press("Up")
	active("2")
	a.press("Home")
	active("0")
	a.press("Escape")
	a.until("the list is closed, the text stays", "all('[role=\"option\"]').length === 0 && focused().value === 'he'")
	a.press("Escape")
	a.until("the text is gone", "focused().value === ''")
	for _, typed := range []string{"hec", "hed"} {
		a.types(typed)
		a.until("one is offered, and a new contact", "all('[role=\"option\"]').length === 2")
		a.press("Down")
		a.press("Enter")
		a.until("the text is cleared", "focused().value === ''")
	}
	a.reach("Remove hector")
	a.press("Space")
	a.focuses("Remove hedwig")
	a.hears("hector removed. 1 contact selected")
	a.opens("Create group")
	a.sees("h1", "Plaza Hotel")
	a.focuses("h1")

	a.visit("/groups")
	a.reach("Search groups")
	a.types("plaza")
	a.misses("tbody", "Grand Hotel")
	a.focuses("#q")
	a.reach("Active")
	a.press("Right")
	a.sees("main", "No groups match “plaza”")
	a.focuses("Archived")
	a.press("Right")
	a.sees("tbody", "Plaza Hotel")
	a.reach("Actions for Plaza Hotel")
	a.press("Enter")
	a.until("the menu is open", "all(':popover-open').length === 1")
	a.press("Escape")
	a.until("the menu is closed", "all(':popover-open').length === 0")
	a.focuses("Actions for Plaza Hotel")
	a.press("Enter")
	a.reach("Archive")
	a.press("Enter")
	a.sees(`tr[data-status="archived"]`, "Plaza Hotel")
	a.focuses("Plaza Hotel")
	a.reach("Undo")
	a.press("Enter")
	a.sees("#flashes", "Undone: archived Plaza Hotel.")

	a.visit("/groups")
	a.reach("Actions for Plaza Hotel")
	a.press("Enter")
	a.reach("Delete…")
	a.press("Enter")
	a.sees("dialog", "Delete Plaza Hotel?")
	a.focuses("Archive instead")
	a.press("Escape")
	a.focuses("Actions for Plaza Hotel")
	a.press("Enter")
	a.reach("Delete…")
	a.press("Enter")
	a.sees("dialog", "Delete Plaza Hotel?")
	a.focuses("Archive instead")
	a.opens("Delete group")
	a.focuses("Grand Hotel")
	a.sees("#flashes", "Deleting Plaza Hotel in 60 seconds.")
	a.misses("tbody", "Plaza Hotel")
}
