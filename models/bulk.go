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
	"protocol.chat/console/models/text"
)

// A bulk change is a job (package jobs) about the groups that a query finds, or about named
// ones. Each group passes through what a single change does: the same rights, rules and
// audit line. bulk_change.go changes a part of them, bulk_undo.go takes that back.

// BulkAction is what a bulk change does to each group.
type BulkAction string

// The bulk actions.
const (
	BulkArchive        BulkAction = "archive"
	BulkRestore        BulkAction = "restore"
	BulkDelete         BulkAction = "delete"
	BulkAddContacts    BulkAction = "add_contacts"
	BulkRemoveContacts BulkAction = "remove_contacts"
	BulkUpdate         BulkAction = "update"
)

// BulkActions are all bulk actions.
var BulkActions = []BulkAction{BulkArchive, BulkRestore, BulkDelete, BulkAddContacts, BulkRemoveContacts, BulkUpdate}

// Kind returns the kind of the action's jobs.
func (a BulkAction) Kind() string { return "groups." + string(a) }

// UndoKind is the kind of the jobs that undo others.
const UndoKind = "groups.undo"

// Reversible reports whether the action can be undone.
func (a BulkAction) Reversible() bool { return a != BulkDelete }

// Right returns the right that the action takes.
func (a BulkAction) Right() access.Right {
	switch a {
	case BulkArchive, BulkRestore:
		return access.ArchiveGroups
	case BulkDelete:
		return access.DeleteGroups
	case BulkAddContacts, BulkRemoveContacts:
		return access.EditMembers
	}
	return access.EditGroups
}

// MaxBulkIDs is how many groups a bulk change can name, and MaxAtOnce how many RunBulkNow
// changes.
const (
	MaxBulkIDs = 10_000
	MaxAtOnce  = 100
)

// Why a group was skipped or failed, as stable codes.
const (
	AlreadyArchived    = "already_archived"
	NotArchived        = "not_archived"
	ChangedMeanwhile   = "changed_meanwhile"
	GoneMeanwhile      = "deleted"
	NothingToChange    = "unchanged"
	DescriptionTooLong = "description_too_long"
)

// Bulk is a change of many groups.
type Bulk struct {
	Action BulkAction
	// Query says which groups: all that it finds; its order and range don't matter.
	Query GroupQuery
	// IDs are the groups instead, unless nil.
	IDs []string
	// All must be set if Query finds every group.
	All bool
	// Contacts are those to add or remove.
	Contacts []ContactRef
	// Description and AvatarURL are what BulkUpdate sets; nil leaves them, "" removes them.
	Description, AvatarURL *string
	// Append is what BulkUpdate adds to the description, as a paragraph of its own.
	Append string
	// Hold is for how long the groups that BulkDelete deletes are on hold, and the job can be
	// undone; 0 for not at all.
	Hold time.Duration
	// Key, unless nil, returns the first job again to whoever asks twice.
	Key *audit.IdempotencyKey
}

// everything reports whether the query finds every group.
func (b Bulk) everything() bool {
	return b.IDs == nil && plainQuery(b.Query).Status == AnyStatus && b.Query.isPlain()
}

// isPlain reports whether nothing but a status limits the query.
func (q GroupQuery) isPlain() bool {
	search := q.Search
	search.Status = AnyStatus
	return search.IsZero() && q.Text == "" && q.Contact == "" && q.Limits.IsZero()
}

// plainQuery returns the query in the order in which a job gathers, without a range, and
// with the status that limits it.
func plainQuery(q GroupQuery) GroupQuery {
	q.Status = q.Shown()
	q.Sort, q.Reverse, q.WithContacts, q.Range = ByCreated, true, false, db.Range{}
	return q
}

// change returns what the action changes about every group; not what it appends.
func (b Bulk) change(now time.Time) GroupChange {
	switch b.Action {
	case BulkArchive:
		return archivedAt(&now)
	case BulkRestore:
		return archivedAt(nil)
	case BulkUpdate:
		return GroupChange{Description: b.Description, AvatarURL: b.AvatarURL}
	}
	return GroupChange{}
}

