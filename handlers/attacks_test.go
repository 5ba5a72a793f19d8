package handlers_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// disable disables the users whose addresses begin so.
func (s *site) disable(email string) {
	s.Helper()
	modelstest.Exec(s.T, s.store, "UPDATE users SET disabled_at = 1 WHERE email_key LIKE '"+email+"%'")
}

// elsewhere are addresses that are not of this console, in forms that were taken for local.
var elsewhere = []string{
	"//evil.example", "https://evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)",
	"/%2f/evil.example/..//", "evil", "//evil.example/%2f..", "http:evil", "///evil.example", "/%5cevil.example/..//", "data:text/html,x", "/..//evil.example",
}

func TestOpenRedirectsThroughNextOfEveryForm(t *testing.T) {
	each(t, func(s *site) {
		now := s.stopClock()
		app, _ := s.setUpApp()
		for _, next := range elsewhere {
			*now = now.Add(time.Minute)
			b := s.newBrowser()
			b.post("/login", "email", email, "password", password, "next", next).leads("/login/code")
			answers := []*page{
				b.post("/login/code", "code", app.code(0), "next", next).wants(303),
				b.get("/login?next=" + strings.NewReplacer("\t", "%09", "\n", "%0a", " ", "+").Replace(next)).wants(303),
				b.post("/confirm", "confirm.password", password, "next", next).wants(303),
				b.post("/theme", "theme", "dark", "next", next).wants(303),
			}
			for _, p := range answers {
				if to := p.header.Get("Location"); !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\t\n") || strings.HasPrefix(to, "/%5c") {
					s.Errorf("%s: next=%q leads to %q", p.what, next, to)
				}
			}
		}
	})
}

func TestTheHostHeaderIsInNoAddress(t *testing.T) {
	each(t, func(s *site) {
		s.setUpApp()
		for _, path := range []string{"/login", "/profile/security", "/profile/security/app/off"} {
			r := s.with("X-Forwarded-Host", "evil.example")
			if p := r.get(path); strings.Contains(p.body, "evil.example") || strings.Contains(p.header.Get("Location"), "evil") {
				s.Errorf("%s repeats the header", path)
			}
		}
	})
}

func TestLimitsAreNotDodgedByCaseSpacesUnicodeOrForwardedFor(t *testing.T) {
	each(t, func(s *site) {
		_ = s.stopClock()
		forms := []string{email, "ANNA@Example.COM", "  " + email + "\t", "\u00a0" + email, "an\u200bna@example.com", "ANNA@EXAMPLE.COM\r\n"}
		tried := 0
		for i, form := range forms {
			b := s.newBrowser().with("X-Forwarded-For", "192.0.2."+string(rune('1'+i))).with("Forwarded", "for=192.0.2.9").with("X-Real-IP", "192.0.2.8")
			if b.post("/login", "email", form, "password", "wrong").status == http.StatusUnprocessableEntity {
				tried++
			}
		}
		if tried > 5 {
			s.Errorf("%d passwords were tried", tried)
		}
		s.newBrowser().post("/login", "email", email, "password", password).wants(http.StatusTooManyRequests)
		for _, line := range s.lines() {
			if strings.HasPrefix(line.IP, "192.0.2.") {
				s.Errorf("%s came from %s, says the log", line.Action, line.IP)
			}
		}
	})
}

func TestUnknownWrongAndDisabledReadTheSame(t *testing.T) {
	each(t, func(s *site) {
		for _, who := range []string{"off", "wrong"} {
			n := identity.NewUser{Email: who + "@example.com", Name: "Somebody", Role: access.Auditor, Password: password}
			if _, err := s.store.Identity.Users.CreateUser(s.Context(), access.System("test"), n); err != nil {
				s.Fatal(err)
			}
		}
		s.disable("off")
		read := func(who, typed string) string {
			p := s.newBrowser().post("/login", "email", who+"@example.com", "password", typed)
			header := p.header.Clone()
			for _, differs := range []string{"Request-Id", "Date", "Content-Length"} {
				header.Del(differs)
			}
			text := p.text("main")
			return strings.Join([]string{http.StatusText(p.status), text, p.text("title")}, "\n") + strings.Join(header.Values("Set-Cookie"), "\n")
		}
		want := read("nobody", password)
		for who, typed := range map[string]string{"off": password, "wrong": "wrong password"} {
			if got := read(who, typed); got != want {
				s.Errorf("%s reads %q, an unknown one %q", who, got, want)
			}
		}
	})
}

