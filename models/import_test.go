package models_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

// checkedImport uploads a file and checks it.
func checkedImport(t testing.TB, store *models.Store, what models.ImportType, content string, o models.ImportOptions) jobs.Job {
	t.Helper()
	job, err := store.Imports.Upload(t.Context(), bulkTester, models.ImportUpload{Type: what, Filename: "a file.csv"}, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if job, err = store.Imports.Check(t.Context(), bulkTester, job.ID, o); err != nil {
		t.Fatal(err)
	}
	return finish(t, store, job)
}

// imported imports a file.
func imported(t testing.TB, store *models.Store, what models.ImportType, content string, o models.ImportOptions) jobs.Job {
	t.Helper()
	job := checkedImport(t, store, what, content, o)
	if job.State != jobs.Checked {
		t.Fatalf("the job is %s (%s) %s", job.State, job.Reason, job.Detail)
	}
	job, err := store.Imports.Start(t.Context(), bulkTester, job.ID)
	if err != nil {
		t.Fatal(err)
	}
	return finish(t, store, job)
}

// foresees compares what a check expects: "create 2, error 1".
func foresees(t testing.TB, job jobs.Job, want string) {
	t.Helper()
	var words []string
	for _, word := range models.ImportExpects {
		if n := job.Expected[word]; n > 0 {
			words = append(words, fmt.Sprintf("%s %d", word, n))
		}
	}
	if got := strings.Join(words, ", "); got != want || job.State != jobs.Checked {
		t.Errorf("the check, which is %s (%s), expects %q, want %q", job.State, job.Reason, got, want)
	}
}

// rowErrors returns the errors of an import: "3 name: …".
func rowErrors(t testing.TB, store *models.Store, job jobs.Job) (all []string) {
	t.Helper()
	for r, err := range store.Jobs.EachResult(t.Context(), job.ID, jobs.Unfit) {
		if err != nil {
			t.Fatal(err)
		}
		d := models.RowDetailOf(r.Detail)
		all = append(all, fmt.Sprintf("%d %s %s: %s", d.Line, d.Column, r.Reason, d.Message))
	}
	return all
}

// everyGroup returns all groups with the usernames of their members, as lines in order.
func everyGroup(t testing.TB, store *models.Store) string {
	t.Helper()
	usernames := map[string]string{}
	for _, c := range everyContact(t, store) {
		usernames[c.ID] = c.Username
	}
	var lines []string
	err := store.Exports.ExportGroups(t.Context(), bulkTester, models.GroupQuery{}, models.Export{Format: "csv", MemberIDs: true}, func(g models.Group, members []string) error {
		names := make([]string, len(members))
		for i, id := range members {
			names[i] = usernames[id]
		}
		slices.Sort(names)
		if g.LastActiveAt < g.CreatedAt {
			t.Errorf("%s was last active before there was such a group", g.Name)
		}
		at := int64(0)
		if g.ArchivedAt != nil {
			at = *g.ArchivedAt
		}
		lines = append(lines, fmt.Sprintf("%s|%v|%v|%d|%s", g.Name, value(g.Description), value(g.AvatarURL), at, strings.Join(names, " ")))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func everyContact(t testing.TB, store *models.Store) (all []models.Contact) {
	t.Helper()
	err := store.Exports.ExportContacts(t.Context(), bulkTester, models.ContactQuery{}, models.Export{Format: "csv"}, func(c models.Contact) error {
		all = append(all, c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const (
	contactsFile = "username;display_name;phone\nann;Ann;+49 1\nben;;\nCid;Cid C.;\n"
	groupsFile   = "name,description,members,archived_at\nPlaza,\"Two\nlines\",\"ann; Ben\",\nOld,,,2020-01-02T03:04:05Z\nCafé,,cid,\n"
)

func TestAnImportCreatesAndChangesNothingTheSecondTime(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		job := imported(t, store, models.ImportContacts, contactsFile, models.ImportOptions{})
		foresees(t, checkedImport(t, store, models.ImportContacts, contactsFile, models.ImportOptions{}), "unchanged 3")
		expect(t, job, jobs.Done, 3, 3, 0, 0)
		before := checkedImport(t, store, models.ImportGroups, groupsFile, models.ImportOptions{})
		foresees(t, before, "create 3")
		if n := len(everyGroup(t, store)); n > 0 {
			t.Error("the check has written something")
		}
		expect(t, imported(t, store, models.ImportGroups, groupsFile, models.ImportOptions{}), jobs.Done, 3, 3, 0, 0)
		const all = "Café|||0|Cid\nOld|||1577934245|\nPlaza|Two\nlines||0|ann ben"
		if got := everyGroup(t, store); got != all {
			t.Errorf("the groups are\n%s, want\n%s", got, all)
		}
		again := imported(t, store, models.ImportGroups, groupsFile, models.ImportOptions{})
		expect(t, again, jobs.Done, 3, 0, 3, 0)
		// The one that was checked when there was nothing yet is of the same file.
		before, err := store.Imports.Start(t.Context(), bulkTester, before.ID)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, finish(t, store, before), jobs.Done, 3, 0, 3, 0)
		if got := everyGroup(t, store); got != all {
			t.Errorf("after a repetition the groups are\n%s", got)
		}
		verified(t, store)
	})
}

func TestAnImportSaysWhatIsWrongWithRows(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		imported(t, store, models.ImportContacts, contactsFile, models.ImportOptions{})
		for range 2 {
			if _, err := store.CreateGroup(t.Context(), bulkTester, models.GroupChange{Name: new("Twin")}, nil); err != nil {
				t.Fatal(err)
			}
		}
		file := "Group name,About,avatar_url,Members,archived_at,Other\n" +
			"A,,,ann,,x\n" +
			",,,,,x\n" +
			"B,,ftp://x,,,\n" +
			"C,,,ann nobody,,\n" +
			"A,again,,,,\n" +
			"D,,,,tomorrow,\n" +
			"Twin,,,,,\n" +
			"E,a\"b,,,,\n" +
			"F\n" +
			",,,,,\n" +
			"G,,,,,\n"
		job := checkedImport(t, store, models.ImportGroups, file, models.ImportOptions{})
		foresees(t, job, "create 2, skip 1, error 8")
		want := []string{
			"3 Group name invalid_value: Enter a name for the group.",
			"4 avatar_url invalid_value: Use a full web address",
			"5 Members unknown_contact: There is no contact “nobody”.",
			"6 Group name repeated_row: Line 2 has the same name.",
			"7 archived_at invalid_value: The archive time must be",
			"8 Group name ambiguous_name: There are 2 groups with the name “Twin”.",
			"9  quote_in_cell: ", "10  too_few_cells: ",
		}
		got := rowErrors(t, store, job)
		if len(got) != len(want) {
			t.Fatalf("the errors are %q", got)
		}
		for i := range want {
			if i == 1 {
				continue // the words of another test
			}
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("an error is %q, want %q", got[i], want[i])
			}
		}
		job, err := store.Imports.Start(t.Context(), bulkTester, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, finish(t, store, job), jobs.Done, 11, 2, 1, 8)

		job = checkedImport(t, store, models.ImportGroups, file, models.ImportOptions{Mode: models.AllOrNothing})
		_, err = store.Imports.Start(t.Context(), bulkTester, job.ID)
		wants(t, "all or nothing with errors", err, access.ErrConflict)
	})
}

func TestAnImportIsUndoneUnlessOthersChangedTheSame(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		contacts := imported(t, store, models.ImportContacts, contactsFile, models.ImportOptions{})
		imported(t, store, models.ImportGroups, groupsFile, models.ImportOptions{})
		before := everyGroup(t, store)
		job := imported(t, store, models.ImportGroups,
			"name,description,members,archived_at\nPlaza,changed,cid,\nOld,,ann,\nNew,,ben,\nTouched,,,\n", models.ImportOptions{})
		expect(t, job, jobs.Done, 4, 4, 0, 0)
		for _, g := range page(t, store, models.GroupQuery{}) {
			if g.Name == "Touched" {
				if _, err := store.UpdateGroup(t.Context(), bulkTester, g.ID, models.GroupChange{Description: new("mine")}); err != nil {
					t.Fatal(err)
				}
			}
		}
		undo, err := store.BulkChanges.Undo(t.Context(), bulkTester, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, finish(t, store, undo), jobs.Done, 4, 3, 1, 0)
		if got := everyGroup(t, store); got != before+"\nTouched|mine||0|" {
			t.Errorf("the groups are\n%s, want\n%s and Touched", got, before)
		}
		described := imported(t, store, models.ImportGroups, "name,description\nPlaza,changed\n", models.ImportOptions{})
		if undo, err = store.BulkChanges.Undo(t.Context(), bulkTester, described.ID); err != nil {
			t.Fatal(err)
		}
		expect(t, finish(t, store, undo), jobs.Done, 1, 1, 0, 0)
		if got := everyGroup(t, store); got != before+"\nTouched|mine||0|" {
			t.Errorf("the groups are\n%s, want\n%s and Touched", got, before)
		}
		if undo, err = store.BulkChanges.Undo(t.Context(), bulkTester, contacts.ID); err != nil {
			t.Fatal(err)
		}
		expect(t, finish(t, store, undo), jobs.Done, 3, 0, 3, 0) // all are in groups
		verified(t, store)
	})
}

