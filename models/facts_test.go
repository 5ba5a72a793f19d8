package models_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

func archivedBy(t *testing.T, store *models.Store, groupID string) access.ActorRef {
	t.Helper()
	by, err := store.Reverts.ArchivedBy(t.Context(), groupID)
	if err != nil {
		t.Fatal(err)
	}
	return by
}

func revertOf(t *testing.T, store *models.Store, line string) models.Revert {
	t.Helper()
	r, err := store.Reverts.RevertOf(t.Context(), line)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFactsOutliveTheirLines checks that who archived a group, and which line reverted
// which, is known after the retention rule deleted the lines about it.
func TestFactsOutliveTheirLines(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		now := time.Now()
		store.DB.Now = func() time.Time { return now.AddDate(-3, 0, 0) }
		by := modelstest.Owner(t, store)
		g := modelstest.Group(t, store, by, "Plaza Hotel")
		if _, err := store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Name: ptr("Plazza")}); err != nil {
			t.Fatal(err)
		}
		renaming := newest(t, store).ID
		reverting := putBack(t, store, by, renaming).ID
		archived, err := store.ArchiveGroup(t.Context(), by, g.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		seal(t, store)
		store.DB.Now = time.Now
		keep(t, store, by, "P1Y")
		deleteOld(t, store)
		if _, err := store.Audit.ActivityLine(t.Context(), reverting); !errors.Is(err, access.ErrNotFound) {
			t.Fatalf("the line is still there: %v", err)
		}

		ada := access.ActorRef{Kind: by.Kind, ID: by.ID, Name: by.Name}
		if got := archivedBy(t, store, g.ID); got != ada {
			t.Errorf("archived by %+v", got)
		}
		if got := revertOf(t, store, renaming); got.ID != reverting || got.By != ada || time.Unix(got.CreatedAt, 0).After(now.AddDate(-2, 0, 0)) {
			t.Errorf("reverted by %+v", got)
		}
		if _, err := store.RestoreGroup(t.Context(), by, g.ID); err != nil {
			t.Fatal(err)
		}
		if got := archivedBy(t, store, g.ID); got != (access.ActorRef{}) {
			t.Errorf("an active group was archived by %+v", got)
		}
		if again, err := store.ArchiveGroup(t.Context(), by, g.ID, *archived.ArchivedAt); err != nil || *again.ArchivedAt != *archived.ArchivedAt {
			t.Errorf("archived again at %d, %v", *again.ArchivedAt, err)
		}
	})
}

// TestFactsAreFoundInOlderLines checks a database from before facts were stored, also after
// an interruption. What has no line stays unknown.
func TestFactsAreFoundInOlderLines(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			store := modelstest.Connect(t, modelstest.EmptyURL(t, engine))
			if err := store.MigrateTo(t.Context(), 12); err != nil {
				t.Fatal(err)
			}
			for i := range 4 {
				carryOut(t, store, fmt.Sprintf(`INSERT INTO groups (id, name, name_key, conversation_id, search, created_at, updated_at, archived_at)
					VALUES ('000000000000000%d', 'Plaza', 'plaza', '000000000000010%d', '  plaza', 1, 1, %s)`, i, i, []string{"7", "7", "7", "NULL"}[i]))
			}
			archiving, restoring := `{"archived_at":{"before":null,"after":7}}`, `{"archived_at":{"before":7,"after":null}}`
			withLine(t, store, 1, "user", "Ada", "group.archive", 0, archiving)
			withLine(t, store, 2, "user", "Ada", "group.archive", 3, archiving)
			withLine(t, store, 3, "user", "Ada", "group.restore", 0, restoring)
			withLine(t, store, 4, "user", "Eve", "group.update", 1, `{"archived_at":{"before":null,"after":7},"name":{"before":"x","after":"\"archived_at\":{"}}`)
			withLine(t, store, 5, "user", "Eve", "group.restore", 3, restoring)
			withLine(t, store, 6, "user", "Eve", "contact.revert", 9, `{"reverted_line":{"before":null,"after":"0Va1000000000001"},"username":{"before":"a","after":"b"}}`)
			for n := 10; n < 1200; n++ {
				withLine(t, store, n, "user", "Ada", "group.update", 2, `{"name":{"before":"x","after":"\"archived_at\":{"}}`)
			}
			withLine(t, store, 1200, "token", "backup", "group.archive", 0, archiving)

			for range 2 { // the second time finds it done
				if err := store.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for i, want := range []string{"the API token backup", "Eve", "", ""} {
				if got := archivedBy(t, store, fmt.Sprintf("000000000000000%d", i)); got.Who() != want {
					t.Errorf("group %d was archived by %+v, want %q", i, got, want)
				}
			}
			if got := revertOf(t, store, "0Va1000000000001"); got.ID != "0Va1000000000006" || got.By.Name != "Eve" || got.CreatedAt != 6 {
				t.Errorf("reverted by %+v", got)
			}

			// Interrupted behind the newest line, it continues there.
			carryOut(t, store, "UPDATE groups SET archived_by_kind = '', archived_by_id = '', archived_by_name = ''",
				"UPDATE settings SET value = '0Va1000000001200' WHERE key = 'facts'")
			if err := store.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			for i, want := range []string{"Ada", "Eve"} {
				if got := archivedBy(t, store, fmt.Sprintf("000000000000000%d", i)); got.Name != want {
					t.Errorf("afterwards group %d was archived by %+v, want %q", i, got, want)
				}
			}
		})
	}
}

// withLine adds a line about a group or contact, as an earlier version wrote it.
func withLine(t *testing.T, store *models.Store, n int, kind, name, action string, object int, changes string) {
	t.Helper()
	carryOut(t, store, fmt.Sprintf(`INSERT INTO audit_lines (id, created_at, actor_kind, actor_id, actor_name, action, object_kind, object_id, object_name, changes, ip, user_agent, request_id)
		VALUES ('0Va1%012d', %d, '%s', 'x', '%s', '%s', 'group', '000000000000000%d', 'Plaza', '%s', '', '', '')`, n, n, kind, name, action, object, changes))
}
