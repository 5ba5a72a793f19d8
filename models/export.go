package models

import (
	"context"
	"math"
	"slices"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// An export passes rows to its caller page by page, so that it takes the same memory however
// many there are, and all as they were at one moment: it reads in one transaction
// (db.Snapshot). Rows up to an id would take no transaction, but some of them would be as
// they were later, and in the order of names some would come twice or not at all.

// exportPage is how many rows are read at once, and exportIDs how many ids of members, unless
// one group has more.
const (
	exportPage = 500
	exportIDs  = 2000
)

// The kinds of the jobs that export, whose files package export writes.
const (
	ExportGroupsKind   = "groups.export"
	ExportContactsKind = "contacts.export"
	ExportMembersKind  = "members.export"
	ExportActivityKind = "activity.export"
)

var exportKinds = []string{ExportGroupsKind, ExportContactsKind, ExportMembersKind, ExportActivityKind}

// Export says how a list is exported.
type Export struct {
	// Format is the name of the file's format, for the audit line.
	Format string
	// MemberIDs asks for the ids of each group's members.
	MemberIDs bool
	// IDs are the groups or contacts that are exported in place of those that the query
	// finds, unless nil; the newest first, and without those that are gone.
	IDs []string
	// Begin, unless nil, gets the number of rows before the first. Its error ends the export
	// as if it had not begun.
	Begin func(rows int) error
}

// ExportGroups passes all groups that a query finds to each, in its order, with the ids of
// their members if e asks for them. It first writes an audit line with their number. Errors:
// Denied, Invalid, Conflict if too many exports are running, and what e and each return.
func (s *Exports) ExportGroups(ctx context.Context, by access.Actor, q GroupQuery, e Export, each func(g Group, members []string) error) error {
	needs := []access.Right{access.ReadGroups}
	if e.MemberIDs {
		needs = append(needs, access.ReadContacts)
	}
	return s.export(ctx, by, needs, func(x *exporting) error {
		line := audit.Line{Action: audit.ExportedGroups, ObjectKind: "groups"}
		pass := func(groups []Group) error { return x.withMembers(groups, e.MemberIDs, each) }
		if e.IDs != nil {
			return chosen(x, line, e, selectGroups(), (*Group).columns, pass)
		}
		page, err := s.store.resolveSearch(x.r, q)
		if err != nil {
			return err
		}
		if page.AtLeast {
			return page.Search.Hints[len(page.Search.Hints)-1].refused("q") // the one about members
		}
		groups, first := page.query.spec(page.members), []Group{}
		if page.Exact != nil {
			groups.Tests.Where("groups.id <> ?", page.Exact.ID)
			first = append(first, *page.Exact)
		}
		if err := x.counted(line, e, page.query.details(), groups, len(first)); err != nil {
			return err
		}
		if err := pass(first); err != nil {
			return err
		}
		return walk(func(part db.Range) ([]Group, bool, error) {
			found, err := db.Search(s.store.DB, x.r, groups, part, page.query.args, (*Group).columns)
			return found.Rows, found.More, err
		}, page.query.Cursor, pass)
	})
}

// ExportContacts is ExportGroups for contacts.
func (s *Exports) ExportContacts(ctx context.Context, by access.Actor, q ContactQuery, e Export, each func(Contact) error) error {
	return s.export(ctx, by, []access.Right{access.ReadContacts}, func(x *exporting) error {
		line := audit.Line{Action: audit.ExportedContacts, ObjectKind: "contacts"}
		if e.IDs != nil {
			query := db.Selection{Columns: contactColumns, From: "contacts"}
			return chosen(x, line, e, query, (*Contact).columns, func(contacts []Contact) error { return passAll(x, contacts, each) })
		}
		page, err := s.store.resolveContacts(x.r, q)
		if err != nil {
			return err
		}
		return x.contacts(line, e, page, q.Text, q.args, q.Cursor, each)
	})
}

// ExportMembers is ExportContacts for the members of a group. Errors: also ErrNotFound.
func (s *Exports) ExportMembers(ctx context.Context, by access.Actor, q MemberQuery, e Export, each func(Contact) error) error {
	return s.export(ctx, by, []access.Right{access.ReadGroups, access.ReadContacts}, func(x *exporting) error {
		page, err := s.store.Members.understandMembers(x.r, q)
		if err != nil {
			return err
		}
		g, err := readGroup(x.r, q.Group, 0)
		if err != nil {
			return err
		}
		line := audit.Line{Action: audit.ExportedMembers, ObjectKind: "group", ObjectID: g.ID, ObjectName: g.Name}
		if e.IDs != nil {
			query := db.Selection{Columns: contactColumns, From: "contacts"}
			query.Where("EXISTS (SELECT 1 FROM memberships WHERE group_id = ? AND contact_id = contacts.id)", g.ID)
			return chosen(x, line, e, query, (*Contact).columns, func(contacts []Contact) error { return passAll(x, contacts, each) })
		}
		return x.contacts(line, e, page, q.Text, q.args, memberCursor, each)
	})
}

// Parts receive what belongs to a group or contact, in this order.
type Parts struct {
	Group   func(Group) error
	Contact func(Contact) error
	// Contacts are a group's members, Groups those that a contact is in.
	Contacts func(Contact) error
	Groups   func(Group) error
	// Messages are those of the conversation, and InGroups those that a contact wrote in groups, the
	// oldest first.
	Messages, InGroups func(Message) error
}

// wholeRights are what it takes to export all of a group or contact.
var wholeRights = []access.Right{access.ReadGroups, access.ReadContacts, access.ReadMessages}

// ExportGroup passes a group, all its members and all its messages to the parts. It first
// writes an audit line. Errors: ErrNotFound, Denied, Conflict if too many exports are
// running, and what the parts return.
func (s *Exports) ExportGroup(ctx context.Context, by access.Actor, id, format string, to Parts) error {
	return s.export(ctx, by, wholeRights, func(x *exporting) error {
		g, err := readGroup(x.r, id, 0)
		if err != nil {
			return err
		}
		line := audit.Line{Action: audit.ExportedGroup, ObjectKind: "group", ObjectID: g.ID, ObjectName: g.Name}
		if err := x.log(line, map[string]any{"format": format, "members_count": g.ContactsCount}); err != nil {
			return err
		}
		if err := x.sent(to.Group(g)); err != nil {
			return err
		}
		q := MemberQuery{Group: id}
		if err := x.eachContact(q.spec(), q.args, memberCursor, to.Contacts); err != nil {
			return err
		}
		return x.eachMessage(g.ConversationID, to.Messages)
	})
}

// ExportContact is ExportGroup for a contact, with the groups that it is in.
func (s *Exports) ExportContact(ctx context.Context, by access.Actor, id, format string, to Parts) error {
	return s.export(ctx, by, wholeRights, func(x *exporting) error {
		if !text.ValidID(id) {
			return access.ErrNotFound
		}
		c, err := db.Take(x.r, selectContacts("id = ?", id), (*Contact).columns)
		if err != nil {
			return err
		}
		line := audit.Line{Action: audit.ExportedContact, ObjectKind: "contact", ObjectID: c.ID, ObjectName: c.Username}
		if err := x.log(line, map[string]any{"format": format}); err != nil {
			return err
		}
		if err := x.sent(to.Contact(c)); err != nil {
			return err
		}
		q := GroupQuery{}
		groups := q.spec([]Contact{c})
		err = walk(func(part db.Range) ([]Group, bool, error) {
			found, err := db.Search(s.store.DB, x.r, groups, part, q.args, (*Group).columns)
			return found.Rows, found.More, err
		}, q.Cursor, func(groups []Group) error { return passAll(x, groups, to.Groups) })
		if err != nil {
			return err
		}
		if err := x.eachMessage(c.ConversationID, to.Messages); err != nil {
			return err
		}
		return x.eachWritten(c, to.InGroups)
	})
}

// exporting is an export while it runs.
type exporting struct {
	*Store
	ctx context.Context
	by  access.Actor
	r   db.Reader
	// unsent is an error of the caller's, which says nothing about the database.
	unsent error
}

// export runs an export in one snapshot.
func (s *Exports) export(ctx context.Context, by access.Actor, needs []access.Right, run func(*exporting) error) error {
	for _, right := range append(needs, access.Export) {
		if err := by.Check(right); err != nil {
			return err
		}
	}
	x := &exporting{Store: s.store, ctx: ctx, by: by}
	err := s.store.DB.SnapshotList(db.WithCaller(ctx, by.ID), func(r db.Reader) error {
		x.r = r
		return run(x)
	})
	if x.unsent != nil {
		return x.unsent
	}
	return s.store.DB.Failed(ctx, err)
}

// counted is begin with the number of rows that a search finds, and of others.
func (x *exporting) counted(about audit.Line, e Export, details map[string]any, l db.SearchSpec, others int) error {
	n, err := db.CountUpTo(x.r, l.All(x.DB.Dialect), math.MaxInt32)
	if err != nil {
		return err
	}
	return x.begin(about, e, details, n.N+others)
}

// chosen exports the rows of a table that e names.
func chosen[T any](x *exporting, about audit.Line, e Export, query db.Selection, columns func(*T) []any, pass func([]T) error) error {
	if len(e.IDs) > MaxBulkIDs {
		return access.Refused("ids", "At most %s can be exported by ID.", text.Thousands(MaxBulkIDs))
	}
	ids := text.Valid(e.IDs)
	slices.Sort(ids)
	slices.Reverse(ids)
	some := func(ids []string) db.Selection {
		q := query
		q.Where(x.DB.Dialect.Among("id", ids))
		q.Tail = " ORDER BY id DESC"
		return q
	}
	all := some(ids)
	all.Tail = ""
	n, err := db.CountUpTo(x.r, all, math.MaxInt32)
	if err == nil {
		err = x.begin(about, e, map[string]any{}, n.N)
	}
	for part := range slices.Chunk(ids, exportPage) {
		if err != nil {
			break
		}
		var rows []T
		if rows, err = db.First(x.r, some(part), exportPage, columns); err == nil {
			err = pass(rows)
		}
	}
	return err
}

// contacts exports the contacts of a page and all that follow it.
func (x *exporting) contacts(about audit.Line, e Export, page ContactPage, q string, args func(db.Cursor) []any, cursor func(Contact) db.Cursor, each func(Contact) error) error {
	details := map[string]any{"q": q}
	if page.exact {
		if err := x.begin(about, e, details, len(page.Contacts)); err != nil {
			return err
		}
		return passAll(x, page.Contacts, each)
	}
	if err := x.counted(about, e, details, page.spec, 0); err != nil {
		return err
	}
	return x.eachContact(page.spec, args, cursor, each)
}

func memberCursor(c Contact) db.Cursor { return db.Cursor{ID: c.ID} }

func (x *exporting) eachContact(l db.SearchSpec, args func(db.Cursor) []any, cursor func(Contact) db.Cursor, each func(Contact) error) error {
	return walk(func(part db.Range) ([]Contact, bool, error) {
		found, err := db.Search(x.DB, x.r, l, part, args, (*Contact).columns)
		return found.Rows, found.More, err
	}, cursor, func(contacts []Contact) error { return passAll(x, contacts, each) })
}

func (x *exporting) eachMessage(conversationID string, each func(Message) error) error {
	query := selectMessages(messageColumns, conversationID)
	return walk(func(part db.Range) ([]Message, bool, error) {
		return db.Find(x.r, query, db.IDKeyset("messages"), part, func(c db.Cursor) []any { return []any{c.ID} }, (*Message).columns)
	}, func(m Message) db.Cursor { return db.Cursor{ID: m.ID} }, func(messages []Message) error { return passAll(x, messages, each) })
}

// eachWritten passes the messages that a contact wrote in groups. Their ids are sorted once, as no index
// has their order.
func (x *exporting) eachWritten(c Contact, each func(Message) error) error {
	ids := db.SelectFrom("messages", "id", "contact_id = ? AND conversation_id <> ?", c.ID, c.ConversationID)
	ids.Where("EXISTS (SELECT 1 FROM conversations WHERE conversations.id = messages.conversation_id)") // or being deleted
	ids.Tail = " ORDER BY id"
	all, err := db.Collect(x.r, ids.SQL(), false, ids.Args, db.OneColumn[string])
	if err != nil {
		return err
	}
	for part := range slices.Chunk(all, db.MaxLimit) {
		query := db.Selection{Columns: messageColumns, From: "messages", Tail: " ORDER BY id"}
		query.Where(x.DB.Dialect.Among("id", part))
		messages, err := db.Collect(x.r, query.SQL(), false, query.Args, (*Message).columns)
		if err != nil {
			return err
		}
		if err := passAll(x, messages, each); err != nil {
			return err
		}
	}
	return nil
}

// withMembers passes groups with the ids of their members, or without. It reads those of few
// groups at once if they have many.
func (x *exporting) withMembers(groups []Group, ids bool, each func(Group, []string) error) error {
	for len(groups) > 0 {
		n, members := 1, groups[0].ContactsCount
		for n < len(groups) && members+groups[n].ContactsCount <= exportIDs {
			members += groups[n].ContactsCount
			n++
		}
		var of map[string][]string
		if ids && members > 0 {
			var err error
			if of, err = x.memberIDs(groups[:n]); err != nil {
				return err
			}
		}
		for _, g := range groups[:n] {
			if err := x.sent(each(g, of[g.ID])); err != nil {
				return err
			}
		}
		groups = groups[n:]
	}
	return nil
}

// memberIDs returns the ids of the members of groups, in order, by the groups' ids.
func (x *exporting) memberIDs(groups []Group) (map[string][]string, error) {
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = g.ID
	}
	query := db.Selection{Columns: "group_id, contact_id", From: "memberships", Tail: " ORDER BY group_id, contact_id"}
	query.Where(x.DB.Dialect.Among("group_id", ids))
	query.Where(ofContacts)
	rows, err := db.Collect(x.r, query.SQL(), false, query.Args, func(m *membership) []any { return []any{&m.GroupID, &m.ContactID} })
	of := map[string][]string{}
	for _, m := range rows {
		of[m.GroupID] = append(of[m.GroupID], m.ContactID)
	}
	return of, err
}

// sent notes an error of the caller's.
func (x *exporting) sent(err error) error {
	if err != nil {
		x.unsent = err
	}
	return err
}

func passAll[T any](x *exporting, rows []T, each func(T) error) error {
	for _, row := range rows {
		if err := x.sent(each(row)); err != nil {
			return err
		}
	}
	return nil
}

// walk passes all pages that find finds to each, in turn.
func walk[T any](find func(db.Range) ([]T, bool, error), cursor func(T) db.Cursor, each func([]T) error) error {
	part := db.Range{Limit: exportPage, Whole: true}
	for {
		rows, more, err := find(part)
		if err == nil {
			err = each(rows)
		}
		if err != nil || !more {
			return err
		}
		part.After = cursor(rows[len(rows)-1])
	}
}