func TestAnImportMatchesByIdsOfOtherConsoles(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		contacts := "id,username\n0Va1000000000001,ann\n17,ben\n"
		groups := "id,name,contacts\n0Va1000000000011,Twin,0Va1000000000001 17\n0Va1000000000012,Twin,ben\n"
		expect(t, imported(t, store, models.ImportContacts, contacts, models.ImportOptions{}), jobs.Done, 2, 2, 0, 0)
		expect(t, imported(t, store, models.ImportGroups, groups, models.ImportOptions{}), jobs.Done, 2, 2, 0, 0)
		if got := everyGroup(t, store); got != "Twin|||0|ann ben\nTwin|||0|ben" {
			t.Errorf("the groups are\n%s", got)
		}
		expect(t, imported(t, store, models.ImportGroups, groups, models.ImportOptions{}), jobs.Done, 2, 0, 2, 0)
		renamed := strings.Replace(groups, "Twin", "Other", 1)
		expect(t, imported(t, store, models.ImportGroups, renamed, models.ImportOptions{}), jobs.Done, 2, 1, 1, 0)
		if got := everyGroup(t, store); got != "Other|||0|ann ben\nTwin|||0|ben" {
			t.Errorf("the groups are\n%s", got)
		}
	})
}

func TestAllOrNothingIsOneTransaction(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		var file strings.Builder
		file.WriteString("username\n")
		for i := range 700 {
			fmt.Fprintf(&file, "user%d\n", i)
		}
		job := checkedImport(t, store, models.ImportContacts, file.String(), models.ImportOptions{Mode: models.AllOrNothing})
		imported(t, store, models.ImportContacts, "username,id\nuser650,x\n", models.ImportOptions{})
		job, err := store.Imports.Start(t.Context(), bulkTester, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, finish(t, store, job), jobs.Done, 700, 699, 1, 0)
		undo, err := store.BulkChanges.Undo(t.Context(), bulkTester, job.ID)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, finish(t, store, undo), jobs.Done, 699, 699, 0, 0)

		job = checkedImport(t, store, models.ImportGroups, "name,contacts\nA,user650\nB,user650\n", models.ImportOptions{Mode: models.AllOrNothing})
		if err := store.DeleteContact(t.Context(), bulkTester, everyContact(t, store)[0].ID, nil); err != nil {
			t.Fatal(err)
		}
		if job, err = store.Imports.Start(t.Context(), bulkTester, job.ID); err != nil {
			t.Fatal(err)
		}
		job = finish(t, store, job)
		if job.State != jobs.Failed || job.Reason != models.RowFailed || len(everyGroup(t, store)) > 0 {
			t.Errorf("the job is %s (%s), and the groups are %s", job.State, job.Reason, everyGroup(t, store))
		}
		if d := models.RowDetailOf(job.Detail); d.Line != 2 || d.Column != "contacts" {
			t.Errorf("the failure is at %+v", d)
		}
	})
}

