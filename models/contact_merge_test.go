package models_test

import (
	"errors"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
)

// TestMergeMovesEverything merges a contact into another one, and finds all that it had with the
// one that stays.
func TestMergeMovesEverything(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		stays, goes := modelstest.Contact(t, store, by, "hector"), modelstest.Contact(t, store, by, "Hector.M")
		phone := "+1 (212) 555-0100"
		goes, err := store.UpdateContact(t.Context(), by, goes.ID, models.ContactChange{PhoneNumber: &phone})
		wants(t, "a phone number", err, nil)
		both := modelstest.Group(t, store, by, "Both", stays, goes)
		theirs := modelstest.Group(t, store, by, "Theirs", goes)
		ours := modelstest.Group(t, store, by, "Ours", stays)
		for _, conversation := range []string{both.ConversationID, theirs.ConversationID, goes.ConversationID} {
			_, err := store.Messages.PostMessage(t.Context(), by, conversation, models.NewMessage{From: goes.ID, Text: "Hello."}, nil)
			wants(t, "a message", err, nil)
		}
		modelstest.Exec(t, store, "INSERT INTO imported_ids (foreign_id, contact_id) VALUES ('P1', '"+goes.ID+"')")
		modelstest.Exec(t, store, "INSERT INTO deleted_messages VALUES ('"+both.ConversationID+"', '0000000000000001', '"+goes.ID+"', NULL, 1, 2, 'Ada', 'Spam')")
		earlier := modelstest.Contact(t, store, by, "hec")
		_, err = store.Merges.Merge(t.Context(), by, goes.ID, models.ContactMerge{From: earlier.ID}, nil)
		wants(t, "an earlier merge", err, nil)

		preview, err := store.Merges.Preview(t.Context(), [2]string{stays.ID, goes.ID}, 10)
		wants(t, "a preview", err, nil)
		if preview.Both() != 1 || preview.Only[0][0].ID != ours.ID || preview.Only[1][0].ID != theirs.ID || preview.Wrote[1].N != 3 || preview.Conversation[1].N != 1 {
			t.Errorf("the preview is %+v", preview)
		}
		merged, err := store.Merges.Merge(t.Context(), by, stays.ID, models.ContactMerge{From: goes.ID}, nil)
		wants(t, "the merge", err, nil)
		if now := reread(t, store, stays.ID); now.Username != "hector" || text.Deref(now.PhoneNumber) != phone || now.Groups.N != 3 || now.LastActiveAt == nil || merged.ID != now.ID {
			t.Errorf("the contact is %+v", now)
		}
		for id, want := range map[string]int{both.ID: 1, theirs.ID: 1, ours.ID: 1} {
			if g, err := store.Group(t.Context(), id); err != nil || g.ContactsCount != want || len(g.Contacts) != want || g.Contacts[0].ID != stays.ID {
				t.Errorf("%s has %d members, %+v: %v", g.Name, g.ContactsCount, g.Contacts, err)
			}
		}
		for what, want := range map[string]string{
			"messages WHERE contact_id = '" + stays.ID + "'":                                  "3",
			"messages WHERE contact_id = '" + goes.ID + "'":                                   "0",
			"deleted_messages WHERE contact_id = '" + stays.ID + "'":                          "1",
			"messages WHERE conversation_id = '" + stays.ConversationID + "'":                 "1",
			"imported_ids WHERE foreign_id = 'P1' AND contact_id = '" + stays.ID + "'":        "1",
			"conversations WHERE id = '" + goes.ConversationID + "'":                          "0",
			"memberships WHERE contact_id = '" + goes.ID + "'":                                "0",
			"contact_tombstones WHERE merged_into = '" + stays.ID + "'":                       "2",
			"events WHERE type = 'contact.deleted' AND object_id = '" + goes.ID + "'":         "1",
			"events WHERE type = 'group.members_added' AND object_id = '" + theirs.ID + "'":   "1",
			"events WHERE type = 'group.members_removed' AND object_id = '" + theirs.ID + "'": "1",
			"events WHERE type = 'group.members_removed' AND object_id = '" + both.ID + "'":   "1",
			"audit_lines WHERE action = 'members.remove' AND object_id = '" + both.ID + "'":   "1",
		} {
			if n := modelstest.Value(t, store, "SELECT count(*) FROM "+what); n != want {
				t.Errorf("%s rows of %s, want %s", n, what, want)
			}
		}
		for _, gone := range []string{goes.ID, earlier.ID} {
			if left, err := store.ContactTombstone(t.Context(), gone); err != nil || left.Into == nil || left.Into.ID != stays.ID || left.DeletedBy != by.Who() {
				t.Errorf("what remains of %s is %+v: %v", gone, left, err)
			}
		}
		for action, object := range map[audit.Action]string{audit.MergedContact: stays.ID, audit.MergedAway: goes.ID} {
			if l := lines(t, store, action)[0]; l.ObjectID != object || l.Field("contacts").Name == "" || models.Reversible(l, by) {
				t.Errorf("the entry is %+v", l)
			}
		}
	})
}

