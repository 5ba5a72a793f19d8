package models_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

// twoGroups makes two groups: the contacts are all in the first, and the first of them also in
// the second.
func twoGroups(t *testing.T, store *models.Store, contacts []models.Contact) (all, one string) {
	t.Helper()
	made := []string{}
	for i, members := range [][]models.Contact{contacts, contacts[:1]} {
		g, err := store.CreateGroup(t.Context(), bulkTester, models.GroupChange{Name: new(fmt.Sprintf("Group %d", i)), Contacts: new(models.Refs(contactIDs(members)...))}, nil)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, g.ID)
	}
	return made[0], made[1]
}

func contactIDs(contacts []models.Contact) []string {
	ids := make([]string, len(contacts))
	for i, c := range contacts {
		ids[i] = c.ID
	}
	return ids
}

// membersOf counts the members of groups.
func membersOf(t *testing.T, store *models.Store, groups ...string) string {
	t.Helper()
	counts := ""
	for _, id := range groups {
		g, err := store.Group(t.Context(), id)
		if err != nil || len(g.Contacts) != min(g.ContactsCount, models.ShownContacts) {
			t.Fatalf("the group has %d members, shown are %d; %v", g.ContactsCount, len(g.Contacts), err)
		}
		counts += fmt.Sprint(" ", g.ContactsCount)
	}
	return counts[1:]
}

func startOf(t *testing.T, store *models.Store, b models.ContactBulk) jobs.Job {
	t.Helper()
	job, err := store.BulkChanges.StartBulk(t.Context(), bulkTester, b, "")
	if err != nil {
		t.Fatal(err)
	}
	return finish(t, store, job)
}

func undoOf(t *testing.T, store *models.Store, job jobs.Job) jobs.Job {
	t.Helper()
	undo, err := store.BulkChanges.Undo(t.Context(), bulkTester, job.ID)
	if err != nil {
		t.Fatal(err)
	}
	return finish(t, store, undo)
}

func TestContactsAreRemovedFromAllGroupsAndPutBack(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		contacts := modelstest.Contacts(t, store, bulkTester, 330)
		all, one := twoGroups(t, store, contacts[:320])
		bulk := models.ContactBulk{Action: models.BulkRemoveFromGroups, All: true}
		p, err := store.BulkChanges.PreviewContacts(t.Context(), bulkTester, bulk)
		if err != nil || p.Matched.N != 330 || p.ToChange.N != 330 || p.Ending.N != 321 || len(p.Sample) != models.PreviewSample {
			t.Errorf("the preview is %+v; %v", p.Figures, err)
		}
		job := startOf(t, store, bulk)
		expect(t, job, jobs.Done, 330, 320, 10, 0)
		if got := reasons(t, store, job)["skipped "+models.NotMember]; got != 10 {
			t.Errorf("%d contacts were in no group", got)
		}
		if got := membersOf(t, store, all, one); got != "0 0" {
			t.Errorf("the groups have %s members", got)
		}
		line := lines(t, store, audit.RemovedMember)[0]
		if line.Job() != job.ID || line.ObjectKind != "group" {
			t.Errorf("the line is %+v", line)
		}
		// What can't be put back is listed.
		if err := store.DeleteGroup(t.Context(), bulkTester, one, nil); err != nil {
			t.Fatal(err)
		}
		if err := store.DeleteContact(t.Context(), bulkTester, contacts[1].ID, nil); err != nil {
			t.Fatal(err)
		}
		undo := undoOf(t, store, job)
		expect(t, undo, jobs.Done, 320, 319, 1, 0)
		if got := reasons(t, store, undo); got["done "+models.PartlyUndone] != 1 || got["skipped "+models.GoneMeanwhile] != 1 {
			t.Errorf("the results are %v", got)
		}
		results, err := store.Jobs.Results(t.Context(), undo.ID, jobs.ResultQuery{})
		if err != nil || !slices.Equal(models.Unchanged(undo, results.Results[0]), []string{one}) {
			t.Errorf("not undone is %v; %v", results.Results[0].Detail, err)
		}
		if got := membersOf(t, store, all); got != "319" {
			t.Errorf("the group has %s members", got)
		}
		verified(t, store)
	})
}

