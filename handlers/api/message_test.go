package api_test

import (
	"strings"
	"testing"

	"protocol.chat/console/models/modelstest"
)

// TestWhoIsInAConversationPostsInIt, and nobody else does, which also leaves no sign of life
// of them.
func TestWhoIsInAConversationPostsInIt(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		hector, cedric := modelstest.Contact(t, s.store, s.owner, "Hector"), modelstest.Contact(t, s.store, s.owner, "Cedric")
		g := modelstest.Group(t, s.store, s.owner, "Plaza Hotel", hector)
		for conversation, sentence := range map[string]string{
			g.ConversationID:      "is not a member of this group",
			hector.ConversationID: "the conversation of another contact",
		} {
			path := "POST /v1/conversations/" + conversation + "/messages"
			s.call(t, path, jsonBody(`{"message":"Hello.","contact_id":null}`)).want(t, 201)
			s.call(t, path, jsonBody(`{"message":"Hello.","contact_id":"`+hector.ID+`"}`)).want(t, 201)
			refused := s.call(t, path, jsonBody(`{"message":"Hello.","contact_id":"`+cedric.ID+`"}`))
			if refused.refused(t, 422, invalid, "contact_id"); !strings.Contains(refused.body, sentence) {
				t.Errorf("it says %s", refused.body)
			}
		}
		if c := decode[contact](t, s.call(t, "GET /v1/contacts/"+cedric.ID).want(t, 200)); c.LastActiveAt != nil {
			t.Errorf("Cedric was active at %d", *c.LastActiveAt)
		}
		if n := modelstest.Value(t, s.store, "SELECT count(*) FROM messages"); n != "4" {
			t.Errorf("there are %s messages", n)
		}
		s.call(t, "DELETE /v1/groups/"+g.ID+"/contacts/"+hector.ID).want(t, 204)
		s.call(t, "POST /v1/conversations/"+g.ConversationID+"/messages", jsonBody(`{"message":"Hello.","contact_id":"`+hector.ID+`"}`)).
			refused(t, 422, invalid, "contact_id")
	})
}
