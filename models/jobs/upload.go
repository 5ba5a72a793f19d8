package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// A job about a file waits for two decisions: after its file was uploaded, how to read it,
// and after it was checked, whether to start. The check is its gathering: it finds out what
// the job would do to each object, and with which it is done already because they are wrong.

// UploadedFile is the action of the audit log.
const UploadedFile audit.Action = "job.upload"

// Upload stores a job with its file, which write writes. n.Spec and n.Key are read after that.
// The job is Uploaded then, and then, unless nil, goes on with it in the same transaction; if
// there was an error, it is not there. Errors: Denied, Conflict for another request under the
// same key, and those of write and then.
func (s *Store) Upload(ctx context.Context, by access.Actor, n Request, f File, write func(io.Writer) error, then func(context.Context, Job) (Job, error)) (Job, error) {
	job, err := s.prepare(ctx, by, n)
	if err != nil {
		return Job{}, err
	}
	f.JobID = job.ID
	stored, err := s.receive(ctx, by, job, n, f, write, then)
	if err != nil || stored.ID != job.ID {
		err = errors.Join(err, s.discard(context.WithoutCancel(ctx), job.ID))
	}
	if err != nil {
		return Job{}, err
	}
	return stored, nil
}

// prepare stores the row of a job whose file is to come. It says nothing yet, and so has no
// audit line.
func (s *Store) prepare(ctx context.Context, by access.Actor, n Request) (job Job, err error) {
	err = s.log.Write(ctx, by, n.Needs, UploadedFile, func(tx *gorm.DB, line *audit.Line) error {
		job = s.newJob(by, *line.By, n, "{}", "")
		job.State = Uploaded
		if err := tx.Create(&job).Error; err != nil {
			return err
		}
		return audit.ErrNoAuditLine
	})
	return job, err
}

// receive stores the file of a job, and returns the job, or the one that its key has already.
func (s *Store) receive(ctx context.Context, by access.Actor, job Job, n Request, f File, write func(io.Writer) error, then func(context.Context, Job) (Job, error)) (Job, error) {
	w, err := s.Files.Create(ctx, f)
	if err == nil {
		err = write(w)
	}
	if err != nil {
		return Job{}, err
	}
	spec, err := json.Marshal(n.Spec)
	if err != nil {
		return Job{}, err
	}
	return audit.Atomic(ctx, s.log, by, n.Key, func(ctx context.Context) (Job, error) {
		err := s.log.Write(ctx, by, n.Needs, UploadedFile, func(tx *gorm.DB, line *audit.Line) error {
			job.Spec = string(spec)
			if err := tx.Select("spec").Updates(&job).Error; err != nil {
				return err
			}
			if err := w.closeIn(tx); err != nil {
				return err
			}
			line.SetObject("job", job.ID, job.Kind)
			return line.SetChanges(map[string]audit.Change{"file": {Before: nil, After: f.Name}})
		})
		if err != nil || then == nil {
			return job, err
		}
		return then(ctx, job)
	})
}

// discard deletes a job whose file did not come.
func (s *Store) discard(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(db.Alone(ctx), db.PieceLimit)
	defer cancel()
	for more := true; more; {
		var err error
		if more, err = s.Files.drop(ctx, id); err != nil {
			return err
		}
	}
	return s.db.Failed(ctx, s.db.Writer.WithContext(ctx).Where("id = ?", id).Delete(&Job{}).Error)
}

// Check checks an uploaded job with a spec, anew if it was checked before. The job is that
// of by from then on. Errors: ErrNotFound, Denied, Conflict if the job is not waiting, or
// its file has expired.
func (s *Store) Check(ctx context.Context, by access.Actor, id string, spec any) (Job, error) {
	written, err := json.Marshal(spec)
	if err != nil {
		return Job{}, err
	}
	return s.decide(ctx, by, id, []State{Uploaded, Checking, Checked}, func(tx *gorm.DB, job *Job, _ *audit.Line) error {
		job.Spec, job.State, job.Expected = string(written), Checking, map[string]int{}
		job.Counted, job.Checkpoint = false, ""
		job.Total, job.Skipped, job.Failed = 0, 0, 0
		return audit.ErrNoAuditLine
	})
}

// Release starts a checked job. The job is that of by from then on. Errors: as Check.
func (s *Store) Release(ctx context.Context, by access.Actor, id string) (Job, error) {
	return s.decide(ctx, by, id, []State{Checked}, func(_ *gorm.DB, job *Job, line *audit.Line) error {
		job.State = Queued
		if s.kinds[job.Kind].Reversible {
			line.Undoable, job.UndoableUntil = true, new(job.CreatedAt+int64(Undoable/time.Second)) // as finish expects
		}
		if job.Remaining() == 0 {
			job.StartedAt = new(s.db.Now().Unix())
			job.finish(Done, "", s.db.Now())
		}
		line.SetObject("job", job.ID, job.Kind)
		return nil
	})
}

// decide changes a job that is in one of some states, with the rights that it takes.
func (s *Store) decide(ctx context.Context, by access.Actor, id string, in []State, do func(*gorm.DB, *Job, *audit.Line) error) (Job, error) {
	job, err := s.Job(ctx, id)
	if err != nil {
		return Job{}, err
	}
	if _, err := s.Files.Of(ctx, id); err != nil {
		if errors.Is(err, access.ErrNotFound) {
			err = access.Conflict{Message: "The file of this job is no longer there. Upload it again."}
		}
		return Job{}, err
	}
	err = s.log.Write(ctx, by, job.Needs, Started, func(tx *gorm.DB, line *audit.Line) error {
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&job).Error; err != nil {
			return err
		}
		if !slices.Contains(in, job.State) {
			return access.Conflict{Message: "This job is " + string(job.State) + ", so this can't be done with it now."}
		}
		err := do(tx, &job, line)
		if err != nil && err != audit.ErrNoAuditLine {
			return err
		}
		if err := line.By.CheckAll(s.rights(job)...); err != nil {
			return err
		}
		job.setActor(by, *line.By)
		if err := tx.Select(decided).Updates(&job).Error; err != nil {
			return err
		}
		return err
	})
	if err == nil {
		s.Wake()
	}
	return job, err
}

// decided are the columns that decide writes.
var decided = []string{
	"spec", "state", "expected", "counted", "checkpoint", "total", "done", "skipped", "failed", "started_at", "finished_at", "undoable_until",
	"actor_kind", "actor_id", "actor_name", "user_id", "role", "scopes", "ip", "user_agent", "request_id",
}
