package handlers_test

import (
	"strings"
	"testing"
)

// undone takes back what the last message offers to.
func undone(s *site, p *page) {
	s.Helper()
	s.post(p.doc.Find("#flashes form").AttrOr("action", "")).wants(303)
}

func TestContactsAreAddedToGroupsAndRemovedFromAll(t *testing.T) {
	each(t, func(s *site) {
		hector, maria := s.contact("hector"), s.contact("maria")
		plaza, ritz := s.group("Plaza Hotel", hector).ID, s.group("Ritz").ID
		members := func(want string) {
			s.Helper()
			counts := ""
			for _, id := range []string{plaza, ritz} {
				g, err := s.store.Group(s.Context(), id)
				if err != nil {
					s.Fatal(err)
				}
				counts += strings.Repeat("|", g.ContactsCount) + " "
			}
			if counts != want {
				s.Errorf("the groups have %q members, want %q", counts, want)
			}
		}
		both := []string{"ids", hector.ID, "ids", maria.ID}
		add := append([]string{"action", "add_to_groups"}, both...)
		s.post("/contacts/bulk", append(add, "do", "apply")...).wants(422).has("main", "Choose at least one group.")
		// Without scripts, groups are searched for and added one by one.
		p := s.post("/contacts/bulk", append(add, "find", "plaza", "do", "find")...).wants(200)
		p.has("h1", "Add 2 contacts to groups").has(".picker .no-js", "Plaza Hotel")
		s.post("/contacts/bulk", append(add, "add", plaza, "groups", ritz)...).wants(200).has("[data-tally]", "2 groups selected")
		s.post("/contacts/bulk", append(add, "groups", plaza, "groups", ritz, "do", "apply")...).wants(303)
		members("|| || ")
		undone(s, s.get("/contacts").has("#flashes", "2 contacts added to groups."))
		members("|  ")

		remove := append([]string{"action", "remove_from_groups"}, both...)
		s.post("/contacts/bulk", remove...).wants(200).has("h1", "Remove 1 contact from all groups?").
			has(".figures", "Skipped: not a member").has(".figures", "Memberships that end")
		s.post("/contacts/bulk", append(remove, "do", "apply")...).wants(303)
		members("  ")
		undone(s, s.get("/contacts").has("#flashes", "1 contact removed from groups. 1 skipped."))
		members("|  ")

		// A contact's page leads to the same changes.
		p = s.get("/contacts/"+hector.ID).has("main", "Add to groups…").has("main", "Remove from all groups…")
		action := p.doc.Find(`form[action^="/groups/bulk"]`).AttrOr("action", "")
		s.post(action, "action", "remove_contacts", "contacts", hector.ID).wants(200).has("h1", "Remove members from 1 group")
		s.post(action, "action", "remove_contacts", "contacts", hector.ID, "do", "apply").wants(303)
		members("  ")
	})
}

func TestManyContactsAreDeletedByTheirNumber(t *testing.T) {
	each(t, func(s *site) {
		hector, maria := s.contact("hector"), s.contact("maria")
		s.group("Plaza Hotel", hector, maria)
		both := []string{"ids", hector.ID, "ids", maria.ID, "do", "apply"}
		s.post("/contacts/bulk", append(both, "action", "delete")...).wants(404)
		s.post("/contacts/bulk/delete", append(both, "count", "2", "typed", "3")...).wants(422).has("main", "exactly as shown").
			has(".figures", "Memberships that end").has("main", "permanently deletes the contacts and their conversations")
		to := s.post("/contacts/bulk/delete", append(both, "count", "2", "typed", "2")...).wants(303).header.Get("Location")
		if err := s.store.Jobs.Run(s.Context()); err != nil {
			s.Fatal(err)
		}
		s.get(to).wants(200).has("h1", "Delete contacts").has("#progress", "2 of 2").has("caption", "Results by contact").
			lacks(`form[action^="/jobs"][action$="/undo"]`)
		s.get("/contacts/" + hector.ID).wants(404)
	})
}

func TestManyMembersAreRemoved(t *testing.T) {
	each(t, func(s *site) {
		hector, maria := s.contact("hector"), s.contact("maria")
		g := s.group("Plaza Hotel", hector, maria).ID
		members := "/groups/" + g + "/members"
		bulk := members + "/bulk"
		s.post(bulk, "action", "remove_from_groups").wants(303)
		s.get(members).has("#flashes", "Select at least one member first.")
		s.get(bulk + "?select=all&action=delete").wants(422)
		s.get(bulk+"?select=all&action=remove_from_groups&q=hec").wants(200).has("h1", "Remove 1 member from")
		s.post(bulk, "action", "remove_from_groups", "ids", hector.ID, "ids", maria.ID, "do", "apply").wants(303)
		p := s.get(members).has("#flashes", "2 contacts removed from groups. The group has no members now.")
		undone(s, p)
		s.get(members+"?sort=-name").wants(200).has("tbody tr:first-child", "maria").has("#count", "2 members")
		s.get(members+"?sort=added&q=maria").wants(200).has("#count", "1 member")
		s.get(members+"?sort=-last_active_at").wants(200).has("th[aria-sort=descending]", "Last active")
		s.get("/groups/0000000000000000/members/bulk").wants(404)
	})
}
