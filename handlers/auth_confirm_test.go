package handlers_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// hiddenFields are the hidden fields of the first form of a page, as names and values in turn.
func hiddenFields(p *page) []string {
	var fields []string
	p.doc.Find("main form").First().Find(`input[type="hidden"]`).Each(func(_ int, in *goquery.Selection) {
		fields = append(fields, in.AttrOr("name", ""), in.AttrOr("value", ""))
	})
	return fields
}

func TestAnOldSessionConfirmsThatItIsThem(t *testing.T) {
	each(t, func(s *site) {
		now := s.stopClock()
		s.post("/login", "email", email, "password", password).wants(303)
		*now = now.Add(9 * time.Minute)
		s.get("/settings/tokens/new").wants(200).has("h1", "New API token")
		*now = now.Add(2 * time.Minute)
		asked := s.get("/settings/tokens/new").wants(403).has("h1", "Confirm it's you")
		if got := asked.value("next"); got != "/settings/tokens/new" {
			s.Errorf("it leads back to %q", got)
		}
		s.post("/confirm", "confirm.password", "wrong", "next", "/settings/tokens/new").wants(422).has(".summary", "Incorrect password.")
		s.get("/settings/tokens/new").wants(403)
		s.post("/confirm", "confirm.password", password, "next", "https://evil.example").leads("/profile/security")
		s.get("/settings/tokens/new").wants(200)
		s.get("/groups").wants(200)
	})
}

// The page that asks says what for, where one is, and how to go back.
func TestConfirmingSaysWhatFor(t *testing.T) {
	each(t, func(s *site) {
		now := s.stopClock()
		s.post("/login", "email", email, "password", password).wants(303)
		*now = now.Add(time.Hour)
		from := func(path string) *browser { return s.with("Referer", s.url+path) }
		asked := from("/users?x=1").get("/users/invite").wants(403).has("[data-sentence]", "You're about to invite a user. You won't be asked again for 10 minutes.").
			has("nav [aria-current=page]", "Settings").has(`.other a[href="/users?x=1"]`, "Cancel")
		if got := asked.doc.Find(`main [autocomplete="username"]`).AttrOr("value", ""); got != email {
			s.Errorf("the password is of %q", got)
		}
		wrong := from("/users/invite").post("/confirm", append(hiddenFields(asked), "confirm.password", "wrong")...).wants(422)
		wrong.has("[data-sentence]", "invite a user").has(`.other a[href="/users?x=1"]`, "Cancel").has(".summary", "Incorrect password.").has("#confirm\\.password-error.hide", "Incorrect password.")
		for _, elsewhere := range []string{"", "https://evil.example/users", s.url + "/users/invite", s.url + "//evil.example"} {
			s.with("Referer", elsewhere).get("/users/invite").wants(403).has(`.other a[href="/"]`, "Cancel")
		}
		s.post("/confirm", "confirm.password", "wrong", "confirm.back", "https://evil.example", "next", "/users").wants(422).
			has(`.other a[href="/"]`, "Cancel").has("[data-sentence]", "This is a sensitive action.")
		s.get("/settings/tokens/new").wants(403).has("nav [aria-current=page]", "Settings")
		s.get("/profile/security/app").wants(403).lacks("nav [aria-current=page]")
	})
}

// TestAPageAndItsFormAskForTheSame proof of who it is, and stand in the same section.
func TestAPageAndItsFormAskForTheSame(t *testing.T) {
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	asks := map[string][2]string{}
	for _, row := range s.console.Rows() {
		ask := [2]string{row.Purpose, row.Section}
		if other, known := asks[row.Path]; known && ask != other {
			t.Errorf("%s %s asks for %q, its other method for %q", row.Method, row.Path, ask, other)
		}
		asks[row.Path] = ask
		if row.Open && row.Purpose != "" {
			t.Errorf("%s is open and asks who it is", row.Path)
		}
	}
}

