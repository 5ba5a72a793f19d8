package api_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

// wrong is a call that is refused. G, C and V stand in it for the ids of a group,
// of its member and of its conversation.
type wrong struct {
	line        string
	body        option
	status      int
	code, param string
}

const (
	malformed = "request_malformed"
	invalid   = "parameter_invalid"
	missing   = "parameter_missing"
	unknown   = "parameter_unknown"
)

var (
	long  = strings.Repeat("x", 256)
	large = strings.Repeat("x", 1<<20)
)

var wrongs = []wrong{
	// The query.
	{"GET /v1/groups?limit=0", nil, 422, invalid, "limit"},
	{"GET /v1/groups?limit=101", nil, 422, invalid, "limit"},
	{"GET /v1/groups?limit=-1", nil, 422, invalid, "limit"},
	{"GET /v1/groups?limit=1.5", nil, 422, invalid, "limit"},
	{"GET /v1/groups?limit=ten", nil, 422, invalid, "limit"},
	{"GET /v1/groups?limit=", nil, 422, invalid, "limit"},
	{"GET /v1/groups?limit=99999999999999999999", nil, 422, invalid, "limit"},
	{"GET /v1/groups?limit=10&limit=20", nil, 400, malformed, "limit"},
	{"GET /v1/groups?limit[]=10", nil, 422, unknown, "limit[]"},
	{"GET /v1/groups?Limit=10", nil, 422, unknown, "Limit"},
	{"GET /v1/groups?limit=10;archived=true", nil, 422, invalid, "limit"},
	{"GET /v1/groups?archived=yes", nil, 422, invalid, "archived"},
	{"GET /v1/groups?archived=", nil, 422, invalid, "archived"},
	{"GET /v1/groups?archived=1", nil, 422, invalid, "archived"},
	{"GET /v1/groups?starting_after=x", nil, 422, invalid, "starting_after"},
	{"GET /v1/groups?starting_after=", nil, 422, invalid, "starting_after"},
	{"GET /v1/groups?starting_after=zzzzzzzzzzzzzzzz", nil, 422, invalid, "starting_after"},
	{"GET /v1/groups?ending_before=0000000000000000%20", nil, 422, invalid, "ending_before"},
	{"GET /v1/groups?ending_before=zzzzzzzzzzzzzzzz", nil, 422, invalid, "ending_before"},
	{"GET /v1/groups?starting_after=G&ending_before=G", nil, 422, invalid, "ending_before"},
	{"GET /v1/groups?contact=x", nil, 422, invalid, "contact"},
	{"GET /v1/groups?contact=", nil, 422, invalid, "contact"},
	{"GET /v1/groups?contact=0000000000000000", nil, 422, invalid, "contact"},
	{"GET /v1/groups?contact=G", nil, 422, invalid, "contact"},
	{"GET /v1/groups?q=" + long, nil, 422, invalid, "q"},
	{"GET /v1/groups?q=%", nil, 400, malformed, ""},
	{"GET /v1/groups?q=%zz", nil, 400, malformed, ""},
	{"GET /v1/groups?q=%ff", nil, 400, malformed, ""},
	{"GET /v1/groups?%ff=x", nil, 400, malformed, ""},
	{"GET /v1/contacts?sort=username", nil, 422, invalid, "sort"},
	{"GET /v1/groups?sort=color", nil, 422, invalid, "sort"},
	{"GET /v1/groups?sort=", nil, 422, invalid, "sort"},
	{"GET /v1/groups?sort=--name", nil, 422, invalid, "sort"},
	{"GET /v1/groups?sort=archived_at", nil, 422, invalid, "sort"},
	{"GET /v1/groups?sort=-archived_at&archived=false", nil, 422, invalid, "sort"},
	{"GET /v1/groups?sort=name&starting_after=0000000000000000", nil, 422, invalid, "starting_after"},
	{"GET /v1/groups?sort=archived_at&archived=true&ending_before=G", nil, 422, invalid, "ending_before"},
	{"GET /v1/groups?include[]=everything", nil, 422, invalid, "include[]"},
	{"GET /v1/groups?include=total", nil, 422, unknown, "include"},
	{"GET /v1/groups?created_after=yesterday", nil, 422, invalid, "created_after"},
	{"GET /v1/groups?created_before=-1", nil, 422, invalid, "created_before"},
	{"GET /v1/groups?archived_after=2026-01-31", nil, 422, invalid, "archived_after"},
	{"GET /v1/groups?archived_before=", nil, 422, invalid, "archived_before"},
	{"GET /v1/groups?updated_after=1.5", nil, 422, invalid, "updated_after"},
	{"GET /v1/groups?updated_before=x", nil, 422, invalid, "updated_before"},
	{"GET /v1/groups?contacts_min=-1", nil, 422, invalid, "contacts_min"},
	{"GET /v1/groups?contacts_max=few", nil, 422, invalid, "contacts_max"},
	{"GET /v1/groups?contacts_max=99999999999999999999", nil, 422, invalid, "contacts_max"},
	{"GET /v1/groups?described=yes", nil, 422, invalid, "described"},
	{"GET /v1/groups?name=%20", nil, 422, invalid, "name"},
	{"GET /v1/groups?starting_before=G", nil, 422, unknown, "starting_before"},
	{"GET /v1/groups/G?expand=contacts", nil, 422, unknown, "expand"},
	{"GET /v1/contacts?archived=true", nil, 422, unknown, "archived"},
	{"GET /v1/contacts?q=" + long, nil, 422, invalid, "q"},
	{"GET /v1/contacts?limit=x", nil, 422, invalid, "limit"},
	{"GET /v1/groups/G/contacts?limit=x", nil, 422, invalid, "limit"},
	{"GET /v1/groups/G/contacts?starting_after=x", nil, 422, invalid, "starting_after"},
	{"GET /v1/groups/G/contacts?q=" + long, nil, 422, invalid, "q"},
	{"GET /v1/conversations/V/messages?limit=x", nil, 422, invalid, "limit"},
	{"GET /v1/conversations/V/messages?q=" + long, nil, 422, invalid, "q"},
	{"GET /v1/conversations/V/messages?q=x&ending_before=V", nil, 422, invalid, "ending_before"},
	{"GET /v1/conversations/V/messages?sort=x", nil, 422, unknown, "sort"},
	{"GET /v1/conversations/V/messages?starting_after=V&ending_before=V", nil, 422, invalid, "ending_before"},

	// Bodies that can't be read.
	{"POST /v1/groups", jsonBody(`{`), 400, malformed, ""},
	{"POST /v1/groups", jsonBody(`{"name":"x"}}`), 400, malformed, ""},
	{"POST /v1/groups", jsonBody(`{"name":"x",}`), 400, malformed, ""},
	{"POST /v1/groups", jsonBody(`{'name':'x'}`), 400, malformed, ""},
	{"POST /v1/groups", jsonBody("{\"name\":\"x\xff\"}"), 400, malformed, ""},
	{"POST /v1/groups", jsonBody("\ufeff{}"), 422, missing, "name"},
	{"POST /v1/groups", jsonBody(`{"name":"a\u202eb"}`), 422, invalid, "name"},
	{"POST /v1/contacts", jsonBody(`{"username":"turned","display_name":"a\u2067b"}`), 422, invalid, "display_name"},
	{"POST /v1/groups", jsonBody(`{"name":"x","name":"y"}`), 400, malformed, "name"},
	{"POST /v1/groups", jsonBody(`{"name":"x","contacts":[{"id":"C","id":"C"}]}`), 400, malformed, "contacts[0][id]"},
	{"POST /v1/groups", jsonBody(`{"name":"x","\u006eame":"y"}`), 400, malformed, "name"},
	{"POST /v1/groups", jsonBody(strings.Repeat("[", 100_000)), 400, malformed, ""},
	{"POST /v1/groups", jsonBody(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)), 400, malformed, ""},
	{"POST /v1/groups", jsonBody(`{"name":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`), 422, invalid, "name"},
	{"POST /v1/groups", jsonBody(" "), 400, malformed, ""},
	{"POST /v1/groups", jsonBody(`[]`), 422, invalid, ""},
	{"POST /v1/groups", jsonBody(`null`), 422, invalid, ""},
	{"POST /v1/groups", jsonBody(`"name"`), 422, invalid, ""},
	{"POST /v1/groups", form("name=x&name=y"), 400, malformed, "name"},
	{"POST /v1/groups", form("name=%"), 400, malformed, ""},
	{"POST /v1/groups", form("name=%4"), 400, malformed, ""},
	{"POST /v1/groups", form("name=100%"), 400, malformed, ""},
	{"POST /v1/groups", form("name=%ff"), 400, malformed, ""},
	{"POST /v1/groups", form("name=\xff"), 400, malformed, ""},
	{"POST /v1/groups", form("name=x&contacts[0]=C&contacts[0]=C"), 400, malformed, "contacts[0]"},
	{"POST /v1/groups", form("name=x&contacts[0][id]=C&contacts[0][id]=C"), 400, malformed, "contacts[0][id]"},
	{"POST /v1/groups", form("name=x&contacts[0]=C&contacts[0][id]=C"), 400, malformed, "contacts[0][id]"},
	{"POST /v1/groups", form("name=x&contacts=&contacts[]=C"), 400, malformed, "contacts"},
	{"POST /v1/groups", jsonBody(`{"name":"` + large + `"}`), 413, "body_too_large", ""},
	{"POST /v1/groups", form("name=" + large), 413, "body_too_large", ""},
	{"POST /v1/groups", body("text/plain", "name=x"), 415, "media_type_unsupported", ""},
	{"POST /v1/groups", body("", "name=x"), 415, "media_type_unsupported", ""},
	{"POST /v1/groups", body("multipart/form-data; boundary=x", "--x--"), 415, "media_type_unsupported", ""},
	{"POST /v1/groups", body("application/json; charset=latin1", `{}`), 415, "media_type_unsupported", ""},
	{"POST /v1/groups", body("application/xml", `<name/>`), 415, "media_type_unsupported", ""},
	{"POST /v1/groups", body(";;", `x`), 415, "media_type_unsupported", ""},
	{"POST /v1/groups", func(r *http.Request) { jsonBody(`{"name":"x"}`)(r); r.Header.Set("Content-Encoding", "gzip") }, 415, "media_type_unsupported", ""},

	// A group's values.
	{"POST /v1/groups", nil, 422, missing, "name"},
	{"POST /v1/groups", jsonBody(`{}`), 422, missing, "name"},
	{"POST /v1/groups", jsonBody(`{"name":null}`), 422, missing, "name"},
	{"POST /v1/groups", jsonBody(`{"name":""}`), 422, missing, "name"},
	{"POST /v1/groups", jsonBody(`{"name":" \n "}`), 422, missing, "name"},
	{"POST /v1/groups", jsonBody(`{"name":"\u200b\u2060"}`), 422, missing, "name"},
	{"POST /v1/groups", form("name="), 422, missing, "name"},
	{"POST /v1/groups", jsonBody(`{"name":5}`), 422, invalid, "name"},
	{"POST /v1/groups", jsonBody(`{"name":true}`), 422, invalid, "name"},
	{"POST /v1/groups", jsonBody(`{"name":["x"]}`), 422, invalid, "name"},
	{"POST /v1/groups", form("name[]=x"), 422, invalid, "name"},
	{"POST /v1/groups", jsonBody(`{"name":"` + long + `"}`), 422, invalid, "name"},
	{"POST /v1/groups", jsonBody(`{"name":"a\u0000b"}`), 422, invalid, "name"},
	{"POST /v1/groups", jsonBody(`{"name":"a\nb"}`), 422, invalid, "name"},
	{"POST /v1/groups", jsonBody(`{"name":"\ud800"}`), 400, malformed, ""},
	{"POST /v1/groups", jsonBody(`{"name":"\udc00\ud800x"}`), 400, malformed, ""},
	{"POST /v1/groups", jsonBody(`{"Name":"x"}`), 422, unknown, "Name"},
	{"POST /v1/groups", jsonBody(`{"name":"x","titel":"y"}`), 422, unknown, "titel"},
	{"POST /v1/groups", form("name=x&contacts[a]=C"), 422, unknown, "contacts[a]"},
	{"POST /v1/groups", form("name=x&=y"), 422, unknown, ""},
	{"POST /v1/groups", jsonBody(`{"name":"x","description":"` + strings.Repeat("x", 10_001) + `"}`), 422, invalid, "description"},
	{"POST /v1/groups", jsonBody(`{"name":"x","description":7}`), 422, invalid, "description"},
	{"POST /v1/groups", jsonBody(`{"name":"x","description":"\u0007"}`), 422, invalid, "description"},
	{"POST /v1/groups", jsonBody(`{"name":"x","avatar_url":"plaza.jpg"}`), 422, invalid, "avatar_url"},
	{"POST /v1/groups", jsonBody(`{"name":"x","avatar_url":"javascript:alert(1)"}`), 422, invalid, "avatar_url"},
	{"POST /v1/groups", jsonBody(`{"name":"x","avatar_url":"//example.com/x"}`), 422, invalid, "avatar_url"},
	{"POST /v1/groups", jsonBody(`{"name":"x","avatar_url":"https://example.com/` + strings.Repeat("x", 2048) + `"}`), 422, invalid, "avatar_url"},
	{"POST /v1/groups", jsonBody(`{"name":"x","id":"G"}`), 422, invalid, "id"},
	{"POST /v1/groups", jsonBody(`{"name":"x","created_at":1}`), 422, invalid, "created_at"},
	{"POST /v1/groups", jsonBody(`{"name":"x","archived_at":1}`), 422, unknown, "archived_at"},
	{"POST /v1/groups?name=x", nil, 422, unknown, "name"},

	// Its members.
	{"POST /v1/groups", jsonBody(`{"name":"x","contacts":null}`), 422, invalid, "contacts"},
	{"POST /v1/groups", jsonBody(`{"name":"x","contacts":"C"}`), 422, invalid, "contacts"},
	{"POST /v1/groups", jsonBody(`{"name":"x","contacts":{}}`), 422, invalid, "contacts"},
	{"POST /v1/groups", jsonBody(`{"name":"x","contacts":["C","C",{"id":"C"},"0000000000000000"]}`), 422, invalid, "contacts[3]"},
	{"POST /v1/groups", jsonBody(`{"name":"x","contacts":[7]}`), 422, invalid, "contacts[0]"},
	{"POST /v1/groups", jsonBody(`{"name":"x","contacts":[null]}`), 422, invalid, "contacts[0]"},
	{"POST /v1/groups", jsonBody(`{"name":"x","contacts":[""]}`), 422, invalid, "contacts[0]"},
	{"POST /v1/groups", jsonBody(`{"name":"x","contacts":[{}]}`), 422, invalid, "contacts[0]"},
	{"POST /v1/groups", jsonBody(`{"name":"x","contacts":[{"id":7}]}`), 422, invalid, "contacts[0]"},
	{"POST /v1/groups", jsonBody(`{"name":"x","contacts":[{"username":"nobody"}]}`), 422, invalid, "contacts[0]"},
	{"POST /v1/groups", jsonBody(`{"name":"x","contacts":["\u0000"]}`), 422, invalid, "contacts[0]"},
	{"POST /v1/groups", form("name=x&contacts=C"), 422, invalid, "contacts"},
	{"POST /v1/groups", form("name=x&contacts[]=C&contacts[]=nobody"), 422, invalid, "contacts[1]"},
	{"POST /v1/groups", form("name=x&contacts[0][username]=nobody"), 422, invalid, "contacts[0]"},
	{"POST /v1/groups", form("name=x&contacts[0][nickname]=hector"), 422, invalid, "contacts[0]"},
	{"POST /v1/groups", form("name=x&contacts[99999999999999999999]=C"), 422, unknown, "contacts[99999999999999999999]"},
	{"POST /v1/groups/G/contacts", jsonBody(`{}`), 422, missing, "contacts"},
	{"POST /v1/groups/G/contacts", jsonBody(`{"contacts":["nobody"]}`), 422, invalid, "contacts[0]"},
	{"POST /v1/groups/G/contacts", jsonBody(`{"contacts":[],"name":"x"}`), 422, unknown, "name"},
	{"POST /v1/groups/0000000000000000/contacts", jsonBody(`{"contacts":["C"]}`), 404, "resource_missing", "id"},
	{"DELETE /v1/groups/G/contacts/x", nil, 404, "resource_missing", "contact_id"},
	{"DELETE /v1/groups/0000000000000000/contacts/C", nil, 404, "resource_missing", "id"},

	// Changes.
	{"PUT /v1/groups/G", jsonBody(`{"name":""}`), 422, missing, "name"},
	{"PUT /v1/groups/G", jsonBody(`{"nmae":"x"}`), 422, unknown, "nmae"},
	{"PUT /v1/groups/G", jsonBody(`{"id":"C"}`), 422, invalid, "id"},
	{"PUT /v1/groups/G", jsonBody(`{"id":null}`), 422, invalid, "id"},
	{"PUT /v1/groups/G", jsonBody(`{"conversation_id":"C"}`), 422, invalid, "conversation_id"},
	{"PUT /v1/groups/G", jsonBody(`{"created_at":1}`), 422, invalid, "created_at"},
	{"PUT /v1/groups/G", jsonBody(`{"created_at":[]}`), 422, invalid, "created_at"},
	{"PUT /v1/groups/G", jsonBody(`{"archived_at":"yesterday"}`), 422, invalid, "archived_at"},
	{"PUT /v1/groups/G", jsonBody(`{"archived_at":true}`), 422, invalid, "archived_at"},
	{"PUT /v1/groups/G", jsonBody(`{"archived_at":""}`), 422, invalid, "archived_at"},
	{"PUT /v1/groups/G", jsonBody(`{"archived_at":1.5}`), 422, invalid, "archived_at"},
	{"PUT /v1/groups/G", jsonBody(`{"archived_at":-1}`), 422, invalid, "archived_at"},
	{"PUT /v1/groups/G", jsonBody(`{"archived_at":99999999999}`), 422, invalid, "archived_at"},
	{"PUT /v1/groups/G", jsonBody(`{"archived_at":99999999999999999999999}`), 422, invalid, "archived_at"},
	{"PUT /v1/groups/G", jsonBody(`{"archived_at":"9999-12-31T23:59:59Z"}`), 422, invalid, "archived_at"},
	{"PUT /v1/groups/G", jsonBody(`{"archived_at":"10000-01-01T00:00:00Z"}`), 422, invalid, "archived_at"},
	{"PUT /v1/groups/G", form("archived_at=soon"), 422, invalid, "archived_at"},
	{"PUT /v1/groups/0000000000000000", jsonBody(`{"conversation_id":"V"}`), 404, "resource_missing", "id"},

	// Contacts.
	{"POST /v1/contacts", jsonBody(`{}`), 422, missing, "username"},
	{"POST /v1/contacts", jsonBody(`{"username":"two words"}`), 422, invalid, "username"},
	{"POST /v1/contacts", jsonBody(`{"username":"Jürgen"}`), 422, invalid, "username"},
	{"POST /v1/contacts", jsonBody(`{"username":"` + long[:65] + `"}`), 422, invalid, "username"},
	{"POST /v1/contacts", jsonBody(`{"username":"HECTOR"}`), 422, invalid, "username"},
	{"POST /v1/contacts", jsonBody(`{"username":"x","phone_number":"` + strings.Repeat("1", 33) + `"}`), 422, invalid, "phone_number"},
	{"POST /v1/contacts", jsonBody(`{"username":"x","phone_number":12}`), 422, invalid, "phone_number"},
	{"POST /v1/contacts", jsonBody(`{"username":"x","display_name":"` + long + `"}`), 422, invalid, "display_name"},
	{"POST /v1/contacts", jsonBody(`{"username":"x","avatar_url":"ftp://example.com"}`), 422, invalid, "avatar_url"},
	{"POST /v1/contacts", jsonBody(`{"username":"x","conversation_id":"V"}`), 422, invalid, "conversation_id"},
	{"POST /v1/contacts", jsonBody(`{"username":"x","name":"y"}`), 422, unknown, "name"},
	{"PUT /v1/contacts/C", jsonBody(`{"username":null}`), 422, missing, "username"},
	{"PUT /v1/contacts/C", jsonBody(`{"id":"G"}`), 422, invalid, "id"},
	{"PUT /v1/contacts/C", jsonBody(`{"conversation_id":"V"}`), 422, invalid, "conversation_id"},

	// Messages.
	{"POST /v1/conversations/V/messages", jsonBody(`{}`), 422, missing, "message"},
	{"POST /v1/conversations/V/messages", jsonBody(`{"message":" "}`), 422, missing, "message"},
	{"POST /v1/conversations/V/messages", jsonBody(`{"message":7}`), 422, invalid, "message"},
	{"POST /v1/conversations/V/messages", jsonBody(`{"message":"` + strings.Repeat("x", 10_001) + `"}`), 422, invalid, "message"},
	{"POST /v1/conversations/V/messages", jsonBody(`{"message":"x","contact_id":"x"}`), 422, invalid, "contact_id"},
	{"POST /v1/conversations/V/messages", jsonBody(`{"message":"x","contact_id":"\u0000"}`), 422, invalid, "contact_id"},
	{"POST /v1/conversations/V/messages", jsonBody(`{"message":"x","contact_id":"0000000000000000"}`), 422, invalid, "contact_id"},
	{"POST /v1/conversations/V/messages", jsonBody(`{"message":"x","text":"y"}`), 422, unknown, "text"},
	{"POST /v1/conversations/0000000000000000/messages", jsonBody(`{"message":"x"}`), 404, "resource_missing", "id"},
	{"GET /v1/conversations/G/messages", nil, 404, "resource_missing", "id"},

	// Headers.
	{"POST /v1/groups", idempotent(`{"name":"x"}`, long), 422, invalid, "Idempotency-Key"},
	{"POST /v1/groups", idempotent(`{"name":"x"}`, ""), 422, invalid, "Idempotency-Key"},
	{"POST /v1/groups", idempotent(`{"name":"x"}`, "\xff"), 422, invalid, "Idempotency-Key"},
	{"POST /v1/groups", idempotent(`{"name":"x"}`, "a", "b"), 422, invalid, "Idempotency-Key"},
}

