package handlers_test

import "testing"

// TestContactsAreMerged finds a duplicate, merges it, and follows its old address.
func TestContactsAreMerged(t *testing.T) {
	each(t, func(s *site) {
		stays, goes := s.contact("hector"), s.contact("hector.m")
		s.group("Plaza Hotel", stays, goes)
		s.group("Night shift", goes)
		s.get("/contacts/merge").wants(200).has("main", "Select two contacts to merge")
		s.get("/contacts/merge?ids="+stays.ID).wants(200).has("h2", "Similar contacts").has(".people", "hector.m")
		s.get("/contacts/merge?ids="+stays.ID+"&q=nobody").has("h2", "No contacts match")
		s.get("/contacts/merge?ids=" + stays.ID + "&ids=0000000000000000").wants(404)

		address := "/contacts/merge?ids=" + stays.ID + "&ids=" + goes.ID
		p := s.get(address).wants(200).has("main", "1 group has both of them").has("main", "Only with hector.m: 1 group").has(".people", "Night shift")
		form := func(more ...string) []string {
			return append([]string{
				"ids", stays.ID, "ids", goes.ID, "keep", stays.ID, "username", goes.ID, "key", p.value("key"),
				"seen_" + goes.ID, p.value("seen_" + goes.ID),
			}, more...)
		}
		s.post("/contacts/merge", "ids", stays.ID, "keep", stays.ID).wants(400)
		s.post("/contacts/merge", form("seen_"+stays.ID, "1")...).wants(409).has(".summary", "One of the contacts has changed").has("[name=username][checked]", "")
		for range 2 { // sent twice, it is one merge
			s.post("/contacts/merge", form("seen_"+stays.ID, p.value("seen_"+stays.ID))...).leads("/contacts/" + stays.ID)
		}
		s.get("/contacts/"+stays.ID).has("h1", "hector.m").has("main", "Night shift")
		s.get("/contacts/"+goes.ID).wants(404).has("h1", "This contact was merged").has("main .primary", "Open hector.m").has(`a[href="/contacts/`+stays.ID+`"]`, "hector.m")
		s.post("/contacts/merge", "ids", stays.ID, "ids", goes.ID, "keep", stays.ID).wants(404)
	})
}
