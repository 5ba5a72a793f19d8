package api_test

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// row says how a registered call is made so that it works.
type row struct {
	body   string
	status int
}

// rows has a line for each registered call; a call without one fails the test.
var rows = map[string]row{
	"GET /v1/groups":                                         {"", 200},
	"POST /v1/groups":                                        {`{"name":"New"}`, 201},
	"POST /v1/groups/batch":                                  {`{"operations":[{"action":"create","group":{"name":"New"}}]}`, 200},
	"POST /v1/groups/bulk":                                   {`{"action":"archive","all":true}`, 202},
	"GET /v1/groups/export":                                  {"", 200},
	"GET /v1/groups/{id}":                                    {"", 200},
	"POST /v1/groups/{id}/archive":                           {"", 200},
	"POST /v1/groups/{id}/restore":                           {"", 200},
	"PUT /v1/groups/{id}":                                    {`{"name":"Other"}`, 200},
	"DELETE /v1/groups/{id}":                                 {"", 204},
	"GET /v1/groups/{id}/contacts":                           {"", 200},
	"GET /v1/groups/{id}/contacts/export":                    {"", 200},
	"POST /v1/groups/{id}/contacts":                          {`{"contacts":[]}`, 200},
	"DELETE /v1/groups/{id}/contacts/{contact_id}":           {"", 204},
	"GET /v1/contacts":                                       {"", 200},
	"POST /v1/contacts":                                      {`{"username":"new"}`, 201},
	"GET /v1/contacts/export":                                {"", 200},
	"POST /v1/contacts/bulk":                                 {`{"action":"remove_from_groups","all":true}`, 202},
	"GET /v1/contacts/{id}":                                  {"", 200},
	"PUT /v1/contacts/{id}":                                  {`{"username":"other"}`, 200},
	"DELETE /v1/contacts/{id}":                               {"", 204},
	"POST /v1/contacts/{id}/merge":                           {`{"from":"{other_id}"}`, 200},
	"POST /v1/contacts/{id}/erase":                           {`{"reason":"Privacy request"}`, 200},
	"GET /v1/conversations/{id}/messages":                    {"", 200},
	"POST /v1/conversations/{id}/messages":                   {`{"message":"Hello."}`, 201},
	"DELETE /v1/messages/{id}":                               {"", 422}, // without a reason
	"POST /v1/imports":                                       {`{"name":"Imported"}`, 202},
	"GET /v1/jobs":                                           {"", 200},
	"GET /v1/jobs/{id}":                                      {"", 200},
	"POST /v1/jobs/{id}/start":                               {"", 202},
	"POST /v1/jobs/{id}/cancel":                              {"", 200},
	"POST /v1/jobs/{id}/undo":                                {"", 202},
	"GET /v1/jobs/{id}/results":                              {"", 200},
	"GET /v1/events":                                         {"", 200},
	"GET /v1/webhooks":                                       {"", 200},
	"POST /v1/webhooks":                                      {`{"name":"Receiver","url":"http://127.0.0.1:9/","events":["*"]}`, 201},
	"GET /v1/webhooks/{id}":                                  {"", 200},
	"PUT /v1/webhooks/{id}":                                  {`{"name":"Other"}`, 200},
	"DELETE /v1/webhooks/{id}":                               {"", 204},
	"POST /v1/webhooks/{id}/roll":                            {"", 200},
	"POST /v1/webhooks/{id}/test":                            {`{"type":"group.created"}`, 201},
	"POST /v1/webhooks/{id}/resend":                          {`{"since":1}`, 200},
	"GET /v1/webhooks/{id}/deliveries":                       {"", 200},
	"GET /v1/webhooks/{id}/deliveries/{delivery_id}":         {"", 200},
	"POST /v1/webhooks/{id}/deliveries/{delivery_id}/resend": {"", 200},
	"GET /v1/activity":                                       {"", 200},
	"GET /v1/activity/verify":                                {"", 200},
	"GET /v1/activity/{id}":                                  {"", 200},
	"GET /v1/openapi.json":                                   {"", 200},
	"GET /v1/openapi.yaml":                                   {"", 200},
	"GET /v1/me":                                             {"", 200},
}

// TestRoutes asks every registered call the same questions.
func TestRoutes(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		for _, rt := range api.Routes() {
			name := rt.Method + " " + rt.Path
			t.Run(name, func(t *testing.T) {
				row, known := rows[name]
				if !known {
					t.Fatal("a new call: say in rows how it works")
				}
				s.ask(t, rt, row)
			})
		}
	})
}

