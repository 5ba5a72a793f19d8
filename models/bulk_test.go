package models_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

var bulkTester = access.System("test")

// sampleGroups fills the database with n groups; the description of every tenth is "tenth",
// and every fourth is archived.
func sampleGroups(t testing.TB, store *models.Store, n int) {
	t.Helper()
	groups := func(yield func(models.SampleGroup) bool) {
		for i := range n {
			g := models.SampleGroup{GroupFields: models.GroupFields{Name: fmt.Sprintf("Group %06d", i)}, CreatedAt: time.Unix(1_600_000_000+int64(i), 0)}
			if i%10 == 0 {
				g.Description = "tenth"
			}
			if i%4 == 3 {
				g.ArchivedAt = new(int64(1_650_000_000 + i))
			}
			if !yield(g) {
				return
			}
		}
	}
	contacts := func(yield func(models.SampleContact) bool) {
		for i := range 3 {
			if !yield(models.SampleContact{ContactFields: models.ContactFields{Username: fmt.Sprintf("user%d", i)}, CreatedAt: time.Unix(1_500_000_000, 0)}) {
				return
			}
		}
	}
	if err := store.Seed(t.Context(), bulkTester, models.Sample{Contacts: contacts, Groups: groups}, func(string, int) {}); err != nil {
		t.Fatal(err)
	}
}

