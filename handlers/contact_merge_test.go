package handlers_test

import (
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
)

// TestPersonalDataIsErased erases a contact that has a message in a group, and finds what remains.
func TestPersonalDataIsErased(t *testing.T) {
	each(t, func(s *site) {
		hector := s.contact("hector")
		g := s.group("Plaza Hotel", hector)
		if _, err := s.store.Messages.PostMessage(s.Context(), s.by, g.ConversationID, models.NewMessage{From: hector.ID, Text: "Hello."}, nil); err != nil {
			s.Fatal(err)
		}
		address := "/contacts/" + hector.ID + "/erase"
		s.get("/contacts/"+hector.ID+"/delete").has(`a[href^="`+address+`"]`, "erase their personal data")
		p := s.get(address).wants(200).has("main", "Their membership in 1 group").has("main", "1 message that they wrote in groups")
		s.post(address, "typed", "hector").wants(422).has("main", "Enter a reason.")
		s.post(address, "typed", "anna", "reason", "Request 12").wants(422).has("main", "exactly as shown")
		for range 2 { // sent twice, it is one erasure
			s.post(address, "typed", "hector", "reason", "Request 12", "key", p.value("key")).leads("/contacts")
		}
		if l := s.newest(); l.Action != audit.ErasedContact || l.ObjectName != audit.Erased {
			s.Errorf("the newest entry is %+v", l)
		}
		s.get("/contacts/"+hector.ID).wants(404).has("h1", "This contact was erased")
		s.get("/activity").wants(200).has("main", "erased the personal data of the contact").lacks("main:contains(hector)")
	})
}

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
		s.get("/groups?member="+goes.ID).has("#results", "whose groups are shown").has(".chips", "Member hector.m")
		s.get("/groups?q=member:nobody").has("#results", "No contact matches “nobody”")
		s.get("/contacts/"+goes.ID).wants(404).has("h1", "This contact was merged").has("main .primary", "Open hector.m").has(`a[href="/contacts/`+stays.ID+`"]`, "hector.m")
		s.post("/contacts/merge", "ids", stays.ID, "ids", goes.ID, "keep", stays.ID).wants(404)
	})
}
