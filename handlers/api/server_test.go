package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/webhooks"
)

const (
	publicURL = "https://console.example.com"
	clientIP  = "203.0.113.7"
	requestID = "request-1"
)

// server is the API on a real port over a real store, with a token of each scope.
type server struct {
	*httptest.Server
	store       *models.Store
	owner       access.Actor
	token, read string
	logs        *bytes.Buffer
}

// each runs test against the API over a fresh database of every engine.
func each(t *testing.T, test func(t *testing.T, s *server)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, store *models.Store) { test(t, serve(t, store)) })
}

// serve starts the API for somebody who owns it.
func serve(t *testing.T, store *models.Store) *server {
	t.Helper()
	store.Webhooks.SetReach(webhooks.Reach{Loopback: true})
	s := &server{store: store, owner: modelstest.Owner(t, store)}
	s.token = s.newToken(t, identity.NewToken{Name: "writer", Scopes: append(access.WriteScopes(), access.ReadActivity, access.Export, access.Webhooks)})
	s.read = s.newToken(t, identity.NewToken{Name: "reader", Scopes: append(access.ReadScopes(), access.ReadActivity, access.Export)})
	s.start(t)
	return s
}

func (s *server) start(t *testing.T) {
	s.logs = &bytes.Buffer{}
	s.Server = httptest.NewServer(handler(s.store, s.logs, 0))
	t.Cleanup(s.Close)
}

// handler is the API inside of what the console's middleware does for it.
func handler(store *models.Store, logs io.Writer, perMinute int) http.Handler {
	secrets := modelstest.SecretsOf(store)
	routes := api.New(api.Config{
		Store: store, Log: slog.New(slog.NewTextHandler(io.MultiWriter(logs, secrets), nil)), PublicURL: publicURL,
		RateLimit: perMinute, Limited: new(api.Limited),
		RequestID: func(*http.Request) string { return requestID },
		ClientIP: func(r *http.Request) string {
			if from := r.Header.Get("X-From"); from != "" {
				return from
			}
			if r.Header.Get("X-Panic") != "" {
				panic("as the test asked")
			}
			return clientIP
		},
	})
	return secrets.Watch(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Request-Id", requestID)
		routes.ServeHTTP(w, r)
	}))
}

