package models

import (
	"context"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// BulkEvents are the events that a bulk change makes.
type BulkEvents struct {
	// Made is how many whoever reads all would get: those that the pattern * includes.
	Made db.Count
	// Sent is how many deliveries to webhooks they make, now that these are as they are.
	Sent db.Count
	// AtMost says that there may be fewer: what the change leaves as it is, and which changes of
	// a group's members are one, is only known when they are made.
	AtMost bool
}

// announces returns the types of the events that an action makes of each object that changes:
// the one that patterns include, and the detail beside it, "" if there is none.
func (a BulkAction) announces() (made, detail events.Type) {
	switch a {
	case BulkArchive:
		return events.GroupUpdated, events.GroupArchived
	case BulkRestore:
		return events.GroupUpdated, events.GroupRestored
	case BulkAddContacts, BulkAddToGroups:
		return events.GroupUpdated, events.GroupMembersAdded
	case BulkRemoveContacts, BulkRemoveFromGroups:
		return events.GroupUpdated, events.GroupMembersRemoved
	case BulkDelete:
		return events.GroupDeleted, ""
	case BulkDeleteContacts:
		return events.ContactDeleted, ""
	}
	return events.GroupUpdated, ""
}

// groupEvents returns the events of a change of groups: each group's own.
func (s *BulkChanges) groupEvents(ctx context.Context, action BulkAction, groups db.Count) (BulkEvents, error) {
	unchanged, _ := action.left()
	return s.sent(ctx, action, BulkEvents{Made: groups, AtMost: unchanged == AnyStatus && action != BulkDelete})
}

// contactEvents returns the events of a change of contacts. ids are the contacts that change,
// or the first of them. What adds contacts to groups that aren't chosen yet is said of one group.
func (s *BulkChanges) contactEvents(ctx context.Context, b ContactBulk, ids []string, p ContactPreview) (BulkEvents, error) {
	if b.Action == BulkDeleteContacts {
		return s.sent(ctx, b.Action, BulkEvents{Made: p.ToChange})
	}
	made := BulkEvents{Made: p.Ending, AtMost: true} // no event without a membership that ends
	if b.Groups != nil {
		// Of each group, one for all contacts that one transaction adds or removes.
		groups := max(len(p.Groups), 1)
		part := min(jobs.LeastAtOnce, bulkRows/groups)
		parts := (p.ToChange.N + part - 1) / part
		most := p.ToChange
		if most.N = groups * parts; b.Action == BulkAddToGroups || most.N < p.Ending.N {
			made.Made = most
		}
		if parts != 1 || !most.Exact() || len(p.Groups) == 0 {
			return s.sent(ctx, b.Action, made)
		}
	} else if !p.Ending.Exact() || p.Ending.N > leftAtOnce {
		return s.sent(ctx, b.Action, made)
	}
	made.AtMost = false
	n, err := s.groupsChanged(ctx, b, ids, len(p.Groups))
	if err != nil {
		return made, err
	}
	made.Made = db.Count{N: n}
	return s.sent(ctx, b.Action, made)
}

// groupsChanged counts the groups whose members change with some contacts, out of those to
// which all of them are to be added or from which they are to be removed.
func (s *BulkChanges) groupsChanged(ctx context.Context, b ContactBulk, ids []string, groups int) (int, error) {
	query := db.Selection{Columns: "count(*)", From: "memberships", Tail: " GROUP BY group_id"}
	query.Where(s.store.DB.Dialect.Among("contact_id", ids))
	if b.Groups != nil {
		query.Where(s.store.DB.Dialect.Among("group_id", text.Valid(b.Groups)))
	}
	query.Where(ofGroups)
	members, err := db.Collect(s.store.DB.Read(ctx), query.SQL(), false, query.Args, db.OneColumn[int])
	if b.Action == BulkRemoveFromGroups {
		return len(members), err
	}
	for _, n := range members {
		if n == len(ids) {
			groups--
		}
	}
	return groups, err
}

// sent adds the deliveries.
func (s *BulkChanges) sent(ctx context.Context, action BulkAction, e BulkEvents) (BulkEvents, error) {
	wanted, err := s.store.Webhooks.Wanted(ctx)
	made, detail := action.announces()
	e.Sent = e.Made
	e.Sent.N *= wanted[made] + wanted[detail]
	return e, err
}
