package jobs

import (
	"context"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// Kind is a sort of job, as functions of the package that knows what it is about. An error
// of the functions is retried, and a job fails after some that are no outage; what is wrong
// with a single object is a Result.
type Kind struct {
	// Name is object.verb, as "groups.archive"; it is stored.
	Name string
	// Reversible says that results keep what undo needs.
	Reversible bool
	// Gather returns the next of the job's objects after a checkpoint of its own ("" at
	// first), up to limit, and the checkpoint after them; "" if there are no others. It
	// changes nothing, and runs outside the transaction that stores what it returns. An
	// object that is returned again counts once.
	Gather func(ctx context.Context, job Job, after string, limit int) (found []Object, next string, err error)
	// Change changes some objects within a transaction, with the rights of the moment, and
	// returns a Result for each, or for the first of them if the others are too much for one
	// transaction. They are locked by nobody yet, and may be gone.
	Change func(tx *gorm.DB, job Job, by access.Actor, objects []Object) ([]Result, error)
	// Most is how many objects one transaction changes at most; nil means MostAtOnce.
	Most func(job Job) int
	// Make, in place of Gather and Change, makes the job's file: see RunFiles.
	Make func(ctx context.Context, job Job, to *Output) error
	// Rights returns what a job takes besides Needs; nil if nothing.
	Rights func(job Job) []access.Right
	// Whole reports whether all of a job is one transaction; nil means never.
	Whole func(job Job) bool
}

// Failure is an error of Gather or Change that ends the job: trying again would not help.
// Reason is a stable code, and Detail more about it.
type Failure struct{ Reason, Detail string }

func (f Failure) Error() string { return f.Reason + " " + f.Detail }

// MostAtOnce is how many objects one transaction changes at most.
const MostAtOnce = 500

// Object is one of those that a job is about.
type Object struct {
	ID, Name string
	// Key is what the object is known by within the job, and Detail more about it.
	Key, Detail string
	// Expected is what the job would do to it, for Job.Expected.
	Expected string
	// Result and Reason are set if the job is done with it already.
	Result Outcome
	Reason string
}

// Outcome is what became of an object.
type Outcome string

// The outcomes.
const (
	Changed  Outcome = "done"
	Skipped  Outcome = "skipped"
	Unfit    Outcome = "failed"
	untilNow Outcome = "" // the job has not come to it
)

// Result is what became of an object of a job.
type Result struct {
	ObjectID string
	// Name is the object's name when the job was asked for.
	Name   string
	Result Outcome
	// Reason says why it was not changed, as a stable code of the job's kind; "" if it was.
	Reason string
	// Undo is what undoing the change needs, as the kind wrote it.
	Undo string
	// Detail is more about the object or the reason, as the kind wrote it.
	Detail string
}

// Store has the jobs of a database. It is safe for concurrent use.
type Store struct {
	// Files are what jobs read and made, if that is too large for their rows.
	Files *Files

	db  *db.DB
	log *audit.Log

	kinds map[string]Kind
	wake  chan struct{}
	// wakeFiles is wake for RunFiles.
	wakeFiles chan struct{}
	pace      pace
	making    making
}

// New returns the jobs of a database. Register the kinds before anything else.
func New(d *db.DB, log *audit.Log) *Store {
	return &Store{Files: &Files{d}, db: d, log: log, kinds: map[string]Kind{}, wake: make(chan struct{}, 1), wakeFiles: make(chan struct{}, 1)}
}

// Register adds kinds of jobs. It must not be called once jobs are started or run.
func (s *Store) Register(kinds ...Kind) {
	for _, k := range kinds {
		s.kinds[k.Name] = k
	}
}

// Wake asks for a Run and a RunFiles.
func (s *Store) Wake() {
	for _, wake := range []chan struct{}{s.wake, s.wakeFiles} {
		select {
		case wake <- struct{}{}:
		default: // it was asked for already
		}
	}
}

// Woken returns a channel that signals when this program has work for Run. What other
// programs start is found by running it from time to time.
func (s *Store) Woken() <-chan struct{} { return s.wake }

// WokenFiles is Woken for RunFiles.
func (s *Store) WokenFiles() <-chan struct{} { return s.wakeFiles }
