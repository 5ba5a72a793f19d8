package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// A job that makes a file reads one moment of the database from beginning to end, so it can't
// be done in parts as others are, nor go on after a kill: it begins again, with another
// moment. Its rows and parts are counted and stored in small transactions, before each of
// which the actor is read again. Whoever makes the file holds a lock that ends with the
// transaction in which that moment is read, and so with the connection; and each attempt has
// a name, the job's checkpoint, so that one that lost its connection stores nothing more.

// FileKept is how long the file that a job made can be had.
const FileKept = 24 * time.Hour

// Output is the file that a job makes.
type Output struct {
	*FileWriter
	// By is who asked for the job, with the rights of the moment.
	By access.Actor

	s       *Store
	attempt string
	// rows are those that are written so far, of total if that is counted.
	rows, total int
	counted     bool
	savedAt     time.Time
}

// errEnded ends an attempt whose job has ended, or that another one has replaced.
var errEnded = errors.New("jobs: the job has ended meanwhile")

// saveEvery is how often it is stored how far a file is, at least.
const saveEvery = time.Second

// making are the jobs whose file this program makes.
type making struct {
	mu  sync.Mutex
	ids map[string]bool
}

// begin reports whether nobody was at a job yet.
func (m *making) begin(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ids == nil {
		m.ids = map[string]bool{}
	}
	busy := m.ids[id]
	m.ids[id] = true
	return !busy
}

func (m *making) end(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.ids, id)
}

// RunFiles makes the files of all jobs that ask for one, one after the other, until none is left
// but what other programs are making or ctx ends. Any number of programs may call it at once.
func (s *Store) RunFiles(ctx context.Context) error {
	waiting, err := s.waitingFiles(ctx)
	for _, job := range waiting {
		if ctx.Err() != nil {
			break
		}
		if failed := s.pace.judge(job, s.makeFile(ctx, job)); failed != nil {
			err = errors.Join(err, failed)
		}
	}
	return err
}

// waitingFiles returns the jobs that have not ended and make a file, the oldest first.
func (s *Store) waitingFiles(ctx context.Context) (waiting []Job, err error) {
	var names []string
	for _, k := range s.kinds {
		if k.Make != nil {
			names = append(names, k.Name)
		}
	}
	err = s.db.Reader.WithContext(ctx).Where("finished_at IS NULL AND kind IN ?", names).Order("id").Find(&waiting).Error
	return waiting, s.db.Failed(ctx, err)
}

// makeFile makes the file of a job, unless another program does.
func (s *Store) makeFile(ctx context.Context, seen Job) error {
	if !s.making.begin(seen.ID) {
		return nil
	}
	defer s.making.end(seen.ID)
	err := s.db.Failed(ctx, s.db.Snapshot(ctx, func(r db.Reader) error {
		free, err := s.db.Dialect.TryLock(r, "job "+seen.ID)
		if err != nil || !free {
			return err
		}
		job, to, err := s.startFile(ctx, seen)
		if err == nil && to != nil {
			err = s.kinds[job.Kind].Make(db.WithSnapshot(ctx, r), job, to)
		}
		if err == nil && to != nil {
			err = to.complete()
		}
		return db.Crowded(err)
	}))
	switch {
	case access.OutageOf(err) == access.Full:
		return err // admit ends the job once that can be stored
	case errors.Is(err, access.ErrConflict): // other exports run: it is tried again
		return nil
	case errors.Is(err, access.ErrDenied):
		err = s.locked(ctx, seen.ID, func(_ *gorm.DB, job *Job) error {
			job.finish(Failed, RightLost, s.db.Now())
			return nil
		})
	case errors.Is(err, errEnded): // unless another attempt replaced it
		err = s.locked(ctx, seen.ID, func(tx *gorm.DB, job *Job) error {
			_, err := s.admit(tx, job)
			return err
		})
	}
	if errors.Is(err, errEnded) {
		err = nil
	}
	return s.db.Failed(ctx, errors.Join(err, s.clear(ctx, seen.ID)))
}

// clear drops what there is of a job's file if it was not completed and will not be.
func (s *Store) clear(ctx context.Context, id string) error {
	job, err := s.Job(ctx, id)
	for more := err == nil && job.Finished() && job.State != Done; more && err == nil; {
		more, err = s.Files.drop(ctx, id)
	}
	return err
}

