package handlers_test

import (
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/webhooks"
)

func TestManyGroupsAreArchivedAndBack(t *testing.T) {
	each(t, func(s *site) {
		a, b := aGroup(s), archivedGroup(s)
		p := s.post("/groups/bulk", "action", "archive", "ids", a, "ids", b).wants(200)
		p.has("h1", "Archive 1 group?").has(".figures", "Skipped: already archived")
		s.post("/groups/bulk", "action", "archive", "ids", a, "ids", b, "do", "apply").wants(303)
		s.get("/groups?status=archived").has("#flashes", "1 group archived. 1 skipped.").undo(s.browser).
			follow(s.browser).has("#flashes", "Undone. 1 group changed back.")
		if g, err := s.store.Group(s.Context(), a); err != nil || g.Archived() {
			s.Errorf("the group is archived: %v, %v", g.Archived(), err)
		}
		jobs, err := s.store.Jobs.Jobs(s.Context(), jobs.Query{})
		if err != nil || len(jobs.Jobs) != 2 {
			s.Fatal(jobs, err)
		}
		file := s.get("/jobs/" + jobs.Jobs[1].ID + "/results").wants(200).body
		if !strings.Contains(file, b+",Plaza Hotel,skipped,"+models.AlreadyArchived+",Already archived") || strings.Count(file, "\r\n") != 3 {
			s.Errorf("the file is %q", file)
		}
	})
}

// TestPreviewsSayWhatWebhooksGet looks at the pages before changes of groups, contacts and members.
func TestPreviewsSayWhatWebhooksGet(t *testing.T) {
	each(t, func(s *site) {
		hector := s.contact("hector")
		a, b := s.group("Plaza Hotel", hector).ID, aGroup(s)
		const deliveries = "Webhook deliveries"
		archive := []string{"action", "archive", "ids", a, "ids", b}
		s.post("/groups/bulk", archive...).wants(200).lacks(".figures")
		names := []string{"*", string(events.GroupArchived)}
		if _, err := s.store.Webhooks.Update(s.Context(), s.by, aWebhook(s), webhooks.Change{Events: &names}); err != nil {
			s.Fatal(err)
		}
		for _, c := range []struct {
			says, path string
			form       []string
		}{
			{"4", "/groups/bulk", archive},
			{"up to 2", "/groups/bulk", []string{"action", "update", "ids", a, "ids", b}},
			{"2", "/groups/bulk/delete", []string{"action", "delete", "ids", a, "ids", b}},
			{"up to 1 per group", "/contacts/bulk", []string{"action", "add_to_groups", "ids", hector.ID}},
			{"1", "/contacts/bulk", []string{"action", "add_to_groups", "ids", hector.ID, "groups", b}},
			{"1", "/contacts/bulk/delete", []string{"action", "delete", "ids", hector.ID}},
			{"1", "/groups/" + a + "/members/bulk", []string{"action", "remove_from_groups", "ids", hector.ID}},
		} {
			p := s.post(c.path, c.form...).wants(200).has(".figures", deliveries)
			if got := p.doc.Find(".figures div:last-child dd").Text(); got != c.says {
				s.Errorf("%s %v says %q", c.path, c.form, got)
			}
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
		s.get(to).wants(200).has("#progress", "2 of 2").has(".pill", "Finished")
		s.get("/groups/"+a).wants(404).has("main", "are kept until").has("main form[action$=undelete]", "Undo deletion")
		undo := s.post(to + "/undo").wants(303).header.Get("Location")
		s.get("/groups/"+a).wants(200).has("#flashes", "2 groups changed back.")
		s.get("/jobs").has("tbody", "Undo: delete groups")
		s.get(undo).wants(200)
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
