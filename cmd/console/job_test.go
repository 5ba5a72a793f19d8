package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

// manyGroups fills the database with n active groups.
func manyGroups(t *testing.T, store *models.Store, n int) {
	t.Helper()
	groups := func(yield func(models.SampleGroup) bool) {
		for i := range n {
			g := models.SampleGroup{GroupFields: models.GroupFields{Name: fmt.Sprintf("Group %d", i)}, CreatedAt: time.Unix(1_600_000_000+int64(i), 0)}
			if !yield(g) {
				return
			}
		}
	}
	nobody := func(func(models.SampleContact) bool) {}
	if err := store.Seed(t.Context(), access.System("test"), models.Sample{Contacts: nobody, Groups: groups}, func(string, int) {}); err != nil {
		t.Fatal(err)
	}
}

func TestJobCommands(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		store := modelstest.OpenURL(t, database)
		manyGroups(t, store, 3)
		job, err := store.BulkChanges.StartBulk(t.Context(), access.System("test"), models.Bulk{Action: models.BulkArchive, All: true}, "Spring cleaning")
		if err != nil {
			t.Fatal(err)
		}
		if got := mustRun(t, database, "", "job", "list", "-unfinished"); !strings.Contains(got, job.ID+"  groups.archive  queued") {
			t.Errorf("the list is %s", got)
		}
		if err := store.Jobs.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := mustRun(t, database, "", "job", "list", "-unfinished"); strings.Contains(got, job.ID) {
			t.Errorf("the list is %s", got)
		}
		shown := mustRun(t, database, "", "job", "show", "-results", job.ID)
		for _, words := range []string{"3 of 3", "Spring cleaning", "Group 2", "done"} {
			if !strings.Contains(shown, words) {
				t.Errorf("%q is missing in %s", words, shown)
			}
		}
		if got := mustRun(t, database, "", "job", "cancel", job.ID); !strings.Contains(got, "has ended already") {
			t.Errorf("cancelling says %s", got)
		}
		undo, err := store.BulkChanges.Undo(t.Context(), access.System("test"), job.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got := mustRun(t, database, "", "job", "cancel", undo.ID); !strings.Contains(got, "is cancelled") {
			t.Errorf("cancelling says %s", got)
		}
		if r := console(t, database, "", "job", "show", "nonsense"); r.code != 1 || !strings.Contains(r.stderr, "there is no job nonsense") {
			t.Errorf("an unknown job: %+v", r)
		}
	})
}