func TestContactsAreAddedToGroups(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		contacts := modelstest.Contacts(t, store, bulkTester, 5)
		all, one := twoGroups(t, store, contacts[:3])
		bulk := models.ContactBulk{Action: models.BulkAddToGroups, IDs: append(contactIDs(contacts), "0000000000000000"), Groups: []string{all, one}}
		p, err := store.BulkChanges.PreviewContacts(t.Context(), bulkTester, bulk)
		if err != nil || p.Matched.N != 6 || p.ToChange.N != 4 || len(p.Groups) != 2 || len(p.Skipped) != 2 {
			t.Errorf("the preview is %+v; %v", p, err)
		}
		job, err := store.BulkChanges.RunBulkNow(t.Context(), bulkTester, bulk, "A note")
		if err != nil {
			t.Fatal(err)
		}
		expect(t, job, jobs.Done, 6, 4, 2, 0)
		if got := membersOf(t, store, all, one); got != "5 5" {
			t.Errorf("the groups have %s members", got)
		}
		if _, _, err := store.Members.RemoveMember(t.Context(), bulkTester, one, contacts[4].ID); err != nil {
			t.Fatal(err)
		}
		undo := undoOf(t, store, job)
		expect(t, undo, jobs.Done, 4, 4, 0, 0)
		if got := reasons(t, store, undo)["done "+models.PartlyUndone]; got != 1 {
			t.Errorf("%d were undone in part", got)
		}
		if got := membersOf(t, store, all, one); got != "3 1" {
			t.Errorf("the groups have %s members", got)
		}
	})
}

func TestMembersAreRemovedFromTheirGroup(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		contacts := modelstest.Contacts(t, store, bulkTester, 130)
		all, one := twoGroups(t, store, contacts[:125])
		bulk := models.ContactBulk{Action: models.BulkRemoveFromGroups, Group: all, Groups: []string{all}}
		p, err := store.BulkChanges.PreviewContacts(t.Context(), bulkTester, bulk)
		if err != nil || p.Matched.N != 125 || p.Ending.N != 125 {
			t.Errorf("the preview is %+v; %v", p.Figures, err)
		}
		job := startOf(t, store, bulk)
		expect(t, job, jobs.Done, 125, 125, 0, 0)
		if got := membersOf(t, store, all, one); got != "0 1" {
			t.Errorf("the groups have %s members", got)
		}
		expect(t, undoOf(t, store, job), jobs.Done, 125, 125, 0, 0)
		bulk.Query.Text = contacts[7].Username
		if job, err = store.BulkChanges.RunBulkNow(t.Context(), bulkTester, bulk, ""); err != nil {
			t.Fatal(err)
		}
		if got := membersOf(t, store, all, one); job.Done == 0 || job.Done == 125 || got != fmt.Sprint(125-job.Done, " 1") {
			t.Errorf("%d members were removed, and the groups have %s", job.Done, got)
		}
	})
}

func TestManyContactsAreDeleted(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		contacts := modelstest.Contacts(t, store, bulkTester, 50)
		all, one := twoGroups(t, store, contacts[:45])
		bulk := models.ContactBulk{Action: models.BulkDeleteContacts, IDs: contactIDs(contacts[:42])}
		if _, err := store.BulkChanges.RunBulkNow(t.Context(), bulkTester, bulk, ""); err == nil {
			t.Error("contacts are deleted at once")
		}
		first, err := store.BulkChanges.StartBulk(t.Context(), bulkTester, bulk, "")
		if err != nil {
			t.Fatal(err)
		}
		second := startOf(t, store, bulk)
		first = finish(t, store, first)
		if first.Done+second.Done != 42 || first.Skipped != second.Done || second.Skipped != first.Done {
			t.Errorf("one deleted %d and skipped %d, the other %d and %d", first.Done, first.Skipped, second.Done, second.Skipped)
		}
		if got := membersOf(t, store, all, one); got != "3 0" {
			t.Errorf("the groups have %s members", got)
		}
		if got := lines(t, store, audit.DeletedContact); len(got) != 42 || got[0].Job() == "" {
			t.Errorf("there are %d lines", len(got))
		}
		if _, err := store.BulkChanges.Undo(t.Context(), bulkTester, first.ID); err == nil {
			t.Error("a deletion can be undone")
		}
	})
}

