package handlers_test

import (
	"strings"
	"testing"

	"protocol.chat/console/models"
)

func TestManyGroupsAreArchivedAndBack(t *testing.T) {
	each(t, func(s *site) {
		a, b := aGroup(s), archivedGroup(s)
		p := s.post("/groups/bulk", "action", "archive", "ids", a, "ids", b).wants(200)
		p.has("h1", "Archive 1 group?").has(".figures", "Skipped: already archived")
		s.post("/groups/bulk", "action", "archive", "ids", a, "ids", b, "do", "apply").wants(303)
		p = s.get("/groups?status=archived").has("#flashes", "1 group archived. 1 skipped.")
		undo := p.doc.Find("#flashes form").AttrOr("action", "")
		s.post(undo).wants(303)
		if g, err := s.store.Group(s.Context(), a); err != nil || g.Archived() {
			s.Errorf("the group is archived: %v, %v", g.Archived(), err)
		}
		file := s.get(strings.TrimSuffix(undo, "/undo") + "/results").wants(200).body
		if !strings.Contains(file, b+",Plaza Hotel,skipped,"+models.AlreadyArchived+",Already archived") || strings.Count(file, "\r\n") != 3 {
			s.Errorf("the file is %q", file)
		}
	})
}

func TestDeletingManyGroupsTakesTheirNumber(t *testing.T) {
	each(t, func(s *site) {
		a, b := aGroup(s), aGroup(s)
		s.post("/groups/bulk", "action", "delete", "ids", a, "do", "apply").wants(404)
		for _, typed := range []string{"", "1"} {
			s.post("/groups/bulk/delete", "ids", a, "ids", b, "do", "apply", "count", "2", "typed", typed).wants(422).has("main", "exactly as shown")
		}
		s.post("/groups/bulk/delete", "ids", a, "ids", b, "do", "apply", "count", "3", "typed", "3").wants(422).has("main", "has changed")
		to := s.post("/groups/bulk/delete", "ids", a, "ids", b, "do", "apply", "count", "2", "typed", "2").wants(303).header.Get("Location")
		if err := s.store.Jobs.Run(s.Context()); err != nil {
			s.Fatal(err)
		}
		s.get(to).wants(200).has("#progress", "2 of 2").has(".pill", "Finished").lacks(`form[action$="/undo"]`)
		s.get("/groups/" + a).wants(404)
	})
}

func TestAFormForManyGroupsKeepsWhatWasTyped(t *testing.T) {
	each(t, func(s *site) {
		id := aGroup(s)
		s.post("/groups/bulk", "action", "update", "ids", id, "do", "apply", "description", "Kept").wants(422).
			has("main", "There is a problem").has("textarea[name=description]", "Kept")
		s.post("/groups/bulk", "action", "add_contacts", "ids", id, "do", "apply").wants(422).has("main", "Name at least one contact.")
		s.post("/groups/bulk", "action", "archive").wants(303)
		s.get("/groups").has("#flashes", "Select at least one group first.")
		s.get("/groups/bulk?select=all&action=archive&created_after=soon").wants(422)
		s.get("/groups/bulk?select=all").wants(422)
	})
}
