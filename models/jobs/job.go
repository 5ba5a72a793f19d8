package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// The actions of the audit log. Started is also that of a job that is run at once.
const (
	Started   audit.Action = "job.start"
	Cancelled audit.Action = "job.cancel"
	// Downloaded is that somebody took the file that a job made.
	Downloaded audit.Action = "job.download"
)

// State is how far a job is.
type State string

// The states of a job. The last three are final. A job about a file begins with the first
// three: it is Uploaded when its file is there, and Checked when it waits to be started.
const (
	Uploaded   State = "uploaded"
	Checking   State = "checking"
	Checked    State = "checked"
	Queued     State = "queued"
	Running    State = "running"
	Cancelling State = "cancelling"
	Stopped    State = "cancelled"
	Done       State = "done"
	Failed     State = "failed"
)

// Why a job failed, as stable codes.
const (
	// ActorGone: whoever asked for it was disabled, or their token was revoked or expired.
	ActorGone = "actor_gone"
	// RightLost: they no longer have the right.
	RightLost = "right_lost"
	// Broken: a part of it failed several times for a reason that the log has.
	Broken = "internal_error"
	// DiskFull: there was no room for the file that it makes.
	DiskFull = "disk_full"
	// Expired: its file was not imported in time.
	Expired = "file_expired"
)

// MaxNote is how many characters a note can have.
const MaxNote = 1000

// Undoable is how long a job can be undone, and how long jobs are kept.
const Undoable = 30 * 24 * time.Hour

// Job is work that takes time. Times are Unix seconds.
type Job struct {
	// ID sorts by creation: what the job is about was there before it.
	ID    string
	Kind  string
	State State
	// Reason is why it failed, or "".
	Reason string
	// Spec is what the job is for, as JSON that its kind reads.
	Spec string
	Note string
	// Needs is the right that the job takes, before each part of it.
	Needs access.Right
	// ActorKind to RequestID are who asked for the job, as of then.
	ActorKind     access.ActorKind
	ActorID       string
	ActorName     string
	UserID        string
	Role          access.Role
	Scopes        access.Scopes
	IP, UserAgent string
	RequestID     string
	// Detail is more about Reason, as its kind wrote it, or "".
	Detail string
	// Expected counts the objects of a job in Checked by what it would do to them, in words
	// of its kind.
	Expected map[string]int `gorm:"serializer:json"`
	// Counted says that all objects are gathered: Total still grows before.
	Counted                      bool
	Total, Done, Skipped, Failed int
	// Checkpoint is the last object that was gathered or, once Counted, dealt with.
	Checkpoint            string
	CreatedAt             int64
	StartedAt, FinishedAt *int64
	// UndoOf is the job that this one undoes.
	UndoOf *string
	// UndoableUntil is until when the job can be undone; nil if never.
	UndoableUntil *int64
}

// Actor returns who asked for the job, with the rights of then.
func (j Job) Actor() access.Actor {
	return access.Actor{
		Kind: j.ActorKind, ID: j.ActorID, Name: j.ActorName, UserID: j.UserID, Role: j.Role, Scopes: j.Scopes,
		IP: j.IP, UserAgent: j.UserAgent, RequestID: j.RequestID,
	}
}

// Finished reports whether the job has ended, well or not.
func (j Job) Finished() bool { return j.FinishedAt != nil }

// Remaining returns how many objects the job has not come to yet.
func (j Job) Remaining() int { return j.Total - j.Done - j.Skipped - j.Failed }

// CanUndo reports whether the job can be undone at a time: it has ended, changed something,
// and is not too old. A job that was cancelled can be, too.
func (j Job) CanUndo(now time.Time) bool {
	return j.Finished() && j.Done > 0 && j.UndoableUntil != nil && now.Unix() < *j.UndoableUntil
}

// Read reads the job's spec into a value.
func (j Job) Read(spec any) error { return json.Unmarshal([]byte(j.Spec), spec) }

// Request is a job that somebody asks for.
type Request struct {
	Kind string
	// Needs is the right that it takes.
	Needs access.Right
	// Spec is any value that marshals to JSON.
	Spec any
	// Note is for the activity, at most MaxNote characters.
	Note string
	// UndoOf is the id of the job that it undoes, or "".
	UndoOf string
	// UndoFor is for how long after its end it can be undone, if its kind is not Reversible.
	UndoFor time.Duration
	// Key, unless nil, returns the first job again to whoever asks twice.
	Key *audit.IdempotencyKey
}

