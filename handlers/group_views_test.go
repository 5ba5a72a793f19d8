package handlers_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/access"
)

func TestAListIsSavedAsAView(t *testing.T) {
	each(t, func(s *site) {
		s.group("Plaza Hotel")
		s.group("Grand Hotel")
		s.group("Chess Club", s.contact("hector"))
		s.get("/groups").wants(200).lacks(`a[href^="/groups/views/new"]`)
		form := s.get("/groups?q=hotel+is:empty&sort=name").doc.Find(`a[href^="/groups/views/new"]`).AttrOr("href", "")
		s.get(form).wants(200).has("main", "“hotel” · No members")
		s.post(form, "name", "").wants(422).has("main", "Enter a name for the view.")
		s.post(form, "name", "Hotels", "pinned", "yes").wants(303).leads("/groups?q=hotel+is%3Aempty&sort=name").follow(s.browser).
			has("#flashes", "View Hotels saved.").has(".pins [aria-current]", "Hotels 2 groups")
		s.post(form, "name", "hotels").wants(422).has("main", "You already have a view with this name.").has("main", "Replace the view")
		s.post(strings.Replace(form, "hotel", "plaza", 1), "name", "hotels", "replace", "yes").wants(303)
		page := s.get("/groups/views").wants(200).has("main", "“plaza” · No members").has(".pins", "hotels 1")
		page.has(`[id^="view-"] [aria-pressed="true"]`, "Pin hotels")

		s.post("/groups/views/pin", "view", "undescribed", "pinned", "yes").wants(303)
		s.get("/contacts").has(".pins", "No description 3").lacks(".pins [aria-current]")
		s.post("/groups/views/pin", "view", "undescribed", "pinned", "no").wants(303)
		s.post("/groups/views/pin", "view", "nothing", "pinned", "yes").wants(404)
		if words := s.get("/groups").text(".pins"); strings.Contains(words, "No description") {
			s.Errorf("the menu has %q", words)
		}
	})
}

func TestASharedViewIsDeletedKnowingly(t *testing.T) {
	each(t, func(s *site) {
		s.group("Plaza Hotel")
		s.post("/groups/views/new?q=hotel", "name", "Hotels", "shared", "yes").wants(303)
		edit := s.get("/groups/views").doc.Find(`a[href$="/edit"]`).AttrOr("href", "")
		remove, id := strings.Replace(edit, "/edit", "/delete", 1), strings.Split(edit, "/")[3]
		s.get(remove).wants(200).has("main", "Nobody else has pinned it.")

		colleague, ada := s.colleague(access.Auditor)
		ada.get("/groups/views").has("main", "Shared by others").has("main", "Hotels").lacks(`a[href$="/edit"]`)
		ada.get("/groups/views/new?q=x").wants(200).lacks("[name=shared]")
		ada.post("/groups/views/new?q=x", "name", "X", "shared", "yes").wants(403)
		ada.get(edit).wants(403)
		ada.post(remove).wants(403)
		ada.post("/groups/views/pin", "view", id, "pinned", "yes").wants(303)

		s.get(remove).has("main", "Pinned by "+colleague.Name+". It's removed from their menus as well.")
		s.get(edit).wants(200).has("h1", "Edit view")
		s.post(edit, "name", "", "shared", "yes").wants(422).has("main", "There is a problem")
		s.post(edit, "name", "All hotels", "shared", "yes").wants(303)
		s.post(remove).wants(303)
		ada.get("/groups").lacks(".pins")
		ada.get(edit).wants(404)
	})
}

