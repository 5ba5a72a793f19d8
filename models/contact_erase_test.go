package models_test

import (
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/modelstest"
)

// erasable creates a contact that has left traces everywhere, and returns it with a group that it is in.
func erasable(t *testing.T, store *models.Store, by access.Actor) (models.Contact, models.Group) {
	t.Helper()
	phone, picture, name := "+1 (212) 555-0199", "https://pictures.example/zoltan.png", "Zoltan “Zo}” Varga"
	key := audit.IdempotencyKey{Key: "make", Fingerprint: "make"}
	username := "zoltan.v"
	c, err := store.CreateContact(t.Context(), by, models.ContactChange{Username: &username, PhoneNumber: &phone, AvatarURL: &picture, DisplayName: &name}, &key)
	wants(t, "a contact", err, nil)
	other := modelstest.Contact(t, store, by, "hector")
	merged := modelstest.Contact(t, store, by, "zoltan.old")
	g := modelstest.Group(t, store, by, "Plaza", c, other)
	_, err = store.Merges.Merge(t.Context(), by, c.ID, models.ContactMerge{From: merged.ID}, nil)
	wants(t, "a merge", err, nil)
	renamed := "zoltan.w"
	c, err = store.UpdateContact(t.Context(), by, c.ID, models.ContactChange{Username: &renamed})
	wants(t, "a new username", err, nil)
	_, err = store.Messages.PostMessage(t.Context(), by, g.ConversationID, models.NewMessage{From: c.ID, Text: "Good morning."}, nil)
	wants(t, "a message", err, nil)
	modelstest.Exec(t, store, "INSERT INTO drafts (user_id, form, fields, updated_at) VALUES ('"+by.UserID+"', '/contacts/"+c.ID+"/edit', '{\"username\":[\"zoltan.x\"]}', 1)")
	return c, g
}

// personal are the tables and columns that had the contact's values, and may not have them afterwards.
var personal = map[string]string{
	"audit_lines": "object_name || changes", "events": "payload", "contacts": "username || coalesce(display_name, '')", "contact_tombstones": "name",
	"idempotency_keys": "answer", "job_results": "name || key || undo || detail", "drafts": "fields", "undo_steps": "undo",
}

// leftOf returns which tables still have something of the contact of erasable.
func leftOf(t *testing.T, store *models.Store) (left []string) {
	t.Helper()
	for table, columns := range personal {
		for _, value := range []string{"zoltan", "555-0199", "Varga"} {
			if n := modelstest.Value(t, store, "SELECT count(*) FROM "+table+" WHERE "+columns+" LIKE '%"+value+"%'"); n != "0" {
				left = append(left, n+" rows of "+table+" with "+value)
			}
		}
	}
	return left
}

// TestErasedContactLeavesNoName erases a contact; nothing has its values any more, and the activity
// is whole.
func TestErasedContactLeavesNoName(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		c, g := erasable(t, store, by)
		seal(t, store)
		before := intact(t, store, "")
		wrong := "zoltan"
		for field, e := range map[string]models.ContactErasure{"reason": {}, "typed": {Reason: "Request 12", Typed: &wrong}} {
			_, err := store.Erasures.Erase(t.Context(), by, c.ID, e, nil)
			wantsProblem(t, "without "+field, err, field)
		}
		_, err := store.Erasures.Erase(t.Context(), by, c.ID, models.ContactErasure{Reason: "Request 12", If: func(models.Contact) bool { return false }}, nil)
		wants(t, "a changed contact", err, access.ErrChanged)
		_, err = store.Erasures.Erase(t.Context(), somebody(t, store, "ed", access.Editor).Actor(), c.ID, models.ContactErasure{Reason: "Request 12"}, nil)
		wants(t, "as an editor", err, access.ErrDenied)

		key := audit.IdempotencyKey{Key: "erase", Fingerprint: "erase"}
		typed := "ZOLTAN.w"
		erased, err := store.Erasures.Erase(t.Context(), by, c.ID, models.ContactErasure{Reason: "Request 12", Typed: &typed}, &key)
		wants(t, "the erasure", err, nil)
		again, err := store.Erasures.Erase(t.Context(), by, c.ID, models.ContactErasure{Reason: "Request 12", Typed: &typed}, &key)
		if wants(t, "once more", err, nil); again != erased || !key.Replayed || erased.Entries < 5 || erased.Events < 4 {
			t.Errorf("erased %+v, then %+v", erased, again)
		}
		if left := leftOf(t, store); len(left) > 0 {
			t.Errorf("left: %s", strings.Join(left, "; "))
		}
		if left, err := store.ContactTombstone(t.Context(), c.ID); err != nil || !left.Erased() || left.Name != audit.Erased || left.DeletedBy != by.Who() {
			t.Errorf("what remains is %+v: %v", left, err)
		}
		if now, err := store.Group(t.Context(), g.ID); err != nil || now.ContactsCount != 1 {
			t.Errorf("the group has %d members: %v", now.ContactsCount, err)
		}
		if n := modelstest.Value(t, store, "SELECT count(*) FROM messages WHERE contact_id = '"+c.ID+"'"); n != "1" {
			t.Errorf("%s messages stay in the group", n)
		}
		line := lines(t, store, audit.ErasedContact)[0]
		if line.ObjectID != c.ID || line.ObjectName != audit.Erased || line.After(models.DeletionReasonField) != "Request 12" || line.Field("redacted").Name != "" {
			t.Errorf("the entry is %+v", line)
		}
		for _, l := range lines(t, store, audit.CreatedContact) {
			if l.ObjectID == c.ID && (l.ErasedBy() != line.ID || l.After("phone_number") != audit.Erased) {
				t.Errorf("an entry about the contact is %+v", l)
			}
		}
		intact(t, store, before.Head) // while the entry waits for its place
		seal(t, store)
		intact(t, store, before.Head)
	})
}

