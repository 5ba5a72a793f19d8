package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

// killable are jobs that are killed at work, each in a database with n active groups of one
// member that archive rules never touched.
var killable = map[string]struct {
	start func(t *testing.T, store *models.Store, n int) (jobs.Job, error)
	// active is how many groups are active after it, and lines how many activity entries each
	// of its n groups has, the one of its creation besides.
	active, lines func(n int) int
}{
	"archive": {
		start:  func(t *testing.T, store *models.Store, _ int) (jobs.Job, error) { return startArchive(t, store) },
		active: func(int) int { return 0 },
		lines:  func(n int) int { return n },
	},
	"undo of archive": {
		start: func(t *testing.T, store *models.Store, _ int) (jobs.Job, error) {
			job, err := startArchive(t, store)
			if err != nil {
				return job, err
			}
			if err := store.Jobs.Run(t.Context()); err != nil {
				return job, err
			}
			return store.BulkChanges.Undo(t.Context(), access.System("test"), job.ID)
		},
		active: func(n int) int { return n },
		lines:  func(n int) int { return 2 * n },
	},
	"import": {
		start:  startImport,
		active: func(n int) int { return 2 * n },
		lines:  func(n int) int { return n },
	},
}

func startArchive(t *testing.T, store *models.Store) (jobs.Job, error) {
	return store.BulkChanges.StartBulk(t.Context(), access.System("test"), models.Bulk{Action: models.BulkArchive, All: true}, "")
}

// startImport starts to import n groups with one member each.
func startImport(t *testing.T, store *models.Store, n int) (jobs.Job, error) {
	by := modelstest.Owner(t, store)
	member := modelstest.Contact(t, store, by, "hector")
	var file strings.Builder
	file.WriteString("name,members\n")
	for i := range n {
		fmt.Fprintf(&file, "Imported %d,%s\n", i, member.Username)
	}
	job, err := store.Imports.Upload(t.Context(), by, models.ImportUpload{Type: models.ImportGroups}, strings.NewReader(file.String()))
	if err != nil {
		return job, err
	}
	if _, err := store.Imports.Check(t.Context(), by, job.ID, models.ImportOptions{}); err != nil {
		return job, err
	}
	if err := store.Jobs.Run(t.Context()); err != nil {
		return job, err
	}
	return store.Imports.Start(t.Context(), by, job.ID)
}

// TestKillsLoseAndRepeatNothing kills the program at random moments of a job: a few times here,
// a hundred times with NIGHTLY=1 in the environment.
func TestKillsLoseAndRepeatNothing(t *testing.T) {
	modelstest.Slow(t)
	kills, groups := modelstest.Rounds(2, 100), modelstest.Rounds(2000, 200_000)
	for name, work := range killable {
		t.Run(name, func(t *testing.T) {
			eachDatabase(t, func(t *testing.T, database string) {
				store := modelstest.OpenURL(t, database)
				manyGroups(t, store, groups)
				lines := entries(t, store)
				job, err := work.start(t, store, groups)
				if err != nil {
					t.Fatal(err)
				}
				hits := 0
				for range kills {
					if killProgram(t, database, store, job, 100*time.Millisecond) {
						hits++
					}
				}
				t.Logf("%d of %d kills hit it at work", hits, kills)
				checkOnce(t, store, job, groups, work.active(groups))
				if got, want := entries(t, store)-lines, work.lines(groups); got < want || got > want+20 {
					t.Errorf("%d activity entries for %d groups, want %d and those of the job", got, groups, want)
				}
			})
		})
	}
}

// killProgram starts the program, kills it within some time after it began to work on the job, and
// reports whether that was not done yet.
func killProgram(t *testing.T, database string, store *models.Store, job jobs.Job, within time.Duration) bool {
	t.Helper()
	var log logged
	p := startProcess(t, database, &log)
	log.await(t, "msg=started")
	before := progress(t, store, job)
	for progress(t, store, job) == before { // the kill is to hit it at work
		time.Sleep(time.Millisecond)
	}
	time.Sleep(rand.N(within))
	if err := p.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()
	return !finished(t, store, job)
}

// TestKillsOfPostgresLoseAndRepeatNothing ends the server at once at random moments of a job, as
// a crash of it would.
func TestKillsOfPostgresLoseAndRepeatNothing(t *testing.T) {
	kills, groups := modelstest.Rounds(1, 100), modelstest.Rounds(2000, 60_000)
	cluster := modelstest.StartCluster(t)
	modelstest.OpenEmpty(t, cluster.URL())
	store := modelstest.OpenURL(t, cluster.URL())
	manyGroups(t, store, groups)
	job, err := startArchive(t, store)
	if err != nil {
		t.Fatal(err)
	}
	for range kills {
		working := make(chan struct{})
		go func() {
			defer close(working)
			_ = store.Jobs.Run(t.Context()) // ends with an error when the server is gone
		}()
		time.Sleep(20*time.Millisecond + rand.N(200*time.Millisecond))
		if err := cluster.Stop(); err != nil {
			t.Log(err) // killed, as it should be
		}
		<-working
		if err := cluster.Start(); err != nil {
			t.Fatal(err)
		}
	}
	checkOnce(t, modelstest.OpenURL(t, cluster.URL()), job, groups, 0) // without broken connections in its pool
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

// checkOnce works a job to its end, and fails the test unless it has changed n groups, each
// once, and all counts are true.
func checkOnce(t *testing.T, store *models.Store, job jobs.Job, n, active int) {
	t.Helper()
	for i := 0; i < 1000 && !job.Finished(); i++ { // PostgreSQL may not know yet of the last kill
		err := store.Jobs.Run(t.Context())
		if err == nil {
			job, err = store.Jobs.Job(t.Context(), job.ID)
		}
		if err != nil && i > 100 {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if job.State != jobs.Done || job.Total != n || job.Done != n {
		t.Errorf("the job is %s (%s), and did %d of %d", job.State, job.Reason, job.Done, job.Total)
	}
	var results []string
	for r, err := range store.Jobs.EachResult(t.Context(), job.ID, jobs.Changed) {
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, r.ObjectID)
	}
	if slices.Sort(results); len(results) != n || len(slices.Compact(results)) != n {
		t.Errorf("there are %d results", len(results))
	}
	for statement, want := range map[string]int{
		"SELECT count(*) FROM groups WHERE archived_at IS NULL":                                                             active,
		"SELECT count(*) FROM groups WHERE contacts_count <> (SELECT count(*) FROM memberships WHERE group_id = groups.id)": 0,
	} {
		if got := modelstest.Value(t, store, statement); got != fmt.Sprint(want) {
			t.Errorf("%s: %s, want %d", statement, got, want)
		}
	}
	if err := store.Audit.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if proof, err := store.Audit.VerifyAudit(t.Context(), ""); err != nil || proof.Broken != nil {
		t.Errorf("the activity is not intact: %v, %v", proof.Broken, err)
	}
}

// entries is how many activity entries there are.
func entries(t *testing.T, store *models.Store) int {
	t.Helper()
	n, err := strconv.Atoi(modelstest.Value(t, store, "SELECT count(*) FROM audit_lines"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
