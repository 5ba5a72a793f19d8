package models

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/jobs"
)

// Undos take back what somebody did last in their session (audit.Step): edits, changes of
// members, archiving and restoring, jobs, and deletions on hold.
type Undos struct{ store *Store }

// Undone is what became of an act that somebody wanted to undo.
type Undone struct {
	// Line is the line of the act.
	Line audit.Line
	// Job is the job that undoes it, if it was a job; it may go on.
	Job jobs.Job
	// Kept are the fields that somebody has changed since, and which stay as they are.
	Kept []ReversedField
	// Refused is why nothing was undone; "" if something was.
	Refused Refusal
}

const (
	// Gone: what the act was about no longer exists.
	Gone Refusal = "gone"
	// NotKept: the activity no longer says what the act changed.
	NotKept Refusal = "not_kept"
	// TooLate: the job can't be undone any more.
	TooLate Refusal = "too_late"
)

// Undo takes back an act of the actor's session, the last one if lineID is "", and takes it
// off the session's steps, also if nothing can be undone about it any more: the next Undo is
// about the one before. What was undone in another way already is passed over. Errors:
// ErrNotFound if there is no such step; Conflict, for a job that goes on.
func (s *Undos) Undo(ctx context.Context, by access.Actor, lineID string) (u Undone, err error) {
	err = s.store.DB.Atomic(ctx, func(ctx context.Context, tx *gorm.DB) error {
		for u = (Undone{}); ; {
			step, err := s.store.Audit.TakeStep(tx, by, lineID)
			if errors.Is(err, access.ErrNotFound) && u.Refused != "" {
				return nil // all that was left was undone already
			}
			if err != nil {
				return err
			}
			if u, err = s.takeBack(ctx, by, step); err != nil || u.Refused != AsBefore || lineID != "" {
				return err
			}
		}
	})
	return u, s.store.DB.Failed(ctx, err)
}

// takeBack undoes one act. Undoing is no step itself.
func (s *Undos) takeBack(ctx context.Context, by access.Actor, step audit.Step) (u Undone, err error) {
	by.Session = ""
	if u.Line, err = s.store.Audit.ActivityLine(ctx, step.LineID); err != nil {
		return refusedUndo(u, err, NotKept)
	}
	switch {
	case u.Line.ObjectKind == "job":
		u, err = s.job(ctx, by, u)
	case u.Line.Action == audit.DeletedGroup:
		u, err = s.deletion(ctx, by, u)
	case step.Undo != "":
		u, err = s.members(ctx, by, u, step)
	default:
		u, err = s.change(ctx, by, u)
	}
	return refusedUndo(u, err, Gone)
}

// refusedUndo turns an error that says why an act can't be undone into the reason.
func refusedUndo(u Undone, err error, missing Refusal) (Undone, error) {
	switch {
	case errors.Is(err, access.ErrNotFound):
		u.Refused = missing
	case errors.Is(err, access.ErrChanged):
		u.Refused = ChangedSince
	case errors.Is(err, access.ErrDenied):
		u.Refused = NotPermitted
	default:
		return u, err
	}
	return u, nil
}

// job undoes a job, unless that was done or begun already.
func (s *Undos) job(ctx context.Context, by access.Actor, u Undone) (Undone, error) {
	job, err := s.store.Jobs.Job(ctx, u.Line.ObjectID)
	if err != nil {
		return u, err
	}
	before, err := s.store.Jobs.Undone(ctx, job.ID)
	switch {
	case err != nil:
		return u, err
	case before.ID != "" && (!before.Finished() || before.State == jobs.Done):
		u.Refused = AsBefore
		return u, nil
	case job.Finished() && !job.CanUndo(s.store.DB.Now()):
		u.Refused = TooLate
		return u, nil
	}
	u.Job, err = s.store.BulkChanges.TakeBack(ctx, by, u.Line.ObjectID)
	return u, err
}

// deletion puts a group back that is on hold.
func (s *Undos) deletion(ctx context.Context, by access.Actor, u Undone) (Undone, error) {
	if _, err := s.store.GroupPreview(ctx, u.Line.ObjectID); !errors.Is(err, access.ErrNotFound) {
		u.Refused = AsBefore
		return u, err
	}
	_, err := s.store.Holds.Undo(ctx, by, u.Line.ObjectID)
	return u, err
}

// change reverts what nobody has changed since.
func (s *Undos) change(ctx context.Context, by access.Actor, u Undone) (Undone, error) {
	v, err := s.store.Reverts.Reversal(ctx, by, u.Line.ID)
	if err != nil {
		return u, err
	}
	possible := v.Possible()
	for _, f := range v.Fields {
		switch f.Refused {
		case ChangedSince:
			u.Kept = append(u.Kept, f)
			fallthrough
		case NotPermitted, MembersUnnamed:
			u.Refused = cmp.Or(u.Refused, f.Refused)
		}
	}
	if len(possible) == 0 {
		u.Refused = cmp.Or(u.Refused, AsBefore)
		return u, nil
	}
	u.Refused = ""
	return u, s.store.Reverts.Revert(ctx, by, u.Line.ID, possible)
}

// members takes back a change of more members than its line names.
func (s *Undos) members(ctx context.Context, by access.Actor, u Undone, step audit.Step) (Undone, error) {
	var undo membersUndo
	if err := json.Unmarshal([]byte(step.Undo), &undo); err != nil {
		return u, err
	}
	m := s.store.Members
	err := s.store.Audit.Write(ctx, by, access.EditMembers, audit.RevertedMembers, func(tx *gorm.DB, line *audit.Line) error {
		g, err := s.store.lockGroup(tx, u.Line.ObjectID, nil)
		if err != nil {
			return err
		}
		gone, changes, err := m.removeMembers(tx, &g, undo.Added)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			u.Refused = AsBefore
			return audit.ErrNothing
		}
		changes[audit.RevertedField] = audit.Change{Before: nil, After: u.Line.ID}
		line.SetObject("group", g.ID, g.Name)
		return cmp.Or(line.SetChanges(changes), tx.Create(revertBy(line, u.Line.ID)).Error)
	})
	return u, err
}

// undoMembers makes a change of members undoable, also if its line can't name all of them.
func undoMembers(line *audit.Line, undo membersUndo) error {
	line.Undoable = true
	if len(undo.Added) <= MaxNamed {
		return nil
	}
	kept, err := json.Marshal(undo)
	line.Undo = string(kept)
	return err
}