// check returns the bulk change with checked values, and what is wrong with it.
func (b Bulk) check(now time.Time) (Bulk, access.Invalid) {
	problems := b.Query.Problems.And(b.checkSet()).And(b.checkContacts())
	c, more := b.change(now).check(now)
	problems = problems.And(more)
	b.Description, b.AvatarURL = c.Description, c.AvatarURL
	if b.Append != "" {
		appended, problem := description(b.Append)
		if b.Append = appended; problem != "" {
			problems = problems.And(access.Refused("append", "%s", problem))
		}
	}
	switch {
	case !slices.Contains(BulkActions, b.Action):
		problems = problems.And(access.Refused("action", "The action must be one of %s.", bulkNames()))
	case b.Action == BulkUpdate && b.Description == nil && b.AvatarURL == nil && b.Append == "":
		problems = problems.And(access.MissingField("changes", "Say what to change: the description or the avatar."))
	case b.Description != nil && b.Append != "":
		problems = problems.And(access.Refused("append", "Set the description or append to it, not both."))
	}
	return b, problems
}

// checkSet returns what is wrong with the choice of groups.
func (b Bulk) checkSet() access.Invalid {
	switch {
	case b.IDs != nil && (!b.Query.isPlain() || b.Query.Status != AnyStatus):
		return access.Refused("filter", "Choose groups by ids or by other filters, not by both.")
	case b.IDs != nil && len(b.IDs) == 0:
		return access.MissingField("filter", "Choose at least one group.")
	case len(b.IDs) > MaxBulkIDs:
		return access.Refused("ids", "At most %s groups fit in one call; these are %s.", text.Thousands(MaxBulkIDs), text.Thousands(len(b.IDs)))
	case b.everything() && !b.All:
		return access.MissingField("filter", "This would change every group. Set all to true if that is meant.")
	}
	if b.IDs == nil {
		return plainQuery(b.Query).check()
	}
	return nil
}

// checkContacts returns what is wrong with the number of contacts.
func (b Bulk) checkContacts() access.Invalid {
	if b.Action != BulkAddContacts && b.Action != BulkRemoveContacts {
		if len(b.Contacts) > 0 {
			return access.Refused("contacts", "Only add_contacts and remove_contacts take contacts.")
		}
		return nil
	}
	if len(b.Contacts) == 0 {
		return access.MissingField("contacts", "Name at least one contact.")
	}
	return checkRefs(b.Contacts)
}

func bulkNames() string {
	names := make([]string, len(BulkActions))
	for i, a := range BulkActions {
		names[i] = string(a)
	}
	return strings.Join(names, ", ")
}

// bulkSpec is a checked Bulk as its job stores it.
type bulkSpec struct {
	Action BulkAction
	Query  GroupQuery `json:",omitzero"`
	IDs    []string   `json:",omitempty"`
	// Snapshot is above the ids of all groups and audit lines of then: what is later is not
	// meant, and what was changed later is left alone.
	Snapshot string
	// Contacts are ids.
	Contacts               []string `json:",omitempty"`
	Description, AvatarURL *string  `json:",omitempty"`
	Append                 string   `json:",omitempty"`
	// Hold is Bulk.Hold of a deletion.
	Hold time.Duration `json:",omitempty"`
	// RetryOf is a job whose failed groups are meant instead.
	RetryOf string `json:",omitempty"`
}

// specOf returns the checked bulk change as it is stored. Errors: Invalid.
func (s *BulkChanges) specOf(ctx context.Context, b Bulk) (bulkSpec, error) {
	b, problems := b.check(s.store.DB.Now())
	if len(problems) > 0 {
		return bulkSpec{}, s.store.Members.CheckContacts(ctx, problems, b.Contacts)
	}
	contacts, problems, err := s.store.Members.findRefs(s.store.DB.Read(ctx), b.Contacts, "")
	if err != nil || len(problems) > 0 {
		return bulkSpec{}, orFailed(s.store.DB.Failed(ctx, err), problems)
	}
	spec := bulkSpec{Action: b.Action, IDs: b.IDs, Contacts: contactIDs(contacts), Description: b.Description, AvatarURL: b.AvatarURL, Append: b.Append}
	if b.Action == BulkDelete {
		spec.Hold = b.Hold
	}
	if b.IDs == nil {
		spec.Query = plainQuery(b.Query)
	}
	spec.Snapshot, err = s.snapshot(ctx)
	return spec, err
}

func orFailed(err error, problems access.Invalid) error {
	if err != nil {
		return err
	}
	return problems.OrNil()
}

