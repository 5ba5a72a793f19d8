package models_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/views"
)

// newest returns the newest line of the log.
func newest(t *testing.T, store *models.Store) audit.Line {
	t.Helper()
	page, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Range: db.Range{Limit: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Lines[0]
}

// wasIn returns what a field was before the act of a line.
func wasIn(l audit.Line, field string) audit.FieldValue { return fieldIn(l, field).Before }

func fieldIn(l audit.Line, field string) audit.ChangedField {
	for _, f := range l.Fields() {
		if f.Name == field {
			return f
		}
	}
	return audit.ChangedField{}
}

func TestActivityFilters(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		store.DB.Now = func() time.Time { return clock }
		ada := modelstest.Owner(t, store)
		ada.RequestID = "REQUEST1"
		clock = clock.AddDate(0, 0, 1)
		plaza := modelstest.Group(t, store, ada, "Plaza Hotel")
		ada.RequestID = "REQUEST2"
		clock = clock.AddDate(0, 0, 1)
		token, secret, err := store.Identity.Tokens.CreateToken(t.Context(), ada, identity.NewToken{Name: "Nightly", Scopes: access.WriteScopes()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		program, err := store.Identity.Tokens.TokenActor(t.Context(), secret, "10.0.0.4")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.ArchiveGroup(t.Context(), program, plaza.ID, 0); err != nil {
			t.Fatal(err)
		}
		clock = clock.AddDate(0, 0, 1)
		if _, err := withPassword(t.Context(), store, access.Actor{IP: "10.0.0.9"}, "eve@example.com", "guessed"); !errors.Is(err, access.ErrSignIn) {
			t.Fatal(err)
		}
		for _, tc := range []struct {
			name  string
			query audit.ActivityQuery
			want  string
		}{
			{"all", audit.ActivityQuery{}, "session.refuse group.archive token.create group.create user.create"},
			{"a person and her tokens", audit.ActivityQuery{Who: ada.ID}, "group.archive token.create group.create"},
			{"a token", audit.ActivityQuery{Who: token.ID}, "group.archive"},
			{"nobody", audit.ActivityQuery{Who: "0000000000000000"}, ""},
			{"an area", audit.ActivityQuery{Action: "group"}, "group.archive group.create"},
			{"an action", audit.ActivityQuery{Action: "group.create"}, "group.create"},
			{"an object", audit.ActivityQuery{Object: plaza.ID}, "group.archive group.create"},
			{"a request", audit.ActivityQuery{Request: "REQUEST1"}, "group.create"},
			{"from a day", audit.ActivityQuery{From: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)}, "session.refuse group.archive token.create"},
			{"to a day", audit.ActivityQuery{To: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)}, "group.create user.create"},
			{"several", audit.ActivityQuery{Who: ada.ID, Action: "group", Object: plaza.ID, From: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)}, "group.archive"},
		} {
			page, err := store.Audit.Activity(t.Context(), tc.query)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range page.Lines {
				got = append(got, string(l.Action))
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
			}
		}
		refused := newest(t, store)
		if got := views.Summary(refused); got != "somebody failed to sign in as “eve@example.com”" || refused.Number != 0 {
			t.Errorf("%q at %d", got, refused.Number)
		}
		seal(t, store)
		if line, err := store.Audit.ActivityLine(t.Context(), refused.ID); err != nil || line.Number != 5 {
			t.Errorf("its place is %d, %v", line.Number, err)
		}
		if names, err := store.Audit.ActivityNames(t.Context(), audit.ActivityQuery{Who: token.ID, Object: plaza.ID}); err != nil || names.Who != "Nightly" || names.Object != "Plaza Hotel" {
			t.Errorf("%+v, %v", names, err)
		}
	})
}

