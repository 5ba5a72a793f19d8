package handlers_test

import (
	"testing"

	"protocol.chat/console/models"
)

// TestTabsTellWhatOthersChange: a list, a group's page and its form, while each has what it shows.
func TestTabsTellWhatOthersChange(t *testing.T) {
	t.Parallel()
	s := one(t)
	first, second := s.group("First"), s.group("Second")
	list, page, form := s.in(desk), s.in(desk), s.in(desk)
	list.visit("/groups")
	page.visit("/groups/" + first.ID)
	form.visit("/groups/" + first.ID + "/edit")
	form.write("#name", "Half a name")

	s.rename(first, "Renamed")
	s.group("Third")
	s.relay()
	list.sees("#live", "1 new, 1 changed")
	list.sees("#row-"+first.ID, "Changed")
	list.hears("1 new, 1 changed.")
	list.misses("#row-"+second.ID, "Changed")
	list.misses("tbody", "Third") // rows never move by themselves
	page.sees("#live", "Changed by somebody")
	form.sees("#live", "Somebody saved changes since you opened this form.")
	form.until("what was typed is there", "find('#name').value === 'Half a name'")

	list.goes("Refresh")
	list.sees("tbody", "Third")
	list.misses("#live", "new")
	page.goes("Refresh")
	page.sees("h1", "Renamed")

	list.click("Actions for Second") // what the tab does itself is no news to it
	list.click("Archive")
	list.sees("#flashes", "Second archived.")
	s.relay()
	s.rename(first, "Renamed again")
	s.relay()
	list.sees("#live", "1 changed")
	list.misses("#row-"+second.ID, "Changed")
}

// TestAJobsPageFollowsIt, to its end.
func TestAJobsPageFollowsIt(t *testing.T) {
	t.Parallel()
	s := one(t)
	g := s.group("Archived soon")
	job, err := s.store.BulkChanges.StartBulk(s.Context(), s.by, models.Bulk{Action: models.BulkArchive, IDs: []string{g.ID}}, "")
	if err != nil {
		t.Fatal(err)
	}
	page, list := s.in(desk), s.in(desk)
	page.visit("/jobs/" + job.ID)
	list.visit("/jobs")
	page.sees(".pill", "Waiting")
	if err := s.store.Jobs.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tab := range []*tab{page, list} {
		tab.wait("the end of the job", func() bool { s.relay(); return eval[bool](tab, "!!find('.pill.good')") })
	}
	page.sees(".pill", "Finished")
	page.sees("#progress", "1 of 1")
	page.misses(".actions", "Refresh")
	list.sees("tbody", "Finished")
}
