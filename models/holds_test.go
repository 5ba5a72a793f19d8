package models_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

// holdIt deletes a group on hold.
func holdIt(t *testing.T, store *models.Store, by access.Actor, id string) {
	t.Helper()
	if _, err := store.Holds.Delete(t.Context(), by, id); err != nil {
		t.Fatal(err)
	}
}

// release ends what is due, and purges it.
func release(t *testing.T, store *models.Store) {
	t.Helper()
	if err := store.Holds.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	clearAll(t, store)
}

// TestDeletionOnHoldIsUndone checks that nothing shows a group on hold, and that it comes back
// the same.
func TestDeletionOnHoldIsUndone(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		contacts := modelstest.Contacts(t, store, by, 3)
		modelstest.Group(t, store, by, "Older", contacts...)
		g := modelstest.Group(t, store, by, "Plaza Hotel", contacts...)
		modelstest.Group(t, store, by, "Newer")
		if err := store.Fill(t.Context(), g.ConversationID, 20); err != nil {
			t.Fatal(err)
		}
		if _, err := store.ArchiveGroup(t.Context(), by, g.ID, 1_600_000_000); err != nil {
			t.Fatal(err)
		}
		before := modelstest.Content(t, store)

		holdIt(t, store, by, g.ID)
		release(t, store)
		if _, err := store.Group(t.Context(), g.ID); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("the group is found: %v", err)
		}
		if _, err := store.Messages.List(t.Context(), g.ConversationID, db.Range{}); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("its messages are found: %v", err)
		}
		if in, err := store.Groups(t.Context(), models.GroupQuery{Contact: contacts[0].ID, Status: models.AnyStatus}); err != nil || len(in.Groups) != 1 {
			t.Errorf("a member is in %d groups, %v", len(in.Groups), err)
		}
		if grave := tombstone(t, store, g); grave.HeldUntil == nil || *grave.HeldUntil < time.Now().Unix() {
			t.Errorf("the tombstone says %+v", grave)
		}

		for range 2 { // the second time it is back already
			back, err := store.Holds.Undo(t.Context(), by, g.ID)
			if err != nil || len(back.Contacts) != 3 {
				t.Fatalf("%d members: %v", len(back.Contacts), err)
			}
		}
		after := modelstest.Content(t, store)
		for _, table := range []string{"groups", "conversations", "memberships", "messages", "clearings", "tombstones", "held_groups", "groups_fts", "totals"} {
			if before[table] != after[table] {
				t.Errorf("%s are\n%s\nwere\n%s", table, after[table], before[table])
			}
		}
		if got := found(t, store, models.GroupQuery{Text: "plaza", Status: models.AnyStatus}); got.ID != g.ID {
			t.Errorf("found %v", got)
		}
		if n := len(lines(t, store, audit.UndeletedGroup)); n != 1 {
			t.Errorf("%d lines say so", n)
		}
		verified(t, store)
	})
}

// TestMuchHappensDuringAHold checks that groups keep their order, and what they count, when a
// group is made and a member deleted before one comes back.
func TestMuchHappensDuringAHold(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		contacts := modelstest.Contacts(t, store, by, 3)
		older := modelstest.Group(t, store, by, "Hotel Older", contacts...)
		g := modelstest.Group(t, store, by, "Hotel Plaza", contacts...)
		modelstest.Exec(t, store, "INSERT INTO imported_ids (foreign_id, group_id) VALUES ('P1', '"+g.ID+"')")
		holdIt(t, store, by, g.ID)
		newer := modelstest.Group(t, store, by, "Hotel Plaza") // its row must not take the place of the other's
		if err := store.DeleteContact(t.Context(), by, contacts[1].ID, nil); err != nil {
			t.Fatal(err)
		}
		back, err := store.Holds.Undo(t.Context(), by, g.ID)
		if err != nil || back.ContactsCount != 2 || len(back.Contacts) != 2 {
			t.Fatalf("%d members, counted %d: %v", len(back.Contacts), back.ContactsCount, err)
		}
		if got, want := rows(t, store), (models.Rows{Groups: 3, Memberships: 4, Counted: 4, Conversations: 5}); got != want {
			t.Errorf("there are %+v, want %+v", got, want)
		}
		if got := modelstest.Value(t, store, "SELECT group_id FROM imported_ids WHERE foreign_id = 'P1'"); got != g.ID {
			t.Errorf("what was imported is %q", got)
		}
		if n := modelstest.Value(t, store, "SELECT CAST(count(*) AS text) FROM groups WHERE same_name"); n != "2" {
			t.Errorf("%s groups have the same name", n)
		}
		var ids []string
		for _, hit := range page(t, store, models.GroupQuery{Text: "hotel"}) {
			ids = append(ids, hit.ID)
		}
		if want := []string{newer.ID, g.ID, older.ID}; !slices.Equal(ids, want) {
			t.Errorf("found %v, want %v", ids, want)
		}
	})
}