func TestAFormWaitsUntilItsSenderConfirms(t *testing.T) {
	each(t, func(s *site) {
		now := s.stopClock()
		s.post("/login", "email", email, "password", password).wants(303)
		*now = now.Add(time.Hour)
		before := len(s.lines())
		form := []string{"name", "Nightly <export>", "scope", "read", "expires", "30", "key", "12345678901234567890", "password", "not to be shown"}
		asked := s.post("/settings/tokens/new", form...).wants(403).has("main", "What you entered is kept.")
		if strings.Contains(asked.body, "not to be shown") {
			s.Error("a password is in the page")
		}
		wrong := s.post("/settings/tokens/new", append(hiddenFields(asked), "confirm.password", "wr0ng-secret")...).wants(422)
		if strings.Contains(wrong.body, "wr0ng-secret") || wrong.value("name") != "Nightly <export>" {
			s.Errorf("after a wrong password: name %q", wrong.value("name"))
		}
		s.with("Sec-Fetch-Site", "cross-site").post("/settings/tokens/new", append(hiddenFields(wrong), "confirm.password", password)...).wants(403).has("h1", "another site")
		if page, err := s.store.Identity.Tokens.Tokens(s.Context(), s.by, identity.TokenQuery{}); err != nil || len(page.Tokens) > 0 {
			s.Fatal(page, err)
		}
		old := cookieOf(s.browser)
		made := s.post("/settings/tokens/new", append(hiddenFields(wrong), "confirm.password", password)...).wants(201).has("h1", "Nightly <export> is ready")
		if strings.Contains(made.body, password) {
			s.Error("the password is in the answer")
		}
		if cookieOf(s.browser) == old {
			s.Error("the session kept its id")
		}
		stolen := s.newBrowser().with("Cookie", s.sessionCookie()+"="+old)
		stolen.get("/groups").leads("/login?next=%2Fgroups")
		s.post("/settings/tokens/new", "name", "Another", "scope", "read", "expires", "30").wants(201)
		for _, line := range s.lines()[before:] {
			if strings.Contains(line.Changes, "wr0ng") || strings.Contains(line.Changes, password) {
				s.Errorf("%s has a password: %s", line.Action, line.Changes)
			}
		}
	})
}

// cookieOf is the secret of a browser's session.
func cookieOf(b *browser) string {
	at, err := url.Parse(b.site.url)
	if err != nil {
		b.site.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == b.site.sessionCookie() {
			return c.Value
		}
	}
	return ""
}

func TestAPartOfAPageAsksToConfirmAsAWhole(t *testing.T) {
	each(t, func(s *site) {
		now := s.stopClock()
		s.post("/login", "email", email, "password", password).wants(303)
		*now = now.Add(time.Hour)
		p := s.part("results").get("/settings/tokens/new").wants(422).has("h1", "Confirm it's you")
		if !strings.HasPrefix(p.body, "<!doctype html>") && !strings.HasPrefix(p.body, "<!DOCTYPE html>") {
			s.Error("it is no whole page")
		}
	})
}

func TestConfirmingWithACodeOnceAndNotTooOften(t *testing.T) {
	each(t, func(s *site) {
		now := s.stopClock()
		s.post("/login", "email", email, "password", password).wants(303)
		p, codes := s.setUpApp()
		*now = now.Add(time.Hour)
		s.get("/profile/security/app/off").wants(403).has("main", "Authentication code")
		s.post("/confirm", "confirm.code", codes[0]).wants(422)
		code := p.code(0)
		s.post("/profile/security/codes", "confirm.code", code).wants(201)
		*now = now.Add(20 * time.Second)
		b := s.newBrowser()
		b.post("/login", "email", email, "password", password).leads("/login/code")
		b.post("/login/code", "code", code).wants(422)
		*now = now.Add(time.Hour)
		for range 4 {
			s.post("/confirm", "confirm.password", "wrong").wants(422)
		}
		s.post("/confirm", "confirm.password", "wrong").wants(422)
		s.post("/confirm", "confirm.password", password).wants(429).has(".summary", "Too many attempts.")
		s.newBrowser().post("/login", "email", email, "password", password).leads("/login/code")
	})
}

func TestWhatWaitsIsNotForStrangers(t *testing.T) {
	each(t, func(s *site) {
		b := s.newBrowser()
		p := b.post("/settings/tokens/new", "name", "x", "confirm.password", password).wants(401)
		if strings.Contains(p.body, password) {
			s.Error("the password is in the page that asks to sign in")
		}
		b.post("/profile/password", "old_password", password, "new_password", "another fine phrase").wants(401)
		if p := b.post("/profile/password", "old_password", password); strings.Contains(p.body, password) {
			s.Error("the password is in the page that asks to sign in")
		}
	})
}