// start starts a bulk change.
func start(t testing.TB, store *models.Store, b models.Bulk) jobs.Job {
	t.Helper()
	job, err := store.BulkChanges.StartBulk(t.Context(), bulkTester, b, "")
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// finish runs all jobs, and returns one as it is then.
func finish(t testing.TB, store *models.Store, job jobs.Job) jobs.Job {
	t.Helper()
	if err := store.Jobs.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	job, err := store.Jobs.Job(t.Context(), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// expect compares how a job ended.
func expect(t testing.TB, job jobs.Job, state jobs.State, total, done, skipped, failed int) {
	t.Helper()
	if job.State != state || job.Total != total || job.Done != done || job.Skipped != skipped || job.Failed != failed {
		t.Errorf("the job is %s with %d of %d done, %d skipped, %d failed; want %s with %d of %d, %d, %d (reason %q)",
			job.State, job.Done, job.Total, job.Skipped, job.Failed, state, done, total, skipped, failed, job.Reason)
	}
}

// reasons counts the results of a job by outcome and reason.
func reasons(t testing.TB, store *models.Store, job jobs.Job) map[string]int {
	t.Helper()
	found := map[string]int{}
	for r, err := range store.Jobs.EachResult(t.Context(), job.ID, "") {
		if err != nil {
			t.Fatal(err)
		}
		found[string(r.Result)+" "+r.Reason]++
	}
	return found
}

func count(t testing.TB, store *models.Store, q models.GroupQuery) int {
	t.Helper()
	n, err := store.CountGroups(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return n.N
}

// page returns the groups that a query finds.
func page(t testing.TB, store *models.Store, q models.GroupQuery) []models.GroupHit {
	t.Helper()
	q.Limit = db.MaxLimit
	found, err := store.Groups(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return found.Groups
}

func ids(groups []models.GroupHit) []string {
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = g.ID
	}
	return ids
}

// verified fails the test if the activity is not intact.
func verified(t testing.TB, store *models.Store) {
	t.Helper()
	if err := store.Audit.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	proof, err := store.Audit.VerifyAudit(t.Context(), "")
	if err != nil || proof.Broken != nil {
		t.Errorf("the activity is not intact: %v, %v", proof.Broken, err)
	}
}

func TestBulkArchiveAndItsUndo(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		sampleGroups(t, store, 1200) // 300 of them archived
		bulk := models.Bulk{Action: models.BulkArchive, All: true}
		preview, err := store.BulkChanges.PreviewBulk(t.Context(), bulkTester, bulk)
		if err != nil {
			t.Fatal(err)
		}
		if preview.Matched.N != 1200 || preview.ToChange.N != 900 || len(preview.Sample) != models.PreviewSample ||
			!slices.Equal(preview.Skipped, []models.SkippedCount{{Reason: models.AlreadyArchived, Count: db.Count{N: 300}}}) {
			t.Errorf("the preview is %+v", preview)
		}
		job := finish(t, store, start(t, store, bulk))
		expect(t, job, jobs.Done, 1200, 900, 300, 0)
		if got := count(t, store, models.GroupQuery{Status: models.Active}); got != 0 {
			t.Errorf("%d groups are active", got)
		}
		if got := lines(t, store, audit.ArchivedGroup); got[0].Job() != job.ID {
			t.Errorf("the line names the job %q", got[0].Job())
		}
		// The group that somebody restores meanwhile is theirs.
		restored := page(t, store, models.GroupQuery{Search: models.ParseSearch("Group 000000", nil)})[0]
		if _, err := store.RestoreGroup(t.Context(), bulkTester, restored.ID); err != nil {
			t.Fatal(err)
		}
		undo, err := store.BulkChanges.Undo(t.Context(), bulkTester, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.BulkChanges.Undo(t.Context(), bulkTester, job.ID); err == nil {
			t.Error("a job can be undone twice at once")
		}
		undo = finish(t, store, undo)
		expect(t, undo, jobs.Done, 900, 899, 1, 0)
		if got := reasons(t, store, undo); got["skipped "+models.ChangedMeanwhile] != 1 {
			t.Errorf("the results are %v", got)
		}
		if got := count(t, store, models.GroupQuery{Status: models.Archived}); got != 300 {
			t.Errorf("%d groups are archived", got)
		}
		verified(t, store)
	})
}

func TestBulkRestoreKeepsTimesForItsUndo(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		sampleGroups(t, store, 40)
		before := page(t, store, models.GroupQuery{Status: models.Archived, Sort: models.ByArchived})
		job := finish(t, store, start(t, store, models.Bulk{Action: models.BulkRestore, Query: models.GroupQuery{Status: models.Archived}}))
		expect(t, job, jobs.Done, 10, 10, 0, 0)
		undo, err := store.BulkChanges.UndoNow(t.Context(), bulkTester, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, undo, jobs.Done, 10, 10, 0, 0)
		after := page(t, store, models.GroupQuery{Status: models.Archived, Sort: models.ByArchived})
		for i, g := range after {
			if g.ID != before[i].ID || *g.ArchivedAt != *before[i].ArchivedAt {
				t.Errorf("group %d is %s of %d, was %s of %d", i, g.ID, *g.ArchivedAt, before[i].ID, *before[i].ArchivedAt)
			}
		}
	})
}

func TestBulkChangesDescriptionsAndMembers(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		sampleGroups(t, store, 30)
		tenth := models.GroupQuery{Search: models.ParseSearch("tenth", nil)}
		job := finish(t, store, start(t, store, models.Bulk{Action: models.BulkUpdate, Query: tenth, Append: "More."}))
		expect(t, job, jobs.Done, 3, 3, 0, 0)
		if g := page(t, store, models.GroupQuery{Search: models.ParseSearch("more", nil)}); len(g) != 3 || *g[0].Description != "tenth\n\nMore." {
			t.Fatalf("found %v", g)
		}
		undo, err := store.BulkChanges.Undo(t.Context(), bulkTester, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, finish(t, store, undo), jobs.Done, 3, 3, 0, 0)
		if g := page(t, store, tenth); len(g) != 3 || *g[0].Description != "tenth" {
			t.Errorf("found %v", g)
		}

		refs := []models.ContactRef{{Username: "user0"}, {Username: "user1"}}
		groups := ids(page(t, store, tenth))
		if _, _, err := store.Members.AddMembers(t.Context(), bulkTester, groups[0], refs[:1], nil); err != nil {
			t.Fatal(err)
		}
		job, err = store.BulkChanges.RunBulkNow(t.Context(), bulkTester, models.Bulk{Action: models.BulkAddContacts, IDs: groups, Contacts: refs}, "")
		if err != nil {
			t.Fatal(err)
		}
		expect(t, job, jobs.Done, 3, 3, 0, 0)
		undo, err = store.BulkChanges.UndoNow(t.Context(), bulkTester, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, undo, jobs.Done, 3, 3, 0, 0)
		for i, id := range groups {
			g, err := store.Group(t.Context(), id)
			if want := min(1, max(0, 1-i)); err != nil || g.ContactsCount != want || len(g.Contacts) != want {
				t.Errorf("group %d has %d members, %d shown, want %d; %v", i, g.ContactsCount, len(g.Contacts), want, err)
			}
		}
		job, err = store.BulkChanges.RunBulkNow(t.Context(), bulkTester, models.Bulk{Action: models.BulkRemoveContacts, IDs: groups, Contacts: refs}, "")
		if err != nil {
			t.Fatal(err)
		}
		expect(t, job, jobs.Done, 3, 1, 2, 0)
		if undo, err = store.BulkChanges.UndoNow(t.Context(), bulkTester, job.ID); err != nil {
			t.Fatal(err)
		}
		expect(t, undo, jobs.Done, 1, 1, 0, 0)
		if g, err := store.Group(t.Context(), groups[0]); err != nil || g.ContactsCount != 1 {
			t.Errorf("the group has %d members; %v", g.ContactsCount, err)
		}
	})
}

