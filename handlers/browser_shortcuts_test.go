package handlers_test

import (
	"testing"

	"protocol.chat/console/models/access"
)

// hits presses keys that lead to another page.
func (t *tab) hits(keys string) {
	t.Helper()
	t.follow(func() { t.types(keys) })
}

// lists opens the list of groups by name, and waits until its forms are htmx's: a key that
// is faster sends them as they are, which also works.
func (t *tab) lists() {
	t.Helper()
	t.visit("/groups?sort=name")
	t.until("htmx is there", "!!document.getElementById('filter')._htmx")
}

func TestShortcuts(t *testing.T) {
	t.Parallel()
	s := one(t)
	s.contact("hector")
	for _, name := range []string{"Alpha", "Beta", "Gamma"} {
		s.group(name)
	}
	a := s.in(desk)

	a.lists()
	a.hits("gc")
	a.at("/contacts")
	a.hits("ga")
	a.at("/activity")
	a.hits("gs")
	a.at("/settings/general")
	a.hits("gg")
	a.at("/groups")
	a.hits("c")
	a.at("/groups/new")

	a.lists()
	a.types("/")
	a.focuses("#q")
	a.types("gcj") // typed, and nothing else
	a.until("the keys are text", "find('#q').value === 'gcj'")
	a.sees("main", "No groups match")
	a.until("a key is told", "find('#q').getAttribute('aria-keyshortcuts') === '/'")

	a.lists()
	a.types("j")
	a.focuses("Alpha")
	a.types("jj")
	a.focuses("Gamma")
	a.types("j")
	a.focuses("Gamma")
	a.types("k")
	a.focuses("Beta")
	a.until("a ring is round it", "focused().matches(':focus-visible') && parseFloat(getComputedStyle(focused()).outlineWidth) >= 2")
	a.hits("e")
	a.sees("h1", "Edit Beta")

	a.lists()
	a.types("jjy")
	a.sees(`tr[data-status="archived"]`, "Beta")
	a.focuses("Beta")
	a.types("y") // the same key brings it back
	a.sees("#flashes", "Beta restored.")
	a.until("it is active", "all('tr[data-status=\"archived\"]').length === 0")
	a.types("y")
	a.sees("#flashes", "Beta archived.")
	a.types("u")
	a.sees("#flashes", "Undone: archived Beta.")
	a.hits("u") // what was done before that
	a.sees("#flashes", "Undone: restored Beta.")
	a.hits("u")
	a.sees("#flashes", "Undone: archived Beta.")
	a.sees("#count", "3 active groups")

	a.lists()
	a.types("j#")
	a.sees("dialog", "Delete Alpha?")
	a.types("e") // nothing, within a dialog
	a.press("Escape")
	a.focuses("Alpha")
	a.follow(func() { a.press("Enter") })
	a.sees("h1", "Alpha")

	a.hits("y")
	a.sees("#flashes", "Alpha archived.")
	a.hits("y")
	a.sees("#flashes", "Alpha restored.")
	a.types("#")
	a.sees("dialog", "Delete Alpha?")
	a.press("Escape")
	a.goes("Activity") // the group's own, whose rows can't be edited
	a.types("je")
	a.until("the row has the focus, and the group is not edited", "location.pathname.endsWith('/activity') && !!focused().closest('[data-row]')")
	a.goes("Overview")
	a.hits("e")
	a.sees("h1", "Edit Alpha")
	a.focuses("#name")
	a.types("ge") // typed
	a.until("the keys are text", "find('#name').value.includes('ge')")
}

func TestShortcutsAfterASwap(t *testing.T) {
	t.Parallel()
	s := one(t)
	for _, name := range []string{"Alpha", "Beta"} {
		s.group(name)
	}
	a := s.in(desk)
	a.lists()
	a.types("/")
	a.types("beta")
	a.misses("tbody", "Alpha")
	a.press("Tab") // out of the field
	a.types("j")
	a.focuses("Beta")
	a.types("y")
	a.sees(`tr[data-status="archived"]`, "Beta")
	a.until("keys are told again", "find('#q').getAttribute('aria-keyshortcuts') === '/'")
}