func idempotent(content string, keys ...string) option {
	return func(r *http.Request) {
		jsonBody(content)(r)
		r.Header["Idempotency-Key"] = keys
	}
}

func TestWrongCalls(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		hector := modelstest.Contact(t, s.store, s.owner, "hector")
		plaza := modelstest.Group(t, s.store, s.owner, "Plaza Hotel", hector)
		before := s.call(t, "GET /v1/groups").body
		names := strings.NewReplacer("/G", "/"+plaza.ID, "=G", "="+plaza.ID, `"G"`, `"`+plaza.ID+`"`, "/C", "/"+hector.ID, `"C"`, `"`+hector.ID+`"`,
			"=C", "="+hector.ID, "/V", "/"+plaza.ConversationID, "=V", "="+plaza.ConversationID, `"V"`, `"`+plaza.ConversationID+`"`)
		for _, w := range wrongs {
			var sent string
			rewrite := func(r *http.Request) {
				if w.body != nil {
					w.body(r)
					sent = reread(r, names)
				}
			}
			method, path, _ := strings.Cut(w.line, " ")
			a := s.call(t, method+" "+names.Replace(path), rewrite)
			t.Run(fmt.Sprintf("%.60s %.60q", w.line, sent), func(t *testing.T) {
				a.refused(t, w.status, w.code, names.Replace(w.param))
			})
		}
		if after := s.call(t, "GET /v1/groups").body; after != before {
			t.Errorf("refused calls made %s of %s", after, before)
		}
		if s.logs.Len() > 0 {
			t.Errorf("refusals were logged as failures: %s", s.logs)
		}
	})
}

