package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models/modelstest"
)

// TestFormsOfThisConsoleOnly: a form is taken from the console's own pages, whatever a
// proxy made of the request, and from no other site's, on http and on https.
func TestFormsOfThisConsoleOnly(t *testing.T) {
	const same, old = "same-origin", ""
	type call struct{ origin, host, site string }
	for _, tc := range []struct {
		public         string
		legitimate, no []call
	}{
		{"http://console.lan:8080", []call{
			{"http://console.lan:8080", "console.lan:8080", old}, // plain http: no browser sends Sec-Fetch-Site
			{"http://console.lan:8080", "console.lan", old},      // nginx: proxy_set_header Host $host
			{"http://console.lan:8080", "127.0.0.1:8080", old},   // and without it
			{"http://console.lan:8080", "", old},                 // HTTP/1.0 without a Host
			{"http://console.lan:8080", "CONSOLE.LAN:8080", old},
			{"http://10.0.0.5:8080", "10.0.0.5:8080", old}, // opened past the proxy
			{"http://other.lan", "OTHER.lan:80", old},
			{"https://other.lan", "other.lan", old},
			{"", "console.lan:8080", old}, // no browser
			{"http://localhost:8080", "localhost:8080", same},
		}, []call{
			{"http://evil.example", "console.lan:8080", old},
			{"http://console.lan", "console.lan:8080", old}, // another port is another site
			{"http://console.lan:8081", "console.lan:8080", old},
			{"null", "console.lan:8080", old},
			{"null", "", old},
			{"http://console.lan.evil.example:8080", "console.lan:8080", old},
		}},
		{"https://console.example.com", []call{
			{"https://console.example.com", "console.example.com", same},
			{"https://console.example.com", "127.0.0.1:8080", same},
			{"https://console.example.com", "console.example.com", old},
			{"https://console.example.com", "console.example.com:443", old},
			{"https://console.example.com", "Console.Example.com", old},
			{"https://console.example.com", "127.0.0.1:8080", old},
			{"https://console.example.com", "", old},
			{"https://console.example.com", "console.example.com", "cross-site"}, // always trusted
			{"https://intern.example.com", "intern.example.com", old},
			{"https://intern.example.com", "INTERN.example.com:443", old},
			{"", "console.example.com", "none"},
		}, []call{
			{"https://evil.example", "console.example.com", "cross-site"},
			{"https://evil.example.com", "console.example.com", "same-site"},
			{"https://evil.example", "console.example.com", old},
			{"https://console.example.com:8443", "console.example.com", old},
			{"http://console.example.com", "console.example.com", old}, // whoever is on the line writes its pages
			{"http://console.example.com", "console.example.com", "cross-site"},
			{"null", "console.example.com", old},
			{"null", "", old},
			{"https://console.example.com.evil.example", "console.example.com", old},
			{"%zz", "console.example.com", old},
		}},
		{"https://console.example.com:8443", []call{
			{"https://console.example.com:8443", "console.example.com:8443", old},
			{"https://console.example.com:8443", "console.example.com", old}, // the proxy dropped the port
			{"https://console.example.com:8443", "console.example.com", same},
		}, []call{
			{"https://console.example.com", "console.example.com:8443", old},
			{"https://console.example.com:8444", "console.example.com:8443", old},
			{"https://console.example.com", "console.example.com", old}, // the proxy dropped the port
		}},
	} {
		s := open(t, modelstest.Open(t, modelstest.SQLite), func(c *handlers.Config) { c.PublicURL = tc.public })
		owner(s)
		send := func(c call, want int) {
			t.Helper()
			header := []string{"Host", c.host}
			if c.origin != "" {
				header = append(header, "Origin", c.origin)
			}
			if c.site != "" {
				header = append(header, "Sec-Fetch-Site", c.site)
			}
			if got := s.answerTo("POST", "/theme", url.Values{"theme": {"dark"}}, header...); got.StatusCode != want {
				t.Errorf("%s: a form from %+v: %d, want %d", tc.public, c, got.StatusCode, want)
			}
			if got := s.answerTo("GET", "/login", nil, header...); got.StatusCode != http.StatusOK {
				t.Errorf("%s: a page for %+v: %d", tc.public, c, got.StatusCode)
			}
		}
		for _, c := range tc.legitimate {
			send(c, http.StatusSeeOther)
		}
		for _, c := range tc.no {
			send(c, http.StatusForbidden)
		}
	}
}

// TestASignInThatCantBeKeptSaysSo: browsers keep no Secure cookie of a page opened over
// http, so that signing in there leads back to the sign-in page.
func TestASignInThatCantBeKeptSaysSo(t *testing.T) {
	s := open(t, modelstest.Open(t, modelstest.SQLite), func(c *handlers.Config) { c.PublicURL = "https://console.example.com" })
	owner(s)
	form := url.Values{"email": {email}, "password": {password}, "next": {"/groups"}}
	for what, header := range map[string][]string{
		"over the public name":   {"Host", "console.example.com", "Origin", "http://console.example.com", "Referer", "http://console.example.com/login"},
		"past the proxy":         {"Host", "10.0.0.5:8080", "Origin", "http://10.0.0.5:8080"},
		"Host changed":           {"Host", "127.0.0.1:8080", "Origin", "http://console.example.com"},
		"back at the login page": {"Host", "localhost:8080", "Referer", "http://localhost:8080/login?next=%2Fgroups"},
	} {
		method, status := "POST", http.StatusForbidden
		if strings.HasPrefix(what, "back") {
			method, status = "GET", http.StatusOK
		}
		answer := s.answerTo(method, "/login?next=%2Fgroups", form, header...)
		p := s.pageOf(answer)
		if answer.StatusCode != status || len(answer.Cookies()) > 0 {
			t.Errorf("%s: %d with %v", what, answer.StatusCode, answer.Cookies())
		}
		p.has("main .notice", "https://console.example.com").has("main .notice", "http")
		if to := p.doc.Find("main .notice a").AttrOr("href", ""); to != "https://console.example.com/login?next=%2Fgroups" {
			t.Errorf("%s: the link leads to %q", what, to)
		}
	}
	for what, header := range map[string][]string{
		"https":               {"Host", "console.example.com", "Referer", "https://console.example.com/groups"},
		"a link on some site": {"Host", "console.example.com", "Referer", "http://intranet.example/links"},
		"nothing said":        {"Host", "console.example.com"},
	} {
		if p := s.pageOf(s.answerTo("GET", "/login", nil, header...)); p.doc.Find("main .notice").Length() > 0 {
			t.Errorf("%s: there is a notice: %s", what, p.text("main .notice"))
		}
	}
	foreign := s.pageOf(s.answerTo("POST", "/login", form, "Host", "console.example.com", "Origin", "http://evil.example"))
	foreign.has("h1", "another site")
	plain := open(t, modelstest.Open(t, modelstest.SQLite))
	plain.setUp()
	plain.newBrowser().with("Referer", plain.url+"/login").get("/login").wants(200).lacks("main .notice")
}
