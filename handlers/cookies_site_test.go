package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// TestTwoConsolesOnOneHost are used by one browser, which sends the cookies of each to the
// other, and sign nobody out.
func TestTwoConsolesOnOneHost(t *testing.T) {
	one := open(t, modelstest.Open(t, modelstest.SQLite))
	two := open(t, modelstest.Open(t, modelstest.SQLite))
	two.browser.client.Jar = one.browser.client.Jar
	one.setUp()
	two.setUp()
	one.post("/theme", "theme", "dark").wants(303)
	two.post("/theme", "theme", "light").wants(303)
	for _, s := range []*site{one, two} {
		s.get("/groups").wants(200)
	}
	if one, two := one.get("/groups").doc.Find("html").AttrOr("data-theme", ""), two.get("/groups").doc.Find("html").AttrOr("data-theme", ""); one != "dark" || two != "light" {
		t.Errorf("themes are %q and %q", one, two)
	}
	two.post("/logout").wants(303)
	one.get("/groups").wants(200)
}

// TestAStaleTwinHidesNoCookie: a browser has two cookies of a name, where one was set for
// another path or domain, and sends the stale one first.
func TestAStaleTwinHidesNoCookie(t *testing.T) {
	each(t, func(s *site) {
		name := s.sessionCookie()
		stale := name + "=" + strings.Repeat("x", 32) + "; "
		s.newBrowser().with("Cookie", stale+name+"="+s.cookie(s.browser)).get("/groups").wants(200)
		s.newBrowser().with("Cookie", name+"=; "+name+"="+s.cookie(s.browser)).get("/groups").wants(200)

		theme := strings.Replace(name, "console", "theme", 1)
		p := s.newBrowser().with("Cookie", theme+"=nonsense; "+theme+"=dark").get("/login").wants(200)
		if got := p.doc.Find("html").AttrOr("data-theme", ""); got != "dark" {
			s.Errorf("the theme is %q", got)
		}

		second := name + "-factor"
		app, _ := s.setUpApp()
		b := s.newBrowser()
		b.post("/login", "email", email, "password", password).leads("/login/code")
		for _, cookie := range b.client.Jar.Cookies(s.at()) {
			if cookie.Name == second {
				b = s.newBrowser().with("Cookie", second+"=stale; "+second+"="+cookie.Value)
			}
		}
		b.get("/login/code").wants(200)
		b.post("/login/code", "code", app.code(1)).leads("/groups")
	})
}

// TestSigningOutEndsEveryTwin: with two good cookies nobody stays signed in by the other.
func TestSigningOutEndsEveryTwin(t *testing.T) {
	each(t, func(s *site) {
		first := s.cookie(s.browser)
		other := s.newBrowser()
		other.post("/login", "email", email, "password", password).wants(303)
		b := s.newBrowser().with("Cookie", s.sessionCookie()+"="+first+"; "+s.sessionCookie()+"="+s.cookie(other))
		b.post("/logout").leads("/login")
		b.get("/groups").leads("/login?next=%2Fgroups")
	})
}

// TestAllCookiesAreAlike: bound to the host where it is https, and never for scripts or
// other sites.
func TestAllCookiesAreAlike(t *testing.T) {
	for address, want := range map[string]string{
		"http://localhost:8080": "console-8080", "http://console.example.com": "console-80",
		"https://console.example.com": "__Host-console-443", "https://console.example.com:8443": "__Host-console-8443",
	} {
		s := open(t, modelstest.Open(t, modelstest.SQLite), func(c *handlers.Config) { c.PublicURL = address })
		owner(s)
		secure := strings.HasPrefix(address, "https:")
		cookies := s.answerTo("POST", "/login", url.Values{"email": {email}, "password": {password}}).Cookies()
		cookies = append(cookies, s.answerTo("POST", "/theme", url.Values{"theme": {"dark"}}).Cookies()...)
		if secure {
			cookies = append(cookies, s.answerTo("POST", "/login/passkey/options", nil).Cookies()...)
		}
		for i, cookie := range cookies {
			name := cookie.Name
			if i == 0 && name != want || strings.HasPrefix(name, "__Host-") != secure || !strings.Contains(name, want[strings.LastIndex(want, "-"):]) {
				t.Errorf("%s: a cookie's name is %s", address, name)
			}
			if cookie.Secure != secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" {
				t.Errorf("%s: the cookie is %v", address, cookie)
			}
		}
		if len(cookies) < 2 {
			t.Errorf("%s: there are %d cookies", address, len(cookies))
		}
	}
}

// owner makes the owner, where no browser can reach the console.
func owner(s *site) {
	s.Helper()
	n := identity.NewUser{Email: email, Name: "Anna", Role: access.Owner, Password: password}
	if _, err := s.store.Identity.Users.CreateUser(s.Context(), access.System("test"), n); err != nil {
		s.Fatal(err)
	}
}

// answerTo returns the response of the console to a form that a proxy passes on, with the headers
// that follow it in pairs.
func (s *site) answerTo(method, path string, form url.Values, header ...string) *http.Response {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	answer := httptest.NewRecorder()
	s.console.ServeHTTP(answer, r)
	return answer.Result()
}