// reread puts ids into the body of a request, and is what it says then.
func reread(r *http.Request, names *strings.Replacer) string {
	var b bytes.Buffer
	_, _ = b.ReadFrom(r.Body)
	content := names.Replace(b.String())
	body(r.Header.Get("Content-Type"), content)(r)
	return content
}

// TestARefusalIsReadByWhoIsStillSending a body that nobody takes.
func TestARefusalIsReadByWhoIsStillSending(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		full := jsonBody(`{"name":"` + large[:1<<20-11] + `"}`)
		s.call(t, "POST /v1/groups", full, bearer("pcl_nonsense")).refused(t, http.StatusUnauthorized, "unauthorized", "")
		s.call(t, "PUT /v1/groups/x", full).refused(t, http.StatusNotFound, "resource_missing", "id")
		s.call(t, "POST /v1/groups", full).refused(t, http.StatusUnprocessableEntity, "parameter_invalid", "name")
	})
}

func TestPanicIsAnsweredAndLogged(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		a := s.call(t, "GET /v1/groups", header("X-Panic", "1"))
		a.refused(t, http.StatusInternalServerError, "internal_error", "")
		if strings.Contains(a.body, "as the test asked") {
			t.Errorf("the fault is shown: %s", a.body)
		}
		if logs := s.logs.String(); !strings.Contains(logs, "as the test asked") || !strings.Contains(logs, "request_id="+requestID) {
			t.Errorf("the fault is not logged: %s", logs)
		}
	})
}

