package models_test

import (
	"context"
	"fmt"
	"testing"

	"gorm.io/gorm"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

// PostgreSQL knows nothing yet of the objects of a job that has just gathered them, and once
// read all of them for each part.
func TestAPartOfAJobReadsNoOtherObjects(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		if store.DB.Dialect.Name() != "postgres" {
			return // SQLite does not count what it reads
		}
		if err := store.DB.Writer.Exec("ALTER TABLE job_results SET (autovacuum_enabled = false)").Error; err != nil {
			t.Fatal(err)
		}
		const each, rounds = 2000, 15
		read, left := 0, rounds
		store.Jobs.Register(jobs.Kind{
			Name: "test.slow", Most: func(jobs.Job) int { return 100 },
			Gather: func(context.Context, jobs.Job, string, int) (found []jobs.Object, next string, err error) {
				for i := range each {
					found = append(found, jobs.Object{ID: fmt.Sprintf("%d-%05d", 99-left, i), Name: "object"})
				}
				if left--; left > 0 {
					next = found[each-1].ID
				}
				return found, next, nil
			},
			Change: func(tx *gorm.DB, _ jobs.Job, _ access.Actor, objects []jobs.Object) (results []jobs.Result, err error) {
				for _, o := range objects {
					results = append(results, jobs.Result{ObjectID: o.ID, Result: jobs.Changed})
				}
				var n int // since the server last added it to its statistics
				err = tx.Raw("SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'job_results'").Scan(&n).Error
				read = max(read, n)
				return results, err
			},
		})
		job := finish(t, store, startSlow(t, store, modelstest.Owner(t, store)))
		if job.Done != rounds*each || read > 3*rounds*each { // once to gather, once to read, once to write
			t.Errorf("%d objects done, %d read", job.Done, read)
		}
	})
}