// TestHoldEnds checks what is left after it, who may undo it, and that a clock that is ahead
// ends nothing.
func TestHoldEnds(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		g := modelstest.Group(t, store, by, "Plaza Hotel", modelstest.Contacts(t, store, by, 2)...)
		if err := store.Fill(t.Context(), g.ConversationID, 20); err != nil {
			t.Fatal(err)
		}
		if err := store.PassTime(t.Context()); err != nil {
			t.Fatal(err)
		}
		holdIt(t, store, by, g.ID)
		editor := by
		editor.Role = access.Editor
		if _, err := store.Holds.Undo(t.Context(), editor, g.ID); !errors.Is(err, access.ErrDenied) {
			t.Errorf("an editor: %v", err)
		}
		wrong, _ := started(t, store, 100*24*time.Hour)
		release(t, wrong)
		if rows(t, store).Messages != 20 {
			t.Error("a clock that is ahead has deleted messages")
		}
		right, ran := started(t, store, 0)
		*ran = models.DefaultHold - 2*time.Second
		release(t, right)
		if rows(t, store).Messages != 20 {
			t.Error("its messages are deleted too soon")
		}
		*ran = models.DefaultHold + 2*time.Second
		release(t, right)
		if got, want := rows(t, store), (models.Rows{Conversations: 2}); got != want {
			t.Errorf("%+v are left, want %+v", got, want)
		}
		if grave := tombstone(t, store, g); grave.HeldUntil != nil || grave.MessagesCount != 20 || grave.ContactsCount != 2 {
			t.Errorf("the tombstone says %+v", grave)
		}
		if _, err := store.Holds.Undo(t.Context(), by, g.ID); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("it can be undone: %v", err)
		}
	})
}

// TestHoldOutlastsAClockThatIsSetBack checks that it ends by no earlier time than was seen.
func TestHoldOutlastsAClockThatIsSetBack(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		g := modelstest.Group(t, store, by, "Plaza Hotel")
		now := time.Now()
		if _, err := store.Audit.TrustedTime(t.Context()); err != nil {
			t.Fatal(err)
		}
		store.DB.Now = func() time.Time { return now.Add(-24 * time.Hour) }
		holdIt(t, store, by, g.ID)
		if until := *tombstone(t, store, g).HeldUntil; until < now.Add(models.DefaultHold-2*time.Second).Unix() {
			t.Errorf("it ends %s before the clock is right again", now.Sub(time.Unix(until, 0)))
		}
	})
}