func TestDatabaseTooSlow(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now())
		defer cancel()
		a := s.record(ctx)
		s.unavailable(t, a, access.Busy)
		if a.header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
		}
	})
}

func TestCallerGone(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s.record(ctx).refused(t, 499, "request_canceled", "")
		if s.logs.Len() > 0 {
			t.Errorf("logged: %s", s.logs)
		}
	})
}

// unavailable fails the test unless the answer says why, and the log what the cause is.
func (s *server) unavailable(t *testing.T, a answer, why access.Outage) {
	t.Helper()
	if e := a.refused(t, http.StatusServiceUnavailable, "unavailable", ""); e.Reason != string(why) || e.Message == "" {
		t.Errorf("the reason is %q, want %q", e.Reason, why)
	}
	if logs := s.logs.String(); !strings.Contains(logs, "request_id="+requestID+" reason="+string(why)) || !strings.Contains(logs, "err=") {
		t.Errorf("the cause is not logged: %s", logs)
	}
	s.logs.Reset()
}

func TestDatabaseFileGone(t *testing.T) {
	url := modelstest.URL(t, modelstest.SQLite)
	s := serve(t, modelstest.OpenURL(t, url))
	file := strings.TrimPrefix(url, "sqlite:")
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	s.unavailable(t, s.call(t, "POST /v1/groups", jsonBody(`{"name":"x"}`)), access.Gone)
	s.call(t, "GET /v1/groups").want(t, 200)
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	s.call(t, "POST /v1/groups", jsonBody(`{"name":"x"}`)).want(t, 201)
}

// record makes a call in a context of its own, not over the network.
func (s *server) record(ctx context.Context) answer {
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/groups", nil)
	bearer(s.token)(r)
	handler(s.store, s.logs, 0).ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

func TestDatabaseAway(t *testing.T) {
	cluster := modelstest.StartCluster(t)
	store := modelstest.OpenEmpty(t, cluster.URL())
	s := serve(t, store)
	s.call(t, "GET /v1/groups").want(t, 200)
	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"GET /v1/groups", "POST /v1/groups"} {
		a := s.call(t, line, jsonBody(`{"name":"x"}`))
		s.unavailable(t, a, access.Gone)
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	s.call(t, "GET /v1/groups").want(t, 200)
}

func TestErrorDocs(t *testing.T) {
	for _, code := range []string{access.Missing, access.Bad, access.Unknown} {
		if docOf(code).Status != 422 {
			t.Errorf("%s is not documented", code)
		}
	}
}