func TestActivityPages(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		modelstest.Contacts(t, store, by, 24)
		var seen []string
		q := audit.ActivityQuery{Range: db.Range{Limit: 10}}
		for {
			page, err := store.Audit.Activity(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range page.Lines {
				seen = append(seen, l.ID)
			}
			if !page.More {
				break
			}
			q.After.ID = page.Lines[len(page.Lines)-1].ID
		}
		if len(seen) != 25 {
			t.Errorf("%d lines", len(seen))
		}
		q = audit.ActivityQuery{Range: db.Range{Limit: 10, Before: db.Cursor{ID: seen[12]}}}
		if page, err := store.Audit.Activity(t.Context(), q); err != nil || page.Lines[0].ID != seen[2] || !page.More {
			t.Errorf("the page before: %+v, %v", page, err)
		}
	})
}

func TestSentences(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		people := modelstest.Contacts(t, store, by, 3)
		g := modelstest.Group(t, store, by, "Plaza Hotel")
		says := func(want string) {
			t.Helper()
			if got := views.Summary(newest(t, store)); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		says("Ada Lovelace created Plaza Hotel")
		for want, c := range map[string]models.GroupChange{
			"changed the description of Plaza Hotel":                {Description: ptr("By the lake")},
			"changed the description and avatar URL of Plaza Hotel": {Description: ptr("By the sea"), AvatarURL: ptr("https://example.com/a.png")},
		} {
			if _, err := store.UpdateGroup(t.Context(), by, g.ID, c); err != nil {
				t.Fatal(err)
			}
			says("Ada Lovelace " + want)
		}
		if err := store.Identity.Users.UpdateProfile(t.Context(), by, identity.ProfileChange{Name: ptr("Ada Lovelace"), TimeZone: ptr("Europe/Zurich")}); err != nil {
			t.Fatal(err)
		}
		says("Ada Lovelace updated their profile")
		if _, _, err := store.Members.AddMembers(t.Context(), by, g.ID, models.Refs(people[0].ID, people[1].ID, people[2].ID), nil); err != nil {
			t.Fatal(err)
		}
		says("Ada Lovelace added 3 members to Plaza Hotel")
		if _, _, err := store.Members.RemoveMember(t.Context(), by, g.ID, people[1].ID); err != nil {
			t.Fatal(err)
		}
		says("Ada Lovelace removed contact2 from Plaza Hotel")
		if err := store.DeleteGroup(t.Context(), by, g.ID, nil); err != nil {
			t.Fatal(err)
		}
		says("Ada Lovelace permanently deleted Plaza Hotel")
		was := newest(t, store)
		if wasIn(was, "name").Text != "Plaza Hotel" || named(wasIn(was, "contacts")) != "contact1, contact3" || wasIn(was, "conversation_id").Text != g.ConversationID {
			t.Errorf("a deletion says %s", was.Changes)
		}
	})
}

func TestExportActivity(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		modelstest.Contacts(t, store, by, 230)
		var n, said int
		begin := func(rows int) error {
			said = rows
			return nil
		}
		err := store.Audit.ExportActivity(t.Context(), by, audit.ActivityQuery{Action: "contact"}, "csv", begin, func(audit.Line) error {
			if l := newest(t, store); l.Action != audit.ExportedActivity || fieldIn(l, "action").After.Text != "contact" {
				t.Errorf("before the first line is given, the log says %+v", l)
			}
			n++
			return nil
		})
		if err != nil || n != 230 || said != n {
			t.Errorf("%d lines of %d, %v", n, said, err)
		}
		for _, role := range []access.Role{access.Editor, access.Moderator} {
			other := access.Actor{Kind: access.UserActor, ID: "x", Name: "Eve", Role: role}
			if err := store.Audit.ExportActivity(t.Context(), other, audit.ActivityQuery{}, "csv", nil, nil); !errors.Is(err, access.ErrDenied) {
				t.Errorf("%s: %v", role, err)
			}
		}
	})
}

