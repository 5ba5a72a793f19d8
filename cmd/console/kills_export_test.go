package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

// TestKilledExportsBeginAgain kills the program while it makes the file of an export: once here,
// twenty times for each format with NIGHTLY=1 in the environment.
func TestKilledExportsBeginAgain(t *testing.T) {
	modelstest.Slow(t)
	kills, groups := modelstest.Rounds(1, 20), modelstest.Rounds(10_000, 200_000)
	within := map[string]time.Duration{ // some of what it takes
		"xlsx": time.Duration(modelstest.Rounds(50, 3000)) * time.Millisecond, "plain_csv": 300 * time.Millisecond, "ndjson": 300 * time.Millisecond,
	}
	formats := []string{"xlsx", "plain_csv", "ndjson"}[:modelstest.Rounds(1, 3)]
	eachDatabase(t, func(t *testing.T, database string) {
		store := modelstest.OpenURL(t, database)
		export.Register(store)
		manyGroups(t, store, groups)
		temporary := t.TempDir()
		t.Setenv("TMPDIR", temporary)
		for _, format := range formats {
			request := export.List{Of: export.Groups, Format: format, Name: "groups"}.Request()
			start := func() jobs.Job {
				job, err := store.Jobs.Start(t.Context(), access.System("test"), request)
				if err != nil {
					t.Fatal(err)
				}
				return job
			}
			undisturbed := fileOf(t, store, start())
			job, hits := start(), 0
			for range kills {
				if killProgram(t, database, store, job, within[format]) {
					hits++
				}
			}
			t.Logf("%s: %d of %d kills hit it at work", format, hits, kills)
			if got := fileOf(t, store, job); got != undisturbed {
				t.Errorf("%s: the file is %s, undisturbed it is %s", format, got, undisturbed)
			}
		}
		export.RemoveLeft() // as the next start does
		if left, _ := filepath.Glob(filepath.Join(temporary, "*")); len(left) > 0 {
			t.Errorf("%v is left", left)
		}
		if n := modelstest.Value(t, store, "SELECT count(*) FROM job_file_parts WHERE job_id NOT IN (SELECT job_id FROM job_files)"); n != "0" {
			t.Errorf("%s parts are left of files that were not completed", n)
		}
	})
}

// fileOf works a job to its end, and returns the size and the sum of its file.
func fileOf(t *testing.T, store *models.Store, job jobs.Job) string {
	t.Helper()
	for i := 0; i < 1000 && !job.Finished(); i++ { // PostgreSQL may not know yet of the last kill
		err := store.Jobs.RunFiles(t.Context())
		if err == nil {
			job, err = store.Jobs.Job(t.Context(), job.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !job.Finished() {
			time.Sleep(5 * time.Millisecond)
		}
	}
	file, content, err := store.Jobs.Files.Open(t.Context(), job.ID)
	if err != nil {
		t.Fatalf("the job is %s (%s): %v", job.State, job.Reason, err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, content); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d bytes, %x", file.Size, sum.Sum(nil))
}
