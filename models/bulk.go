package models

import (
	"context"
	"slices"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// A bulk change is a job (package jobs) about the groups or contacts that a query finds, or
// about named ones. Each passes through what a single change does: the same rights, rules
// and audit line. bulk_job.go starts, retries and undoes bulk changes of either; bulk.go
// says what one of groups is, bulk_change.go makes a part of it, bulk_undo.go takes that
// back. bulk_contacts.go and its neighbours are the same for contacts.

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
	// Rule is the archive rule that changes the groups, as audit.RuleField has it; nil for none.
	Rule *string
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
	case !slices.Contains(GroupActions, b.Action):
		problems = problems.And(b.Action.unknown(GroupActions))
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

func (b Bulk) action() BulkAction { return b.Action }

func (b Bulk) key() *audit.IdempotencyKey { return b.Key }

// spec returns the checked bulk change as it is stored. Errors: Invalid.
func (b Bulk) spec(ctx context.Context, s *BulkChanges) (bulkSpec, error) {
	b, problems := b.check(s.store.DB.Now())
	if len(problems) > 0 {
		return bulkSpec{}, s.store.Members.CheckContacts(ctx, problems, b.Contacts)
	}
	contacts, problems, err := s.store.Members.findRefs(s.store.DB.Read(ctx), b.Contacts, "")
	if err != nil || len(problems) > 0 {
		return bulkSpec{}, orFailed(s.store.DB.Failed(ctx, err), problems)
	}
	spec := bulkSpec{IDs: b.IDs, Contacts: contactIDs(contacts), Description: b.Description, AvatarURL: b.AvatarURL, Append: b.Append, Rule: b.Rule}
	if b.Action == BulkDelete {
		spec.Hold = b.Hold
	}
	if b.IDs == nil {
		spec.Query = plainQuery(b.Query)
	}
	return spec, nil
}

// BulkOf returns what a job of a bulk change of groups is for, and false if it is another
// job. The contacts are by id.
func BulkOf(job jobs.Job) (Bulk, bool) {
	var spec bulkSpec
	if !slices.Contains(GroupActions, BulkAction(job.Kind)) || job.Read(&spec) != nil {
		return Bulk{}, false
	}
	b := Bulk{
		Action: BulkAction(job.Kind), Query: spec.Query, IDs: spec.IDs, Contacts: Refs(spec.Contacts...),
		Description: spec.Description, AvatarURL: spec.AvatarURL, Append: spec.Append, Hold: spec.Hold, Rule: spec.Rule,
	}
	b.All = b.everything()
	return b, true
}