func TestBulkDeleteLeavesTombstones(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		sampleGroups(t, store, 30)
		groups := ids(page(t, store, models.GroupQuery{Search: models.ParseSearch("tenth", nil)}))
		bulk := models.Bulk{Action: models.BulkDelete, IDs: append(groups, "0000000000000000")}
		if _, err := store.BulkChanges.RunBulkNow(t.Context(), bulkTester, bulk, ""); err == nil {
			t.Error("groups are deleted at once")
		}
		job := finish(t, store, start(t, store, bulk))
		expect(t, job, jobs.Done, 4, 3, 1, 0)
		if _, err := store.Tombstone(t.Context(), groups[0]); err != nil {
			t.Error(err)
		}
		if _, err := store.BulkChanges.Undo(t.Context(), bulkTester, job.ID); err == nil {
			t.Error("a deletion can be undone")
		}
		if got := lines(t, store, audit.DeletedGroup); len(got) != 3 || got[0].Job() != job.ID || got[0].Field("name").Before.Text == "" {
			t.Errorf("the lines are %+v", got)
		}
		verified(t, store)
	})
}

func TestTwoJobsOverOneSetChangeEveryGroupOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		sampleGroups(t, store, 600)
		active := models.GroupQuery{Status: models.Active}
		first := start(t, store, models.Bulk{Action: models.BulkArchive, Query: active})
		second := start(t, store, models.Bulk{Action: models.BulkUpdate, Query: active, AvatarURL: new("https://example.com/a.png")})
		second = finish(t, store, second)
		first, err := store.Jobs.Job(t.Context(), first.ID)
		if err != nil {
			t.Fatal(err)
		}
		if first.Total != 450 || second.Total != 450 || first.Done+second.Done != 450 {
			t.Errorf("the first changed %d of %d, the second %d of %d", first.Done, first.Total, second.Done, second.Total)
		}
		if got := reasons(t, store, second)["skipped "+models.ChangedMeanwhile]; got != first.Done {
			t.Errorf("the second says of %d that they were changed meanwhile; the first changed %d", got, first.Done)
		}
	})
}

func TestRetryTakesWhatFailed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		sampleGroups(t, store, 10)
		groups := ids(page(t, store, models.GroupQuery{}))
		long := make([]byte, models.MaxDescription-1)
		for i := range long {
			long[i] = 'x'
		}
		if _, err := store.UpdateGroup(t.Context(), bulkTester, groups[4], models.GroupChange{Description: new(string(long))}); err != nil {
			t.Fatal(err)
		}
		job := finish(t, store, start(t, store, models.Bulk{Action: models.BulkUpdate, IDs: groups, Append: "More."}))
		expect(t, job, jobs.Done, 10, 9, 0, 1)
		if got := reasons(t, store, job)["failed "+models.DescriptionTooLong]; got != 1 {
			t.Errorf("%d are too long", got)
		}
		if _, err := store.UpdateGroup(t.Context(), bulkTester, groups[4], models.GroupChange{Description: new("short")}); err != nil {
			t.Fatal(err)
		}
		again, err := store.BulkChanges.RetryBulk(t.Context(), bulkTester, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, finish(t, store, again), jobs.Done, 1, 1, 0, 0)
	})
}

func TestBulkRefusesWhatIsNotMeant(t *testing.T) {
	store := modelstest.Open(t, modelstest.SQLite)
	sampleGroups(t, store, 10)
	for field, bulk := range map[string]models.Bulk{
		"filter":      {Action: models.BulkArchive},
		"action":      {Action: "explode", All: true},
		"changes":     {Action: models.BulkUpdate, All: true},
		"contacts":    {Action: models.BulkAddContacts, All: true},
		"contacts[0]": {Action: models.BulkAddContacts, All: true, Contacts: []models.ContactRef{{Username: "nobody"}}},
		"avatar_url":  {Action: models.BulkUpdate, All: true, AvatarURL: new("ftp://x")},
		"ids":         {Action: models.BulkArchive, IDs: make([]string, models.MaxBulkIDs+1)},
	} {
		_, err := store.BulkChanges.StartBulk(t.Context(), bulkTester, bulk, "")
		if invalid, ok := err.(access.Invalid); !ok || invalid.For(field) == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	moderator := access.Actor{Kind: access.UserActor, ID: "x", UserID: "x", Role: access.Moderator}
	_, err := store.BulkChanges.StartBulk(t.Context(), moderator, models.Bulk{Action: models.BulkUpdate, All: true, AvatarURL: new("")}, "")
	wants(t, "a moderator's update", err, access.ErrDenied)
}
