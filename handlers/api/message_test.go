package api_test

import (
	"strings"
	"testing"

	"protocol.chat/console/models"
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

// newMessage posts a message in a group's conversation.
func (s *server) newMessage(t *testing.T, g models.Group) models.Message {
	t.Helper()
	m, err := s.store.Messages.PostMessage(t.Context(), s.owner, g.ConversationID, models.NewMessage{Text: "Buy now!"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMessagesAreSearched finds messages by their words, and says how far it looked.
func TestMessagesAreSearched(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		g := modelstest.Group(t, s.store, s.owner, "Plaza Hotel")
		first, second := s.newMessage(t, g), s.newMessage(t, g)
		path := "GET /v1/conversations/" + g.ConversationID + "/messages?limit=1&q=NOW+buy"
		type found struct {
			list[message]
			SearchedTo *string `json:"searched_to"`
		}
		page := decode[found](t, s.call(t, path).want(t, 200))
		if len(page.Data) != 1 || page.Data[0].ID != second.ID || !page.HasMore || page.SearchedTo == nil || *page.SearchedTo != second.ID {
			t.Errorf("found %+v", page)
		}
		page = decode[found](t, s.call(t, path+"&starting_after="+second.ID).want(t, 200))
		if len(page.Data) != 1 || page.Data[0].ID != first.ID || page.HasMore || page.SearchedTo != nil {
			t.Errorf("then found %+v", page)
		}
		if page = decode[found](t, s.call(t, path+"+never").want(t, 200)); len(page.Data) != 0 {
			t.Errorf("without a match, found %+v", page)
		}
		s.call(t, "GET /v1/conversations/0000000000000000/messages?q=x").refused(t, 404, "resource_missing", "id")
	})
}

// TestADeletedMessageIsGone from the list, and its event says why, without the text.
func TestADeletedMessageIsGone(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		g := modelstest.Group(t, s.store, s.owner, "Plaza Hotel")
		m, kept := s.newMessage(t, g), s.newMessage(t, g)
		path := "DELETE /v1/messages/" + m.ID
		s.call(t, path).refused(t, 422, "parameter_missing", "reason")
		s.call(t, path+"?reason="+strings.Repeat("x", 251)).refused(t, 422, invalid, "reason")
		s.call(t, path+"?reason=Spam", header("Dry-Run", "true")).want(t, 204)
		s.call(t, path+"?reason=Spam").want(t, 204)
		s.call(t, path+"?reason=Spam").refused(t, 404, "resource_missing", "id")
		left := decode[list[message]](t, s.call(t, "GET /v1/conversations/"+g.ConversationID+"/messages").want(t, 200)).Data
		if len(left) != 1 || left[0].ID != kept.ID {
			t.Errorf("the list has %v", left)
		}
		if err := s.store.Events.Relay(t.Context()); err != nil {
			t.Fatal(err)
		}
		heard := s.call(t, "GET /v1/events?type=message.deleted&object_id="+g.ID).want(t, 200).body
		if strings.Count(heard, `"reason":"Spam"`) != 1 || strings.Contains(heard, "Buy now") {
			t.Errorf("the events are %s", heard)
		}
	})
}