// reread returns a contact as it is stored.
func reread(t *testing.T, store *models.Store, id string) models.Contact {
	t.Helper()
	c, err := store.Contact(t.Context(), id)
	wants(t, "the contact", err, nil)
	return c
}

// TestMergeTakesWhatIsChosen takes values of the contact that goes, its username among them.
func TestMergeTakesWhatIsChosen(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		stays, goes := modelstest.Contact(t, store, by, "hector"), modelstest.Contact(t, store, by, "cedric")
		name := "Hector M."
		_, err := store.UpdateContact(t.Context(), by, stays.ID, models.ContactChange{DisplayName: &name})
		wants(t, "a name", err, nil)
		key := &audit.IdempotencyKey{Key: "k", Fingerprint: "f"}
		for range 2 { // the second time it is the same act
			merged, err := store.Merges.Merge(t.Context(), by, stays.ID, models.ContactMerge{From: goes.ID, Take: []string{"username", "display_name"}}, key)
			if err != nil || merged.Username != "cedric" || merged.DisplayName != nil {
				t.Errorf("merged %+v: %v", merged, err)
			}
		}
		if now := reread(t, store, stays.ID); now.Username != "cedric" || now.DisplayName != nil || now.CreatedAt != stays.CreatedAt {
			t.Errorf("the contact is %+v", now)
		}
	})
}

// TestMergeRefuses tries what can't be merged, which changes nothing.
func TestMergeRefuses(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		stays, goes := modelstest.Contact(t, store, by, "hector"), modelstest.Contact(t, store, by, "cedric")
		if err := store.Fill(t.Context(), goes.ConversationID, models.MaxMergedMessages+1); err != nil {
			t.Fatal(err)
		}
		editor := by
		editor.Role = access.Editor
		stale := func(models.Contact) bool { return false }
		for i, wrong := range []struct {
			by    access.Actor
			merge models.ContactMerge
			want  error
		}{
			{by, models.ContactMerge{From: goes.ID, If: stale}, access.ErrChanged},
			{by, models.ContactMerge{From: goes.ID, IfFrom: stale}, access.ErrChanged},
			{by, models.ContactMerge{From: goes.ID}, access.ErrConflict},
			{editor, models.ContactMerge{From: goes.ID}, access.ErrDenied},
		} {
			if _, err := store.Merges.Merge(t.Context(), wrong.by, stays.ID, wrong.merge, nil); !errors.Is(err, wrong.want) {
				t.Errorf("%d: %v", i, err)
			}
		}
		for i, wrong := range []models.ContactMerge{{}, {From: stays.ID}, {From: "0000000000000001"}, {From: goes.ID, Take: []string{"id"}}} {
			if _, err := store.Merges.Merge(t.Context(), by, stays.ID, wrong, nil); !errors.As(err, &access.Invalid{}) {
				t.Errorf("invalid %d: %v", i, err)
			}
		}
		if len(lines(t, store, audit.MergedContact)) > 0 || reread(t, store, goes.ID).Username != "cedric" {
			t.Error("something was merged")
		}
		merged, err := store.Merges.Merge(t.Context(), by, goes.ID, models.ContactMerge{From: stays.ID}, nil)
		if err != nil || merged.ID != goes.ID {
			t.Errorf("the other way round: %+v, %v", merged, err)
		}
	})
}
