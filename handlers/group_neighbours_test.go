package handlers_test

import (
	"testing"

	"protocol.chat/console/models"
)

// TestAGroupKnowsItsListAndItsMessages goes from group to group in a list, and reads who made one and what was said.
func TestAGroupKnowsItsListAndItsMessages(t *testing.T) {
	each(t, func(s *site) {
		for _, name := range []string{"Plaza A", "Other", "Plaza B", "Plaza C"} {
			s.group(name)
		}
		path := s.get("/groups?q=plaza&sort=name").doc.Find("tbody .name a").First().AttrOr("href", "")
		for _, name := range []string{"Plaza A", "Plaza B", "Plaza C"} {
			p := s.get(path).wants(200).has("h1", name).has("a.back", "Groups · “plaza”").has("main", "No messages yet")
			if (name == "Plaza A") != (p.doc.Find("main [rel=prev]").Length() == 0) {
				s.Errorf("%s: there is a wrong way back", name)
			}
			path = p.doc.Find("main [rel=next]").AttrOr("href", "")
		}
		if path != "" {
			s.Error("behind the last is", path)
		}

		g := s.group("Plaza D")
		for range 2 {
			if _, err := s.store.Messages.PostMessage(s.Context(), s.by, g.ConversationID, models.NewMessage{Text: "Hello"}, nil); err != nil {
				s.Fatal(err)
			}
		}
		s.get("/groups/"+g.ID).has("figcaption", "2 messages in the last 30 days, most on").has(".facts", "Last active")
	})
}
