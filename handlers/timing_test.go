package handlers_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// The tests of this file measure, which a busy machine can't do: they run where the
// environment says TIMING=yes. That the same work is done in each case is tested always,
// in models.

func needQuiet(t *testing.T) {
	t.Helper()
	if os.Getenv("TIMING") == "" {
		t.Skip("not measured: TIMING=yes does, on a machine that does nothing else")
	}
	modelstest.UseProductionHashCost(t)
}

// TestARefusedSignInTakesTheSameTime compares unknown users, disabled ones and wrong
// passwords, each try from a fresh account and address.
func TestARefusedSignInTakesTheSameTime(t *testing.T) {
	needQuiet(t)
	each(t, func(s *site) {
		const tries = 200
		kinds := []string{"unknown", "disabled", "wrong"}
		for i := range tries {
			for _, kind := range kinds[1:] {
				n := identity.NewUser{Email: fmt.Sprintf("%s%d@example.com", kind, i), Name: "Somebody", Role: access.Auditor, Password: password}
				if _, err := s.store.Identity.Users.CreateUser(s.Context(), access.System("test"), n); err != nil {
					s.Fatal(err)
				}
			}
		}
		s.disable("disabled")
		took := map[string][]time.Duration{}
		for i := range tries {
			for k := range kinds {
				kind := kinds[(i+k)%len(kinds)]
				form := url.Values{"email": {fmt.Sprintf("%s%d@example.com", kind, i)}, "password": {"wrong password"}}
				if kind == "disabled" {
					form.Set("password", password)
				}
				r := signInFrom(s, fmt.Sprintf("10.%d.%d.%d", slices.Index(kinds, kind), i/250, i%250), form)
				answer, start := httptest.NewRecorder(), time.Now()
				s.console.ServeHTTP(answer, r)
				took[kind] = append(took[kind], time.Since(start))
				if answer.Code != http.StatusUnprocessableEntity {
					s.Fatalf("%s: %d", kind, answer.Code)
				}
			}
		}
		least, most := time.Hour, time.Duration(0)
		for _, kind := range kinds {
			slices.Sort(took[kind])
			median := took[kind][tries/2]
			least, most = min(least, median), max(most, median)
			s.Logf("%-8s median %v", kind, median)
		}
		if most-least > least/20 {
			s.Errorf("medians from %v to %v differ by more than 5 %%", least, most)
		}
	})
}

// signInFrom is a sign-in from an address.
func signInFrom(s *site, ip string, form url.Values) *http.Request {
	r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, "/login", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.RemoteAddr = ip + ":1"
	return r
}

// TestManySignInsLeaveOthersTheirTime measures a page while a hundred people sign in.
func TestManySignInsLeaveOthersTheirTime(t *testing.T) {
	needQuiet(t)
	each(t, func(s *site) {
		s.group("Plaza Hotel")
		var all sync.WaitGroup
		statuses := make([]int, 100)
		started := time.Now()
		for i := range statuses { // each from an address of its own, or most would be told to wait
			all.Go(func() {
				form := url.Values{"email": {fmt.Sprint("nobody", i, "@example.com")}, "password": {password}}
				answer := httptest.NewRecorder()
				s.console.ServeHTTP(answer, signInFrom(s, fmt.Sprint("10.1.1.", i), form))
				statuses[i] = answer.Code
			})
		}
		done := make(chan struct{})
		go func() { all.Wait(); close(done) }()
		var took []time.Duration
		for running := true; running; {
			start := time.Now()
			s.get("/groups").wants(200)
			took = append(took, time.Since(start))
			select {
			case <-done:
				running = false
			default:
			}
		}
		slices.Sort(took)
		counts := map[int]int{}
		for _, status := range statuses {
			counts[status]++
		}
		p99 := took[len(took)*99/100]
		s.Logf("100 sign-ins in %v, answered %v; meanwhile %d pages, median %v, p99 %v, longest %v", time.Since(started), counts, len(took), took[len(took)/2], p99, took[len(took)-1])
		if p99 > 250*time.Millisecond {
			s.Errorf("p99 %v", p99)
		}
	})
}