// stopping is a context that ends after some parts of jobs.
type stopping struct {
	context.Context
	left atomic.Int64
}

func stoppingAfter(ctx context.Context, parts int64) *stopping {
	s := &stopping{Context: ctx}
	s.left.Store(parts)
	return s
}

func (s *stopping) Err() error {
	if s.left.Add(-1) < 0 {
		return context.Canceled
	}
	return s.Context.Err()
}

func TestAnImportGoesOnInAnotherProgram(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		var file strings.Builder
		file.WriteString("name,description\n")
		for i := range 5000 {
			fmt.Fprintf(&file, "Group %05d,\"Line one\nline %d\"\n", i, i)
		}
		job, err := store.Imports.Upload(t.Context(), bulkTester, models.ImportUpload{Type: models.ImportGroups}, strings.NewReader(file.String()))
		if err != nil {
			t.Fatal(err)
		}
		if job, err = store.Imports.Check(t.Context(), bulkTester, job.ID, models.ImportOptions{}); err != nil {
			t.Fatal(err)
		}
		programs := []*models.Store{store, modelstest.Second(t, store, time.Now())}
		for i := 0; job.State != jobs.Done; i++ {
			if err := programs[i%2].Jobs.Run(stoppingAfter(t.Context(), 1)); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if job, err = store.Jobs.Job(t.Context(), job.ID); err != nil {
				t.Fatal(err)
			}
			if job.State == jobs.Checked {
				foresees(t, job, "create 5000")
				if job, err = programs[i%2].Imports.Start(t.Context(), bulkTester, job.ID); err != nil {
					t.Fatal(err)
				}
			}
			if job.State == jobs.Failed || i > 1000 {
				t.Fatalf("the job is %s (%s)", job.State, job.Reason)
			}
		}
		expect(t, job, jobs.Done, 5000, 5000, 0, 0)
		if n := count(t, store, models.GroupQuery{}); n != 5000 {
			t.Errorf("there are %d groups", n)
		}
		foresees(t, checkedImport(t, store, models.ImportGroups, file.String(), models.ImportOptions{}), "unchanged 5000")
		verified(t, store)
	})
}