// TestUndoAndPurgeHaveOneWinner lets both go for the same groups at once.
func TestUndoAndPurgeHaveOneWinner(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		contacts := modelstest.Contacts(t, store, by, 2)
		now := time.Now()
		store.DB.Now = func() time.Time { return now }
		var groups []models.Group
		for range modelstest.Rounds(8, 100) {
			groups = append(groups, modelstest.Group(t, store, by, "Plaza Hotel", contacts...))
			holdIt(t, store, by, groups[len(groups)-1].ID)
		}
		now = now.Add(2 * models.DefaultHold)
		if err := store.PassTime(t.Context()); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		undone := make([]error, len(groups))
		for i, g := range groups {
			wg.Go(func() { _, undone[i] = store.Holds.Undo(t.Context(), by, g.ID) })
		}
		for range 2 {
			wg.Go(func() {
				if err := errors.Join(store.Holds.Release(t.Context()), store.Deletions.Purge(t.Context())); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		release(t, store)
		left := 0
		for i, g := range groups {
			_, err := store.Group(t.Context(), g.ID)
			grave, buried := store.Tombstone(t.Context(), g.ID)
			if (undone[i] == nil) != (err == nil) || (err == nil) == (buried == nil) || grave.HeldUntil != nil {
				t.Errorf("undone: %v, found: %v, tombstone: %v", undone[i], err, buried)
			}
			if err == nil {
				left++
			}
		}
		want := models.Rows{Groups: left, Conversations: 2 + left, Memberships: 2 * left, Counted: 2 * left}
		if got := rows(t, store); got != want {
			t.Errorf("%+v are left, want %+v", got, want)
		}
	})
}

// TestBulkDeletionOnHoldIsUndone undoes a job, but for a group whose hold is over and one that
// is back already.
func TestBulkDeletionOnHoldIsUndone(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		sampleGroups(t, store, 30)
		now := time.Now()
		store.DB.Now = func() time.Time { return now }
		before := page(t, store, models.GroupQuery{Status: models.AnyStatus})
		job := start(t, store, models.Bulk{Action: models.BulkDelete, All: true, Hold: time.Hour})
		now = now.Add(time.Minute)
		job = finish(t, store, job)
		expect(t, job, jobs.Done, 30, 30, 0, 0)
		if job.UndoableUntil == nil || *job.UndoableUntil != now.Add(time.Hour).Unix() {
			t.Errorf("it can be undone until %v", job.UndoableUntil)
		}
		if _, err := store.Holds.Undo(t.Context(), bulkTester, before[0].ID); err != nil {
			t.Fatal(err)
		}
		modelstest.Exec(t, store, "UPDATE held_groups SET until_at = 0 WHERE id = '"+before[1].ID+"'")
		release(t, store)
		undo, err := store.BulkChanges.TakeBack(t.Context(), bulkTester, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, undo, jobs.Done, 30, 28, 2, 0)
		if got := reasons(t, store, undo); got["skipped "+models.NothingToChange] != 1 || got["skipped "+models.GoneMeanwhile] != 1 {
			t.Errorf("the results are %v", got)
		}
		if got := count(t, store, models.GroupQuery{Status: models.AnyStatus}); got != 29 {
			t.Errorf("there are %d groups", got)
		}
		at := start(t, store, models.Bulk{Action: models.BulkDelete, All: true})
		if at = finish(t, store, at); at.UndoableUntil != nil || store.Count(t, "held_groups") != 0 {
			t.Error("what is not put on hold can be undone")
		}
	})
}

// TestHeldGroupsHaveAllColumns fails for a column of groups that a hold would lose.
func TestHeldGroupsHaveAllColumns(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		list := "SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM information_schema.columns WHERE column_name <> 'until_at' AND is_generated = 'NEVER' AND table_name = "
		if store.DB.Dialect.Name() == modelstest.SQLite {
			list = "SELECT group_concat(name, ' ' ORDER BY name) FROM pragma_table_info WHERE name <> 'until_at' AND arg = "
		}
		groups, held := modelstest.Value(t, store, list+"'groups'"), modelstest.Value(t, store, list+"'held_groups'")
		if groups != held || groups == "" {
			t.Errorf("groups have\n%s\nheld_groups have\n%s", groups, held)
		}
	})
}

func TestOnlyOwnersSetTheHold(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		admin := by
		admin.Role = access.Admin
		if err := store.Holds.SetPeriod(t.Context(), admin, time.Hour); !errors.Is(err, access.ErrDenied) {
			t.Errorf("an admin: %v", err)
		}
		for _, wrong := range []time.Duration{-time.Second, models.MaxHold + time.Second, time.Millisecond} {
			if err := store.Holds.SetPeriod(t.Context(), by, wrong); err == nil {
				t.Errorf("%s is allowed", wrong)
			}
		}
		for _, period := range []time.Duration{models.DefaultHold, models.MaxHold, 0} { // the first changes nothing
			if err := store.Holds.SetPeriod(t.Context(), by, period); err != nil {
				t.Fatal(err)
			}
			if got, err := store.Holds.Period(t.Context()); got != period || err != nil {
				t.Errorf("it is %s, want %s: %v", got, period, err)
			}
		}
		if n := len(lines(t, store, audit.ChangedHold)); n != 2 {
			t.Errorf("%d lines", n)
		}
		g := modelstest.Group(t, store, by, "Plaza Hotel")
		holdIt(t, store, by, g.ID)
		if grave := tombstone(t, store, g); grave.HeldUntil != nil {
			t.Errorf("the tombstone says %+v", grave)
		}
	})
}
