package models_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

// inSession returns the owner in a session of hers.
func inSession(t *testing.T, store *models.Store) access.Actor {
	t.Helper()
	by := modelstest.Owner(t, store)
	ada, err := store.Identity.Users.UserByEmail(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Identity.Sessions.StartSession(t.Context(), by, ada, false); err != nil {
		t.Fatal(err)
	}
	open, err := store.Identity.Sessions.List(t.Context(), by)
	if err != nil {
		t.Fatal(err)
	}
	by.Session = open[0].ID
	return by
}

// undoes undoes the last act, or that of a line, and checks which it was, and what became of it.
func undoes(t *testing.T, store *models.Store, by access.Actor, lineID string, action audit.Action, refused models.Refusal) models.Undone {
	t.Helper()
	u, err := store.Undos.Undo(t.Context(), by, lineID)
	if err != nil || u.Line.Action != action || u.Refused != refused {
		t.Fatalf("undid %s, refused %q, %v; want %s, %q", u.Line.Action, u.Refused, err, action, refused)
	}
	return u
}

func steps(t *testing.T, store *models.Store, by access.Actor) []audit.Line {
	t.Helper()
	lines, err := store.Audit.Steps(t.Context(), by)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// must fails the test if there is an error.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestUndoIsAStack undoes all kinds of acts, the last first.
func TestUndoIsAStack(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := inSession(t, store)
		ctx := t.Context()
		many := modelstest.Contacts(t, store, by, models.MaxNamed+1)
		c := many[0]
		g := modelstest.Group(t, store, by, "Plaza Hotel", c)
		group, contact := must[models.Group](t), must[models.Contact](t)
		group(store.ArchiveGroup(ctx, by, g.ID, 1_600_000_000))
		group(store.RestoreGroup(ctx, by, g.ID))
		group(store.UpdateGroup(ctx, by, g.ID, models.GroupChange{Name: new("The Plaza")}))
		contact(store.UpdateContact(ctx, by, c.ID, models.ContactChange{DisplayName: new("One")}))
		if _, _, err := store.Members.RemoveMember(ctx, by, g.ID, c.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := store.Members.AddMembers(ctx, by, g.ID, models.Refs(idsOf(many)...), nil); err != nil {
			t.Fatal(err)
		}
		must[jobs.Job](t)(store.BulkChanges.RunBulkNow(ctx, by, models.Bulk{Action: models.BulkArchive, IDs: []string{g.ID}}, ""))
		holdIt(t, store, by, g.ID)
		if n := len(steps(t, store, by)); n != 8 {
			t.Fatalf("%d steps", n)
		}
		now := func() models.Group { return group(store.Group(ctx, g.ID)) }

		undoes(t, store, by, "", audit.DeletedGroup, "")
		if u := undoes(t, store, by, "", jobs.Started, ""); u.Job.Done != 1 || now().Archived() {
			t.Errorf("the job changed %d back", u.Job.Done)
		}
		undoes(t, store, by, "", audit.AddedMembers, "")
		if n := now().ContactsCount; n != 0 {
			t.Errorf("%d members", n)
		}
		undoes(t, store, by, "", audit.RemovedMember, "")
		undoes(t, store, by, "", audit.UpdatedContact, "")
		undoes(t, store, by, "", audit.UpdatedGroup, "")
		if g, c := now(), contact(store.Contact(ctx, c.ID)); g.Name != "Plaza Hotel" || g.ContactsCount != 1 || c.DisplayName != nil {
			t.Errorf("it is %q with %d members, the contact %v", g.Name, g.ContactsCount, c.DisplayName)
		}
		undoes(t, store, by, "", audit.RestoredGroup, "")
		if at := now().ArchivedAt; at == nil || *at != 1_600_000_000 {
			t.Errorf("archived at %v", at)
		}
		undoes(t, store, by, "", audit.ArchivedGroup, "")
		if _, err := store.Undos.Undo(ctx, by, ""); !errors.Is(err, access.ErrNotFound) || now().Archived() {
			t.Errorf("an empty stack: %v", err)
		}
		verified(t, store)
	})
}

func idsOf(contacts []models.Contact) []string {
	var all []string
	for _, c := range contacts {
		all = append(all, c.ID)
	}
	return all
}

// TestUndoLeavesWhatOthersChanged checks that each refusal is said, and the step gone.
func TestUndoLeavesWhatOthersChanged(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := inSession(t, store)
		ctx := t.Context()
		other := by
		other.Session = ""
		group := must[models.Group](t)
		g := modelstest.Group(t, store, by, "Plaza Hotel")
		edit := func(who access.Actor, name, about string) {
			group(store.UpdateGroup(ctx, who, g.ID, models.GroupChange{Name: &name, Description: &about}))
		}
		edit(by, "First", "")
		edit(by, "Second", "Ours")
		edit(other, "Second", "Theirs")
		u := undoes(t, store, by, "", audit.UpdatedGroup, "")
		if g := group(store.Group(ctx, g.ID)); g.Name != "First" || *g.Description != "Theirs" || len(u.Kept) != 1 || u.Kept[0].Name != "description" {
			t.Errorf("it is %q, %q; kept %v", g.Name, *g.Description, u.Kept)
		}
		edit(other, "Third", "Theirs")
		undoes(t, store, by, "", audit.UpdatedGroup, models.ChangedSince)

		// What was undone in another way is passed over.
		group(store.ArchiveGroup(ctx, by, g.ID, 0))
		edit(by, "Fourth", "Theirs")
		line := steps(t, store, by)[0]
		if err := store.Reverts.Revert(ctx, other, line.ID, []string{"name"}); err != nil {
			t.Fatal(err)
		}
		undoes(t, store, by, "", audit.ArchivedGroup, "")

		group(store.ArchiveGroup(ctx, by, g.ID, 0))
		holdIt(t, store, by, g.ID)
		moderator := by
		moderator.Role = access.Moderator
		modelstest.Exec(t, store, "UPDATE users SET role = 'moderator' WHERE id = '"+by.UserID+"'")
		undoes(t, store, moderator, "", audit.DeletedGroup, models.NotPermitted)
		modelstest.Exec(t, store, "UPDATE users SET role = 'owner' WHERE id = '"+by.UserID+"'")
		undoes(t, store, by, "", audit.ArchivedGroup, models.Gone)

		// A job that goes on keeps its step.
		modelstest.Group(t, store, by, "Another")
		job := must[jobs.Job](t)(store.BulkChanges.StartBulk(ctx, by, models.Bulk{Action: models.BulkArchive, All: true}, ""))
		if _, err := store.Undos.Undo(ctx, by, ""); !errors.As(err, new(access.Conflict)) {
			t.Errorf("a job that goes on: %v", err)
		}
		finish(t, store, job)
		undoes(t, store, by, "", jobs.Started, "")

		// Nobody else has these steps.
		group(store.ArchiveGroup(ctx, by, must[models.CreatedGroup](t)(store.CreateGroup(ctx, by, models.GroupChange{Name: new("Mine")}, nil)).ID, 0))
		if _, err := store.Undos.Undo(ctx, other, steps(t, store, by)[0].ID); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("without the session: %v", err)
		}
	})
}

// TestUndoHasItsLimit checks how deep the stack is, and that each act is undone once, however
// many ask at once.
func TestUndoHasItsLimit(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := inSession(t, store)
		g := modelstest.Group(t, store, by, "0")
		for i := range audit.MaxSteps + 5 {
			if _, err := store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Name: new(fmt.Sprint(i + 1))}); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 3 {
					if u, err := store.Undos.Undo(t.Context(), by, ""); err != nil || u.Refused != "" {
						t.Errorf("refused %q, %v", u.Refused, err)
					}
				}
			})
		}
		wg.Wait()
		if g, err := store.Group(t.Context(), g.ID); err != nil || g.Name != fmt.Sprint(audit.MaxSteps+5-12) {
			t.Errorf("it is %q after 12 of them, %v", g.Name, err)
		}
		for range audit.MaxSteps - 12 {
			undoes(t, store, by, "", audit.UpdatedGroup, "")
		}
		if _, err := store.Undos.Undo(t.Context(), by, ""); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("one too many: %v", err)
		}
	})
}
