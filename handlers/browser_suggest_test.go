package handlers_test

import (
	"slices"
	"testing"
	"time"

	"protocol.chat/console/models"
)

// TestSuggestionsCompleteASearch types the search language by its suggestions.
func TestSuggestionsCompleteASearch(t *testing.T) {
	t.Parallel()
	s := one(t)
	s.group("Plaza Hotel")
	old := s.group("Old Hotel")
	if _, err := s.store.ArchiveGroup(t.Context(), s.by, old.ID, time.Now().Unix()); err != nil {
		t.Fatal(err)
	}
	a := s.in(desk)
	a.lists()
	shown := func() []string {
		return eval[[]string](a, "all('#suggestions [role=option]:not([hidden])').map((option) => option.dataset.text)")
	}
	shows := func(want ...string) {
		t.Helper()
		a.until("there are suggestions", "find('#q').getAttribute('aria-expanded') === 'true'")
		if got := shown(); !slices.Equal(got, want) {
			t.Errorf("the suggestions are %q, want %q", got, want)
		}
	}
	a.types("/")
	a.types("hotel i")
	a.until("nothing is suggested for a letter", "find('#q').getAttribute('aria-expanded') === 'false'")
	a.types("s")
	shows("is:")
	a.press("Down")
	a.until("it is the active one", "document.getElementById(find('#q').getAttribute('aria-activedescendant')).dataset.text === 'is:'")
	a.press("Enter")
	shows("is:active", "is:archived", "is:empty", "is:duplicate", "is:exempt", "is:scheduled")
	a.types("ar")
	shows("is:archived")
	a.sees("#count", "No active groups found") // the search goes on beside it, and replaces the box
	shows("is:archived")
	a.press("Up")
	a.press("Enter")
	a.until("it is completed", "find('#q').value === 'hotel is:archived '")
	a.sees("tbody", "Old Hotel")
	a.misses("tbody", "Plaza Hotel")
	a.types("-me")
	a.until("a word that is left out is no operator", "find('#q').getAttribute('aria-expanded') === 'false'")
	a.press("Down")
	a.until("also when asked", "find('#q').getAttribute('aria-expanded') === 'false'")
	a.press("Escape")
	eval[bool](a, "(find('#q').value = '', true)")
	a.press("Down")
	a.until("all operators are offered", "all('#suggestions [role=option]:not([hidden])').length > 5")
	if got := shown(); len(got) != len(models.Operators) {
		t.Errorf("the operators are %q", got)
	}
	eval[bool](a, "(document.dispatchEvent(new CustomEvent('htmx:after:swap', { detail: { ctx: { swap: 'none' } } })), true)") // as of a search that was typed before
	if got := shown(); len(got) != len(models.Operators) {
		t.Errorf("after a late answer, the operators are %q", got)
	}
	a.press("Escape")
	a.until("it closes", "find('#q').getAttribute('aria-expanded') === 'false' && focused() === find('#q')")
}
