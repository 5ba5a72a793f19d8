package models_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

// slowKind registers a kind of job about n objects, one in a transaction, that calls do in
// the transaction of each.
func slowKind(store *models.Store, n int, do func(tx *gorm.DB, object jobs.Object) error) {
	store.Jobs.Register(jobs.Kind{
		Name: "test.slow", Most: func(jobs.Job) int { return 1 },
		Gather: func(_ context.Context, _ jobs.Job, _ string, _ int) (found []jobs.Object, next string, err error) {
			for i := range n {
				found = append(found, jobs.Object{ID: string(rune('a' + i)), Name: "object"})
			}
			return found, "", nil
		},
		Change: func(tx *gorm.DB, _ jobs.Job, _ access.Actor, objects []jobs.Object) (results []jobs.Result, err error) {
			for _, o := range objects {
				results = append(results, jobs.Result{ObjectID: o.ID, Result: jobs.Changed})
				err = errors.Join(err, do(tx, o))
			}
			return results, err
		},
	})
}

func startSlow(t *testing.T, store *models.Store, by access.Actor) jobs.Job {
	t.Helper()
	job, err := store.Jobs.Start(t.Context(), by, jobs.Request{Kind: "test.slow", Needs: access.ArchiveGroups, Note: " A note "})
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// interrupted starts a job of five objects, and runs it as far as the third.
func interrupted(t *testing.T, store *models.Store, by access.Actor) jobs.Job {
	t.Helper()
	slowKind(store, 5, func(_ *gorm.DB, o jobs.Object) error {
		if o.ID == "c" {
			return errors.New("interrupted")
		}
		return nil
	})
	job := startSlow(t, store, by)
	if err := store.Jobs.Run(t.Context()); err == nil {
		t.Fatal("the job was not interrupted")
	}
	return job
}

func TestACancelledJobSaysWhatItDid(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		slowKind(store, 5, func(*gorm.DB, jobs.Object) error { return nil })
		job := startSlow(t, store, bulkTester)
		if queued, err := store.Jobs.Cancel(t.Context(), bulkTester, job.ID); err != nil || queued.State != jobs.Stopped {
			t.Errorf("a job that has not begun is %s; %v", queued.State, err)
		}

		job = interrupted(t, store, bulkTester)
		if got, err := store.Jobs.Cancel(t.Context(), bulkTester, job.ID); err != nil || got.State != jobs.Cancelling {
			t.Errorf("a job that goes on is %s; %v", got.State, err)
		}
		job = finish(t, store, job)
		if job.State != jobs.Stopped || job.Done != 2 || job.Note != "A note" {
			t.Errorf("the job is %+v", job)
		}
		results, err := store.Jobs.Results(t.Context(), job.ID, jobs.ResultQuery{})
		if err != nil || len(results.Results) != job.Done {
			t.Errorf("there are %d results of %d; %v", len(results.Results), job.Done, err)
		}
		if got := lines(t, store, jobs.Cancelled); len(got) != 2 {
			t.Errorf("there are %d lines of cancelling", len(got))
		}
	})
}

func TestAJobStopsWithItsActorsRights(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		tokens := store.Identity.Tokens
		for name, c := range map[string]struct {
			reason string
			take   func(u identity.User, token identity.Token) error
		}{
			"demoted": {jobs.RightLost, func(u identity.User, _ identity.Token) error {
				_, err := store.Identity.Users.ChangeRole(t.Context(), bulkTester, u.ID, access.Auditor)
				return err
			}},
			"disabled": {jobs.ActorGone, func(u identity.User, _ identity.Token) error {
				_, err := store.Identity.Users.Disable(t.Context(), bulkTester, u.ID)
				return err
			}},
			"revoked": {jobs.ActorGone, func(u identity.User, token identity.Token) error {
				return tokens.RevokeToken(t.Context(), u.Actor(), token.ID)
			}},
		} {
			u := somebody(t, store, name, access.Admin)
			by := u.Actor()
			token, secret, err := tokens.CreateToken(t.Context(), by, identity.NewToken{Name: "robot", Scopes: access.WriteScopes()}, nil)
			if err == nil && name == "revoked" {
				by, err = tokens.TokenActor(t.Context(), secret, "10.0.0.4")
			}
			if err != nil {
				t.Fatal(err)
			}
			job := interrupted(t, store, by)
			if err := c.take(u, token); err != nil {
				t.Fatal(err)
			}
			job = finish(t, store, job)
			if job.State != jobs.Failed || job.Reason != c.reason || job.Done != 2 {
				t.Errorf("%s: the job is %s (%s) with %d done; want %s", name, job.State, job.Reason, job.Done, c.reason)
			}
		}
	})
}