// withOther puts the id of another contact into a body that has {other_id}.
func (s *server) withOther(t *testing.T, body string) string {
	t.Helper()
	if !strings.Contains(body, "{other_id}") {
		return body
	}
	return strings.ReplaceAll(body, "{other_id}", modelstest.Contact(t, s.store, s.owner, "other-"+rand.Text()).ID)
}

// ask makes one call in every wrong way, each of which changes nothing, and at
// last in the right one.
func (s *server) ask(t *testing.T, rt api.Route, row row) {
	suffix := strings.NewReplacer("/", "", "{", "", "}", "").Replace(rt.Method + rt.Path)
	member := modelstest.Contact(t, s.store, s.owner, suffix)
	group := modelstest.Group(t, s.store, s.owner, "Plaza Hotel", member)
	id, delivery := group.ID, ""
	address := func(id string) string {
		return strings.NewReplacer("{id}", id, "{contact_id}", member.ID, "{delivery_id}", delivery).Replace(rt.Path)
	}
	switch {
	case strings.HasPrefix(rt.Path, "/v1/webhooks/"):
		id, delivery = s.newWebhook(t)
	case strings.HasPrefix(rt.Path, "/v1/contacts"):
		id = member.ID
	case strings.HasPrefix(rt.Path, "/v1/conversations"):
		id = group.ConversationID
	case strings.HasPrefix(rt.Path, "/v1/messages"):
		id = s.newMessage(t, group).ID
	case strings.HasPrefix(rt.Path, "/v1/activity"):
		id = s.newestAct(t).ID
	case rt.Path == "/v1/jobs/{id}/start":
		id = s.checkedImport(t).ID
	case strings.HasPrefix(rt.Path, "/v1/jobs"):
		id = s.newJob(t, group.ID).ID
	}
	var sent []option
	if row.body != "" {
		sent = append(sent, bodyOf(rt.Path, s.withOther(t, row.body)))
	}
	with := func(more ...option) []option { return append(slices.Clone(sent), more...) }
	line, body := rt.Method+" "+address(id), sent

	if !rt.Public {
		s.askForToken(t, line, with)
		read := s.call(t, line, with(bearer(s.read))...)
		// There is one right for all of webhooks, which tokens for reading don't have.
		if rt.Method == http.MethodGet && !strings.HasPrefix(rt.Path, "/v1/webhooks") {
			read.want(t, row.status)
		} else {
			read.refused(t, http.StatusForbidden, "forbidden", "")
		}
	}
	s.call(t, line+"?nmae=x", body...).refused(t, 422, "parameter_unknown", "nmae")
	s.call(t, line+"?nmae=%zz", body...).refused(t, 400, "request_malformed", "")
	s.call(t, line+"/", body...).refused(t, 404, "resource_missing", "")
	s.call(t, rt.Method+" /"+address(id), body...).refused(t, 404, "resource_missing", "")
	s.call(t, "TRACE "+address(id)).refused(t, 405, "method_not_allowed", "")
	allow := s.call(t, "PATCH "+address(id), jsonBody(`{}`)).want(t, 405).header.Get("Allow")
	if !slices.Contains(strings.Split(allow, ", "), rt.Method) {
		t.Errorf("Allow: %s", allow)
	}
	if strings.Contains(rt.Path, "{id}") {
		for _, wrong := range []string{"0000000000000000", "x", "%00", "%F0%9F", strings.Repeat("x", 9000), id + "%2F..", "%2e%2e"} {
			a := s.call(t, rt.Method+" "+address(wrong), body...)
			if a.want(t, 404).error(t).Code != "resource_missing" {
				t.Errorf("id %q: %s", wrong, a.body)
			}
		}
	}
	s.call(t, line, body...).want(t, row.status)
	if rt.Method == http.MethodGet {
		head := s.call(t, "HEAD "+address(id)).want(t, row.status)
		if head.body != "" || (head.header.Get("Content-Length") == "") != strings.HasSuffix(rt.Path, "/export") { // whose length nobody knows before
			t.Errorf("HEAD answers %q with Content-Length %q", head.body, head.header.Get("Content-Length"))
		}
	}
}

// bodyOf is the body of a call to an address: JSON or, of an import, a file.
func bodyOf(address, content string) option {
	if strings.HasSuffix(address, "/v1/imports") {
		return body("application/x-ndjson", content)
	}
	return jsonBody(content)
}

func (s *server) askForToken(t *testing.T, line string, with func(...option) []option) {
	t.Helper()
	for _, wrong := range []string{"", "Bearer", "Bearer x", "Basic " + s.token, "Bearer " + s.token + "x", s.token} {
		header := func(r *http.Request) { r.Header.Set("Authorization", wrong) }
		a := s.call(t, line, with(header)...)
		a.refused(t, http.StatusUnauthorized, "unauthorized", "")
		if got := a.header.Get("WWW-Authenticate"); got != "Bearer" {
			t.Errorf("WWW-Authenticate %q", got)
		}
	}
}

