package handlers_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// TestLimitsAreNotDodgedByXForwardedFor: failed sign-ins are counted for the address that
// they come from, whatever a client says about itself.
func TestLimitsAreNotDodgedByXForwardedFor(t *testing.T) {
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	s.setUp()
	limited := false
	for n := range 30 {
		b := s.newBrowser().with("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", n)).with("X-Real-Ip", fmt.Sprintf("203.0.113.%d", n))
		if b.post("/login", "email", fmt.Sprintf("user%d@example.com", n), "password", "wrong").status == http.StatusTooManyRequests {
			limited = true
		}
	}
	if !limited {
		t.Error("30 failed sign-ins from one address went unlimited")
	}
	s.newBrowser().with("X-Forwarded-For", "203.0.113.200").post("/login", "email", email, "password", password).wants(429)
}

// TestBehindATrustedProxy people have their own addresses.
func TestBehindATrustedProxy(t *testing.T) {
	trusted, err := access.ParseNetworks("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, modelstest.Open(t, modelstest.SQLite), func(c *handlers.Config) { c.TrustedProxies = trusted })
	s.setUp()
	s.with("X-Forwarded-For", "6.6.6.6, 203.0.113.7").post("/groups/new", "name", "Plaza Hotel").wants(303)
	page, err := s.store.Audit.Activity(t.Context(), audit.ActivityQuery{})
	if err != nil || page.Lines[0].Action != audit.CreatedGroup || page.Lines[0].IP != "203.0.113.7" {
		t.Errorf("the line says %+v, %v", page.Lines[0], err)
	}
	networks, _ := access.ParseNetworks("203.0.113.0/24")
	_, secret, err := s.store.Identity.Tokens.CreateToken(t.Context(), s.by, identity.NewToken{Name: "Office", Scopes: access.ReadScopes(), Networks: networks}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.withToken(secret).with("X-Forwarded-For", "203.0.113.9").get("/v1/groups").wants(200)
	s.withToken(secret).with("X-Forwarded-For", "203.0.113.9, 198.51.100.1").get("/v1/groups").wants(403)
	s.withToken(secret).get("/v1/groups").wants(403)
}

// TestHostHeaderIsInNoLink: absolute links come from the public URL only.
func TestHostHeaderIsInNoLink(t *testing.T) {
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	s.setUp()
	_, secret := s.tokenOf(s.by, "Nightly")
	cookie := s.cookie(s.browser)
	ask := func(method, path, form string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form))
		r.Host = "evil.example"
		for _, name := range []string{"X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server"} {
			r.Header.Set(name, "evil.example")
		}
		r.Header.Set("Forwarded", "host=evil.example;proto=http")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(&http.Cookie{Name: s.sessionCookie(), Value: cookie})
		r.Header.Set("Authorization", "Bearer "+secret)
		answer := httptest.NewRecorder()
		s.console.ServeHTTP(answer, r)
		return answer
	}
	for _, call := range [][3]string{
		{"GET", "/", ""},
		{"GET", "/groups", ""},
		{"GET", "/login?next=/groups", ""},
		{"GET", "/settings/tokens/new", ""},
		{"POST", "/settings/tokens/new", "name=x&scope=read&expires=30"},
		{"POST", "/groups/new", "name=x"},
		{"POST", "/theme", "theme=dark&next=//evil.example"},
		{"GET", "/v1/groups?limit=x", ""},
		{"GET", "/v1/nothing", ""},
		{"GET", "/v1/openapi.json", ""},
		{"GET", "/nothing", ""},
	} {
		answer := ask(call[0], call[1], call[2])
		if strings.Contains(answer.Body.String(), "evil.example") || strings.Contains(fmt.Sprint(answer.Header()), "evil.example") {
			t.Errorf("%s %s: %d repeats the Host header: %v", call[0], call[1], answer.Code, answer.Header())
		}
	}
}