func TestASessionDoesNotOutliveLogoutPasswordOrDisabling(t *testing.T) {
	each(t, func(s *site) {
		end := map[string]func(b *browser){
			"logout":           func(b *browser) { b.post("/logout").wants(303) },
			"another password": func(*browser) { s.setPassword("another fine phrase"); s.setPassword(password) },
			"disabling":        func(*browser) { s.disable("anna") },
		}
		for _, name := range []string{"logout", "another password", "disabling"} {
			b := s.newBrowser()
			b.post("/login", "email", email, "password", password).wants(303)
			secret := cookieOf(b)
			stolen := s.newBrowser().with("Cookie", s.sessionCookie()+"="+secret)
			stolen.get("/groups").wants(200)
			end[name](b)
			stolen.get("/groups").leads("/login?next=%2Fgroups")
		}
	})
}

func (s *site) setPassword(to string) {
	s.Helper()
	if err := s.store.Identity.Users.SetPassword(s.Context(), access.System("test"), email, to); err != nil {
		s.Fatal(err)
	}
}

func TestASessionGetsANewIDWhenItGetsMoreTrust(t *testing.T) {
	each(t, func(s *site) {
		now := s.stopClock()
		planted := s.newBrowser()
		planted.header.Set("Cookie", s.sessionCookie()+"=planted")
		in := planted.post("/login", "email", email, "password", password).wants(303)
		if strings.Contains(in.header.Get("Set-Cookie"), "planted") {
			s.Error("a planted id was taken")
		}
		s.post("/login", "email", email, "password", password).wants(303)
		seen := map[string]bool{cookieOf(s.browser): true}
		fresh := func(what string) {
			s.Helper()
			id := cookieOf(s.browser)
			if seen[id] {
				s.Errorf("the session kept its id: %s", what)
			}
			for old := range seen {
				s.newBrowser().with("Cookie", s.sessionCookie()+"="+old).get("/groups").wants(303)
			}
			seen[id] = true
			s.get("/groups").wants(200)
		}
		_, _ = s.setUpApp()
		fresh("codes on")
		s.post("/profile/security/codes").wants(201)
		fresh("recovery codes")
		s.post("/profile/security/app/off").wants(303)
		fresh("codes off")
		s.post("/profile/password", "old_password", password, "new_password", "another fine phrase").wants(303)
		fresh("password")
		*now = now.Add(time.Hour)
		s.post("/confirm", "confirm.password", "another fine phrase").wants(303)
		fresh("step-up")
	})
}

// TestAPageIsDrawnWhenTimeIsUp: where more people sign in than there is time for,
// each is told so, on a page.
func TestAPageIsDrawnWhenTimeIsUp(t *testing.T) {
	each(t, func(s *site) {
		ctx, cancel := context.WithTimeout(s.Context(), time.Nanosecond)
		defer cancel()
		<-ctx.Done()
		for path, status := range map[string]int{"/readyz": 503, "/login": 503} {
			r, answer := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil), httptest.NewRecorder()
			s.console.ServeHTTP(answer, r)
			if answer.Code != status || status == 503 && answer.Header().Get("Retry-After") == "" {
				s.Errorf("%s: %d, %v", path, answer.Code, answer.Header())
			}
			if path != "/readyz" && !strings.Contains(answer.Body.String(), "<h1") {
				s.Errorf("%s answers no page: %s", path, answer.Body)
			}
		}
	})
}
