package handlers_test

import (
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// undo sends the form in a page's newest message.
func (p *page) undo(b *browser) *page {
	p.site.Helper()
	form := p.doc.Find("#flashes .flash form").Last()
	if form.AttrOr("action", "") != "/undo" {
		p.site.Fatalf("%s offers no undo: %q", p.what, p.text("#flashes"))
	}
	return b.post("/undo", "step", form.Find("[name=step]").AttrOr("value", ""), "next", form.Find("[name=next]").AttrOr("value", ""))
}

// TestUndoInPages goes through the messages of undoing, and where they are to be found.
func TestUndoInPages(t *testing.T) {
	each(t, func(s *site) {
		g := s.group("Plaza Hotel", s.contact("hector"))
		path := "/groups/" + g.ID
		said := func(words string) { s.Helper(); s.get(path).has("#flashes", words) }
		s.get("/profile/activity").lacks("#undo-steps")
		s.post(path+"/edit", "name", "The Plaza", "was_name", "Plaza Hotel").follow(s.browser).has("#flashes", "The Plaza saved.").has("#flashes form", "Undo")
		s.post(path + "/archive").wants(303)
		s.post(path+"/delete", "next", path).leads(path)
		s.get("/profile/activity").has(".things", "Deleted The Plaza").has(".things", "Archived The Plaza").has(".things", "Renamed Plaza Hotel to The Plaza")

		s.get(path).wants(404).has("main", "1 member and all messages are kept until")
		log, err := s.store.Audit.Activity(s.Context(), audit.ActivityQuery{Object: g.ID})
		if err != nil {
			s.Fatal(err)
		}
		line := log.Lines[0].ID // of the deletion
		s.get("/activity/"+line).has("h1", "deleted The Plaza").has("main form", "Undo deletion")
		s.post(path + "/undelete").leads(path)
		said("The Plaza is back.")
		s.get("/activity/" + line).lacks("main form[action$=undelete]")

		s.with("Referer", s.url+path).post("/undo").leads(path) // the deletion is undone already
		said("Undone: archived The Plaza.")
		if _, err := s.store.UpdateGroup(s.Context(), s.by, g.ID, models.GroupChange{Name: new("Ours")}); err != nil {
			s.Fatal(err)
		}
		s.post("/undo").leads("/groups")
		said("Can't undo: renamed Plaza Hotel to The Plaza. It has changed since.")
		s.post("/undo").leads("/groups")
		said("Nothing to undo.")
		archived := s.post(path + "/archive").follow(s.browser)
		archived.undo(s.browser).wants(303)
		archived.undo(s.browser).leads(path) // of a page that is out of date
		said("Nothing to undo.")
		s.post(path + "/delete").wants(303)
		s.post(path + "/undelete").wants(303)
		s.post("/undo").wants(303)
		said("Already undone: deleted Ours.")

		s.get("/activity/retention").has("#hold", "For 60 seconds")
		s.post("/activity/hold", "hold", "x").wants(422)
		s.post("/activity/hold", "hold", "86400").leads("/activity/retention")
		s.get("/activity/retention").has("#flashes", "Deleted groups can be restored for 1 day.")
		s.get(path+"/delete").has("#question", "You can undo this for 1 day; after that")
		moderator := s.session(s.person(access.Moderator))
		moderator.post(path+"/archive").follow(moderator).has("#flashes form", "Undo").undo(moderator).leads(path)
	})
}
