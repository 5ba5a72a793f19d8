package models

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
)

// BulkChange is a change of many objects: a Bulk, or a ContactBulk.
type BulkChange interface {
	action() BulkAction
	key() *audit.IdempotencyKey
	// spec returns the checked change as it is stored, without its snapshot. Errors:
	// Invalid.
	spec(ctx context.Context, s *BulkChanges) (bulkSpec, error)
}

// bulkSpec is a checked BulkChange as its job stores it.
type bulkSpec struct {
	// Query says which groups, Found and Group which contacts, and IDs which of either
	// instead.
	Query GroupQuery   `json:",omitzero"`
	Found ContactQuery `json:",omitzero"`
	Group string       `json:",omitempty"`
	IDs   []string     `json:",omitempty"`
	// Snapshot is above the ids of all objects and audit lines of then: what is later is not
	// meant, and what was changed later is left alone.
	Snapshot string
	// Contacts are the ids of those to add or remove, and Groups of those to add to or
	// remove from.
	Contacts               []string `json:",omitempty"`
	Groups                 []string `json:",omitempty"`
	Description, AvatarURL *string  `json:",omitempty"`
	Append                 string   `json:",omitempty"`
	// Hold is Bulk.Hold of a deletion.
	Hold time.Duration `json:",omitempty"`
	// Rule is Bulk.Rule.
	Rule *string `json:",omitempty"`
	// RetryOf is a job whose failed objects are meant instead.
	RetryOf string `json:",omitempty"`
}

// RuleOf returns the name of the archive rule that started a job, "" for the schedule of one
// group. It is nil if a user or token did.
func RuleOf(job jobs.Job) *string {
	var spec struct{ Rule *string }
	if job.Read(&spec) != nil {
		return nil
	}
	return spec.Rule
}

// snapshot returns an id above those of all rows of a table, for bulkSpec.Snapshot.
func (s *BulkChanges) snapshot(ctx context.Context, table string) (string, error) {
	newest, err := db.First(s.store.DB.Read(ctx), db.Selection{Columns: "id", From: table, Tail: " ORDER BY id DESC"}, 1, db.OneColumn[string])
	return s.store.DB.IDs.Next(s.store.DB.Now(), strings.Join(newest, "")), s.store.DB.Failed(ctx, err)
}

// StartBulk starts a job that changes groups or contacts: those that match now. note is for
// the activity. Errors: Invalid, Denied.
func (s *BulkChanges) StartBulk(ctx context.Context, by access.Actor, b BulkChange, note string) (jobs.Job, error) {
	request, err := s.bulkRequest(ctx, by, b, note)
	if err != nil {
		return jobs.Job{}, err
	}
	return s.store.Jobs.Start(ctx, by, request)
}

// RunBulkNow makes a reversible bulk change of up to MaxAtOnce objects in one transaction.
// The job that it returns is done; it has results and can be undone as any other. Errors:
// Invalid, Denied, Conflict if these are too many.
func (s *BulkChanges) RunBulkNow(ctx context.Context, by access.Actor, b BulkChange, note string) (jobs.Job, error) {
	if !b.action().Reversible() {
		return jobs.Job{}, access.Conflict{Message: "This can't be undone, so it can't be done at once. Start a job instead."}
	}
	request, err := s.bulkRequest(ctx, by, b, note)
	if err != nil {
		return jobs.Job{}, err
	}
	return s.store.Jobs.RunNow(ctx, by, request, MaxAtOnce)
}

func (s *BulkChanges) bulkRequest(ctx context.Context, by access.Actor, b BulkChange, note string) (jobs.Request, error) {
	action := b.action()
	if action.known() {
		if err := by.Check(action.Right()); err != nil {
			return jobs.Request{}, err
		}
	}
	spec, err := b.spec(ctx, s)
	if err == nil {
		spec.Snapshot, err = s.snapshot(ctx, action.table())
	}
	return jobs.Request{Kind: action.Kind(), Needs: action.Right(), Spec: spec, Note: note, UndoFor: spec.Hold, Key: b.key()}, err
}

func orFailed(err error, problems access.Invalid) error {
	if err != nil {
		return err
	}
	return problems.OrNil()
}

// Retriable reports whether a job can be retried: it is a bulk change or an import that has
// ended, and in which something failed, or an export that failed.
func Retriable(job jobs.Job) bool {
	if slices.Contains(exportKinds, job.Kind) {
		return job.State == jobs.Failed
	}
	_, _, imports := ImportOf(job)
	return (imports && job.StartedAt != nil || BulkAction(job.Kind).known()) && job.Finished() && job.Failed > 0
}