// TestErasuresAreProven tampers with what an erasure has left of the activity, and has a redaction
// without one.
func TestErasuresAreProven(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		engine := store.DB.Dialect.Name()
		by := modelstest.Owner(t, store)
		c, _ := erasable(t, store, by)
		other := modelstest.Contact(t, store, by, "cedric")
		seal(t, store)
		created := "'" + lines(t, store, audit.CreatedContact)[0].ID + "'" // cedric's
		for _, l := range lines(t, store, audit.CreatedContact) {
			if l.ObjectID == c.ID {
				created = "'" + l.ID + "'"
			}
		}
		original := modelstest.Value(t, store, "SELECT changes FROM audit_lines WHERE id = "+created)
		_, err := store.Erasures.Erase(t.Context(), by, c.ID, models.ContactErasure{Reason: "Request 12"}, nil)
		wants(t, "the erasure", err, nil)
		seal(t, store)
		intact(t, store, "")
		eraser := lines(t, store, audit.ErasedContact)[0].ID
		redacted := modelstest.Value(t, store, "SELECT changes FROM audit_lines WHERE id = "+created)
		if err := store.Exec(t.Context(), "UPDATE audit_lines SET changes = '{}' WHERE id = "+created); err == nil {
			t.Error("an entry can be changed by mistake")
		}
		dropTriggers(t, store, engine)
		quoted := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
		unrelated := "'" + lineOf(t, store, audit.CreatedContact, other.ID).ID + "'"
		was := modelstest.Value(t, store, "SELECT changes FROM audit_lines WHERE id = "+unrelated)
		for what, tampering := range map[string][2]string{
			"a redacted entry changed further": {
				"UPDATE audit_lines SET changes = " + quoted(strings.Replace(redacted, audit.Erased, "x", 1)) + " WHERE id = " + created,
				"UPDATE audit_lines SET changes = " + quoted(redacted) + " WHERE id = " + created,
			},
			"what was erased put back": {
				"UPDATE audit_lines SET changes = " + quoted(original) + ", object_name = " + quoted(c.Name()) + " WHERE id = " + created,
				"UPDATE audit_lines SET changes = " + quoted(redacted) + ", object_name = " + quoted(audit.Erased) + " WHERE id = " + created,
			},
			"another entry passed off as redacted": {
				"UPDATE audit_lines SET changes = '{\"erased_by\":\"" + eraser + "\"}' WHERE id = " + unrelated,
				"UPDATE audit_lines SET changes = " + quoted(was) + " WHERE id = " + unrelated,
			},
			"the entry that names them changed": {"UPDATE audit_lines SET user_agent = 'x' WHERE id = '" + eraser + "'", "UPDATE audit_lines SET user_agent = '' WHERE id = '" + eraser + "'"},
		} {
			modelstest.Exec(t, store, tampering[0])
			if proof := verify(t, store, ""); proof.Broken == nil {
				t.Errorf("%s isn't found", what)
			}
			if strings.HasPrefix(what, "another") {
				_, err := store.Erasures.Erase(t.Context(), by, other.ID, models.ContactErasure{Reason: "Request 13"}, nil)
				wants(t, "erasing from a log that was tampered with", err, access.ErrConflict)
			}
			modelstest.Exec(t, store, tampering[1])
			intact(t, store, "")
		}
		_, err = store.Erasures.Erase(t.Context(), by, other.ID, models.ContactErasure{Reason: "Request 13"}, nil)
		wants(t, "a second erasure", err, nil)
		seal(t, store)
		intact(t, store, "")
	})
}

// lineOf returns the newest entry of an action about an object.
func lineOf(t *testing.T, store *models.Store, action audit.Action, object string) audit.Line {
	t.Helper()
	for _, l := range lines(t, store, action) {
		if l.ObjectID == object {
			return l
		}
	}
	t.Fatalf("no entry %s about %s", action, object)
	return audit.Line{}
}