func TestAJobThatFailsAgainAndAgainEnds(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		slowKind(store, 3, func(_ *gorm.DB, o jobs.Object) error {
			if o.ID == "b" {
				return errors.New("a bug")
			}
			return nil
		})
		job := startSlow(t, store, bulkTester)
		for range 5 {
			if err := store.Jobs.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "a bug") {
				t.Fatalf("running it: %v", err)
			}
		}
		job = finish(t, store, job)
		if job.State != jobs.Failed || job.Reason != jobs.Broken || job.Done != 1 {
			t.Errorf("the job is %s (%s) with %d done", job.State, job.Reason, job.Done)
		}
	})
}

func TestAJobThatFindsNothingOutHoldsUpNoOther(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		store.Jobs.Register(jobs.Kind{
			Name: "test.lost",
			Gather: func(context.Context, jobs.Job, string, int) ([]jobs.Object, string, error) {
				return nil, "", errors.New("a bug")
			},
			Change: func(*gorm.DB, jobs.Job, access.Actor, []jobs.Object) ([]jobs.Result, error) { return nil, nil },
		})
		slowKind(store, 3, func(*gorm.DB, jobs.Object) error { return nil })
		lost, err := store.Jobs.Start(t.Context(), bulkTester, jobs.Request{Kind: "test.lost", Needs: access.ArchiveGroups})
		if err != nil {
			t.Fatal(err)
		}
		other := startSlow(t, store, bulkTester)
		for range 5 {
			if err := store.Jobs.Run(t.Context()); err == nil {
				t.Fatal("it does not fail")
			}
		}
		expect(t, finish(t, store, other), jobs.Done, 3, 3, 0, 0)
		if lost = finish(t, store, lost); lost.State != jobs.Failed || lost.Reason != jobs.Broken {
			t.Errorf("the job is %s (%s)", lost.State, lost.Reason)
		}
	})
}

func TestTwoProgramsShareAJob(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		sampleGroups(t, store, 2000)
		second := modelstest.Second(t, store, time.Now())
		job := start(t, store, models.Bulk{Action: models.BulkArchive, Query: models.GroupQuery{Status: models.Active}})
		var both sync.WaitGroup
		for _, program := range []*models.Store{store, second} {
			both.Go(func() {
				for {
					if err := program.Jobs.Run(t.Context()); err != nil {
						t.Error(err)
						return
					}
					if now, err := program.Jobs.Job(t.Context(), job.ID); err != nil || now.Finished() {
						return
					}
				}
			})
		}
		both.Wait()
		expect(t, finish(t, store, job), jobs.Done, 1500, 1500, 0, 0)
		verified(t, store)
	})
}

