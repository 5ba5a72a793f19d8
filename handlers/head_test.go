package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

// state is what a request that changes nothing leaves as it is: the rows of each table, and
// the content of those that a page could change in passing.
func (s *site) state() map[string]string {
	s.Helper()
	state := map[string]string{}
	for table, n := range modelstest.Rows(s.T, s.store) {
		state[table] = strings.Repeat("|", n)
	}
	delete(state, "audit_tail") // which waits for seals
	for what, of := range map[string]string{"hash": "sessions", "data": "sessions", "form": "drafts", "fields": "drafts", "secret": "totps", "failures": "throttles"} {
		state[of+"."+what] = modelstest.List(s.T, s.store, of, what)
	}
	return state
}

// TestHEADChangesNothing on any route: what waits to be shown once goes on waiting.
func TestHEADChangesNothing(t *testing.T) {
	each(t, func(s *site) {
		for _, pattern := range s.console.Patterns() {
			method, path, _ := strings.Cut(pattern, " ")
			q := routes[pattern]
			if method != http.MethodGet || q.action != "" {
				continue
			}
			path = strings.NewReplacer("{$}", "", "{topic}", "search", "{group}", "groups", "{file}", "ApiClient.php", "{code}", "parameter_invalid").Replace(path)
			if q.id != nil {
				path = withID(path, q.id(s))
			}
			if strings.HasSuffix(path, "/edit") || strings.HasSuffix(path, "/members") {
				if err := s.store.Identity.Drafts.SaveDraft(s.Context(), s.by, path, map[string][]string{"name": {"Half a name"}, "username": {"half"}}); err != nil {
					s.Fatal(err)
				}
			}
			s.post("/profile", "name", "Anna", "email", email, "time_zone", "").wants(303) // its message waits
			before := s.state()
			status := s.do(http.MethodHead, path, nil).status
			for what, now := range s.state() {
				if now != before[what] {
					t.Errorf("HEAD %s (%d) changes %s from %q to %q", path, status, what, before[what], now)
				}
			}
		}
	})
}

// TestDraftsOfFormsThatSomebodyMayUse: others are not kept, by whichever way they come.
func TestDraftsOfFormsThatSomebodyMayUse(t *testing.T) {
	each(t, func(s *site) {
		g := s.group("Plaza Hotel")
		typed := strings.Repeat("x", 200_000)
		moderator := s.person(access.Moderator)
		m := s.session(moderator)
		m.post("/drafts/new-group", "name", typed).wants(http.StatusForbidden)
		m.post("/drafts/new-contact", "name", typed).wants(http.StatusForbidden)
		m.post("/drafts/nothing", "name", typed).wants(http.StatusNotFound)
		for _, form := range []string{"/groups/" + g.ID + "/edit", "/groups/0Va1000000000001/members", "/contacts/0Va1000000000001/edit"} {
			s.newBrowser().post("/login", "email", moderator.Email, "password", password, "next", form, "carried.name", typed).leads(form)
		}
		s.newBrowser().post("/login", "email", email, "password", password, "next", "/contacts/0Va1000000000001/edit", "carried.username", typed).wants(303)
		if n := s.count("drafts"); n != 0 {
			t.Errorf("%d drafts are kept", n)
		}
		s.post("/drafts/new-group", "name", "Half a name", "nothing", typed).wants(http.StatusNoContent)
		if kept := modelstest.Value(t, s.store, "SELECT fields FROM drafts"); strings.Contains(kept, "xxx") || !strings.Contains(kept, "Half a name") {
			t.Errorf("the draft has %d characters", len(kept))
		}
		for range 30 {
			to := "/groups/" + s.group("Plaza").ID + "/edit"
			s.newBrowser().post("/login", "email", email, "password", password, "next", to, "carried.name", "Other").leads(to)
		}
		if n := s.count("drafts"); n > 20 {
			t.Errorf("%d drafts are kept of one person", n)
		}
	})
}

// TestWhoDidItIsForThoseWhoSeeActivity: others learn that it was done.
func TestWhoDidItIsForThoseWhoSeeActivity(t *testing.T) {
	each(t, func(s *site) {
		maker, _ := s.colleague(access.Editor)
		made := func(name string) models.CreatedGroup {
			g, err := s.store.CreateGroup(s.Context(), maker, models.GroupChange{Name: &name}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		gone, archived := made("Plaza Hotel"), made("Ritz")
		if _, err := s.store.ArchiveGroup(s.Context(), s.by, archived.ID, 0); err != nil {
			t.Fatal(err)
		}
		if err := s.store.DeleteGroup(s.Context(), s.by, gone.ID, nil); err != nil {
			t.Fatal(err)
		}
		for role, names := range map[access.Role]bool{access.Admin: true, access.Auditor: true, access.Editor: false, access.Moderator: false} {
			b := s.session(s.person(role))
			for path, status := range map[string]int{"/groups/" + gone.ID: 404, "/groups/" + archived.ID: 200} {
				if p := b.get(path).wants(status); strings.Contains(p.text("main"), "by Anna") != names {
					t.Errorf("that %s of role %s names who did it is %t", path, role, !names)
				}
			}
			b.get("/groups/"+gone.ID).wants(404).has("main", "Plaza Hotel was deleted")
		}
	})
}