func TestShortcutsKeepStill(t *testing.T) {
	t.Parallel()
	s := one(t)
	s.group("Alpha")
	a := s.in(desk)
	a.visit("/groups")
	still := func(what string) {
		a.Helper()
		if got := eval[string](a, "here() + ' ' + all('dialog').length + ' ' + focused().tagName"); got != "/groups 0 BODY" {
			a.Errorf("%s: %s", what, got)
		}
	}
	for _, held := range []string{"ctrlKey", "altKey", "metaKey", "isComposing"} {
		eval[bool](a, "['c', 'j', '?', '/'].every((key) => focused().dispatchEvent(new KeyboardEvent('keydown', { key, "+held+": true, bubbles: true, cancelable: true })))")
		still(held)
	}
	a.types("x") // is no shortcut
	still("x")
	eval[bool](a, "(find('h1').contentEditable = 'true', find('h1').focus(), focused().dispatchEvent(new KeyboardEvent('keydown', { key: 'c', bubbles: true, cancelable: true })))")
	a.at("/groups")

	s.prefer("shortcuts", "off").wants(303)
	a.visit("/groups")
	a.types("cj?/")
	still("switched off")
	if eval[bool](a, "!!document.querySelector('[aria-keyshortcuts]:not([data-key*=Ctrl])')") {
		a.Error("keys that are off are told")
	}
	a.click(".account > summary")
	a.click("Keyboard shortcuts")
	a.sees("dialog", "Single-key shortcuts are off.")
}

func TestTheSheetOfShortcuts(t *testing.T) {
	t.Parallel()
	s := one(t)
	g := s.group("Alpha")
	a := s.in(desk)
	const listed = "all('dialog [data-for]').map((e) => e.dataset.for).join(' ')"

	a.visit("/groups")
	a.types("j")
	a.types("?")
	a.until("what the page has is listed", listed+" === 'g o g g g c g j g a g s j k Enter Space x X Ctrl+K / c u ? e y #'")
	a.sees("dialog", "actions apply to the focused row")
	a.until("it is a dialog with a name", "find('dialog') || document.querySelector('dialog[role=dialog][aria-labelledby=dialog-title]')?.open")
	a.focuses("Close")
	a.press("Escape")
	a.until("it is closed", "all('dialog').length === 0")
	a.focuses("Alpha")

	a.visit("/groups/" + g.ID)
	a.types("?")
	a.misses("dialog", "actions apply to the focused row")
	a.until("a group's own page has less", listed+" === 'g o g g g c g j g a g s Ctrl+K u ? e y #'")
	a.press("Enter") // on Close
	a.until("it is closed", "all('dialog').length === 0")

	a.reach("A Anna Account")
	a.press("Enter")
	a.reach("Keyboard shortcuts")
	a.press("Enter")
	a.sees("dialog", "Go to")
	a.press("Escape")
	a.focuses(".account > summary")

	_, auditor := s.colleague(access.Auditor)
	a.signIn(auditor)
	a.visit("/groups/" + g.ID)
	a.types("e")
	a.types("#")
	a.types("?")
	a.until("no more than one may", listed+" === 'g o g g g c g j g a g s Ctrl+K u ?'")
}

// TestShortcutsAreSwitchedOffWithoutScripts is what is needed most by those whom keys harm.
func TestShortcutsAreSwitchedOffWithoutScripts(t *testing.T) {
	t.Parallel()
	s := one(t)
	a := s.in(desk.withoutScripts())
	a.visit("/profile")
	a.click(`[name="shortcuts"][value="off"]`)
	a.goes("Save")
	a.sees("#flashes", "Profile saved.")
	if a.goes("View all shortcuts"); eval[bool](a, "all('a').some((e) => words(e) === 'Keyboard shortcuts')") {
		a.Error("the sheet is offered where there are no scripts")
	}
	a.sees("main", "Single-key shortcuts are off.")
	a.look(desk)
	a.visit("/groups")
	a.types("c")
	a.at("/groups")
}
