package handlers_test

import "testing"

// TestPalette goes from page to page by the palette.
func TestPalette(t *testing.T) {
	t.Parallel()
	s := one(t)
	hotel := s.group("Plaza Hotel")
	s.group("Opera")
	a := s.in(desk)
	active := func(words string) {
		t.Helper()
		a.until(words+" is active", "squeeze(document.getElementById(document.querySelector('.palette input').getAttribute('aria-activedescendant'))?.innerText).includes("+quote(words)+")")
	}

	a.visit("/contacts")
	a.press("ctrl+K")
	a.focuses(".palette input")
	a.types("plaza")
	active("Plaza Hotel")
	a.hears("result")
	a.follow(func() { a.press("Enter") })
	a.at("/groups/" + hotel.ID)

	// It offers what can be done with what is open, and gives the focus back.
	a.click(".finder")
	active("Members of Plaza Hotel")
	a.press("Up")
	a.press("Home")
	a.press("Down")
	active("Edit Plaza Hotel")
	a.press("Escape")
	a.focuses(".finder")
	a.until("it is gone", "!document.querySelector('.palette')")
	a.press("ctrl+K")
	a.focuses(".palette input")
	a.types("arch")
	active("Archive Plaza Hotel")
	a.follow(func() { a.press("Enter") })
	a.sees("#flashes", "Plaza Hotel archived.")
}
