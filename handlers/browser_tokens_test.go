package handlers_test

import (
	"testing"

	"protocol.chat/console/models/modelstest"
)

// TestAProviderInABrowser goes to the provider and back, as the policy of the pages and
// the cookie allow.
func TestAProviderInABrowser(t *testing.T) {
	t.Parallel()
	needChromium(t)
	s, p := withProvider(t, modelstest.Open(t, modelstest.SQLite))
	a := s.tab(desk)
	a.expect("a request leaves the console: " + p.URL)
	a.visit("/contacts")
	a.sees("main", "Continue with Acme")
	a.inspect("login with a provider")
	p.person("eve", "eve@example.com", true)
	a.goes("Continue with Acme")
	a.sees(".summary", "Ask an owner of the console for access.")
	a.inspect("login unknown to the console")
	p.person("anna", email, true)
	a.visit("/login?next=/contacts")
	a.goes("Continue with Acme")
	a.at("/contacts")
	a.sees("header", "Anna")
}

// TestLeavingASecretAsks: who has not copied a secret is asked before it is gone.
func TestLeavingASecretAsks(t *testing.T) {
	t.Parallel()
	s := one(t)
	a := s.in(desk)
	a.visit("/settings/tokens/new")
	a.write("#name", "Import")
	a.goes("Create token")
	a.click("#secret")
	a.follow(func() { a.click("Contacts") })
	if a.asked() != 1 {
		t.Errorf("it asked %d times", a.asked())
	}
	a.visit("/settings/tokens/new")
	a.write("#name", "Export")
	a.goes("Create token")
	a.click("#secret")
	a.goes("I've saved it")
	a.sees("h1", "Export")
	if a.asked() != 1 {
		t.Errorf("it asked %d times", a.asked())
	}
}
