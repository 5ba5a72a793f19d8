package handlers_test

import (
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
)

func TestTheProfile(t *testing.T) {
	each(t, func(s *site) {
		_, err := s.store.Identity.Users.CreateUser(s.Context(), access.System("test"), identity.NewUser{Email: "bea@example.com", Name: "Bea", Role: access.Owner, Password: password})
		if err != nil {
			s.Fatal(err)
		}
		form := func(changed ...string) []string {
			fields := map[string]string{"name": "Anna", "email": email, "time_zone": "UTC", "density": ""}
			for i := 0; i < len(changed); i += 2 {
				fields[changed[i]] = changed[i+1]
			}
			var all []string
			for name, value := range fields {
				all = append(all, name, value)
			}
			return all
		}
		for field, wrong := range map[string][2]string{
			"name": {"name", " "}, "email": {"email", "nobody"}, "time_zone": {"time_zone", "../../etc/passwd"}, "density": {"density", "huge"},
			"password": {"email", "new@example.com"},
		} {
			p := s.post("/profile", form(wrong[0], wrong[1])...).wants(422).has(".summary", "There is a problem")
			if p.doc.Find("#"+field+"-error").Length() != 1 {
				s.Errorf("%s=%q is refused elsewhere: %s", wrong[0], wrong[1], p.text(".summary"))
			}
		}
		for _, zone := range []string{"Local", "localtime", "posixrules", "Factory", "right/Europe/Zurich", "posix/Europe/Zurich"} {
			s.post("/profile", form("time_zone", zone)...).wants(422)
		}
		if autofill(s.get("/profile")) != "" || autofill(s.post("/profile", form("email", "new@example.com")...)) != "current-password" {
			s.Error("the password is asked for where nothing needs it, or not where something does")
		}
		s.post("/profile", form("email", "BEA@example.com", "password", password)...).wants(422).has("#email-error", "already")
		s.post("/profile", form("email", "new@example.com", "password", password, "density", "compact", "name", "Anna B.")...).leads("/profile")
		p := s.get("/profile").wants(200).has(".account", "Anna B.").has(".flash", "Profile saved.")
		if p.doc.Find("html").AttrOr("data-density", "") != "compact" || p.value("email") != "new@example.com" || p.value("password") != "" {
			s.Error("the profile is not as it was saved")
		}
		s.post("/profile", form("email", "new@example.com", "density", "compact", "name", "Anna B.")...).wants(303)
		last := s.lines()[len(s.lines())-1]
		if last.Action != identity.UpdatedProfile || !strings.Contains(last.Changes, `"email":{"before":"anna@example.com","after":"new@example.com"}`) {
			s.Errorf("%s %s", last.Action, last.Changes)
		}
		s.newBrowser().post("/login", "email", "new@example.com", "password", password).wants(303)
	})
}

// autofill is what a browser may fill the password of the profile with.
func autofill(p *page) string { return p.doc.Find("#password").AttrOr("autocomplete", "") }

func TestATimeZoneByItsCity(t *testing.T) {
	each(t, func(s *site) {
		for typed, want := range map[string]string{
			"Zurich": "Europe/Zurich", "new york": "America/New_York", "asia/kathmandu": "Asia/Kathmandu", "utc": "UTC",
		} {
			s.post("/profile", "name", "Anna", "email", email, "time_zone", typed).wants(303)
			if got := s.get("/profile").value("time_zone"); got != want {
				s.Errorf("%q is %q, not %q", typed, got, want)
			}
		}
		s.post("/profile", "name", "Anna", "email", email, "time_zone", "Atlantis").wants(422).has("#time_zone-error", "from the list")
	})
}

