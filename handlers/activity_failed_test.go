package handlers_test

import (
	"strings"
	"testing"

	"protocol.chat/console/models/audit"
)

// TestFailedSignInsAreFound: one option finds sign-ins that were refused and who was held
// off for them, and the file has the same.
func TestFailedSignInsAreFound(t *testing.T) {
	each(t, func(s *site) {
		eve := s.newBrowser()
		for range 6 {
			eve.post("/login", "email", "eve@example.com", "password", "wrong")
		}
		p := s.get("/activity?action=session.failed").wants(200).has(".chips", "Failed sign-ins").has("option[selected]", "Failed sign-ins").
			has("tbody", "was temporarily blocked after 5 failed attempts").has("tbody", "Somebody failed to sign in as “eve@example.com”")
		if n := len(p.rows()); n != 6 {
			s.Errorf("%d rows: %q", n, p.rows())
		}
		file := s.post("/activity/export?action=session.failed", "format", "ndjson").wants(200)
		for _, action := range []audit.Action{audit.RefusedSignIn, audit.ThrottledSignIn} {
			if !strings.Contains(file.body, string(action)) {
				s.Errorf("the file has no %s", action)
			}
		}
		held, err := s.store.Audit.Activity(s.Context(), audit.ActivityQuery{Action: string(audit.ThrottledSignIn)})
		if err != nil {
			s.Fatal(err)
		}
		s.get("/activity/"+held.Lines[0].ID).wants(200).has("dt", "Failed sign-ins").lacks("main ins")
	})
}
