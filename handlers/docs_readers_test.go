package handlers_test

import (
	"cmp"
	"net/http"
	"strings"
	"testing"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// TestWhoMayReadTheDocumentation asks for pages and clients from this machine, from elsewhere and
// through proxies, before and after an owner lets everybody read.
func TestWhoMayReadTheDocumentation(t *testing.T) {
	each(t, func(s *site) {
		_, secret, err := s.store.Identity.Tokens.CreateToken(s.Context(), s.by, identity.NewToken{Name: "Reader", Scopes: access.WriteScopes()}, nil)
		if err != nil {
			s.Fatal(err)
		}
		const page, client = "/docs/pagination", "/docs/clients/protocol_api.py"
		proxied := http.Header{"X-Forwarded-For": {"127.0.0.1"}}
		for _, c := range []struct {
			name, path, host string
			header           http.Header
			status           int
		}{
			{"on this machine", page, "", nil, 200},
			{"as localhost", page, "localhost:8080", nil, 200},
			{"as [::1]", client, "[::1]:8080", nil, 200},
			{"by a name", page, "console.example.com", nil, 303},
			{"by a name like it", page, "localhost.example.com", nil, 303},
			{"through a proxy", page, "", proxied, 303},
			{"through another", page, "", http.Header{"Via": {"1.1 proxy"}}, 303},
			{"the index", "/docs", "", proxied, 303},
			{"a search", "/docs?q=token", "", proxied, 303},
			{"an error", "/docs/errors/unauthorized", "", proxied, 303},
			{"roles", "/docs/roles", "", proxied, 303},
			{"a client", client, "", proxied, 303},
			{"a client, with a token", client, "console.example.com", http.Header{"Authorization": {"Bearer " + secret}}, 200},
			{"a client, with a wrong token", client, "console.example.com", http.Header{"Authorization": {"Bearer " + strings.ToUpper(secret)}}, 303},
			{"a page, with a token", page, "console.example.com", http.Header{"Authorization": {"Bearer " + secret}}, 303},
		} {
			if status, to := s.ask(c.path, c.host, c.header); status != c.status || status == 303 && !strings.HasPrefix(to, "/login") {
				s.Errorf("%s: %d, %q", c.name, status, to)
			}
		}

		s.post("/users/policy", "public_docs", "yes").follow(s.browser).has(".flash", "Everybody can read the documentation.")
		if line := s.newest(); line.Action != audit.ChangedPolicy || !strings.Contains(line.Changes, `"public_docs":{"before":false,"after":true}`) {
			s.Errorf("the activity has %s %s", line.Action, line.Changes)
		}
		if s.get("/users/policy").doc.Find("#public_docs[checked]").Length() != 1 {
			s.Error("the choice is not shown")
		}
		for _, path := range []string{"/docs", page, client} {
			if status, _ := s.ask(path, "console.example.com", proxied); status != 200 {
				s.Errorf("%s for everybody: %d", path, status)
			}
		}
	})
}

// TestProxiesAreNotThisMachine: what a trusted proxy on this machine passes on isn't from here, whatever
// it says or leaves out.
func TestProxiesAreNotThisMachine(t *testing.T) {
	t.Parallel()
	trusted, err := access.ParseNetworks("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, modelstest.Open(t, modelstest.SQLite), func(c *handlers.Config) { c.TrustedProxies = trusted })
	s.setUp()
	for _, header := range []http.Header{nil, {"X-Forwarded-For": {"127.0.0.1"}}, {"X-Forwarded-For": {"203.0.113.7"}}} {
		if status, _ := s.ask("/docs", "", header); status != http.StatusSeeOther {
			t.Errorf("with %v: %d", header, status)
		}
	}
}

// ask is a request of somebody who isn't signed in, with another host if one is given. It returns the
// status and where the answer leads.
func (s *site) ask(path, host string, header http.Header) (status int, to string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	r.Host = cmp.Or(host, r.Host)
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := s.newBrowser().client.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode, answer.Header.Get("Location")
}
