package models

import (
	"context"
	"fmt"
	"slices"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// MaxBulkGroups is how many groups a bulk change adds contacts to, or removes them from.
const MaxBulkGroups = 100

// ContactBulk is a change of many contacts, or of many members of a group.
type ContactBulk struct {
	Action BulkAction
	// Query says which contacts: all that it finds; its order and range don't matter.
	Query ContactQuery
	// Group is the id of the group whose members Query finds; "" for all contacts.
	Group string
	// IDs are the contacts instead, unless nil.
	IDs []string
	// All must be set if Query finds every contact.
	All bool
	// Groups are the ids of the groups to add to, or to remove from; nil to remove from all
	// that the contacts are in.
	Groups []string
	// Key, unless nil, returns the first job again to whoever asks twice.
	Key *audit.IdempotencyKey
}

func (b ContactBulk) action() BulkAction { return b.Action }

func (b ContactBulk) key() *audit.IdempotencyKey { return b.Key }

// everything reports whether the query finds every contact.
func (b ContactBulk) everything() bool { return b.IDs == nil && b.Query.Text == "" && b.Group == "" }

// check returns what is wrong with the bulk change, except whether its groups exist.
func (b ContactBulk) check() access.Invalid {
	problems := b.Query.Problems.And(b.checkSet())
	if !slices.Contains(ContactActions, b.Action) {
		return problems.And(b.Action.unknown(ContactActions))
	}
	switch {
	case b.Action == BulkDeleteContacts && b.Groups != nil:
		problems = problems.And(access.Refused("groups", "Only add_to_groups and remove_from_groups take groups."))
	case b.Action == BulkDeleteContacts, b.Action == BulkRemoveFromGroups && b.Groups == nil:
	case len(b.Groups) == 0:
		problems = problems.And(access.MissingField("groups", "Choose at least one group."))
	case len(b.Groups) > MaxBulkGroups:
		problems = problems.And(access.Refused("groups", "At most %d groups fit in one call; these are %s.", MaxBulkGroups, text.Thousands(len(b.Groups))))
	}
	return problems
}

// checkSet returns what is wrong with the choice of contacts.
func (b ContactBulk) checkSet() access.Invalid {
	switch {
	case b.IDs != nil && b.Query.Text != "":
		return access.Refused("filter", "Choose contacts by ids or by other filters, not by both.")
	case b.IDs != nil && len(b.IDs) == 0:
		return access.MissingField("filter", "Choose at least one contact.")
	case len(b.IDs) > MaxBulkIDs:
		return access.Refused("ids", "At most %s contacts fit in one call; these are %s.", text.Thousands(MaxBulkIDs), text.Thousands(len(b.IDs)))
	case b.everything() && !b.All:
		return access.MissingField("filter", "This would change every contact. Set all to true if that is meant.")
	}
	return checkSearch(b.Query.Text)
}

// spec returns the checked bulk change as it is stored. Errors: Invalid.
func (b ContactBulk) spec(ctx context.Context, s *BulkChanges) (bulkSpec, error) {
	groups, unknown, err := s.groupsNamed(s.store.DB.Read(ctx), b.Groups)
	if err != nil {
		return bulkSpec{}, s.store.DB.Failed(ctx, err)
	}
	problems := b.check().And(unknown)
	if b.Group != "" {
		if _, unknown, err = s.groupsNamed(s.store.DB.Read(ctx), []string{b.Group}); err != nil {
			return bulkSpec{}, s.store.DB.Failed(ctx, err)
		}
		for _, p := range unknown {
			problems = problems.And(access.Refused("group", "%s", p.Message))
		}
	}
	if len(problems) > 0 {
		return bulkSpec{}, problems
	}
	spec := bulkSpec{IDs: b.IDs, Group: b.Group}
	if b.Groups != nil {
		spec.Groups = idsOf(asObjects(groups))
	}
	if b.IDs == nil {
		spec.Found = ContactQuery{Text: b.Query.Text, Reverse: true}
	}
	return spec, nil
}

// groupsNamed returns those groups that exist, each once, and problems for the others.
func (s *BulkChanges) groupsNamed(r db.Reader, ids []string) (groups []Group, problems access.Invalid, err error) {
	if len(ids) == 0 || len(ids) > MaxBulkGroups {
		return nil, nil, nil
	}
	query := selectGroups()
	query.Where(s.store.DB.Dialect.Among("id", text.Valid(ids)))
	query.Tail = " ORDER BY id"
	groups, err = db.Collect(r, query.SQL(), false, query.Args, (*Group).columns)
	for i, id := range ids {
		if !slices.ContainsFunc(groups, func(g Group) bool { return g.ID == id }) {
			what := fmt.Sprintf("There is no group with the id “%s”.", text.Cut(id, 64))
			problems = append(problems, access.Problem{Field: fmt.Sprintf("groups[%d]", i), Code: access.Bad, Message: what})
		}
	}
	return groups, problems, err
}

// GroupsByID returns those groups with these ids that exist, up to MaxBulkGroups.
func (s *Store) GroupsByID(ctx context.Context, ids []string) ([]Group, error) {
	groups, _, err := s.BulkChanges.groupsNamed(s.DB.Read(ctx), ids[:min(len(ids), MaxBulkGroups)])
	return groups, s.DB.Failed(ctx, err)
}

// findContacts returns a page for the contacts that a bulk change is about: with none yet, or
// with the one that is found by an id.
func (s *BulkChanges) findContacts(r db.Reader, group string, q ContactQuery) (ContactPage, error) {
	if group != "" {
		return s.store.Members.understandMembers(r, MemberQuery{Group: group, Text: q.Text})
	}
	return s.store.resolveContacts(r, q)
}

// gatherContacts finds the contacts of a bulk change, in the order of their ids.
func (s *BulkChanges) gatherContacts(ctx context.Context, job jobs.Job, after string, limit int) ([]jobs.Object, string, error) {
	var spec bulkSpec
	if err := job.Read(&spec); err != nil {
		return nil, "", err
	}
	if !spec.queries() {
		return s.gatherNamed(ctx, spec, after, limit, s.contactNames)
	}
	r := s.store.DB.ReadLong(ctx)
	page, err := s.findContacts(r, spec.Group, spec.Found)
	if err != nil {
		return nil, "", err
	}
	part := db.Range{After: db.Cursor{ID: after}, Limit: limit, Whole: true}
	if !page.exact {
		page.spec.IDs = append(page.spec.IDs, db.IDLimit{Sign: "<", ID: spec.Snapshot})
		err = findContacts(s.store.DB, r, &page, part, MemberQuery{}.args)
	}
	objects := make([]jobs.Object, len(page.Contacts))
	for i, c := range page.Contacts {
		objects[i] = jobs.Object{ID: c.ID, Name: c.Name()}
	}
	next := ""
	if page.More {
		next = objects[len(objects)-1].ID
	}
	return objects, next, err
}

// contactNames returns the names of contacts by id.
func (s *BulkChanges) contactNames(ctx context.Context, ids []string) (map[string]string, error) {
	query := selectContacts(s.store.DB.Dialect.Among("id", ids))
	contacts, err := db.Collect(s.store.DB.Read(ctx), query.SQL(), false, query.Args, (*Contact).columns)
	names := make(map[string]string, len(contacts))
	for _, c := range contacts {
		names[c.ID] = c.Name()
	}
	return names, err
}