// putBack puts back all that the newest line's act changed.
func putBack(t *testing.T, store *models.Store, by access.Actor, line string) audit.Line {
	t.Helper()
	v, err := store.Reverts.Reversal(t.Context(), by, line)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Reverts.Revert(t.Context(), by, line, v.Possible()); err != nil {
		t.Fatalf("%v of %+v: %v", v.Possible(), v.Fields, err)
	}
	l := newest(t, store)
	if l.Reverts() != line {
		t.Errorf("%s says that it put back %q, want %s", l.Action, l.Reverts(), line)
	}
	if found, err := store.Reverts.RevertOf(t.Context(), line); err != nil || found.ID != l.ID {
		t.Errorf("what put it back is %q, %v", found.ID, err)
	}
	if found, err := store.Reverts.RevertOf(t.Context(), l.ID); err != nil || found.ID != "" {
		t.Errorf("what put the newest line back is %q, %v", found.ID, err)
	}
	return l
}

func TestRevertGroup(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		g := modelstest.Group(t, store, by, "Plaza Hotel")
		update := func(c models.GroupChange) string {
			t.Helper()
			if _, err := store.UpdateGroup(t.Context(), by, g.ID, c); err != nil {
				t.Fatal(err)
			}
			return newest(t, store).ID
		}
		look := func() models.Group {
			t.Helper()
			g, err := store.Group(t.Context(), g.ID)
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		line := update(models.GroupChange{Name: ptr("Plazza"), Description: ptr("With a view")})
		back := putBack(t, store, by, line)
		if got := look(); got.Name != "Plaza Hotel" || got.Description != nil || back.Action != audit.RevertedGroup {
			t.Errorf("%+v by %s", got, back.Action)
		}
		putBack(t, store, by, back.ID) // what was put back can be put back
		if got := look(); got.Name != "Plazza" || got.Description == nil {
			t.Errorf("%+v", got)
		}

		// A field that was changed since stays; the other goes back.
		update(models.GroupChange{Name: ptr("Grand Plaza")})
		v, err := store.Reverts.Reversal(t.Context(), by, line)
		if err != nil || len(v.Fields) != 2 || v.Fields[0].Refused != models.ChangedSince || v.Fields[0].Later.Who() != "Ada Lovelace" || v.Fields[1].Refused != "" {
			t.Fatalf("%+v, %v", v.Fields, err)
		}
		if err := store.Reverts.Revert(t.Context(), by, line, []string{"name", "description"}); !errors.Is(err, access.ErrChanged) {
			t.Errorf("a field that was changed since: %v", err)
		}
		putBack(t, store, by, line)
		if got := look(); got.Name != "Grand Plaza" || got.Description != nil {
			t.Errorf("%+v", got)
		}

		archived, err := store.ArchiveGroup(t.Context(), by, g.ID, 1000)
		if err != nil {
			t.Fatal(err)
		}
		archiving := newest(t, store).ID
		restoring := putBack(t, store, by, archiving).ID
		if look().Archived() {
			t.Error("it is still archived")
		}
		putBack(t, store, by, restoring)
		if got := look(); *got.ArchivedAt != *archived.ArchivedAt {
			t.Errorf("archived at %d", *got.ArchivedAt)
		}
		if err := store.DeleteGroup(t.Context(), by, g.ID, nil); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{line, newest(t, store).ID} {
			if _, err := store.Reverts.Reversal(t.Context(), by, id); !errors.Is(err, access.ErrNotFound) {
				t.Errorf("of a deleted group: %v", err)
			}
		}
	})
}

