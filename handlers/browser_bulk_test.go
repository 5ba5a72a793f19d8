package handlers_test

import (
	"fmt"
	"strings"
	"testing"
)

// emptyGroups makes n groups without members, and one with.
func emptyGroups(s *site, n int) {
	s.Helper()
	for i := range n {
		s.group(fmt.Sprintf("Empty %03d", i))
	}
	s.group("Plaza Hotel", s.contact("hector"))
}

// runJobs does what a running console does in the background, until the page of a job shows the
// state.
func (t *tab) runJobs(state string) {
	t.Helper()
	if err := t.store.Jobs.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if t.screen.scriptless {
		t.click("Refresh")
	} else { // the page refreshes itself when it is told to
		t.wait("the job is “"+state+"”", func() bool {
			t.relay()
			words, _ := try[string](t, "find('.pill').textContent")
			return strings.Contains(words, state)
		})
	}
	t.sees(".pill", state)
}

// TestEmptyGroupsAreArchived archives all of 120 empty groups in a few clicks, and undoes
// that in one.
func TestEmptyGroupsAreArchived(t *testing.T) {
	t.Parallel()
	s := one(t)
	emptyGroups(s, 120)
	for _, look := range []screen{desk, phone, phone.withoutScripts()} {
		a := s.in(look)
		a.visit("/groups?q=is:empty")
		a.sees("#count", "120 active groups")
		if !look.scriptless {
			a.click("[data-pick-all]")
			a.sees(".bulk", "25 selected")
		}
		a.click("Select all 120 that match")
		a.sees(".bulk", "All 120 selected")
		a.goes(".bulk [value=\"archive\"]")
		a.sees("h1", "Archive 120 groups?")
		a.goes("Archive 120 groups")
		a.sees("#progress", "Not started yet")
		see := func(words string) {
			a.runJobs("Finished")
			a.sees("#progress", words)
		}
		see("120 of 120")
		a.goes("Undo this job")
		see("120 of 120")
		a.visit("/groups?q=is:empty")
		a.sees("#count", "120 active groups")
	}
}

// TestSelectingRows is about the checkboxes, by mouse and by key, and what they lead to.
func TestSelectingRows(t *testing.T) {
	t.Parallel()
	s := one(t)
	manyGroups(s)
	a := s.in(desk)
	a.lists()
	a.types("jxjj")
	a.sees(".bulk", "1 selected")
	a.types("X")
	a.sees(".bulk", "3 selected")
	a.sees("#status", "3 selected")
	a.until("some are selected", "find('[data-pick-all]').indeterminate")
	a.types("x")
	a.sees(".bulk", "2 selected")
	a.follow(func() { a.types("y") }) // of the selection, not of the row
	a.sees("h1", "Archive 2 groups?")
	a.goes("Archive 2 groups")
	a.sees("#flashes", "2 groups archived.")
	a.sees("#count", "28 active groups")
	a.goes("Undo")
	a.sees("#flashes", "2 groups changed back.")
	a.sees("#count", "30 active groups")
	a.click("[data-pick-all]")
	a.sees(".bulk", "25 selected")
	a.click("Clear selection")
	a.until("nothing is selected", "all('.bulk, [data-pick]:checked').length === 0")

	members := "/groups/" + s.group("Trio", s.contact("hector"), s.contact("maria"), s.contact("pedro")).ID + "/members"
	for _, list := range []string{"/contacts", members} {
		a.visit(list)
		a.types("jxjX")
		a.sees(".bulk", "2 selected")
		a.until("some are selected", "find('[data-pick-all]').indeterminate")
	}
	a.goes("Remove from group…")
	a.goes(".fields .primary")
	a.sees("#flashes", "2 contacts removed from groups.")
	a.sees("#count", "1 member")
	a.goes("Undo")
	a.sees("#count", "3 members")

	a.visit("/contacts")
	a.types("jx")
	a.goes("Add to groups…")
	a.click("#find")
	a.types("trio")
	a.sees("#find-options", "Trio")
	a.press("Down")
	a.press("Enter")
	a.sees("[data-tally]", "1 group selected")
	a.sees(".people", "3 members")
	a.click("Remove Trio")
	a.sees("[data-tally]", "0 groups selected")
}
