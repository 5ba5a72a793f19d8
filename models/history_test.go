package models_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// inPast sets the clock of a store to an hour ago, where its records begin, and returns what sets it
// forth by ten seconds.
func inPast(t *testing.T, store *models.Store) (tick func() (now int64)) {
	t.Helper()
	now := time.Now().Add(-time.Hour).Truncate(time.Second)
	recordsSince(t, store, now.Unix())
	store.DB.Now = func() time.Time { return now }
	return func() int64 {
		now = now.Add(10 * time.Second)
		return now.Unix()
	}
}

func recordsSince(t *testing.T, store *models.Store, at int64) {
	t.Helper()
	if err := store.Exec(t.Context(), fmt.Sprintf("UPDATE settings SET value = '%d' WHERE key = 'past_memberships_since'", at)); err != nil {
		t.Fatal(err)
	}
}

// then returns a group as a test compares it.
func then(t *testing.T, g models.Group, err error) string {
	t.Helper()
	if errors.Is(err, access.ErrNotFound) {
		return "none"
	}
	if err != nil {
		t.Fatal(err)
	}
	g.LastActiveAt, g.SameName = 0, false
	for i := range g.Contacts {
		g.Contacts[i].JoinedAt, g.Contacts[i].UpdatedAt = 0, 0
	}
	whole, err := json.MarshalIndent(g, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(whole)
}

// TestGroupsAreAsTheyWere reads a group after each act, and again when all is over.
func TestGroupsAreAsTheyWere(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		tick := inPast(t, store)
		by := modelstest.Owner(t, store)
		contacts := modelstest.Contacts(t, store, by, 5)
		ids := func(from, to int) []models.ContactRef {
			var ids []string
			for _, c := range contacts[from:to] {
				ids = append(ids, c.ID)
			}
			return models.Refs(ids...)
		}
		before := tick()
		tick()
		made := modelstest.Group(t, store, by, "Plaza", contacts[0], contacts[1])
		update := func(c models.GroupChange) error {
			_, err := store.UpdateGroup(t.Context(), by, made.ID, c)
			return err
		}
		replace := ids(2, 5)
		var deleted int64
		acts := []struct {
			name string
			act  func() error
		}{
			{"create", func() error { return nil }},
			{"name and describe", func() error {
				return update(models.GroupChange{Name: ptr("Plaza Hotel"), Description: ptr("In New York.\nWith a view."), AvatarURL: ptr("https://example.com/p.jpg")})
			}},
			{"rename a member", func() error {
				_, err := store.UpdateContact(t.Context(), by, contacts[1].ID, models.ContactChange{Username: ptr("renamed"), PhoneNumber: ptr("+1 555 0100")})
				return err
			}},
			{"add", func() error {
				_, _, err := store.Members.AddMembers(t.Context(), by, made.ID, ids(1, 4), nil)
				return err
			}},
			{"archive", func() error { _, err := store.ArchiveGroup(t.Context(), by, made.ID, 0); return err }},
			{"remove", func() error {
				_, _, err := store.Members.RemoveMember(t.Context(), by, made.ID, contacts[0].ID)
				return err
			}},
			{"revert", func() error {
				page, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Object: made.ID, Action: string(audit.RemovedMember), Range: db.Range{Limit: 1}})
				if err != nil {
					return err
				}
				return store.Reverts.Revert(t.Context(), by, page.Lines[0].ID, []string{"contacts"})
			}},
			{"restore", func() error { _, err := store.RestoreGroup(t.Context(), by, made.ID); return err }},
			{"replace", func() error { return update(models.GroupChange{Contacts: &replace, Description: ptr("")}) }},
			{"delete a member", func() error { return store.DeleteContact(t.Context(), by, contacts[3].ID, nil) }},
			{"add again", func() error {
				_, _, err := store.Members.AddMembers(t.Context(), by, made.ID, ids(0, 1), nil)
				return err
			}},
			{"put on hold", func() error { _, err := store.Holds.Delete(t.Context(), by, made.ID); return err }},
			{"delete another member", func() error { return store.DeleteContact(t.Context(), by, contacts[4].ID, nil) }},
			{"put back", func() error { _, err := store.Holds.Undo(t.Context(), by, made.ID); return err }},
			{"leave and come back within a second", func() error {
				if _, _, err := store.Members.RemoveMember(t.Context(), by, made.ID, contacts[0].ID); err != nil {
					return err
				}
				_, _, err := store.Members.AddMembers(t.Context(), by, made.ID, ids(0, 1), nil)
				return err
			}},
			{"delete", func() error { deleted++; return store.DeleteGroup(t.Context(), by, made.ID, nil) }},
		}
		were, at := make([]string, len(acts)), make([]int64, len(acts))
		for i, a := range acts {
			if i > 0 {
				tick()
			}
			if err := a.act(); err != nil {
				t.Fatalf("%s: %v", a.name, err)
			}
			if err := store.Deletions.Purge(t.Context()); err != nil {
				t.Fatal(err)
			}
			g, err := store.Group(t.Context(), made.ID)
			were[i], at[i] = then(t, g, err), store.DB.Now().Unix()
		}
		tick()
		for i, a := range acts {
			for _, seconds := range []int64{0, 9} {
				g, err := store.History.Group(t.Context(), by, made.ID, at[i]+seconds)
				if got := then(t, g, err); got != were[i] {
					t.Errorf("%d seconds after the act “%s” the group was\n%s\nnot\n%s", seconds, a.name, were[i], got)
				}
			}
		}
		if _, err := store.History.Group(t.Context(), by, made.ID, before); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("before it was created: %v", err)
		}
	})
}