func TestTwoImportsOfOneFileCreateEachGroupOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		var file strings.Builder
		file.WriteString("name\n")
		for i := range 1000 {
			fmt.Fprintf(&file, "Group %05d\n", i)
		}
		var both []jobs.Job
		for range 2 {
			both = append(both, checkedImport(t, store, models.ImportGroups, file.String(), models.ImportOptions{}))
		}
		for _, job := range both {
			foresees(t, job, "create 1000")
			if _, err := store.Imports.Start(t.Context(), bulkTester, job.ID); err != nil {
				t.Fatal(err)
			}
		}
		first, second := finish(t, store, both[0]), finish(t, store, both[1])
		if first.Done+second.Done != 1000 || first.Skipped+second.Skipped != 1000 {
			t.Errorf("they did %d and %d, and skipped %d and %d", first.Done, second.Done, first.Skipped, second.Skipped)
		}
		if n := count(t, store, models.GroupQuery{}); n != 1000 {
			t.Errorf("there are %d groups", n)
		}
	})
}

func TestBadFilesAreRefusedBeforeAnythingIsWritten(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		for _, c := range []struct{ what, content, want string }{
			{"nothing", "", "The file is empty."},
			{"a workbook", "PK\x03\x04\x14", "save it as CSV"},
			{"bytes", "name\n\x00\x01", "not a text file"},
			{"no header", "0Va1000000000001,17\n0Va1000000000002,18\n", "The first line doesn't name the columns."},
			{"only a header", "name\n", "There are no rows"},
			{"two encodings", "name\nCafé\nCaf\xe9\n", "Line 3: There are bytes that are not UTF-8"},
			{"many columns", "name" + strings.Repeat(",a", 100_000) + "\nA\n", "1,000 columns"},
		} {
			_, err := store.Imports.Upload(t.Context(), bulkTester, models.ImportUpload{Type: models.ImportGroups}, strings.NewReader(c.content))
			if invalid, ok := errors.AsType[access.Invalid](err); !ok || !strings.Contains(invalid.For("file"), c.want) {
				t.Errorf("%s: %v", c.what, err)
			}
		}
		if found, err := store.Jobs.Jobs(t.Context(), jobs.Query{}); err != nil || len(found.Jobs) > 0 {
			t.Errorf("%d jobs are left; %v", len(found.Jobs), err)
		}
		job := checkedImport(t, store, models.ImportGroups, "name,description\nA,\n\"B,\nC,\n", models.ImportOptions{})
		if d := models.RowDetailOf(job.Detail); job.State != jobs.Failed || job.Reason != "quote_not_closed" || d.Line != 3 {
			t.Errorf("after an open quote the job is %s (%s) at %+v", job.State, job.Reason, d)
		}
		for file, want := range map[string]string{"title,about\nA,B\n": "", "label\nA\n": "mapping"} {
			job, err := store.Imports.Upload(t.Context(), bulkTester, models.ImportUpload{Type: models.ImportGroups}, strings.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			_, err = store.Imports.Check(t.Context(), bulkTester, job.ID, models.ImportOptions{})
			invalid, _ := errors.AsType[access.Invalid](err)
			if (want == "") != (err == nil) || want != "" && invalid.For(want) == "" {
				t.Errorf("%q: %v", file, err)
			}
		}
	})
}

