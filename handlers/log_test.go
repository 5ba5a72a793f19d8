package handlers_test

import (
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

// TestNobodyWritesLongLines into the log or the activity, whatever a request is made of.
func TestNobodyWritesLongLines(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := open(t, store)
		s.setUp()
		long := strings.Repeat("x", 25_000)
		b := s.newBrowser().with("User-Agent", long).with("Request-Id", long).with("X-Request-Id", long).with("Traceparent", long)
		for _, path := range []string{"/" + long, "/groups/" + long, "/v1/" + long, "/v1/groups/" + long, "/invite/" + long, "/healthz?q=" + long, "/login/oidc/callback?error=" + long, "/docs/errors/" + long, "/%80" + long} {
			b.get(path)
			s.get(path)
		}
		b.do(strings.Repeat("X", 20_000), "/groups", nil)
		s.part(long).get("/groups").wants(http.StatusOK) // there is no such region
		b.post("/login", "email", long+"@example.com", "password", long)
		b.post("/login/passkey/options").wants(200)
		b.post("/login/passkey", "credential", `{"id":"`+long+`"}`)
		b.with("Authorization", "Bearer "+long).get("/v1/groups").wants(401)
		log := string(modelstest.SecretsOf(store).Logged())
		for line := range strings.Lines(log) {
			if len(line) > 2_500 {
				t.Errorf("a line of %d bytes: %.300s", len(line), line)
			}
		}
		for _, column := range []string{"actor_name", "object_name", "object_id", "changes", "ip", "user_agent", "request_id"} {
			if n := modelstest.Value(t, store, "SELECT max(length("+column+")) FROM audit_lines"); len(n) > 3 {
				t.Errorf("the activity holds %s of %s characters", column, n)
			}
		}
	})
}

// TestStrangersDontLearnTheVersion from any answer.
func TestStrangersDontLearnTheVersion(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		const version = "1.2.3-secret"
		s := open(t, store, func(c *handlers.Config) { c.Version = version })
		s.setUp()
		stranger := s.newBrowser()
		asked := append(s.console.Patterns(), "GET /v1/openapi.json", "GET /v1/openapi.yaml", "GET /v1/groups", "GET /nowhere", "GET /static/nothing", "BREW /login")
		for _, pattern := range asked {
			method, path, _ := strings.Cut(pattern, " ")
			path = strings.NewReplacer("{$}", "", "{topic}", "search", "{group}", "groups", "{file}", "ApiClient.php", "{code}", "unauthorized", "{form}", "new-group", "{id}", "0Va1000000000001", "{secret}", "x").Replace(path)
			p := s.send(stranger, method, path, []string{"code", "x", "email", "x", "password", "x"})
			if strings.Contains(p.body, version) {
				t.Errorf("%s tells the version", pattern)
			}
			for name, values := range p.header {
				if strings.Contains(strings.Join(values, " "), version) {
					t.Errorf("%s tells the version in %s", pattern, name)
				}
			}
		}
		s.get("/groups").has("footer", version).has("footer > p", "Request")
		_, auditor := s.colleague(access.Auditor)
		if p := auditor.get("/groups").wants(http.StatusOK).has("footer", version); strings.Contains(p.text("footer > p"), "Request") {
			t.Error("whoever is no owner has the request's ID on every page")
		}
	})
}

// TestSlowRequestsAreWarnings with the times of their queries, and probes are left out.
func TestSlowRequestsAreWarnings(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		store.DB.LogQueries(nil, nil)
		s := open(t, store, func(c *handlers.Config) { c.Slow = time.Nanosecond })
		s.setUp()
		s.get("/groups").wants(200)
		if log, found := logged(t, store, `level=WARN msg=request method=GET path=/groups status=200 ms=[0-9.]+ ip=\S+ request_id=\S+ queries=[1-9]\d* queries_ms=[0-9.]+ slowest_ms=[0-9.]+ slowest=`); !found {
			t.Errorf("the log is %s", log)
		}
	})
}

// logged waits for a line in the log, which a request writes after it is answered. It returns the
// log and reports whether the line is there.
func logged(t *testing.T, store *models.Store, line string) (log string, found bool) {
	t.Helper()
	wanted := regexp.MustCompile(line)
	for end := time.Now().Add(patient); !found && time.Now().Before(end); runtime.Gosched() {
		log = string(modelstest.SecretsOf(store).Logged())
		found = wanted.MatchString(log)
	}
	return log, found
}

func TestProbesAreNotLogged(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := open(t, store)
		s.get("/healthz").wants(200)
		s.get("/readyz").wants(200)
		s.console.Drain()
		s.get("/readyz").wants(503)
		if log, found := logged(t, store, "path=/readyz status=503"); !found || strings.Contains(log, "/healthz") || strings.Contains(log, "path=/readyz status=200") {
			t.Errorf("the log is %s", log)
		}
	})
}