// RetryBulk starts a job over what failed in another one, or an export again. Errors: ErrNotFound, Denied,
// Conflict if nothing failed or the job goes on.
func (s *BulkChanges) RetryBulk(ctx context.Context, by access.Actor, jobID string) (jobs.Job, error) {
	job, err := s.store.Jobs.Job(ctx, jobID)
	if err != nil {
		return jobs.Job{}, err
	}
	if err := by.Check(job.Needs); err != nil {
		return jobs.Job{}, err
	}
	if _, _, ok := ImportOf(job); ok {
		return s.store.Imports.retry(ctx, by, job)
	}
	if !Retriable(job) {
		return jobs.Job{}, access.Conflict{Message: "There's nothing to retry: nothing failed, or the job is still running."}
	}
	if slices.Contains(exportKinds, job.Kind) {
		again := jobs.Request{Kind: job.Kind, Needs: job.Needs, Spec: json.RawMessage(job.Spec), Note: job.Note}
		return s.store.Jobs.Start(ctx, by, again)
	}
	var spec bulkSpec
	if err := job.Read(&spec); err != nil {
		return jobs.Job{}, err
	}
	spec.RetryOf = job.ID
	if spec.Snapshot, err = s.snapshot(ctx, BulkAction(job.Kind).table()); err != nil {
		return jobs.Job{}, err
	}
	return s.store.Jobs.Start(ctx, by, jobs.Request{Kind: job.Kind, Needs: job.Needs, Spec: spec, Note: job.Note, UndoFor: spec.Hold})
}

// TakeBack is UndoNow if a job changed few objects, or else Undo.
func (s *BulkChanges) TakeBack(ctx context.Context, by access.Actor, jobID string) (jobs.Job, error) {
	job, err := s.store.Jobs.Job(ctx, jobID)
	if err != nil {
		return jobs.Job{}, err
	}
	if job.Done > MaxAtOnce {
		return s.Undo(ctx, by, jobID)
	}
	return s.UndoNow(ctx, by, jobID)
}

// Undo starts a job that takes back what another one changed, as far as nobody has changed
// the same since. Errors: ErrNotFound, Denied, Conflict if it can't be undone, goes on, or
// is being undone.
func (s *BulkChanges) Undo(ctx context.Context, by access.Actor, jobID string) (jobs.Job, error) {
	request, err := s.undoRequest(ctx, by, jobID)
	if err != nil {
		return jobs.Job{}, err
	}
	return s.store.Jobs.Start(ctx, by, request)
}

// UndoNow is Undo at once, for a job that changed up to MaxAtOnce objects.
func (s *BulkChanges) UndoNow(ctx context.Context, by access.Actor, jobID string) (jobs.Job, error) {
	request, err := s.undoRequest(ctx, by, jobID)
	if err != nil {
		return jobs.Job{}, err
	}
	return s.store.Jobs.RunNow(ctx, by, request, MaxAtOnce)
}

// undoSpec is what the job that undoes another knows of it, for its title.
type undoSpec struct {
	Of string `json:"of"`
}

// UndoneKind returns the kind of the job that a job undoes; "" if it undoes none, or if it is from
// before jobs knew.
func UndoneKind(job jobs.Job) string {
	var spec undoSpec
	if job.UndoOf == nil || job.Read(&spec) != nil {
		return ""
	}
	return spec.Of
}

func (s *BulkChanges) undoRequest(ctx context.Context, by access.Actor, jobID string) (jobs.Request, error) {
	job, err := s.store.Jobs.Job(ctx, jobID)
	if err != nil {
		return jobs.Request{}, err
	}
	if err := by.Check(job.Needs); err != nil {
		return jobs.Request{}, err
	}
	if !job.CanUndo(s.store.DB.Now()) {
		return jobs.Request{}, access.Conflict{Message: "This job can't be undone: it's still running, changed nothing, is too old, or deleted permanently."}
	}
	if t, _, ok := ImportOf(job); ok {
		if err := by.CheckAll(t.undoRights(job)...); err != nil {
			return jobs.Request{}, err
		}
		return jobs.Request{Kind: t.undoKind(), Needs: job.Needs, Spec: undoSpec{job.Kind}, UndoOf: job.ID}, nil
	}
	return jobs.Request{Kind: BulkAction(job.Kind).undoKind(), Needs: job.Needs, Spec: undoSpec{job.Kind}, UndoOf: job.ID}, nil
}