func TestAnImportTakesTheRightsOfWhatItChanges(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		editor, moderator := somebody(t, store, "import-editor", access.Editor).Actor(), somebody(t, store, "import-moderator", access.Moderator).Actor()
		upload := models.ImportUpload{Type: models.ImportGroups}
		_, err := store.Imports.Upload(t.Context(), moderator, upload, strings.NewReader(groupsFile))
		wants(t, "a moderator's import", err, access.ErrDenied)
		job, err := store.Imports.Upload(t.Context(), editor, upload, strings.NewReader("name\nA\nB\n"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.Imports.Describe(t.Context(), moderator, job.ID)
		wants(t, "a moderator's look at it", err, access.ErrDenied)
		if _, err = store.Imports.Check(t.Context(), editor, job.ID, models.ImportOptions{}); err != nil {
			t.Fatal(err)
		}
		job = finish(t, store, job)
		if job, err = store.Imports.Start(t.Context(), editor, job.ID); err != nil {
			t.Fatal(err)
		}
		job = finish(t, store, job)
		_, err = store.BulkChanges.Undo(t.Context(), editor, job.ID)
		wants(t, "undoing it without the right to delete", err, access.ErrDenied)
	})
}

func TestFilesThatNobodyImportsAreSwept(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		waiting := checkedImport(t, store, models.ImportGroups, "name\nA\n", models.ImportOptions{})
		modelstest.Exec(t, store, "UPDATE jobs SET created_at = created_at - 90000")
		modelstest.Exec(t, store, "UPDATE job_files SET expires_at = expires_at - 90000")
		if err := store.PassTime(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := store.Jobs.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		job, err := store.Jobs.Job(t.Context(), waiting.ID)
		if err != nil || job.State != jobs.Stopped || job.Reason != jobs.Expired {
			t.Errorf("the job is %s (%s); %v", job.State, job.Reason, err)
		}
		if n := store.Count(t, "job_file_parts") + store.Count(t, "job_files"); n > 0 {
			t.Errorf("%d rows of files are left", n)
		}
	})
}