// locked lets change change a job that has not ended, and stores how far it is. Errors:
// errEnded.
func (s *Store) locked(ctx context.Context, id string, change func(tx *gorm.DB, job *Job) error) error {
	ctx, cancel := context.WithTimeout(db.Alone(ctx), db.PieceLimit)
	defer cancel()
	return s.db.Transaction(ctx, func(tx *gorm.DB) error { return s.lock(tx, id, change) })
}

// lock is locked within a transaction.
func (s *Store) lock(tx *gorm.DB, id string, change func(tx *gorm.DB, job *Job) error) error {
	var found []Job
	err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ? AND finished_at IS NULL", id).Find(&found).Error
	if err == nil && len(found) == 0 {
		err = errEnded
	}
	if err == nil {
		err = change(tx, &found[0])
	}
	if err != nil {
		return err
	}
	return save(tx, &found[0])
}

// startFile begins an attempt at a job's file; no Output if the job ends instead.
func (s *Store) startFile(ctx context.Context, seen Job) (job Job, to *Output, err error) {
	to = &Output{s: s, attempt: rand.Text()}
	err = s.locked(ctx, seen.ID, func(tx *gorm.DB, locked *Job) error {
		by, err := s.admit(tx, locked)
		if err == nil && !locked.Finished() {
			if locked.StartedAt == nil {
				locked.StartedAt = new(s.db.Now().Unix())
			}
			locked.State, locked.Checkpoint = Running, to.attempt
			locked.Counted, locked.Total, locked.Done = false, 0, 0
		}
		to.By = by
		job = *locked
		return err
	})
	if err != nil || job.Finished() {
		return job, nil, err
	}
	to.FileWriter, err = s.Files.Create(ctx, File{JobID: job.ID})
	if err == nil {
		to.beside = to.progress
	}
	return job, to, err
}

// Name sets what the file is called, and what it is. It must be called once.
func (o *Output) Name(name, mediaType string) { o.file.Name, o.file.MediaType = name, mediaType }

// Expect sets the number of rows.
func (o *Output) Expect(rows int) error {
	o.total, o.counted = rows, true
	return o.save()
}

// Row counts a row that was written.
func (o *Output) Row() error {
	if o.rows++; o.rows%100 != 0 || time.Since(o.savedAt) < saveEvery {
		return nil
	}
	return o.save()
}

func (o *Output) save() error {
	ctx, cancel := context.WithTimeout(o.ctx, db.PieceLimit)
	defer cancel()
	return o.s.db.Transaction(ctx, o.progress)
}

// progress stores how far the file is. Errors: errEnded if the job is to end.
func (o *Output) progress(tx *gorm.DB) error {
	o.savedAt = time.Now()
	return o.s.lock(tx, o.file.JobID, func(tx *gorm.DB, job *Job) error {
		if job.Checkpoint != o.attempt {
			return errEnded
		}
		if _, err := o.s.admit(tx, job); err != nil {
			return err
		}
		if job.Finished() {
			return errEnded
		}
		job.Counted, job.Done, job.Total = o.counted, o.rows, max(o.total, o.rows)
		return nil
	})
}

// complete ends the job and makes its file known.
func (o *Output) complete() error {
	o.counted, o.total = true, o.rows
	now := o.s.db.Now()
	o.file.CreatedAt, o.file.ExpiresAt = now.Unix(), now.Add(FileKept).Unix()
	return o.transaction(func(tx *gorm.DB) error {
		if err := o.closeIn(tx); err != nil {
			return err
		}
		return o.s.lock(tx, o.file.JobID, func(_ *gorm.DB, job *Job) error {
			job.finish(Done, "", now)
			return nil
		})
	})
}

// Download returns the file that a job made, and its content in constant memory, once an audit
// line says that it was taken. Errors: ErrNotFound if there is none, or none any more; Denied.
func (s *Store) Download(ctx context.Context, by access.Actor, job Job) (File, io.Reader, error) {
	if err := by.CheckAll(s.rights(job)...); err != nil {
		return File{}, nil, err
	}
	file, content, err := s.Files.Open(ctx, job.ID)
	if err != nil {
		return file, nil, err
	}
	return file, content, s.log.Write(ctx, by, job.Needs, Downloaded, func(_ *gorm.DB, line *audit.Line) error {
		line.SetObject("job", job.ID, job.Kind)
		return nil
	})
}
