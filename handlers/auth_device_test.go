package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// eachBehindProxy runs a test on sites that believe X-Forwarded-For.
func eachBehindProxy(t *testing.T, test func(s *site)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		proxies, err := access.ParseNetworks("127.0.0.0/8 ::1")
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, store, func(c *handlers.Config) { c.TrustedProxies = proxies })
		s.setUp()
		test(s)
	})
}

// at is a new browser at an address.
func (s *site) browserAt(n int) *browser {
	return s.newBrowser().with("X-Forwarded-For", fmt.Sprintf("192.0.%d.%d", 2+n/250, 1+n%250))
}

// guess tries a wrong password as often as it is let, and returns how often that was.
func guess(b *browser, tries int) (let int) {
	for range tries {
		if b.post("/login", "email", email, "password", "wrong").status == http.StatusUnprocessableEntity {
			let++
		}
	}
	return let
}

func TestAStrangerDoesNotKeepTheOwnerOut(t *testing.T) {
	eachBehindProxy(t, func(s *site) {
		now := s.stopClock()
		for hour := range 3 { // it goes on for as long as they like
			for n := range 2 {
				stranger := s.browserAt(n)
				if let := guess(stranger, 8); let == 0 || let > 5 {
					s.Errorf("hour %d: a stranger had %d tries", hour, let)
				}
				stranger.post("/login", "email", email, "password", password).wants(http.StatusTooManyRequests)
			}
			s.post("/confirm", "confirm.password", password, "next", "/contacts").leads("/contacts")
			s.post("/profile/password", "old_password", password, "new_password", "another fine phrase").wants(303)
			s.post("/profile/password", "old_password", "another fine phrase", "new_password", password).wants(303)
			s.post("/logout").wants(303)
			s.with("X-Forwarded-For", "192.0.2.1").post("/login", "email", email, "password", password).leads("/groups")
			s.browserAt(100).post("/login", "email", email, "password", password).leads("/groups")
			*now = now.Add(time.Hour)
		}
	})
}

// TestManyAddressesHaveFewTries: only a browser that the owner has signed in with lately
// goes on, and has few tries of its own.
func TestManyAddressesHaveFewTries(t *testing.T) {
	modelstest.Slow(t)
	eachBehindProxy(t, func(s *site) {
		now := s.stopClock()
		mallory := s.browserAt(200)
		mallory.post(s.link("mallet@example.com", access.Editor), "name", "Mallory", "password", password).wants(303)
		let := 0
		for n := range 30 {
			let += guess(s.browserAt(n), 5)
		}
		if let != 100 {
			s.Errorf("30 addresses had %d tries", let)
		}
		for what, b := range map[string]*browser{"a new address": s.browserAt(99), "another's browser": mallory} {
			if got := b.post("/login", "email", email, "password", password).status; got != http.StatusTooManyRequests {
				s.Errorf("%s: %d", what, got)
			}
		}
		s.post("/login", "email", email, "password", password).leads("/groups")
		if let := guess(s.browser, 8); let != 5 {
			s.Errorf("a known browser had %d tries", let)
		}
		forged := s.newBrowser().with("Cookie", strings.Replace(s.sessionCookie(), "console", "device", 1)+"="+s.cookie(s.browser))
		forged.post("/login", "email", email, "password", password).wants(http.StatusTooManyRequests)
		*now = now.Add(91 * 24 * time.Hour)
		for n := range 30 {
			guess(s.browserAt(n), 5)
		}
		s.post("/login", "email", email, "password", password).wants(http.StatusTooManyRequests)
	})
}

// TestAThiefOfAPasswordDoesNotKeepTheOwnerOut by guessing codes.
func TestAThiefOfAPasswordDoesNotKeepTheOwnerOut(t *testing.T) {
	eachBehindProxy(t, func(s *site) {
		now := s.stopClock()
		app, _ := s.setUpApp()
		let := 0
		for n := range 10 {
			thief := s.browserAt(n)
			thief.post("/login", "email", email, "password", password).leads("/login/code")
			for range 8 {
				if thief.post("/login/code", "code", "000000").status == http.StatusUnprocessableEntity {
					let++
				}
			}
		}
		if let != 20 {
			s.Errorf("ten addresses had %d tries of codes", let)
		}
		*now = now.Add(30 * time.Second)
		s.post("/confirm", "confirm.code", app.code(0), "next", "/contacts").leads("/contacts")
		*now = now.Add(30 * time.Second)
		s.post("/login", "email", email, "password", password).leads("/login/code")
		s.post("/login/code", "code", app.code(0)).leads("/groups")
		if n := s.count("challenges"); n > 10 {
			s.Errorf("%d sign-ins are half done", n)
		}
	})
}

// TestAStolenSessionHasFewTries to prove who it is, and they are its own.
func TestAStolenSessionHasFewTries(t *testing.T) {
	each(t, func(s *site) {
		now := s.stopClock()
		thief := s.session(s.owner())
		for i := range 8 {
			want := http.StatusUnprocessableEntity
			if i >= 5 {
				want = http.StatusTooManyRequests
			}
			thief.post("/confirm", "confirm.password", "wrong").wants(want)
		}
		s.post("/confirm", "confirm.password", password).wants(303)
		*now = now.Add(16 * time.Second)

		thief.post("/confirm", "confirm.password", password).wants(303)
	})
}

func (s *site) owner() identity.User {
	s.Helper()
	u, err := s.store.Identity.Users.FirstOwner(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return u
}

func (s *site) count(table string) int { return modelstest.Rows(s.T, s.store)[table] }
