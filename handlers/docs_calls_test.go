package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"protocol.chat/console/models/modelstest"
)

// TestPageCalls: the calls of a page have its filters, its order and its object, and what its form
// has; what the API doesn't have is named.
func TestPageCalls(t *testing.T) {
	t.Parallel()
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	s.setUp()
	g := modelstest.Group(t, s.store, s.by, "Plaza “Hotel”")
	for _, c := range []struct {
		page string
		want []string
	}{
		{"/groups?q=grand+members:>3+created:2026-01-02&sort=members&limit=10", []string{"curl -G " + s.url + "/v1/groups \\", "-d q=grand", "-d archived=false", "-d contacts_min=4", "-d created_after=1767312000", "-d created_before=1767398400", "-d sort=-contacts_count", "-d limit=10"}},
		{"/groups?status=archived&sort=-name", []string{"-d archived=true", "-d sort=-name"}},
		{"/groups?q=by:anna&sort=active", []string{"by: sort:active"}},
		{"/groups/" + g.ID, []string{"curl " + s.url + "/v1/groups/" + g.ID, "/archive", "/restore", "curl -X PUT", "curl -X DELETE"}},
		{"/groups/" + g.ID + "/edit", []string{`--data-urlencode 'name=Plaza “Hotel”'`, "-d avatar_url="}},
		{"/groups/" + g.ID + "/members?q=hec", []string{"/v1/groups/" + g.ID + "/contacts", "-d q=hec"}},
		{"/groups/bulk?select=all&action=archive&q=hotel", []string{`"filter": {"q": "hotel", "archived": false}`, `"action": "archive"`}},
		{"/groups/bulk?select=all&action=archive&q=hotel+by:anna", []string{`"ids": ["{id}"]`}},
		{"/contacts?q=%2B1+212&sort=name", []string{`--data-urlencode 'q=+1 212'`, "-d sort=name"}},
		{"/contacts/bulk?select=all&action=delete", []string{"-d all=true", "-d action=delete"}},
		{"/groups/import", []string{"--data-binary @groups.csv"}},
		{"/jobs", []string{s.url + "/v1/jobs"}},
		{"/activity?action=group.archive", []string{"-d action=group.archive"}},
	} {
		shown := s.get("/docs/calls?page=" + url.QueryEscape(c.page)).wants(http.StatusOK).text("main")
		for _, want := range c.want {
			if !strings.Contains(shown, want) {
				t.Errorf("%s: there is no %s in %s", c.page, want, shown)
			}
		}
	}
	s.get("/docs/calls?page=/groups&lang=php").has("main", `$client->groups->list(`)
	s.get("/docs/calls?page=/groups").has("main", `$client->groups->list(`) // as it was chosen
	for _, page := range []string{"", "/profile", "/groups/0000000000000000", "//evil.example/groups", "https://evil.example/groups", "%zz"} {
		p := s.get("/docs/calls?page=" + url.QueryEscape(page))
		if n := p.doc.Find(".listing").Length(); n > 0 && page != "/groups/0000000000000000" || strings.Contains(p.text("main"), "evil.example") || p.doc.Find("main [href*=evil]").Length() > 0 {
			t.Errorf("%q has %d calls", page, n)
		}
	}
}
