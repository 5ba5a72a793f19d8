package handlers_test

import (
	"encoding/json"
	"log/slog"
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

// TestEveryPathOfTheAPIIsAnsweredInJSON, however it is encoded, signed in or not, by every
// method: no router on the way responds in its own words.
func TestEveryPathOfTheAPIIsAnsweredInJSON(t *testing.T) {
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	s.setUp()
	_, secret, err := s.store.Identity.Tokens.CreateToken(t.Context(), s.by, identity.NewToken{Name: "Nightly", Scopes: access.WriteScopes()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{
		"/v1", "/v1/", "/v1//groups", "//v1/groups", "/v1/groups/", "/v1/groups/%00", "/v1/groups/a%5Cb", "/v1/groups/a%5C..%5Cb", "/v1%00/groups", "/%00v1/groups",
		"/v1%5Cgroups", "/%5Cv1/groups", "/%5C%5Cv1%5Cgroups", "/v1%2Fgroups", "/%2Fv1/groups", "/%76%31/groupz", "/v1/%67roups/x", "/v1/groups/..", "/v1/groups/%2e%2e/x",
		"/x/../v1/groups", "/x/%2e%2e/v1/groups", "/x/..%2fv1/groups", "/x%5C..%5Cv1/groups", "/v1/./groups", "/v1/groups/%0a", "/v1/groups/%ff", "/v1/groups/%25zz", "/v1/groups/a;b", "/v1/groups/%3F",
		"/v1/nothing", "/v1/groups/" + strings.Repeat("a", 5000), "/./v1/groups", "/%2e/v1/groups", "/v1/../v1/groups",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
			for _, token := range []string{"", secret} {
				target, err := url.ParseRequestURI(at)
				if err != nil {
					t.Fatal(err)
				}
				r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
				r.URL, r.RequestURI = target, at
				if token != "" {
					r.Header.Set("Authorization", "Bearer "+token)
				}
				answer := httptest.NewRecorder()
				s.console.ServeHTTP(answer, r)
				var body struct {
					Type, Code, Message string
					RequestID           string `json:"request_id"`
				}
				err = json.Unmarshal(answer.Body.Bytes(), &body)
				if err != nil || answer.Header().Get("Content-Type") != "application/json" || body.Code == "" || body.Message == "" || body.RequestID == "" {
					t.Errorf("%s %s: %d %s, %v", method, at, answer.Code, answer.Header(), err)
				}
				if wrong := answer.Code == http.StatusUnauthorized && token == "" || answer.Code == http.StatusMethodNotAllowed; !wrong && answer.Code != http.StatusNotFound {
					t.Errorf("%s %s: %d", method, at, answer.Code)
				}
			}
		}
	}
}

// TestTheLogNeverShowsAnInvitation, however its address is encoded.
func TestTheLogNeverShowsAnInvitation(t *testing.T) {
	for _, at := range []string{"/invite/s3cret", "/invite/s3cret%00", "/invite/s3cret%5C", "/%5Cinvite/s3cret", "/invite%5Cs3cret", "//invite/s3cret", "/x/../invite/s3cret"} {
		var log strings.Builder
		s := open(t, modelstest.Open(t, modelstest.SQLite), func(c *handlers.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		target, err := url.ParseRequestURI(at)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.URL, r.RequestURI = target, at
		s.console.ServeHTTP(httptest.NewRecorder(), r)
		if strings.Contains(log.String(), "s3cret") || !strings.Contains(log.String(), "path=/invite/…") {
			t.Errorf("%s is logged as %s", at, log.String())
		}
	}
}
