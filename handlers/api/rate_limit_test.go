package api_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// limited starts the API with a limit, and a clock that stands still.
func limited(t *testing.T, perMinute int) (*server, *clock) {
	t.Helper()
	store := modelstest.Open(t, modelstest.SQLite)
	clock := stop(store)
	s := serve(t, store)
	s.logs = &bytes.Buffer{}
	s.Server = httptest.NewServer(handler(store, s.logs, perMinute))
	t.Cleanup(s.Close)
	return s, clock
}

// calls makes many calls, which are not held to the description: that takes its time.
// It is the last one's headers.
func (s *server) calls(t *testing.T, n int, line string) http.Header {
	t.Helper()
	var head http.Header
	for range n {
		a, err := s.Client().Do(s.request(t, line))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, a.Body)
		_ = a.Body.Close()
		if head = a.Header; a.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", line, a.Status)
		}
	}
	return head
}

func TestATokenHasSoManyCalls(t *testing.T) {
	s, clock := limited(t, 6000)
	const line = "GET /v1/groups?limit=1"
	head := s.call(t, line).want(t, 200).header
	if head.Get("RateLimit-Policy") != `"token";q=600;w=6` || head.Get("RateLimit") != `"token";r=599;t=1` {
		t.Errorf("RateLimit %s of %s", head.Get("RateLimit"), head.Get("RateLimit-Policy"))
	}
	if got := s.calls(t, 599, line).Get("RateLimit"); got != `"token";r=0;t=6` {
		t.Errorf("after the last call: %s", got)
	}
	a := s.call(t, line)
	if e := a.refused(t, 429, "rate_limited", ""); !strings.Contains(e.Message, "in 1 second.") {
		t.Errorf("it says %q", e.Message)
	}
	if a.header.Get("Retry-After") != "1" || a.header.Get("RateLimit") != `"token";r=0;t=6` {
		t.Errorf("Retry-After %s, RateLimit %s", a.header.Get("Retry-After"), a.header.Get("RateLimit"))
	}
	s.call(t, "POST /v1/groups", jsonBody(`{"name":"x"}`)).refused(t, 429, "rate_limited", "")
	s.call(t, line, bearer(s.read)).want(t, 200) // another token has calls of its own
	clock.move(time.Second)
	s.calls(t, 100, line)
	s.call(t, line).refused(t, 429, "rate_limited", "")
	if got := s.call(t, "GET /v1/openapi.json").want(t, 200).header.Get("RateLimit"); got != "" {
		t.Errorf("nobody calls, and has the limit %s", got)
	}
}

func TestNoLimit(t *testing.T) {
	s, _ := limited(t, 0)
	if head := s.calls(t, 700, "GET /v1/contacts"); head.Get("RateLimit") != "" {
		t.Errorf("there is a limit: %s", head.Get("RateLimit"))
	}
}

// TestTokensCantBeGuessed: an address that sends many wrong tokens is refused, without
// that others are, or tokens that were right before.
func TestTokensCantBeGuessed(t *testing.T) {
	s, clock := limited(t, 0)
	ended, wrong, err := s.store.Identity.Tokens.CreateToken(t.Context(), s.owner, identity.NewToken{Name: "x", Scopes: access.ReadScopes()}, nil)
	if err == nil {
		err = s.store.Identity.Tokens.RevokeToken(t.Context(), s.owner, ended.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	const line = "GET /v1/contacts"
	from := func(ip string) option { return header("X-From", ip) }
	s.call(t, line, from("2001:db8::1")).want(t, 200)
	for i := range 30 {
		s.call(t, line, bearer(wrong), from([]string{"2001:db8::1", "2001:db8::ffff"}[i%2])).refused(t, 401, "unauthorized", "")
	}
	a := s.call(t, line, bearer(wrong), from("2001:db8::2"))
	if e := a.refused(t, 429, "rate_limited", ""); !strings.Contains(e.Message, "invalid tokens came from this address") || a.header.Get("Retry-After") != "2" {
		t.Errorf("%s, Retry-After %s", e.Message, a.header.Get("Retry-After"))
	}
	s.call(t, line, bearer(s.read), from("2001:db8::1")).refused(t, 429, "rate_limited", "") // it may be a guess
	s.call(t, line, from("2001:db8::1")).want(t, 200)                                        // this one was right before
	s.call(t, line, bearer(wrong), from("2001:db8:0:1::1")).refused(t, 401, "unauthorized", "")
	s.call(t, line, bearer(s.read), from("2001:db8:0:1::1")).want(t, 200)
	for range 40 {
		s.call(t, line, bearer("pcl_typo"), from("203.0.113.9")).refused(t, 401, "unauthorized", "") // can't be a token: nothing to guess
	}
	clock.move(2 * time.Second)
	s.call(t, line, bearer(wrong), from("2001:db8::1")).refused(t, 401, "unauthorized", "")
	s.call(t, line, bearer(wrong), from("2001:db8::1")).refused(t, 429, "rate_limited", "")
}

func TestATokenFromElsewhere(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		networks, err := access.ParseNetworks("198.51.100.0/24")
		if err != nil {
			t.Fatal(err)
		}
		secret := s.newToken(t, identity.NewToken{Name: "Office", Scopes: access.ReadScopes(), Networks: networks})
		e := s.call(t, "GET /v1/groups", bearer(secret)).refused(t, 403, "forbidden", "")
		if !strings.Contains(e.Message, "isn't allowed from the address") {
			t.Errorf("it says %q", e.Message)
		}
		s.call(t, "GET /v1/groups", bearer(secret), header("X-From", "198.51.100.77")).want(t, 200)
		s.call(t, "GET /v1/groups", bearer(secret), header("X-From", "nowhere")).refused(t, 403, "forbidden", "")
	})
}
