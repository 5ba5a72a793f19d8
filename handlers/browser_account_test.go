package handlers_test

import (
	"encoding/base32"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
)

// ahead is by how many seconds the site's clock is ahead, for a test to set.
func (s *site) ahead() *atomic.Int64 {
	var seconds atomic.Int64
	s.store.DB.Now = func() time.Time { return time.Now().Add(time.Duration(seconds.Load()) * time.Second) }
	return &seconds
}

// TestEveryPageOfOneself looks at the pages of signing in and of one's own account.
func TestEveryPageOfOneself(t *testing.T) {
	t.Parallel()
	s := one(t)
	ahead := s.ahead()
	s.newBrowser().with("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/604.1").post("/login", "email", email, "password", password).wants(303)
	s.newBrowser().with("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0").post("/login", "email", email, "password", password).wants(303)
	a := s.in(desk)
	a.visit("/groups")
	a.click(".account summary")
	a.inspect("account menu")
	a.goes("Profile")
	a.at("/profile")
	a.inspect("profile")
	a.write("#time_zone", "Atlantis")
	a.write("#name", "")
	a.goes("Save")
	a.sees(".summary", "Choose a time zone from the list")
	a.inspect("profile refused")
	a.write("#time_zone", "Europe/Zurich")
	a.write("#name", "Anna")
	a.click("[value='compact']")
	a.goes("Save")
	a.sees("#flashes", "Profile saved.")
	a.visit("/contacts")
	a.inspect("contacts compact")
	a.visit("/profile/security")
	a.inspect("security")
	a.goes("Change password")
	a.inspect("password")
	a.write("#old_password", "wrong")
	a.write("#new_password", "short")
	a.goes("Change password")
	a.sees(".summary", "Incorrect password.")
	a.inspect("password refused")

	a.visit("/profile/security")
	a.goes("Set up authenticator")
	a.inspect("app")
	a.write("#code", "000000")
	a.goes("Turn on")
	a.sees(".summary", "Incorrect code")
	a.inspect("app refused")
	app := s.appOn(a)
	a.write("#code", app.code(0))
	a.goes("Turn on")
	a.sees("h1", "Authenticator app set up")
	a.inspect("recovery codes")
	a.click("Continue") // the browser asks for the tick first
	a.sees("h1", "Authenticator app set up")
	a.click("I've saved them")
	a.goes("Continue")
	a.inspect("security with an app")
	a.click("Generate new codes…")
	a.sees("dialog", "You'll get ten new codes.")
	a.inspect("recovery codes question")
	a.visit("/profile/security")
	a.click("Sign out all others…")
	a.sees("dialog", "2 sessions end immediately. You stay signed in here.")
	a.inspect("other sessions dialog")
	a.visit("/profile/security/sessions/end")
	a.inspect("other sessions question")
	a.goes("Sign out sessions")
	a.sees("#flashes", "2 other sessions signed out.")
	a.visit("/profile/security/sessions/end")
	a.sees("main", "You aren't signed in anywhere else.")
	a.inspect("other sessions none")
	a.visit("/profile/security/app/off")
	a.inspect("app off question")
	if err := s.store.Identity.Policies.SetPolicy(s.Context(), s.by, identity.Policy{SecondFactor: map[access.Role]int64{access.Owner: 0}}); err != nil {
		t.Fatal(err)
	}
	a.visit("/profile/security")
	a.click("Turn off…")
	a.sees("dialog", "Until you set up another, you can only use the Security page.")
	a.inspect("app off dialog with a warning")
	a.visit("/profile/security/app/off")
	a.inspect("app off question with a warning")
	if err := s.store.Identity.Policies.SetPolicy(s.Context(), s.by, identity.Policy{}); err != nil {
		t.Fatal(err)
	}

	ahead.Add(11 * 60)
	a.visit("/settings/tokens")
	a.goes("New token")
	a.sees("h1", "Confirm it's you")
	a.inspect("confirm")
	a.goes("Cancel")
	a.at("/settings/tokens")
	a.goes("New token")
	a.write("[name='confirm.password']", "wrong")
	a.goes("Confirm")
	a.sees(".summary", "Incorrect password.")
	a.inspect("confirm refused")
	a.write("[name='confirm.code']", app.code(0))
	a.goes("Confirm with code")
	a.at("/settings/tokens/new")

	a.signOut()
	a.visit("/login")
	a.write("#email", email)
	a.write("#password", password)
	a.goes("Sign in")
	a.sees("h1", "Confirm it's you")
	a.inspect("second factor")
	a.write("#code", "000000")
	a.goes("Sign in")
	a.sees(".summary", "Incorrect code")
	a.inspect("second factor refused")
	a.goes("Use a recovery code")
	a.inspect("second factor by a recovery code")
	ahead.Add(60)
	a.goes("Use your authenticator app")
	a.write("#code", app.code(0))
	a.goes("Sign in")
	a.at("/groups")
	a.sees("#flashes", "Last sign-in:")
	a.inspect("groups after signing in")
}

