package handlers_test

import (
	"strings"
	"testing"

	"protocol.chat/console/models/access"
)

// The overview has the numbers that its reader may see, each with the list that it counts.
func TestOverview(t *testing.T) {
	each(t, func(s *site) {
		s.get("/").wants(200).has("h2", "No groups yet").has(".ranked", "Create an API token").has("main a[href='/groups/new']", "Create group").lacks(".numbers")
		s.post("/overview/checklist/skip").wants(303)
		s.group("Plaza Hotel")
		if err := s.store.Overviews.Count(s.Context()); err != nil {
			s.Fatal(err)
		}
		home := s.get("/").wants(200).lacks("#first-steps")
		home.has(".numbers a[href='/groups']", "1 Active groups").has(".numbers", "+1 in 7 days")
		home.has(".numbers a[href='/groups?status=archived']", "0 Archived groups").has(".numbers a[href='/contacts']", "0 Contacts")
		home.has("figcaption", "1 group created in 30 days").has(".as-table tbody tr:last-child", "1").has("section", "Your recent groups")
		home.has("section", "is an owner without two-factor authentication")
		s.get("/?range=90").wants(200).has("[aria-current=page]", "90 days")
		s.get("/?range=91").wants(200).has(".notice", "“range=91” in the address isn't valid")
		days := strings.Fields(s.get("/overview/groups.csv?range=365").wants(200).text("body"))
		if len(days) != 366 || days[0] != "day,created,active,archived" || !strings.HasSuffix(days[365], ",1,1,0") {
			s.Errorf("the file has %d lines, from %q to %q", len(days), days[0], days[len(days)-1])
		}
		s.session(s.person(access.Auditor)).get("/").wants(200).has(".numbers", "Active groups").lacks("#first-steps").lacks("main a[href='/groups/new']")
	})
}