func TestTimesAreInTheReadersZone(t *testing.T) {
	each(t, func(s *site) {
		at := time.Date(2026, 1, 31, 23, 30, 0, 0, time.UTC)
		s.store.DB.Now = func() time.Time { return at }
		s.post("/login", "email", email, "password", password).wants(303)
		g := s.group("Plaza Hotel")
		s.get("/groups/"+g.ID).has("main", "31 January 2026, 23:30 UTC")
		for zone, want := range map[string]string{
			"Europe/Zurich": "1 February 2026, 00:30 CET", "Asia/Kathmandu": "1 February 2026, 05:15 UTC+0545", "America/New_York": "31 January 2026, 18:30 EST",
		} {
			s.post("/profile", "name", "Anna", "email", email, "time_zone", zone).wants(303)
			p := s.get("/groups/"+g.ID).has("main", want)
			if strings.Contains(p.text("main"), "23:30") {
				s.Errorf("%s: a time is in the wrong zone: %s", zone, p.text("main"))
			}
			if title := s.get("/groups").doc.Find("tbody time").AttrOr("title", ""); title != want {
				s.Errorf("%s: the list says %q", zone, title)
			}
		}
	})
}

func TestChangingThePassword(t *testing.T) {
	each(t, func(s *site) {
		other := s.newBrowser()
		other.post("/login", "email", email, "password", password).wants(303)
		s.get("/profile/password").wants(200).has("#new_password-hint", "At least 12 characters")
		const fresh = "another fine phrase"
		s.post("/profile/password", "old_password", "wrong", "new_password", fresh).wants(422).has("#old_password-error", "Incorrect password.")
		s.post("/profile/password", "old_password", password, "new_password", "short").wants(422).has("#new_password-error", "Too short")
		s.post("/profile/password", "old_password", password, "new_password", password).wants(422).has("#new_password-error", "Choose another")
		old := cookieOf(s.browser)
		s.post("/profile/password", "old_password", password, "new_password", fresh, "keep", "yes").leads("/profile/security")
		s.get("/groups").wants(200)
		other.get("/groups").wants(200)
		s.newBrowser().with("Cookie", s.sessionCookie()+"="+old).get("/groups").wants(303)
		s.post("/profile/password", "old_password", fresh, "new_password", password).leads("/profile/security")
		s.get("/groups").wants(200)
		other.get("/groups").leads("/login?next=%2Fgroups")
	})
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	each(t, func(s *site) {
		phone := s.newBrowser().with("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1")
		phone.post("/login", "email", email, "password", password).wants(303)
		laptop := s.newBrowser()
		laptop.post("/login", "email", email, "password", password).wants(303)
		p := s.get("/profile/security").wants(200).has("#sessions", "3").has(".things", "Safari on iPhone").has(".things", "This session")
		if first := p.doc.Find(".things li").First().Text(); !strings.Contains(first, "This session") {
			s.Errorf("first of the sessions is %q", first)
		}
		end := ""
		for _, li := range p.doc.Find(".things li").EachIter() {
			if strings.Contains(li.Text(), "iPhone") {
				end = li.Find("form").AttrOr("action", "")
			}
		}
		s.post(end).leads("/profile/security#sessions")
		phone.get("/groups").leads("/login?next=%2Fgroups")
		laptop.get("/groups").wants(200)
		made, err := s.store.Identity.Users.CreateUser(s.Context(), access.System("test"), identity.NewUser{Email: "bea@example.com", Name: "Bea", Role: access.Auditor, Password: password})
		if err != nil {
			s.Fatal(err)
		}
		bea := s.newBrowser()
		bea.post("/login", "email", "bea@example.com", "password", password).wants(303)
		sessions, err := s.store.Identity.Sessions.List(s.Context(), made.Actor())
		if err != nil || len(sessions) != 1 {
			s.Fatal(sessions, err)
		}
		s.post("/profile/security/sessions/" + sessions[0].ID + "/end").wants(404)
		s.get("/profile/security").has(`a[href="/profile/security/sessions/end"][data-dialog]`, "Sign out all others…")
		s.get("/profile/security/sessions/end").wants(200).has("h1", "Sign out your other session?").has("#question", "1 session ends immediately. You stay signed in here.")
		laptop.get("/groups").wants(200)
		s.post("/profile/security/sessions/end").wants(303).follow(s.browser).has(".flash", "The other session was signed out.")
		laptop.get("/groups").leads("/login?next=%2Fgroups")
		bea.get("/groups").wants(200)
		s.get("/groups").wants(200)
	})
}