// TestWhoMustSetUpASecondFactorArrives where they wanted to go: by an app without scripts,
// and by a passkey.
func TestWhoMustSetUpASecondFactorArrives(t *testing.T) {
	t.Parallel()
	s := one(t)
	ahead := s.ahead()
	_, others := s.colleague(access.Editor)
	_, passkeys := s.colleague(access.Moderator)
	rule := identity.Policy{SecondFactor: map[access.Role]int64{access.Editor: 0, access.Moderator: 0}}
	if err := s.store.Identity.Policies.SetPolicy(s.Context(), s.by, rule); err != nil {
		t.Fatal(err)
	}
	ahead.Add(11 * 60) // so that they confirm on the way, too
	a := s.tab(desk.withoutScripts())
	a.signIn(others)
	a.visit("/groups?status=archived&sort=name")
	a.at("/profile/security?next=%2Fgroups%3Fstatus%3Darchived%26sort%3Dname")
	a.goes("Set up authenticator")
	a.write("[name='confirm.password']", password)
	a.goes("Confirm")
	app := s.appOn(a)
	a.write("#code", "000000")
	a.goes("Turn on")
	a.sees(".summary", "Incorrect code")
	a.write("#code", app.code(0))
	a.goes("Turn on")
	a.click("I've saved them")
	a.goes("Continue")
	a.at("/groups?sort=name&status=archived")
	a.sees("h1", "Groups")

	a = s.tab(desk)
	a.withKeys()
	a.signIn(passkeys)
	a.visit("/contacts?q=hector")
	a.sees("h1", "Set up a second factor")
	a.goes("Add passkey")
	a.write("[name='confirm.password']", password)
	a.goes("Confirm")
	a.write("#name", "Phone")
	a.goes("Add passkey")
	a.sees("h1", "Your passkey is ready")
	a.click("I've saved them")
	a.goes("Continue")
	a.at("/contacts?q=hector")
}

// appOn is an app that was given the key that the tab shows.
func (s *site) appOn(t *tab) authenticator {
	s.Helper()
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(eval[string](t, "text('code.key')"), " ", ""))
	if err != nil {
		s.Fatal(err)
	}
	return authenticator{s, seed}
}

// TestSigningInWithoutScripts does all of it with links and forms.
func TestSigningInWithoutScripts(t *testing.T) {
	t.Parallel()
	s := one(t)
	ahead := s.ahead()
	a := s.in(desk.withoutScripts())
	ahead.Add(11 * 60)
	a.visit("/profile/security/app")
	a.sees("h1", "Confirm it's you")
	a.write("[name='confirm.password']", password)
	a.goes("Confirm")
	a.at("/profile/security/app")
	app := s.appOn(a)
	a.write("#code", app.code(0))
	a.goes("Turn on")
	a.click("I've saved them")
	a.goes("Continue")
	ahead.Add(60)
	a.signOut()
	a.visit("/groups/new")
	a.write("#email", email)
	a.write("#password", password)
	a.goes("Sign in")
	a.write("#code", app.code(0))
	a.goes("Sign in")
	a.at("/groups/new")
}