func TestRevertMembers(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		people := modelstest.Contacts(t, store, by, 4)
		g := modelstest.Group(t, store, by, "Plaza Hotel", people[0])
		who := func(want ...models.Contact) {
			t.Helper()
			got, err := store.Group(t.Context(), g.ID)
			if err != nil || got.ContactsCount != len(want) || fmt.Sprint(usernames(got.Contacts)) != fmt.Sprint(usernames(want)) {
				t.Errorf("members are %v (%d), want %v: %v", usernames(got.Contacts), got.ContactsCount, usernames(want), err)
			}
		}
		if _, _, err := store.Members.AddMembers(t.Context(), by, g.ID, models.Refs(people[1].ID, people[2].ID), nil); err != nil {
			t.Fatal(err)
		}
		adding := newest(t, store).ID
		removing := putBack(t, store, by, adding)
		who(people[0])
		if removing.Action != audit.RevertedMembers || named(wasIn(removing, "contacts")) != "contact2, contact3" {
			t.Errorf("%s says %s", removing.Action, removing.Changes)
		}
		putBack(t, store, by, removing.ID)
		who(people[:3]...)

		refs := models.Refs(people[0].ID, people[3].ID)
		if _, err := store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Name: ptr("Plaza"), Contacts: &refs}); err != nil {
			t.Fatal(err)
		}
		both := newest(t, store).ID
		if err := store.DeleteContact(t.Context(), by, people[1].ID, nil); err != nil {
			t.Fatal(err)
		}
		v, err := store.Reverts.Reversal(t.Context(), by, both)
		if err != nil || len(v.Possible()) != 2 || named(v.Fields[1].Now) != "contact4" || named(v.Fields[1].To) != "contact3" {
			t.Fatalf("%+v, %v", v.Fields, err)
		}
		putBack(t, store, by, both)
		who(people[0], people[2])
		if v, err := store.Reverts.Reversal(t.Context(), by, both); err != nil || len(v.Possible()) != 0 {
			t.Errorf("twice: %+v, %v", v.Fields, err)
		}
	})
}

// named returns the usernames of members, with commas.
func named(t audit.FieldValue) string {
	var names []string
	for _, m := range t.Members {
		names = append(names, m.Username)
	}
	return strings.Join(names, ", ")
}

func usernames(contacts []models.Contact) (names []string) {
	for _, c := range contacts {
		names = append(names, c.Username)
	}
	return names
}

func TestRevertContact(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		c := modelstest.Contact(t, store, by, "hector")
		if _, err := store.UpdateContact(t.Context(), by, c.ID, models.ContactChange{Username: ptr("hector2"), PhoneNumber: ptr("+41 44")}); err != nil {
			t.Fatal(err)
		}
		line := newest(t, store).ID
		modelstest.Contact(t, store, by, "hector") // took the name
		err := store.Reverts.Revert(t.Context(), by, line, []string{"username", "phone_number"})
		if invalid, ok := errors.AsType[access.Invalid](err); !ok || invalid.For("username") == "" {
			t.Errorf("a name that is taken: %v", err)
		}
		if err := store.Reverts.Revert(t.Context(), by, line, []string{"phone_number"}); err != nil {
			t.Fatal(err)
		}
		if got, err := store.Contact(t.Context(), c.ID); err != nil || got.Username != "hector2" || got.PhoneNumber != nil {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestRevertNeedsTheRightOfTheChange checks that the right to see activity is not enough.
func TestRevertNeedsTheRightOfTheChange(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		g := modelstest.Group(t, store, by, "Plaza Hotel")
		archived := &sql.Null[int64]{V: store.DB.Now().Unix(), Valid: true}
		if _, err := store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Name: ptr("Plaza"), ArchivedAt: archived}); err != nil {
			t.Fatal(err)
		}
		line := newest(t, store)
		auditor := access.Actor{Kind: access.UserActor, ID: "x", Name: "Eve", Role: access.Auditor}
		if _, err := store.Reverts.Reversal(t.Context(), auditor, line.ID); !errors.Is(err, access.ErrDenied) || models.Reversible(line, auditor) {
			t.Errorf("an auditor: %v", err)
		}
		if err := store.Reverts.Revert(t.Context(), auditor, line.ID, []string{"name"}); !errors.Is(err, access.ErrDenied) {
			t.Errorf("an auditor: %v", err)
		}
		moderator := access.Actor{Kind: access.UserActor, ID: "x", Name: "Mo", Role: access.Moderator}
		v, err := store.Reverts.Reversal(t.Context(), moderator, line.ID)
		if err != nil || fmt.Sprint(v.Possible()) != "[archived_at]" {
			t.Errorf("a moderator may put back %v, %v", v.Possible(), err)
		}
	})
}