func TestBulkChangesOfContactsRefuseWhatIsNotMeant(t *testing.T) {
	store := modelstest.Open(t, modelstest.SQLite)
	for field, bulk := range map[string]models.ContactBulk{
		"filter":    {Action: models.BulkDeleteContacts},
		"action":    {Action: models.BulkArchive, All: true},
		"groups":    {Action: models.BulkRemoveFromGroups, All: true, Groups: []string{}},
		"groups[0]": {Action: models.BulkAddToGroups, All: true, Groups: []string{"0000000000000000"}},
		"ids":       {Action: models.BulkDeleteContacts, IDs: make([]string, models.MaxBulkIDs+1)},
		"q":         {Action: models.BulkDeleteContacts, Query: models.ContactQuery{Text: strings.Repeat("x", 201)}},
	} {
		_, err := store.BulkChanges.StartBulk(t.Context(), bulkTester, bulk, "")
		if invalid, ok := err.(access.Invalid); !ok || invalid.For(field) == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	moderator := access.Actor{Kind: access.UserActor, ID: "x", UserID: "x", Role: access.Moderator}
	_, err := store.BulkChanges.StartBulk(t.Context(), moderator, models.ContactBulk{Action: models.BulkDeleteContacts, All: true}, "")
	wants(t, "a moderator's deletion", err, access.ErrDenied)
}

// TestWhatChangesBeforeAJobGathersIsListed changes groups between the request for a job and
// the moment when it looks for its groups.
func TestWhatChangesBeforeAJobGathersIsListed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		sampleGroups(t, store, 100) // 10 of them are a tenth, 25 archived
		tenth := page(t, store, models.GroupQuery{Search: models.ParseSearch("tenth is:active", nil)})
		others := page(t, store, models.GroupQuery{Search: models.ParseSearch("-tenth is:active", nil)})
		job := start(t, store, models.Bulk{Action: models.BulkArchive, Query: models.GroupQuery{Search: models.ParseSearch("tenth is:empty is:active", nil)}})
		for _, err := range []error{
			first(store.ArchiveGroup(t.Context(), bulkTester, tenth[0].ID, 0)),
			first(store.UpdateGroup(t.Context(), bulkTester, tenth[1].ID, models.GroupChange{Description: new("else")})),
			first(store.UpdateGroup(t.Context(), bulkTester, tenth[2].ID, models.GroupChange{Contacts: new([]models.ContactRef{{Username: "user0"}})})),
			store.DeleteGroup(t.Context(), bulkTester, tenth[3].ID, nil),
			first(store.UpdateGroup(t.Context(), bulkTester, others[0].ID, models.GroupChange{Description: new("not meant")})),
			first(store.ArchiveGroup(t.Context(), bulkTester, others[1].ID, 0)),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		n := len(tenth)
		job = finish(t, store, job)
		expect(t, job, jobs.Done, n, n-4, 4, 0)
		if got := reasons(t, store, job); got["skipped "+models.ChangedMeanwhile] != 3 || got["skipped "+models.GoneMeanwhile] != 1 {
			t.Errorf("the results are %v", got)
		}
	})
}

// first returns the error of a call that returns something else besides.
func first[T any](_ T, err error) error { return err }

func TestAContactInVeryManyGroupsFails(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		contacts := modelstest.Contacts(t, store, bulkTester, 3)
		twoGroups(t, store, contacts)
		modelstest.Exec(t, store, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)"+
			" INSERT INTO memberships (group_id, contact_id, created_at) SELECT CAST(1000000000000000 + i AS text), '"+contacts[1].ID+"', 1 FROM n")
		job := startOf(t, store, models.ContactBulk{Action: models.BulkRemoveFromGroups, IDs: contactIDs(contacts)})
		expect(t, job, jobs.Done, 3, 2, 0, 1)
		if got := reasons(t, store, job)["failed "+models.TooManyGroups]; got != 1 {
			t.Errorf("%d contacts are in too many groups", got)
		}
	})
}

// TestMembersAreSorted pages through a group's members in every order, and back.
func TestMembersAreSorted(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		contacts := modelstest.Contacts(t, store, bulkTester, 5)
		all, _ := twoGroups(t, store, contacts)
		for i, order := range []string{"30142", "04213"} { // by last activity and by when they were added
			for at, c := range order {
				id := contacts[c-'0'].ID
				modelstest.Exec(t, store, []string{
					fmt.Sprintf("UPDATE contacts SET last_active_at = %d WHERE id = '%s'", 100-at, id),
					fmt.Sprintf("UPDATE memberships SET created_at = %d WHERE contact_id = '%s'", 100-at, id),
				}[i])
			}
		}
		modelstest.Exec(t, store, "UPDATE contacts SET last_active_at = NULL WHERE id = '"+contacts[2].ID+"'")
		for _, q := range []models.MemberQuery{
			{Sort: models.MembersByAge}, {Sort: models.MembersByName}, {Sort: models.MembersByActive}, {Sort: models.MembersByAdded},
		} {
			want := map[models.MemberSort]string{models.MembersByAge: "12345", models.MembersByName: "12345", models.MembersByActive: "41253", models.MembersByAdded: "15324"}[q.Sort]
			for _, q.Reverse = range []bool{false, true} {
				q.Group, q.Range = all, db.Range{Limit: 2}
				if q.Reverse {
					reversed := []byte(want)
					slices.Reverse(reversed)
					want = string(reversed)
				}
				got := ""
				for more := true; more; {
					page, err := store.Members.List(t.Context(), q)
					if err != nil {
						t.Fatal(err)
					}
					for _, c := range page.Contacts {
						got += strings.TrimPrefix(c.Username, "contact")
					}
					q.After, more = q.Cursor(page.Contacts[len(page.Contacts)-1]), page.More
				}
				if got != want {
					t.Errorf("by %q, reversed %v: %s, want %s", q.Sort, q.Reverse, got, want)
				}
				q.Before, q.After = q.After, db.Cursor{}
				if page, err := store.Members.List(t.Context(), q); err != nil || len(page.Contacts) != 2 || !strings.HasSuffix(page.Contacts[1].Username, want[3:4]) {
					t.Errorf("by %q, before the last: %d members; %v", q.Sort, len(page.Contacts), err)
				}
			}
		}
	})
}