func (s *server) newToken(t *testing.T, n identity.NewToken) string {
	t.Helper()
	by := s.owner
	if n.UserID != "" {
		by = access.System("test") // people make tokens of their own only
	}
	_, secret, err := s.store.Identity.Tokens.CreateToken(t.Context(), by, n, nil)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// option shapes a request.
type option func(*http.Request)

func header(name, value string) option {
	return func(r *http.Request) { r.Header.Add(name, value) }
}

func bearer(token string) option {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func body(kind, content string) option {
	return func(r *http.Request) {
		r.Header.Set("Content-Type", kind)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(content)), int64(len(content))
	}
}

func jsonBody(content string) option { return body("application/json", content) }

// form is a body as curl -d sends it.
func form(content string) option { return body("application/x-www-form-urlencoded", content) }

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// call makes a request, "GET /v1/groups", with the token that may write, and
// holds the answer to the description. What the server accepts must be in the
// description, too.
func (s *server) call(t *testing.T, line string, options ...option) answer {
	t.Helper()
	r := s.request(t, line, options...)
	var sent []byte
	if r.Body != nil {
		sent, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	a := answer{response.StatusCode, response.Header, string(content)}
	a.checkShape(t, line)
	response.Body = io.NopCloser(bytes.NewReader(content))
	r.Body = io.NopCloser(bytes.NewReader(bytes.TrimPrefix(sent, []byte("\ufeff")))) // of which JSON Schema knows nothing
	checkDescribed(t, r, response)
	return a
}

func (s *server) request(t *testing.T, line string, options ...option) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(line, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, nil)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	bearer(s.token)(r)
	for _, o := range options {
		o(r)
	}
	return r
}

// checkShape asks what holds of every answer.
func (a answer) checkShape(t *testing.T, line string) {
	t.Helper()
	if got := a.header.Get("Request-Id"); got != requestID {
		t.Errorf("%s: Request-Id %q", line, got)
	}
	if got := a.header.Get("Cache-Control"); got != "private, no-cache" {
		t.Errorf("%s: Cache-Control %q", line, got)
	}
	if a.status < 400 || strings.HasPrefix(line, "HEAD ") {
		return
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("%s: an error of type %q", line, got)
	}
	e := a.error(t)
	kind := "invalid_request"
	if a.status >= 500 {
		kind = "api_error"
	}
	if e.Type != kind || e.RequestID != requestID || e.DocumentationURL != publicURL+"/docs/errors/"+e.Code {
		t.Errorf("%s: %s", line, a.body)
	}
	if !strings.HasSuffix(e.Message, ".") || len(e.Message) > 400 || e.Message[0] < 'A' && e.Message[0] < 128 {
		t.Errorf("%s: the message is no sentence: %q", line, e.Message)
	}
	if e.Errors == nil != (a.status != http.StatusUnprocessableEntity) {
		t.Errorf("%s: %d with errors %v", line, a.status, e.Errors)
	} else if e.Errors != nil && (e.Errors[0].Code != e.Code || deref(e.Errors[0].Param) != deref(e.Param) || e.Errors[0].Message != e.Message) {
		t.Errorf("%s: the first error is another one than the answer's: %s", line, a.body)
	}
	if doc := docOf(e.Code); doc.Status != a.status {
		t.Errorf("%s: %d with the code %s, which is documented for %d", line, a.status, e.Code, doc.Status)
	}
}

func docOf(code string) api.ErrorDoc {
	docs := api.ErrorDocs()
	i := slices.IndexFunc(docs, func(d api.ErrorDoc) bool { return d.Code == code })
	if i < 0 {
		return api.ErrorDoc{}
	}
	return docs[i]
}

// want fails the test where the status is another one.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

type errorObject struct {
	Type, Message, Code string
	Reason              string
	Param               *string
	DocumentationURL    string `json:"documentation_url"`
	RequestID           string `json:"request_id"`
	Errors              []problem
}

// problem is one thing that is wrong with a request.
type problem struct {
	Code, Message string
	Param         *string
}

func (a answer) error(t *testing.T) errorObject { return decode[errorObject](t, a) }

// refused fails the test where the answer is not this error.
func (a answer) refused(t *testing.T, status int, code, param string) errorObject {
	t.Helper()
	a.want(t, status)
	e := a.error(t)
	if got := deref(e.Param); e.Code != code || got != param {
		t.Errorf("code %q, param %q; want %q, %q: %s", e.Code, got, code, param, e.Message)
	}
	return e
}

func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

type group struct {
	ID, Name       string
	Description    *string
	AvatarURL      *string `json:"avatar_url"`
	ConversationID string  `json:"conversation_id"`
	Contacts       []contact
	ContactsCount  int    `json:"contacts_count"`
	CreatedAt      int64  `json:"created_at"`
	ArchivedAt     *int64 `json:"archived_at"`
	UpdatedAt      int64  `json:"updated_at"`
}

type contact struct {
	ID, Username   string
	PhoneNumber    *string `json:"phone_number"`
	AvatarURL      *string `json:"avatar_url"`
	DisplayName    string  `json:"display_name"`
	ConversationID string  `json:"conversation_id"`
	LastActiveAt   *int64  `json:"last_active_at"`
	CreatedAt      int64   `json:"created_at"`
}

type message struct {
	ID             string
	ConversationID string  `json:"conversation_id"`
	ContactID      *string `json:"contact_id"`
	Message        string
	CreatedAt      int64 `json:"created_at"`
}

type list[T any] struct {
	HasMore bool `json:"has_more"`
	Data    []T
}

func decode[T any](t *testing.T, a answer) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%v in %q", err, a.body)
	}
	return v
}

func usernames(contacts []contact) string {
	names := make([]string, len(contacts))
	for i, c := range contacts {
		names[i] = c.Username
	}
	return strings.Join(names, " ")
}

// clock is a clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

// stop gives the store a clock that stands still until it is moved.
func stop(store *models.Store) *clock {
	c := &clock{now: time.Now()}
	store.DB.Now = func() time.Time {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.now
	}
	return c
}

func (c *clock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

func (s *server) newContact(t *testing.T, username string) contact {
	t.Helper()
	return decode[contact](t, s.call(t, "POST /v1/contacts", form("username="+username)).want(t, 201))
}

func (s *server) newGroup(t *testing.T, name string) group {
	t.Helper()
	return decode[group](t, s.call(t, "POST /v1/groups", form("name="+url.QueryEscape(name))).want(t, 201))
}

// newJob is a job that has archived groups.
func (s *server) newJob(t *testing.T, groups ...string) jobs.Job {
	t.Helper()
	job, err := s.store.BulkChanges.RunBulkNow(t.Context(), s.owner, models.Bulk{Action: models.BulkArchive, IDs: groups}, "")
	if err != nil {
		t.Fatal(err)
	}
	return job
}
