package handlers_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// flood is how many requests a stranger sends to a route of floods, and mostRows how many
// rows may come of all of them: the free tries of one address leave a few rows each. The
// other routes, of which nothing may come, get fewer.
const (
	flood    = 100
	mostRows = 90
)

// floods are what a stranger sends to the routes where anything comes of it, which refuse it in the
// end; the others get the same request again and again.
var floods = map[string]func(s *site, b *browser, i int) *page{
	"POST /login": func(_ *site, b *browser, i int) *page {
		return b.post("/login", "email", fmt.Sprint("nobody", i, strings.Repeat("x", 20_000), "@example.com"), "password", "wrong")
	},
	"POST /login/passkey": func(_ *site, b *browser, _ int) *page {
		b.post("/login/passkey/options").wants(http.StatusOK)
		return b.post("/login/passkey", "credential", "{}")
	},
	"GET /login/oidc/callback": func(s *site, b *browser, i int) *page {
		at := s.sent(b, "/groups")
		if i%2 == 0 {
			return b.get("/login/oidc/callback?code=x&state=" + at.Query().Get("state"))
		}
		return b.get(s.back(at))
	},
}

// TestAStrangersFloodLeavesFewRows on every route, also on those that are for people who
// are signed in, and on the API with tokens that nobody has.
func TestAStrangersFloodLeavesFewRows(t *testing.T) {
	modelstest.Slow(t)
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s, p := withProvider(t, store)
		now := s.stopClock()
		p.person("mallory", "mallory@example.com", true)
		token := "pcl_" + strings.Repeat("0", 38)
		routes := append(s.console.Patterns(), "GET /v1/groups", "POST /v1/groups", "GET /v1/openapi.json", "GET /nowhere")
		strange := func() *browser {
			return s.newBrowser().with("User-Agent", strings.Repeat("Mozilla ", 3_000)).with("Authorization", "Bearer "+token)
		}
		before := modelstest.Rows(t, store)
		for _, pattern := range routes {
			method, path, _ := strings.Cut(pattern, " ")
			path = strings.NewReplacer("{$}", "", "{topic}", "search", "{group}", "groups", "{file}", "ApiClient.php", "{code}", "unauthorized", "{form}", "new-group", "{id}", "0Va1000000000001", "{secret}", "x").Replace(path)
			if floods[pattern] != nil {
				continue
			}
			b := strange()
			for range modelstest.Rounds(2, flood) {
				answer := s.send(b, method, path, []string{"code", "x", "name", "x", "email", "x@example.com", "password", "x", "credential", "{}"})
				if answer.status == http.StatusTooManyRequests && !strings.HasPrefix(path, "/v1/") {
					t.Errorf("%s refused a few requests", pattern)
				}
			}
			*now = now.Add(25 * time.Hour)
		}
		if n := grown(before, modelstest.Rows(t, store)); n > 0 {
			t.Errorf("requests to routes where nothing comes of them left %d rows", n)
		}
		for pattern, send := range floods {
			b, before, refused := strange(), modelstest.Rows(t, store), false
			for i := range flood {
				refused = send(s, b, i).status == http.StatusTooManyRequests
			}
			if n := grown(before, modelstest.Rows(t, store)); n > mostRows {
				t.Errorf("%s: %d requests left %d rows", pattern, flood, n)
			}
			if !refused {
				t.Errorf("%s: the last one wasn't refused", pattern)
			}
			*now = now.Add(25 * time.Hour)
		}
		if long := modelstest.Value(t, store, "SELECT max(length(actor_name) + length(user_agent) + length(changes)) FROM audit_lines"); len(long) > 3 {
			t.Errorf("a line has %s characters", long)
		}
		if holds := modelstest.Value(t, store, "SELECT count(*) FROM audit_lines WHERE action = 'session.hold'"); holds != fmt.Sprint(len(floods)) {
			t.Errorf("%s lines of who must wait, want one for each of %d routes", holds, len(floods))
		}
	})
}

// TestBeforeThereIsAnOwnerStrangersLeaveNothing, however many codes they try.
func TestBeforeThereIsAnOwnerStrangersLeaveNothing(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := open(t, store)
		before := modelstest.Rows(t, store)
		for i := range flood {
			s.post("/setup", "code", fmt.Sprint("wrong", i), "name", "Mallory", "email", email, "password", password, "workspace", "Acme").wants(422)
			s.post("/login", "email", email, "password", password).leads("/setup")
			s.post("/login/passkey/options").wants(http.StatusOK)
		}
		if n := grown(before, modelstest.Rows(t, store)); n != 0 {
			t.Errorf("there are %d rows more", n)
		}
	})
}

// grown is how many rows there are more than before.
func grown(before, after map[string]int) (n int) {
	for table, rows := range after {
		n += rows - before[table]
	}
	return n
}