// snapshot returns an id above those of all groups, for bulkSpec.Snapshot.
func (s *BulkChanges) snapshot(ctx context.Context) (string, error) {
	newest, err := db.First(s.store.DB.Read(ctx), db.Selection{Columns: "id", From: "groups", Tail: " ORDER BY id DESC"}, 1, db.OneColumn[string])
	return s.store.DB.IDs.Next(s.store.DB.Now(), strings.Join(newest, "")), s.store.DB.Failed(ctx, err)
}

// StartBulk starts a job that changes groups: those that match now. note is for the
// activity. Errors: Invalid, Denied.
func (s *BulkChanges) StartBulk(ctx context.Context, by access.Actor, b Bulk, note string) (jobs.Job, error) {
	request, err := s.bulkRequest(ctx, by, b, note)
	if err != nil {
		return jobs.Job{}, err
	}
	return s.store.Jobs.Start(ctx, by, request)
}

// RunBulkNow makes a reversible bulk change of up to MaxAtOnce groups in one transaction.
// The job that it returns is done; it has results and can be undone as any other. Errors:
// Invalid, Denied, Conflict if these are too many groups.
func (s *BulkChanges) RunBulkNow(ctx context.Context, by access.Actor, b Bulk, note string) (jobs.Job, error) {
	if !b.Action.Reversible() {
		return jobs.Job{}, access.Conflict{Message: "What can't be undone is not done at once. Start a job instead."}
	}
	request, err := s.bulkRequest(ctx, by, b, note)
	if err != nil {
		return jobs.Job{}, err
	}
	return s.store.Jobs.RunNow(ctx, by, request, MaxAtOnce)
}

func (s *BulkChanges) bulkRequest(ctx context.Context, by access.Actor, b Bulk, note string) (jobs.Request, error) {
	if slices.Contains(BulkActions, b.Action) {
		if err := by.Check(b.Action.Right()); err != nil {
			return jobs.Request{}, err
		}
	}
	spec, err := s.specOf(ctx, b)
	return jobs.Request{Kind: b.Action.Kind(), Needs: b.Action.Right(), Spec: spec, Note: note, UndoFor: spec.Hold, Key: b.Key}, err
}

// BulkOf returns what a job of a bulk action is for, and false if it is another job. The
// contacts are by id.
func BulkOf(job jobs.Job) (Bulk, bool) {
	var spec bulkSpec
	if json.Unmarshal([]byte(job.Spec), &spec) != nil || !slices.Contains(BulkActions, spec.Action) || job.Kind != spec.Action.Kind() {
		return Bulk{}, false
	}
	b := Bulk{
		Action: spec.Action, Query: spec.Query, IDs: spec.IDs, Contacts: Refs(spec.Contacts...),
		Description: spec.Description, AvatarURL: spec.AvatarURL, Append: spec.Append, Hold: spec.Hold,
	}
	b.All = b.everything()
	return b, true
}

// RetryBulk starts a job over the groups that failed in another one. Errors: ErrNotFound,
// Denied, Conflict if none failed or the job goes on.
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
	var spec bulkSpec
	if _, ok := BulkOf(job); !ok || !job.Finished() || job.Failed == 0 {
		return jobs.Job{}, access.Conflict{Message: "There is nothing to retry: no group failed in this job, or it goes on."}
	}
	if err := job.Read(&spec); err != nil {
		return jobs.Job{}, err
	}
	spec.RetryOf = job.ID
	if spec.Snapshot, err = s.snapshot(ctx); err != nil {
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

// UndoNow is Undo at once, for a job that changed up to MaxAtOnce groups.
func (s *BulkChanges) UndoNow(ctx context.Context, by access.Actor, jobID string) (jobs.Job, error) {
	request, err := s.undoRequest(ctx, by, jobID)
	if err != nil {
		return jobs.Job{}, err
	}
	return s.store.Jobs.RunNow(ctx, by, request, MaxAtOnce)
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
		return jobs.Request{}, access.Conflict{Message: "This job can't be undone: it goes on, has changed nothing, is too old, or deleted groups for good."}
	}
	if t, _, ok := ImportOf(job); ok {
		if err := by.CheckAll(t.undoRights(job)...); err != nil {
			return jobs.Request{}, err
		}
		return jobs.Request{Kind: t.undoKind(), Needs: job.Needs, Spec: struct{}{}, UndoOf: job.ID}, nil
	}
	return jobs.Request{Kind: UndoKind, Needs: job.Needs, Spec: struct{}{}, UndoOf: job.ID}, nil
}
