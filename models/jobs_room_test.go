package models_test

import (
	"context"
	"io/fs"
	"math"
	"syscall"
	"testing"

	"gorm.io/gorm"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

// fileJob starts a job whose file takes some parts, and which fails after those with the error.
func fileJob(t *testing.T, store *models.Store, failing error) jobs.Job {
	t.Helper()
	store.Jobs.Register(jobs.Kind{Name: "test.file", Make: func(_ context.Context, _ jobs.Job, to *jobs.Output) error {
		to.Name("file", "text/plain")
		if _, err := to.Write(make([]byte, 600<<10)); err != nil {
			return err
		}
		return failing
	}})
	job, err := store.Jobs.Start(t.Context(), bulkTester, jobs.Request{Kind: "test.file", Needs: access.Export})
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// wantsNoRoom runs a job that finds no room, and expects that it ends and leaves nothing.
func wantsNoRoom(t *testing.T, store *models.Store, job jobs.Job) {
	t.Helper()
	if err := store.Jobs.RunFiles(t.Context()); access.OutageOf(err) != access.Full {
		t.Errorf("running it: %v", err)
	}
	wants(t, "running it again", store.Jobs.RunFiles(t.Context()), nil)
	job, err := store.Jobs.Job(t.Context(), job.ID)
	if err != nil || job.State != jobs.Failed || job.Reason != jobs.DiskFull {
		t.Errorf("the job is %s (%s); %v", job.State, job.Reason, err)
	}
	var parts int64
	if err := store.DB.Reader.Table("job_file_parts").Count(&parts).Error; err != nil || parts != 0 {
		t.Errorf("%d parts are left; %v", parts, err)
	}
}

// TestFilesLeaveRoomOnTheDisk fills the disk for temporary files, and then, as far as that is
// known, that of the database.
func TestFilesLeaveRoomOnTheDisk(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		wantsNoRoom(t, store, fileJob(t, store, &fs.PathError{Op: "write", Path: "/tmp/x", Err: syscall.ENOSPC}))
		if store.DB.Dialect.Name() == modelstest.SQLite {
			store.DB.Reserve = math.MaxInt64
			wantsNoRoom(t, store, fileJob(t, store, nil))
			wants(t, "a small change", createGroup(t, store, "Plaza"), nil)
		}
		store.DB.Reserve = 0
		job := fileJob(t, store, nil)
		wants(t, "running it with room", store.Jobs.RunFiles(t.Context()), nil)
		if job, err := store.Jobs.Job(t.Context(), job.ID); err != nil || job.State != jobs.Done {
			t.Errorf("the job is %+v; %v", job, err)
		}
	})
}

func TestAJobWaitsForRoom(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		full := true
		slowKind(store, 3, func(_ *gorm.DB, o jobs.Object) error {
			if full && o.ID == "b" {
				return access.Unavailable{Outage: access.Full, Cause: syscall.ENOSPC}
			}
			return nil
		})
		job := startSlow(t, store, bulkTester)
		for range 9 { // more often than a bug is tried
			if err := store.Jobs.Run(t.Context()); access.OutageOf(err) != access.Full || store.Jobs.Outage(job.ID) != access.Full {
				t.Fatalf("running it: %v", err)
			}
		}
		full = false
		expect(t, finish(t, store, job), jobs.Done, 3, 3, 0, 0)
		if outage := store.Jobs.Outage(job.ID); outage != "" {
			t.Errorf("it is still %s", outage)
		}
	})
}
