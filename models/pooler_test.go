package models_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
)

// TestBehindAPooler does what consoles do where each transaction may run in another
// session, and looks that nothing of it stays behind in one.
func TestBehindAPooler(t *testing.T) {
	cluster := modelstest.StartCluster(t)
	databases := 0
	for name, settings := range modelstest.PoolerSettings(t) {
		for _, mode := range []string{"", "&default_query_exec_mode=cache_describe", "&default_query_exec_mode=exec"} {
			t.Run(name+mode, func(t *testing.T) {
				databases++
				database := fmt.Sprint("pooled", databases)
				run(t, cluster.URL(), "CREATE DATABASE "+database)
				url := modelstest.StartPooler(t, cluster, settings).Database(database) + mode
				first, second := modelstest.OpenEmpty(t, url), modelstest.OpenEmpty(t, url)
				if !strings.HasSuffix(first.DB.Engine(), " behind a pooler") {
					t.Errorf("it takes the pooler for %s", first.DB.Engine())
				}
				var all sync.WaitGroup
				for i, store := range []*models.Store{first, second, first, second} {
					all.Go(func() { work(t, store, fmt.Sprint("worker", i)) })
				}
				all.Wait()
				workByJobs(t, first, second)
				wantReady(t, first, "")
				reading, writing, err := second.Settings(t.Context(), "enable_seqscan")
				if err != nil || !slices.Equal(append(reading, writing...), []string{"off", "off"}) {
					t.Errorf("sequential scans are %q in reads and %q in writes, %v", reading, writing, err)
				}
				wantClean(t, url)
			})
		}
	}
}

// work changes, reads and searches.
func work(t *testing.T, store *models.Store, name string) {
	by := access.System("test")
	for i := range 15 {
		username := fmt.Sprint(name, "-", i)
		contact, err := store.CreateContact(t.Context(), by, models.ContactChange{Username: &username}, nil)
		if err != nil {
			t.Error(err)
			return
		}
		g, err := store.CreateGroup(t.Context(), by, models.GroupChange{Name: &username, Contacts: new(models.Refs(contact.ID))}, nil)
		if err != nil {
			t.Error(err)
			return
		}
		_, renamed := store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Description: new("The finest")})
		found, searched := store.Groups(t.Context(), models.GroupQuery{Search: models.ParseSearch(username+" finest", nil)})
		_, read := store.Group(t.Context(), g.ID)
		if err := errors.Join(renamed, searched, read, store.Audit.Seal(t.Context())); err != nil || len(found.Groups) == 0 {
			t.Errorf("%d groups are found: %v", len(found.Groups), err)
			return
		}
	}
}

// workByJobs imports groups, changes all that there are, and exports them, each by a job on which two
// consoles work at once.
func workByJobs(t *testing.T, first, second *models.Store) {
	t.Helper()
	by, ctx := modelstest.Owner(t, first), t.Context()
	for _, store := range []*models.Store{first, second} {
		store.Jobs.Register(jobs.Kind{Name: "test.export", Make: func(ctx context.Context, _ jobs.Job, to *jobs.Output) error {
			to.Name("groups", "text/plain")
			return store.Exports.ExportGroups(ctx, to.By, models.GroupQuery{}, models.Export{Begin: to.Expect}, func(g models.Group, _ []string) error {
				_, err := fmt.Fprintln(to, g.ID)
				return errors.Join(err, to.Row())
			})
		}})
	}
	both := func(job jobs.Job, err error) jobs.Job {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for _, store := range []*models.Store{first, second} {
			all.Go(func() {
				if err := errors.Join(store.Jobs.Run(ctx), store.Jobs.RunFiles(ctx)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		job, err = first.Jobs.Job(ctx, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		return job
	}
	var file strings.Builder
	file.WriteString("name,members\n")
	for i := range 700 {
		fmt.Fprintf(&file, "Imported %d,worker0-1\n", i)
	}
	job, err := first.Imports.Upload(ctx, by, models.ImportUpload{Type: models.ImportGroups}, strings.NewReader(file.String()))
	if err == nil {
		job, err = second.Imports.Check(ctx, by, job.ID, models.ImportOptions{})
	}
	job = both(job, err)
	expect(t, both(first.Imports.Start(ctx, by, job.ID)), jobs.Done, 700, 700, 0, 0)
	expect(t, both(second.BulkChanges.StartBulk(ctx, by, models.Bulk{Action: models.BulkArchive, All: true}, "")), jobs.Done, 760, 760, 0, 0)
	job = both(first.Jobs.Start(ctx, by, jobs.Request{Kind: "test.export", Needs: access.Export}))
	if f, err := second.Jobs.Files.Of(ctx, job.ID); err != nil || job.State != jobs.Done || f.Size != 760*(text.IDLength+1) {
		t.Errorf("the export is %s (%s) with %d bytes; %v", job.State, job.Reason, f.Size, err)
	}
}

// wantClean looks into both sessions of the pooler.
func wantClean(t *testing.T, url string) {
	t.Helper()
	pids := map[int]bool{}
	for range 2 {
		config, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		config.DefaultQueryExecMode = pgx.QueryExecModeExec
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		tx, err := conn.Begin(t.Context()) // which keeps its session from the next
		if err != nil {
			t.Fatal(err)
		}
		var pid, locks, statements int
		var seqscan, jit string
		err = tx.QueryRow(t.Context(), `SELECT pg_backend_pid(), current_setting('enable_seqscan'), current_setting('jit'),
			(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), (SELECT count(*) FROM pg_prepared_statements WHERE name NOT LIKE 'PGBOUNCER%')`).
			Scan(&pid, &seqscan, &jit, &locks, &statements)
		if err != nil || seqscan != "on" || jit != "on" || locks+statements > 0 {
			t.Errorf("left behind: enable_seqscan %s, jit %s, %d locks, %d statements, %v", seqscan, jit, locks, statements, err)
		}
		pids[pid] = true
	}
	if len(pids) != 2 {
		t.Errorf("it looked into %d sessions", len(pids))
	}
}
