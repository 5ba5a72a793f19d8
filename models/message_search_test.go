package models_test

import (
	"fmt"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// TestPagesOfAConversation reads a conversation in pages, also backward, in which some messages were
// deleted, and searches it, which stops at its bound and goes on from there.
func TestPagesOfAConversation(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by, ctx := modelstest.Owner(t, store), t.Context()
		g := modelstest.Group(t, store, by, "Plaza Hotel")
		var ids []string
		for i := range 8 {
			m, err := store.Messages.PostMessage(ctx, by, g.ConversationID, models.NewMessage{Text: fmt.Sprintf("Room %d", i)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			ids = append([]string{m.ID}, ids...)
		}
		for _, i := range []int{0, 3, 4} {
			if err := store.Messages.Delete(ctx, by, ids[i], "Spam"); err != nil {
				t.Fatal(err)
			}
		}
		read := func(part db.Range, words string) models.ConversationPage {
			t.Helper()
			part.Limit = 3
			page, err := store.Messages.Conversation(ctx, models.MessageQuery{Conversation: g.ConversationID, Text: words, Range: part})
			if err != nil {
				t.Fatal(err)
			}
			return page
		}
		check := func(page models.ConversationPage, more bool, want ...string) {
			t.Helper()
			var got []string
			for _, m := range page.Messages {
				got = append(got, m.ID)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) || page.More != more {
				t.Errorf("got %v, %v, want %v, %v of %v", got, page.More, want, more, ids)
			}
		}
		check(read(db.Range{}, ""), true, ids[:3]...)
		check(read(db.Range{After: db.Cursor{ID: ids[2]}}, ""), true, ids[3:6]...)
		check(read(db.Range{After: db.Cursor{ID: ids[5]}}, ""), false, ids[6:]...)
		check(read(db.Range{Before: db.Cursor{ID: ids[6]}}, ""), true, ids[3:6]...)
		check(read(db.Range{Before: db.Cursor{ID: ids[3]}}, ""), false, ids[:3]...)
		check(read(db.Range{}, "room"), true, ids[1], ids[2], ids[5])
		check(read(db.Range{After: db.Cursor{ID: ids[5]}}, "room"), false, ids[6:]...)

		if err := store.Fill(ctx, g.ConversationID, models.MaxMessagesSearched); err != nil {
			t.Fatal(err)
		}
		page := read(db.Range{After: db.Cursor{ID: ids[5]}}, "room") // what was filled in is older
		if check(page, true, ids[6:]...); page.Searched != models.MaxMessagesSearched {
			t.Errorf("%d messages were searched", page.Searched)
		}
		check(read(db.Range{After: db.Cursor{ID: page.Last.ID}}, "room"), false)

		if err := store.DeleteGroup(ctx, by, g.ID, nil); err != nil {
			t.Fatal(err)
		}
		if err := store.Deletions.Purge(ctx); err != nil || store.Count(t, "deleted_messages") != 0 {
			t.Errorf("%d deleted messages are left of a deleted group: %v", store.Count(t, "deleted_messages"), err)
		}
	})
}