// TestACheckedJobWaitsForAUser has a second program end the check of a job, or a user change how it
// is checked, while the first one looks for its objects.
func TestACheckedJobWaitsForAUser(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx, meanwhile, changed := t.Context(), func(jobs.Job) {}, false
		kind := jobs.Kind{
			Name: "test.check",
			Gather: func(_ context.Context, job jobs.Job, _ string, _ int) ([]jobs.Object, string, error) {
				do := meanwhile
				meanwhile = func(jobs.Job) {}
				do(job)
				return []jobs.Object{{ID: job.Spec}}, "", nil
			},
			Change: func(_ *gorm.DB, _ jobs.Job, _ access.Actor, objects []jobs.Object) ([]jobs.Result, error) {
				changed = true
				return []jobs.Result{{ObjectID: objects[0].ID, Result: jobs.Changed}}, nil
			},
		}
		second := modelstest.Second(t, store, time.Now())
		store.Jobs.Register(kind)
		second.Jobs.Register(kind)
		for name, do := range map[string]func(job jobs.Job){
			"another program": func(jobs.Job) { wants(t, "another program", second.Jobs.Run(ctx), nil) },
			"a user": func(job jobs.Job) {
				_, err := store.Jobs.Check(ctx, bulkTester, job.ID, 2)
				wants(t, "checking it again", err, nil)
			},
		} {
			request := jobs.Request{Kind: "test.check", Needs: access.EditGroups}
			file := jobs.File{Name: "file", MediaType: "text/csv", ExpiresAt: time.Now().Add(time.Hour).Unix()}
			job, err := store.Jobs.Upload(ctx, bulkTester, request, file, func(w io.Writer) error { return nil }, nil)
			if err == nil {
				_, err = store.Jobs.Check(ctx, bulkTester, job.ID, 1)
			}
			if err != nil {
				t.Fatal(err)
			}
			meanwhile = do
			wants(t, name, store.Jobs.Run(ctx), nil)
			job, err = store.Jobs.Job(ctx, job.ID)
			if err != nil || job.State != jobs.Checked || job.Total != 1 || changed {
				t.Errorf("%s: the job is %s, of %d; %v", name, job.State, job.Total, err)
			}
			if results, err := store.Jobs.Results(ctx, job.ID, jobs.ResultQuery{}); err != nil || len(results.Results) != 0 {
				t.Errorf("%s: the results are %v; %v", name, results, err)
			}
			_, err = store.Jobs.Release(ctx, bulkTester, job.ID)
			wants(t, "starting it", err, nil)
			expect(t, finish(t, store, job), jobs.Done, 1, 1, 0, 0)
			results, err := store.Jobs.Results(ctx, job.ID, jobs.ResultQuery{})
			if err != nil || len(results.Results) != 1 || results.Results[0].ObjectID != job.Spec {
				t.Errorf("%s: the results are %v; %v", name, results, err)
			}
			changed = false
		}
	})
}

func TestJobsAndResultsAreListedByPage(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		slowKind(store, 5, func(*gorm.DB, jobs.Object) error { return nil })
		var all []string
		for range 3 {
			all = append(all, finish(t, store, startSlow(t, store, bulkTester)).ID)
		}
		slices.Reverse(all)
		page, err := store.Jobs.Jobs(t.Context(), jobs.Query{Range: db.Range{Limit: 2}})
		if err != nil || len(page.Jobs) != 2 || !page.More || page.Jobs[0].ID != all[0] {
			t.Fatalf("the first page is %+v; %v", page, err)
		}
		page, err = store.Jobs.Jobs(t.Context(), jobs.Query{Range: db.Range{Limit: 2, After: db.Cursor{ID: all[1]}}})
		if err != nil || len(page.Jobs) != 1 || page.More || page.Jobs[0].ID != all[2] {
			t.Errorf("the second page is %+v; %v", page, err)
		}
		page, err = store.Jobs.Jobs(t.Context(), jobs.Query{Range: db.Range{Limit: 1, Before: db.Cursor{ID: all[2]}}})
		if err != nil || len(page.Jobs) != 1 || !page.More || page.Jobs[0].ID != all[1] {
			t.Errorf("the page before the last is %+v; %v", page, err)
		}
		if page, err = store.Jobs.Jobs(t.Context(), jobs.Query{Unfinished: true}); err != nil || len(page.Jobs) != 0 {
			t.Errorf("unfinished are %+v; %v", page, err)
		}
		var ids string
		q := jobs.ResultQuery{Outcome: jobs.Changed, Range: db.Range{Limit: 2}}
		for more := true; more; {
			results, err := store.Jobs.Results(t.Context(), all[0], q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results.Results {
				ids += r.ObjectID
			}
			q.After.ID, more = ids[len(ids)-1:], results.More
		}
		if ids != "abcde" {
			t.Errorf("the results are of %q", ids)
		}
	})
}

func TestOldJobsAreSwept(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		slowKind(store, 3, func(*gorm.DB, jobs.Object) error { return nil })
		old, young := finish(t, store, startSlow(t, store, bulkTester)), finish(t, store, startSlow(t, store, bulkTester))
		modelstest.Exec(t, store, "UPDATE jobs SET finished_at = finished_at - 31 * 86400 WHERE id = '"+old.ID+"'")
		if err := store.PassTime(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := store.Jobs.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := store.Jobs.Job(t.Context(), old.ID)
		wants(t, "an old job", err, access.ErrNotFound)
		if _, err := store.Jobs.Job(t.Context(), young.ID); err != nil {
			t.Errorf("a young job: %v", err)
		}
	})
}