func TestUnknownPaths(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		for _, path := range []string{
			"/v1", "/v1/", "/v1/group", "/v1/groups/", "//v1/groups", "/v1//groups", "/v1/../v1/groups", "/v1/./groups",
			"/v1%2Fgroups", "/v1/groups%2F", "/V1/groups", "/v1/groups/x/y/z/w", "/v1/%0d%0agroups", "/v1/groups;x=1",
		} {
			a := s.call(t, "GET "+path)
			if e := a.want(t, 404).error(t); e.Code != "resource_missing" {
				t.Errorf("%s: %s", path, a.body)
			}
		}
	})
}

func TestTokensEnd(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		clock := stop(store)
		s := serve(t, store)
		soon := clock.now.Add(time.Hour).Unix()
		expiring := s.newToken(t, identity.NewToken{Name: "expiring", Scopes: access.ReadScopes(), ExpiresAt: &soon})
		s.call(t, "GET /v1/groups", bearer(expiring)).want(t, 200)
		clock.move(time.Hour)
		s.call(t, "GET /v1/groups", bearer(expiring)).refused(t, 401, "unauthorized", "")

		revoked, secret, err := store.Identity.Tokens.CreateToken(t.Context(), s.owner, identity.NewToken{Name: "revoked", Scopes: access.WriteScopes()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.call(t, "GET /v1/groups", bearer(secret)).want(t, 200)
		if err := store.Identity.Tokens.RevokeToken(t.Context(), s.owner, revoked.ID); err != nil {
			t.Fatal(err)
		}
		s.call(t, "GET /v1/groups", bearer(secret)).refused(t, 401, "unauthorized", "")

		used, err := store.Identity.Tokens.Token(t.Context(), s.owner, revoked.ID)
		if err != nil || deref(used.LastUsedAt) != clock.now.Unix() || deref(used.LastUsedIP) != clientIP {
			t.Errorf("the last use is %v from %v: %v", used.LastUsedAt, used.LastUsedIP, err)
		}
	})
}

// TestDescriptionIsWhole compares the description with what is registered.
func TestDescriptionIsWhole(t *testing.T) {
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Validate(t.Context()); err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	each(t, func(t *testing.T, s *server) {
		for _, path := range []string{"/v1/openapi.json", "/v1/openapi.yaml"} {
			served := s.call(t, "GET "+path, func(r *http.Request) { r.Header.Del("Authorization") }).want(t, 200)
			document, err := openapi3.NewLoader().LoadFromData([]byte(served.body))
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			described := map[string][]string{}
			headers := map[string][]string{}
			for path, item := range document.Paths.Map() {
				for method, op := range item.Operations() {
					name := method + " " + path
					var params []string
					for _, ref := range op.Parameters {
						switch p := ref.Value; p.In {
						case "query":
							params = append(params, p.Name)
						case "header":
							headers[name] = append(headers[name], p.Name)
						}
					}
					slices.Sort(params)
					described[name] = params
					if op.RequestBody != nil {
						headers[name] = append(headers[name], "Content-Type")
					}
					if op.OperationID == "" {
						t.Errorf("%s %s has no operationId", method, path)
					}
				}
			}
			for _, rt := range api.Routes() {
				name, params := rt.Method+" "+rt.Path, slices.Sorted(slices.Values(rt.Params))
				got, known := described[name]
				if !known || !slices.Equal(got, params) {
					t.Errorf("%s: %s describes the parameters %v, and it takes %v", path, name, got, params)
				}
				delete(described, name)
				for header, taken := range map[string]bool{"Content-Type": rt.Body, "Idempotency-Key": rt.Idempotent, "If-Match": rt.Conditional, "Dry-Run": rt.Method != http.MethodGet} {
					if slices.Contains(headers[name], header) != taken {
						t.Errorf("%s: %s says otherwise of %s than the table, which has %t", path, name, header, taken)
					}
				}
			}
			for name := range described {
				t.Errorf("%s: there is no %s", path, name)
			}
			for _, doc := range api.ErrorDocs() {
				if !strings.Contains(served.body, doc.Code) {
					t.Errorf("%s: the code %s is not described", path, doc.Code)
				}
			}
			again := s.call(t, "GET "+path, header("If-None-Match", served.header.Get("ETag"))).want(t, 304)
			if again.body != "" {
				t.Errorf("%s: 304 with a body", path)
			}
		}
	})
}
