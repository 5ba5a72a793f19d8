package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
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

// TestKillsLoseAndRepeatNothing kills the program at random moments of a job: some here, a
// hundred with NIGHTLY=1 in the environment.
func TestKillsLoseAndRepeatNothing(t *testing.T) {
	kills, groups := 4, 3000
	if os.Getenv("NIGHTLY") != "" {
		kills, groups = 100, 60_000
	}
	eachDatabase(t, func(t *testing.T, database string) {
		store := modelstest.OpenURL(t, database)
		manyGroups(t, store, groups)
		job, err := store.BulkChanges.StartBulk(t.Context(), access.System("test"), models.Bulk{Action: models.BulkArchive, All: true}, "")
		if err != nil {
			t.Fatal(err)
		}
		for range kills {
			var log logged
			p := startProcess(t, database, &log)
			log.await(t, "msg=started")
			before := progress(t, store, job)
			for progress(t, store, job) == before { // the kill is to hit it at work
				time.Sleep(time.Millisecond)
			}
			time.Sleep(rand.N(100 * time.Millisecond))
			if err := p.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			_ = p.Wait()
		}
		for i := 0; i < 1000 && !finished(t, store, job); i++ { // PostgreSQL may not know yet of the last kill
			if err := store.Jobs.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		checkOnce(t, store, job, groups)
	})
}

func finished(t *testing.T, store *models.Store, job jobs.Job) bool {
	t.Helper()
	job, err := store.Jobs.Job(t.Context(), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	return job.Finished()
}

// progress is how far a job is; another value each time that something is done.
func progress(t *testing.T, store *models.Store, job jobs.Job) string {
	t.Helper()
	job, err := store.Jobs.Job(t.Context(), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if job.Finished() {
		return fmt.Sprint(rand.Int64())
	}
	return fmt.Sprint(job.Counted, job.Total, job.Checkpoint)
}

// checkOnce fails the test unless a job has archived every group, each once.
func checkOnce(t *testing.T, store *models.Store, job jobs.Job, groups int) {
	t.Helper()
	job, err := store.Jobs.Job(t.Context(), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if job.State != jobs.Done || job.Total != groups || job.Done != groups {
		t.Errorf("the job is %s, and did %d of %d", job.State, job.Done, job.Total)
	}
	var results []string
	for r, err := range store.Jobs.EachResult(t.Context(), job.ID, jobs.Changed) {
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, r.ObjectID)
	}
	if slices.Sort(results); len(slices.Compact(results)) != groups {
		t.Errorf("%d groups have a result", len(results))
	}
	active, err := store.Groups(t.Context(), models.GroupQuery{Status: models.Active})
	if err != nil || len(active.Groups) != 0 {
		t.Errorf("%d groups are active; %v", len(active.Groups), err)
	}
	if err := store.Audit.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	proof, err := store.Audit.VerifyAudit(t.Context(), "")
	if err != nil || proof.Broken != nil {
		t.Errorf("the activity is not intact: %v, %v", proof.Broken, err)
	}
	// One line for the sample data, one for the job, and one for each group.
	if proof.Sealed != int64(groups)+2 {
		t.Errorf("there are %d lines for %d groups", proof.Sealed, groups)
	}
}