// CheckNote returns a note as it is stored, and what is wrong with it.
func CheckNote(note string) (string, access.Invalid) {
	var problems access.Invalid
	stored := problems.Check("note", &note, func(s string) (string, string) {
		return text.Visible(text.Paragraphs("The note", s, MaxNote))
	})
	return *stored, problems
}

// Start queues a job and wakes the runner. Errors: Denied; Invalid about "note"; Conflict
// if another job undoes the same one at the moment.
func (s *Store) Start(ctx context.Context, by access.Actor, n Request) (Job, error) {
	job, err := s.write(ctx, by, n, nil)
	if err == nil {
		s.Wake()
	}
	return job, err
}

// RunNow does all of a small job in the transaction that asks for it: it is done, results
// and all, or nothing is. Errors: as Start, and Conflict if it has more than most objects.
func (s *Store) RunNow(ctx context.Context, by access.Actor, n Request, most int) (Job, error) {
	if err := by.Check(n.Needs); err != nil {
		return Job{}, err
	}
	objects, err := s.gatherAll(ctx, n, most)
	if err != nil {
		return Job{}, err
	}
	return s.write(ctx, by, n, func(tx *gorm.DB, job *Job, now access.Actor) error {
		return s.runWhole(tx, job, now, objects)
	})
}

// write stores a job with its audit line, and calls do, unless nil, in the same transaction.
func (s *Store) write(ctx context.Context, by access.Actor, n Request, do func(*gorm.DB, *Job, access.Actor) error) (Job, error) {
	kind, known := s.kinds[n.Kind]
	if !known {
		return Job{}, errors.New("jobs: unknown kind " + n.Kind)
	}
	note, problems := CheckNote(n.Note)
	if len(problems) > 0 {
		return Job{}, problems
	}
	spec, err := json.Marshal(n.Spec)
	if err != nil {
		return Job{}, err
	}
	return audit.WriteOnce(ctx, s.log, by, n.Needs, Started, n.Key, func(tx *gorm.DB, line *audit.Line) (Job, error) {
		job := s.newJob(by, *line.By, n, string(spec), note)
		if kind.Reversible {
			n.UndoFor = Undoable
		}
		if line.Undoable = n.UndoFor > 0; line.Undoable {
			job.UndoableUntil = new(job.CreatedAt + int64(n.UndoFor/time.Second))
		}
		if err := tx.Create(&job).Error; errors.Is(err, gorm.ErrDuplicatedKey) {
			return job, access.Conflict{Message: "This job is already being undone."}
		} else if err != nil {
			return job, err
		}
		line.SetObject("job", job.ID, job.Kind)
		if err := line.SetChanges(started(job)); err != nil || do == nil {
			return job, err
		}
		return job, do(tx, &job, *line.By)
	})
}

// newJob returns a job as it begins. now is the actor with the rights of the moment.
func (s *Store) newJob(by, now access.Actor, n Request, spec, note string) Job {
	at := s.db.Now()
	job := Job{
		ID: s.db.IDs.Next(at, ""), Kind: n.Kind, State: Queued, Spec: spec, Note: note, Needs: n.Needs,
		CreatedAt: at.Unix(), UndoOf: text.OrNil(n.UndoOf),
	}
	job.setActor(by, now)
	return job
}

// setActor makes the job that of an actor. now is the actor with the rights of the moment.
func (j *Job) setActor(by, now access.Actor) {
	j.ActorKind, j.ActorID, j.ActorName, j.UserID, j.Role, j.Scopes = by.Kind, by.ID, by.Name, by.UserID, now.Role, now.Scopes
	j.IP, j.UserAgent, j.RequestID = by.IP, by.UserAgent, by.RequestID
}

// started returns what an audit line says of a new job.
func started(job Job) map[string]audit.Change {
	changes := map[string]audit.Change{}
	if job.Note != "" {
		changes["note"] = audit.Change{Before: nil, After: job.Note}
	}
	if job.UndoOf != nil {
		changes["undo_of"] = audit.Change{Before: nil, After: *job.UndoOf}
	}
	return changes
}