func TestFiltersBuildASearch(t *testing.T) {
	each(t, func(s *site) {
		s.store.Facets.Patience = time.Minute
		s.group("Plaza Hotel")
		from := "/groups?q=plaza+created%3A%3E30d&sort=name"
		list := "/groups/filters?list=" + url.QueryEscape(from)
		s.get(list).wants(200).has("main", "Filters").has(`label:has([value="members:0"])`, "1 groups").has("label:has([checked])", "Any")
		for _, c := range []struct{ fields, want string }{
			{"created=created:>30d", from},
			{"created=created:>30d&members=members:0&avatar=no:avatar", "/groups?q=plaza+created%3A%3E30d+members%3A0+no%3Aavatar&sort=name"},
			{"created=&member=hector+m&by=", "/groups?q=plaza+member%3A%22hector+m%22&sort=name"},
			{"created=created:>30d&created_from=2026-01-01&created_to=2026-01-31", "/groups?q=plaza+created%3A2026-01-01..2026-01-31&sort=name"},
			{"created=&member=hector+m,+cedric&by=", "/groups?q=plaza+member%3A%22hector+m%22+member%3Acedric&sort=name"},
			{"created=created:>30d&active_before=2026-01-01", "/groups?q=plaza+created%3A%3E30d+active%3A%3C2026-01-01&sort=name"},
		} {
			fields := strings.NewReplacer(":", "%3A", ">", "%3E").Replace(c.fields)
			s.get(list + "&do=apply&" + fields).wants(303).leads(c.want)
		}
		p := s.get(list + "&do=apply&created_from=2026-02-01&created_to=2026-01-31&archived_from=soon&members=members%3A0").wants(422)
		p.has("#created_to-error", "can't be before").has("#archived_from-error", "Enter a date").has(".summary", "There is a problem")
		if p.value("created_from") != "2026-02-01" || p.doc.Find(`[value="members:0"][checked]`).Length() != 1 {
			s.Error("what was chosen is lost")
		}
	})
}

func TestChipsRemoveOneFilterEach(t *testing.T) {
	each(t, func(s *site) {
		s.group("Plaza Hotel")
		p := s.get("/groups?q=plaza+members:0+hotel+created:%3E1y&after=0VblOnpjquG9nmVd").wants(200)
		var chips []string
		for i := range p.doc.Find(".chip").Length() {
			chip := p.doc.Find(".chip").Eq(i)
			chips = append(chips, strings.TrimSpace(chip.Text())+" "+chip.AttrOr("href", ""))
		}
		want := "Remove filter: “plaza hotel” /groups?q=members%3A0+created%3A%3E1y\n" +
			"Remove filter: Members: 0 /groups?q=plaza+hotel+created%3A%3E1y\n" +
			"Remove filter: Created in the last year /groups?q=plaza+members%3A0+hotel"
		if got := strings.Join(chips, "\n"); got != want {
			s.Errorf("chips:\n%s\nwant\n%s", got, want)
		}
	})
}

func TestColumnsAreChosen(t *testing.T) {
	each(t, func(s *site) {
		g := s.group("Plaza Hotel")
		head := func(path string) string {
			var names []string
			for _, th := range s.get(path).wants(200).doc.Find("thead th").EachIter() {
				names = append(names, strings.TrimSpace(th.Text()))
			}
			return strings.Join(names, " ")
		}
		const usual, some = "Select Name Description Members Created Actions", "Select Name Members Created by ID Actions"
		if got := head("/groups"); got != usual {
			s.Error("at first:", got)
		}
		if got := head("/groups?status=all"); got != "Select Name Description Members Created Status Actions" {
			s.Error("of any status:", got)
		}
		s.post("/groups/columns", "cols", "name", "cols", "id", "cols", "members", "cols", "by", "cols", "nothing", "list", "/groups?q=plaza&cols=id").
			wants(303).leads("/groups?q=plaza")
		if got := head("/groups?q=plaza"); got != some {
			s.Error("chosen:", got)
		}
		s.get("/groups").has("td.c-id", g.ID)
		s.get("/groups/columns").has("main", "Columns").lacks(`[value="description"][checked]`)
		if got := head("/groups?cols=description,members,created,status"); got != usual {
			s.Error("as the address says:", got)
		}
		s.post("/groups/columns", "cols", "name", "do", "list", "list", "/groups?q=plaza").wants(303).leads("/groups?q=plaza&cols=name")
		if got := head("/groups?cols=name"); got != "Select Name Actions" {
			s.Error("none:", got)
		}
		s.post("/groups/columns", "do", "reset").wants(303)
		if got := head("/groups"); got != usual {
			s.Error("reset:", got)
		}
	})
}