// TestHistoryEndsWhereRecordsDo also checks who may read it.
func TestHistoryEndsWhereRecordsDo(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		tick := inPast(t, store)
		by := modelstest.Owner(t, store)
		contacts := modelstest.Contacts(t, store, by, 2)
		tick()
		g := modelstest.Group(t, store, by, "Plaza", contacts...)
		made := store.DB.Now().Unix()
		tick()
		if _, _, err := store.Members.RemoveMember(t.Context(), by, g.ID, contacts[0].ID); err != nil {
			t.Fatal(err)
		}
		now := tick()
		ask := func(id string, at int64) error {
			_, err := store.History.Group(t.Context(), by, id, at)
			return err
		}
		recordsSince(t, store, made+5)
		var early models.BeforeRecords
		if err := ask(g.ID, made+4); !errors.As(err, &early) || early.Since != made+5 || !errors.Is(err, access.ErrConflict) {
			t.Errorf("before members were recorded: %v", err)
		}
		if err := ask(g.ID, made+5); err != nil {
			t.Errorf("since members are recorded: %v", err)
		}
		if err := ask(g.ID, made-1); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("before both: %v", err)
		}
		if err := ask("0000000000000000", made+4); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("of no group: %v", err)
		}
		if err := ask(g.ID, now+1); !errors.As(err, new(access.Invalid)) {
			t.Errorf("in the future: %v", err)
		}
		for _, role := range access.Roles {
			other := by
			other.Role = role
			_, err := store.History.Group(t.Context(), other, g.ID, now)
			if may := role != access.Editor && role != access.Moderator; may != (err == nil) || !may && !errors.Is(err, access.ErrDenied) {
				t.Errorf("%s: %v", role, err)
			}
		}
	})
}

// TestHistoryIsForgottenWithTheActivity deletes old activity.
func TestHistoryIsForgottenWithTheActivity(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		now := time.Now().AddDate(0, 0, -100)
		store.DB.Now = func() time.Time { return now }
		recordsSince(t, store, 1)
		by := modelstest.Owner(t, store)
		contacts := modelstest.Contacts(t, store, by, 2)
		g := modelstest.Group(t, store, by, "Old", contacts...)
		leave := func(c models.Contact) {
			t.Helper()
			if _, removed, err := store.Members.RemoveMember(t.Context(), by, g.ID, c.ID); err != nil || !removed {
				t.Fatal(removed, err)
			}
		}
		now = now.Add(time.Minute)
		leave(contacts[0])
		seal(t, store)
		now = time.Now()
		leave(contacts[1])
		for _, step := range []struct {
			left    int64
			deleted bool
		}{{2, false}, {1, true}} {
			if step.deleted {
				keep(t, store, by, "P90D")
				deleteOld(t, store)
			}
			if err := store.Sweep(t.Context()); err != nil || store.Count(t, "past_memberships") != step.left {
				t.Errorf("%d memberships are left of %d: %v", store.Count(t, "past_memberships"), step.left, err)
			}
			_, err := store.History.Group(t.Context(), by, g.ID, g.CreatedAt+1)
			if before := errors.As(err, new(models.BeforeRecords)); before != step.deleted || !before && err != nil {
				t.Errorf("a hundred days ago: %v", err)
			}
		}
	})
}
