package api

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/access"
)

// TestLimitsAreTheRoutes: how long a call may take, and how large its body may be, are what
// the table says of it.
func TestLimitsAreTheRoutes(t *testing.T) {
	a := &api{Config: Config{Log: slog.New(slog.DiscardHandler), RequestID: func(*http.Request) string { return "" }}}
	for _, tc := range []struct {
		also
		length  int
		status  int
		read    int
		timeout time.Duration
	}{
		{also{}, 1<<20 + 1, http.StatusNoContent, 0, usual.timeout}, // not read
		{also{body: true}, 1 << 20, http.StatusNoContent, 1 << 20, usual.timeout},
		{also{body: true}, 1<<20 + 1, http.StatusRequestEntityTooLarge, 0, 0},
		{also{body: true, limits: limits{body: 2 << 20, timeout: time.Hour}}, 2 << 20, http.StatusNoContent, 2 << 20, time.Hour},
		{also{body: true, limits: limits{body: 2 << 20}}, 2<<20 + 1, http.StatusRequestEntityTooLarge, 0, 0},
	} {
		before := time.Now()
		var read int
		var deadline time.Time
		rt := &route{method: "POST", path: "/v1/x", right: public, also: tc.also, handle: func(r *http.Request, _ access.Actor) (result, error) {
			read = len(callOf(r).body)
			deadline, _ = r.Context().Deadline()
			return nothing(), nil
		}}
		body := strings.NewReader(strings.Repeat("x", tc.length))
		for _, announced := range []bool{true, false} {
			_, _ = body.Seek(0, io.SeekStart)
			r := httptest.NewRequestWithContext(t.Context(), rt.method, rt.path, body)
			if !announced {
				r.ContentLength = -1
			}
			w := httptest.NewRecorder()
			a.serve(rt).ServeHTTP(w, r)
			if w.Code != tc.status || read != tc.read {
				t.Errorf("%d bytes for %+v: got %d, with %d bytes read", tc.length, tc.also, w.Code, read)
			}
			if tc.timeout != 0 && (deadline.Before(before.Add(tc.timeout)) || deadline.After(time.Now().Add(tc.timeout))) {
				t.Errorf("%+v: the deadline is %s after the start", tc.also, deadline.Sub(before))
			}
		}
	}
}
