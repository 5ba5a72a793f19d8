package handlers_test

import (
	"fmt"
	"testing"
)

// TestTextIsNoMarkup: the browser refuses to take text for markup or for a script, but by
// the console's own policy.
func TestTextIsNoMarkup(t *testing.T) {
	s := one(t)
	a := s.in(desk)
	a.expect("Trusted")
	a.expect("trusted")
	a.visit("/groups")
	for _, sink := range []string{
		"document.createElement('p').innerHTML = '<b>x</b>'", "new DOMParser().parseFromString('<b>x</b>', 'text/html')",
		"Document.parseHTMLUnsafe('<b>x</b>')", "document.createElement('script').src = '/x.js'", "document.createElement('script').text = '1'",
		"trustedTypes.createPolicy('other', {})", "trustedTypes.createPolicy('console', {})",
	} {
		if got := eval[string](a, fmt.Sprintf(`(() => { try { %s; return 'taken'; } catch (e) { return e.name; } })()`, sink)); got != "TypeError" {
			t.Errorf("%s: %s", sink, got)
		}
	}
}

// TestSigningOutClearsTheStorage of the browser, and not the choices in its cookies.
func TestSigningOutClearsTheStorage(t *testing.T) {
	s := one(t)
	s.post("/theme", "theme", "dark").wants(303)
	a := s.in(desk)
	a.visit("/groups")
	if kept := eval[int](a, "localStorage.length + sessionStorage.length"); kept != 0 {
		t.Errorf("the console keeps %d things in storage", kept)
	}
	eval[bool](a, "(localStorage.setItem('x', '1'), sessionStorage.setItem('x', '1'), true)")
	a.visit("/contacts")
	a.until("the storage lasts", "localStorage.length === 1")
	eval[bool](a, `(document.querySelector('form[action="/logout"]').requestSubmit(), true)`)
	a.sees("h1", "Sign in")
	a.until("the storage is empty", "localStorage.length === 0")
	a.until("the theme stays", "document.documentElement.dataset.theme === 'dark'")
}