// Cancel stops a job after the part that is being done; one that has not begun, at once. It
// takes the right that the job takes. A job that has ended stays as it is. Errors:
// ErrNotFound, Denied.
func (s *Store) Cancel(ctx context.Context, by access.Actor, id string) (Job, error) {
	job, err := s.Job(ctx, id)
	if err != nil {
		return Job{}, err
	}
	err = s.log.Write(ctx, by, job.Needs, Cancelled, func(tx *gorm.DB, line *audit.Line) error {
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&job).Error; err != nil {
			return err
		}
		switch job.State {
		case Uploaded, Checking, Checked, Queued:
			job.finish(Stopped, "", s.db.Now())
		case Running:
			job.State = Cancelling
		default:
			return audit.ErrNothing
		}
		line.SetObject("job", job.ID, job.Kind)
		return save(tx, &job)
	})
	if err == nil {
		s.Wake()
	}
	return job, err
}

// finish ends the job. It can be undone for as long after that as it could after its start.
func (j *Job) finish(state State, reason string, now time.Time) {
	j.State, j.Reason, j.FinishedAt = state, reason, new(now.Unix())
	if j.UndoableUntil != nil {
		j.UndoableUntil = new(*j.UndoableUntil + max(0, now.Unix()-j.CreatedAt))
	}
}

// save stores how far a job is.
func save(tx *gorm.DB, job *Job) error {
	return db.Later(tx).Select("state", "reason", "detail", "expected", "counted", "total", "done", "skipped", "failed", "checkpoint",
		"started_at", "finished_at", "undoable_until").Updates(job).Error
}

// Job returns one job, or ErrNotFound.
func (s *Store) Job(ctx context.Context, id string) (Job, error) {
	var job Job
	if !text.ValidID(id) {
		return job, access.ErrNotFound
	}
	err := s.db.ReaderFor(ctx).Where("id = ?", id).Take(&job).Error
	return job, s.db.Failed(ctx, err)
}

// Undone returns the newest job that undoes this one; the zero Job if there is none.
func (s *Store) Undone(ctx context.Context, id string) (Job, error) {
	var found []Job
	err := s.db.ReaderFor(ctx).Where("undo_of = ?", id).Order("id DESC").Limit(1).Find(&found).Error
	return append(found, Job{})[0], s.db.Failed(ctx, err)
}

// Page is a part of the list of jobs, the newest first. More says that there are others in
// the direction of the range.
type Page struct {
	Jobs []Job
	More bool
}

// Query says which jobs are wanted; the zero Query is all of them.
type Query struct {
	// Unfinished limits the list to jobs that have not ended.
	Unfinished bool
	// Kinds limits it to some kinds.
	Kinds []string
	// User limits it to the jobs of a user, tokens included.
	User string
	db.Range
}

// Jobs returns a page of jobs, the newest first. Errors: Invalid.
func (s *Store) Jobs(ctx context.Context, q Query) (Page, error) {
	if err := q.Check().OrNil(); err != nil {
		return Page{}, err
	}
	limit := q.Limit
	if limit == 0 {
		limit = db.DefaultLimit
	}
	tx := s.db.ReaderFor(ctx).Limit(limit + 1)
	if q.Unfinished {
		tx = tx.Where("finished_at IS NULL")
	}
	if len(q.Kinds) > 0 {
		tx = tx.Where("kind IN ?", q.Kinds)
	}
	if q.User != "" {
		tx = tx.Where("user_id = ?", q.User)
	}
	back := !q.Before.IsZero()
	switch {
	case back:
		tx = tx.Where("id > ?", q.Before.ID).Order("id")
	case !q.After.IsZero():
		tx = tx.Where("id < ?", q.After.ID).Order("id DESC")
	default:
		tx = tx.Order("id DESC")
	}
	var page Page
	if err := tx.Find(&page.Jobs).Error; err != nil {
		return Page{}, s.db.Failed(ctx, err)
	}
	if page.More = len(page.Jobs) > limit; page.More {
		page.Jobs = page.Jobs[:limit]
	}
	if back {
		slices.Reverse(page.Jobs)
	}
	return page, nil
}
