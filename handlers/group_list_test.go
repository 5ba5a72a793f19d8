package handlers_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestASearchForAStatusHasTheLastWord is about what the list says of itself where the search
// and the tab ask for different groups.
func TestASearchForAStatusHasTheLastWord(t *testing.T) {
	each(t, func(s *site) {
		s.group("Plaza Hotel")
		for _, name := range []string{"Winter Market", "Chess Club"} {
			if _, err := s.store.ArchiveGroup(s.Context(), s.by, s.group(name).ID, 0); err != nil {
				s.Fatal(err)
			}
		}
		for _, c := range []struct{ address, summary, pressed, column, note string }{
			{"q=is:active&status=archived", "1 active group", "Active", "Created", "Remove it to see archived groups."},
			{"q=is:active&status=all", "1 active group", "Active", "Created", ""},
			{"q=is:archived", "2 archived groups", "Archived", "Archived", ""},
			{"q=is:archived&status=all", "2 archived groups", "Archived", "Archived", ""},
			{"q=is:archived&status=archived", "2 archived groups", "Archived", "Archived", ""},
			{"q=is:archived&status=active", "2 archived groups", "Archived", "Archived", "Remove it to see active groups."},
			{"q=is:archived&sort=-archived", "2 archived groups", "Archived", "Archived", ""},
			{"status=all", "3 groups", "All", "Status", ""},
		} {
			p := s.get("/groups?"+c.address).wants(200).has("#count", c.summary).has("caption", c.summary).has("thead th:nth-last-child(2)", c.column)
			if pressed := p.doc.Find(".segments :checked").AttrOr("id", ""); pressed != "status-"+c.pressed {
				s.Errorf("%s: %s is pressed, want %s", c.address, pressed, c.pressed)
			}
			if c.note == "" {
				p.lacks(".notes")
			} else {
				p.has(".notes", c.note)
			}
			if chips := p.doc.Find(".chip").Length(); chips != 1 {
				s.Errorf("%s: %d chips", c.address, chips)
			}
			p.lacks(".chips > a:not(.chip)")
		}
		without := s.get("/groups?q=is:archived&sort=archived").doc.Find(".chip").AttrOr("href", "")
		s.get(without).wants(200).has("#count", "1 active group").lacks(".notes")
		s.get("/groups?q=is:active+chess").has("main", "No groups match").lacks(`main a[href*="status=all"]`)
		s.get("/groups?q=hotel&status=archived").has(".chips", "Clear all")
	})
}

// TestOrders sorts lists as the API names their orders, and as addresses did before.
func TestOrders(t *testing.T) {
	each(t, func(s *site) {
		hector := s.contact("hector")
		g := s.group("Bridge", hector)
		s.group("Chess")
		members := "/groups/" + g.ID + "/members"
		for address, want := range map[string][4]string{ // the first row, the column, its order, and that after a click
			"/groups":                         {"Chess", "Created", "descending", "created_at"},
			"/groups?sort=-created_at":        {"Chess", "Created", "descending", "created_at"},
			"/groups?sort=created_at":         {"Bridge", "Created", "ascending", ""},
			"/groups?sort=name":               {"Bridge", "Name", "ascending", "-name"},
			"/groups?sort=-name":              {"Chess", "Name", "descending", "name"},
			"/groups?sort=-contacts_count":    {"Bridge", "Members", "descending", "contacts_count"},
			"/groups?sort=contacts_count":     {"Chess", "Members", "ascending", "-contacts_count"},
			"/groups?cols=active&sort=active": {"", "Last active", "descending", "last_active_at"},
			"/groups?sort=created":            {"Chess", "Created", "descending", "created_at"},
			"/groups?sort=-created":           {"Bridge", "Created", "ascending", ""},
			"/groups?sort=members":            {"Bridge", "Members", "descending", "contacts_count"},
			"/groups?sort=-members":           {"Chess", "Members", "ascending", "-contacts_count"},
			"/contacts?sort=created_at":       {"hector", "Created", "ascending", ""},
			"/contacts?sort=-created":         {"hector", "Created", "ascending", ""},
			members + "?sort=added_at":        {"hector", "Added", "ascending", "-added_at"},
			members + "?sort=added":           {"hector", "Added", "descending", "added_at"},
			members + "?sort=-last_active_at": {"hector", "Last active", "descending", "last_active_at"},
		} {
			p := s.get(address).wants(200).lacks(".notes").has("tbody tr:first-child", want[0]).has("th[aria-sort="+want[2]+"]", want[1])
			next, err := url.Parse(p.doc.Find("th[aria-sort] a").AttrOr("href", "none"))
			if err != nil || next.Query().Get("sort") != want[3] {
				s.Errorf("%s: a click on the column leads to %s, want %s", address, next, want[3])
			}
		}
	})
}

func TestTheListPagesBothWays(t *testing.T) {
	each(t, func(s *site) {
		for _, name := range strings.Split("ABCDEFGHIJKL", "") {
			s.group(name)
		}
		first := s.get("/groups?limit=5&sort=name").wants(200)
		if got := strings.Join(first.rows(), ""); got != "ABCDE" {
			s.Fatalf("first page: %s", got)
		}
		link := func(p *page, words string) string {
			return p.doc.Find(`a:contains("`+words+`")`).Last().AttrOr("href", "none")
		}
		second := s.get(link(first, "Next"))
		third := s.get(link(second, "Next"))
		if got := strings.Join(append(second.rows(), third.rows()...), ""); got != "FGHIJKL" {
			s.Errorf("second and third page: %s", got)
		}
		back := s.get(link(third, "Previous"))
		if got := strings.Join(back.rows(), ""); got != "FGHIJ" {
			s.Errorf("back: %s", got)
		}
		if got := strings.Join(s.get(link(back, "Previous")).rows(), ""); got != "ABCDE" {
			s.Errorf("back to the first: %s", got)
		}
	})
}
