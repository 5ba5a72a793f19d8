package handlers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
)

// prefer saves the owner's profile with other preferences, given as names and values in turn.
func (s *site) prefer(preferences ...string) *page {
	s.Helper()
	return s.post("/profile", append([]string{"name", "Anna", "email", email}, preferences...)...)
}

func TestPreferencesAreChosen(t *testing.T) {
	each(t, func(s *site) {
		p := s.get("/profile").wants(200).has("#locale", "23 November 2026, 14:05 · 1,234.5").has("#locale", "23.11.2026 14:05 · 1.234,5")
		chosen := func(p *page, name string) string {
			return p.doc.Find(`[name="`+name+`"][checked]`).AttrOr("value", "none")
		}
		if got := chosen(p, "locale") + chosen(p, "page_size") + chosen(p, "shortcuts"); got != "25" {
			s.Errorf("chosen at first: %q", got)
		}
		for field, wrong := range map[string]string{"locale": "klingon", "page_size": "7", "shortcuts": "maybe"} {
			p := s.post("/profile", "name", "Typed", "email", email, "density", "compact", field, wrong).wants(422)
			if p.doc.Find("#"+field+"-error").Length() != 1 || p.value("name") != "Typed" || chosen(p, "density") != "compact" {
				s.Errorf("%s=%s: %s", field, wrong, p.text("main"))
			}
		}
		s.prefer("page_size", "many").wants(422).has("#page_size-error", "10, 25, 50 or 100 rows")
		s.prefer("locale", "month-first", "page_size", "50", "shortcuts", "off").leads("/profile")
		p = s.get("/profile").wants(200)
		if got := chosen(p, "locale") + " " + chosen(p, "page_size") + " " + chosen(p, "shortcuts"); got != "month-first 50 off" {
			s.Errorf("chosen: %q", got)
		}
		line := s.newest()
		s.get("/activity/"+line.ID).has("main", "Rows per page").has("main", "Dates and numbers").has("main", "Single-key shortcuts").has("ins", "month-first")
	})
}

func TestListsHaveTheReadersRows(t *testing.T) {
	each(t, func(s *site) {
		var members []models.Contact
		for i := range 12 {
			members = append(members, s.contact(fmt.Sprintf("contact%d", i)))
			s.group(fmt.Sprintf("Group %d", i))
			if _, _, err := s.store.Identity.Tokens.CreateToken(s.Context(), s.by, identity.NewToken{Name: fmt.Sprintf("Token %d", i), Scopes: access.ReadScopes()}, nil); err != nil {
				s.Fatal(err)
			}
		}
		g := s.group("All", members...)
		s.prefer("page_size", "10").wants(303)
		for _, path := range []string{"/groups", "/contacts", "/activity", "/settings/tokens", "/groups/" + g.ID + "/members"} {
			p := s.get(path).wants(200)
			if got := len(p.rows()); got != 10 || p.doc.Find(".pager a[rel=next]").Length() != 1 {
				s.Errorf("%s: %d rows", path, got)
			}
		}
		p := s.get("/groups?limit=50").wants(200)
		if got := len(p.rows()); got != 13 || p.text(".sizes [aria-current]") != "Show 50" || p.value("limit") != "50" {
			s.Errorf("the address asks for 50: %d rows, %s", got, p.text(".sizes"))
		}
		p = s.get("/groups")
		if p.text(".sizes [aria-current]") != "Show 10" || p.doc.Find(`.sizes a:contains("25")`).AttrOr("href", "") != "/groups?limit=25" {
			s.Errorf("the sizes of a page: %s", p.text(".sizes"))
		}
		if got := len(s.get(p.doc.Find(".pager a[rel=next]").AttrOr("href", "")).rows()); got != 3 {
			s.Errorf("%d rows on the second page", got)
		}
	})
}

func TestDatesAndNumbersAreWrittenAsChosen(t *testing.T) {
	each(t, func(s *site) {
		at := time.Date(2026, 1, 31, 23, 30, 0, 0, time.UTC)
		s.store.DB.Now = func() time.Time { return at }
		s.signInAgain()
		g := s.group("Plaza Hotel")
		for locale, want := range map[string][2]string{
			"month-first": {"January 31, 2026, 11:30 PM UTC", ","}, "year-first": {"2026-01-31 23:30 UTC", "\u202f"}, "dotted": {"31.01.2026 23:30 UTC", "."},
			"": {"31 January 2026, 23:30 UTC", ","},
		} {
			s.prefer("locale", locale).wants(303)
			p := s.get("/groups/"+g.ID).has("main", want[0])
			if group := p.doc.Find("html").AttrOr("data-group", ""); group != want[1] {
				s.Errorf("%q: thousands apart by %q", locale, group)
			}
			if title := s.get("/groups").doc.Find("tbody time").AttrOr("title", ""); title != want[0] {
				s.Errorf("%q: the list says %q", locale, title)
			}
		}
		s.prefer("locale", "month-first").wants(303)
		s.get("/groups?created_after=2020-12-31").has(".chips", "Created after Dec 31, 2020")
	})
}

func TestShortcutsAreSwitchedOffByTheServer(t *testing.T) {
	each(t, func(s *site) {
		off := func(p *page) string { return p.doc.Find("html").AttrOr("data-shortcuts", "none") }
		if got := off(s.get("/groups")); got != "" {
			s.Errorf("at first: %q", got)
		}
		s.get("/profile/shortcuts").wants(200).has(".keys", "Next row").has("main", "turn shortcuts off")
		s.prefer("shortcuts", "off").wants(303)
		if got := off(s.get("/groups")); got != "off" {
			s.Errorf("switched off: %q", got)
		}
		if p := s.get("/profile/shortcuts").has(".notice", "are off"); strings.Contains(p.text("main"), "turn shortcuts off") {
			s.Error("what is off is offered to be switched off")
		}
		if p := s.newBrowser().get("/login"); strings.Contains(p.body, "/static/keys.") {
			s.Error("somebody signed out loads the shortcuts")
		}
	})
}
