package handlers_test

import (
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
)

// TestTheMessagesOfAGroup posts, finds and deletes messages.
func TestTheMessagesOfAGroup(t *testing.T) {
	each(t, func(s *site) {
		hector := s.contact("hector")
		g := s.group("Plaza Hotel", hector)
		path := "/groups/" + g.ID + "/messages"
		s.get(path).wants(200).has(".empty h2", "No messages yet").has(".tabs [aria-current]", "Messages")
		s.post(path, "message", " ").wants(422).has("#message-error", "Enter a message.")
		s.post(path, "message", strings.Repeat("x", models.MaxMessage+1)).wants(422).has("#message-error", "10,000")
		s.post(path, "message", "Breakfast is at 8.\nLunch at 12.").leads(path)
		spam, err := s.store.Messages.PostMessage(s.Context(), s.by, g.ConversationID, models.NewMessage{From: hector.ID, Text: "Cheap wátches!"}, nil)
		if err != nil {
			s.Fatal(err)
		}
		p := s.get(path).has(".tabs [aria-current]", "2").has(".messages li:first-child a", "hector").has(".messages li:last-child b", "Console").has(".messages li:last-child .faint", "Anna")
		p.has(".messages li:last-child .text", "Breakfast is at 8.")
		s.get(path+"?q=WATCH").has(".messages mark", "wátch").has("#count", "1 message")
		s.get(path+"?q=dinner").has(".empty h2", "No messages match")

		remove := p.doc.Find(".messages li:first-child a.button").AttrOr("href", "")
		s.get(remove).wants(200).has("blockquote", "Cheap wátches!").has("#question", "hector")
		s.post(remove, "reason", "").wants(422).has("#reason-error", "Enter a reason.").has("blockquote", "Cheap")
		s.post(remove, "reason", "Spam").leads(path)
		s.get(remove).wants(404)
		p = s.get(path).has(".tabs [aria-current]", "1").has(".messages li:first-child", "Message deleted by Anna · Spam")
		if left := p.text(".messages"); strings.Contains(left, "Cheap") {
			s.Errorf("the list has %q", left)
		}
		s.get(path+"?q=watches").has(".empty h2", "No messages match")
		line := s.newest()
		if line.Action != audit.DeletedMessage || strings.Contains(line.Changes, "Cheap") || !strings.Contains(line.Changes, spam.ID) {
			s.Errorf("the activity has %s: %s", line.Action, line.Changes)
		}
		s.get("/activity/"+line.ID).wants(200).has("h1", "deleted a message").has("dl", "Spam")
	})
}
