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

// TestPeek looks at rows beside their list.
func TestPeek(t *testing.T) {
	t.Parallel()
	s := one(t)
	for _, name := range []string{"Alpha", "Beta", "Gamma"} {
		s.group(name)
	}
	a := s.in(desk)
	a.lists()
	a.types("j")
	a.focuses("Alpha")
	a.press("Space")
	a.sees("aside.peek h2", "Alpha")
	a.hears("Peek: Alpha")
	a.focuses("Alpha") // which stays in the list
	a.press("Down")
	a.sees("aside.peek h2", "Beta")
	a.types("j")
	a.sees("aside.peek h2", "Gamma")
	a.focuses("Gamma")
	a.press("Escape")
	a.until("it is closed", "!document.querySelector('.peek')")
	a.focuses("Gamma")
	a.press("Space")
	a.sees("aside.peek h2", "Gamma")
	a.press("Space")
	a.until("it is closed", "!document.querySelector('.peek')")

	p := s.in(phone)
	p.lists()
	p.click(".list .dots")
	p.click("Peek")
	p.sees("dialog.peek h2", "Alpha")
	p.click("Next row")
	p.sees("dialog.peek h2", "Beta")
	p.click("Close")
	p.until("it is closed", "!document.querySelector('.peek')")
}
