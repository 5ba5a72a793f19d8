package export

import (
	"context"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// List is a list to export, and how. It is also what the job of a large export stores.
type List struct {
	// Of is what the list is of.
	Of Subject
	// Format is the name of a format.
	Format string
	// Name is that of the file, without its time and extension.
	Name string
	// One of these is the list; its order counts, its range doesn't. IDs are the groups or
	// contacts instead, unless nil.
	Groups   models.GroupQuery   `json:",omitzero"`
	Contacts models.ContactQuery `json:",omitzero"`
	Members  models.MemberQuery  `json:",omitzero"`
	Activity audit.ActivityQuery `json:",omitzero"`
	IDs      []string            `json:",omitempty"`
	// MemberIDs asks for the ids of each group's members.
	MemberIDs bool `json:",omitempty"`
}

// Subject is what a list is of, by the kind of the jobs that export it.
type Subject string

// The subjects.
const (
	Groups   Subject = models.ExportGroupsKind
	Contacts Subject = models.ExportContactsKind
	Members  Subject = models.ExportMembersKind
	Activity Subject = models.ExportActivityKind
)

// Columns returns the columns of the list's file.
func (l List) Columns() []string {
	switch l.Of {
	case Activity:
		return activityColumns
	case Groups:
		if l.MemberIDs {
			return append(GroupColumns[:len(GroupColumns):len(GroupColumns)], membersColumn)
		}
		return GroupColumns
	}
	return ContactColumns
}

// Rights returns what it takes to have the list's file.
func (l List) Rights() []access.Right {
	rights := []access.Right{access.Export}
	switch l.Of {
	case Activity:
		return append(rights, access.ReadActivity)
	case Contacts:
		return append(rights, access.ReadContacts)
	case Members:
		return append(rights, access.ReadGroups, access.ReadContacts)
	}
	if l.MemberIDs {
		rights = append(rights, access.ReadContacts)
	}
	return append(rights, access.ReadGroups)
}

// Rows passes the rows of the list, each a value for each column, to write. begin gets their number
// before the first; if it fails, nothing was exported. Errors: those of models.Exports.
func (l List) Rows(ctx context.Context, store *models.Store, by access.Actor, begin func(rows int) error, write func(values ...any) error) error {
	l.Groups.Range, l.Contacts.Range, l.Members.Range = db.Range{}, db.Range{}, db.Range{}
	e := models.Export{Format: l.Format, MemberIDs: l.MemberIDs, IDs: l.IDs, Begin: begin}
	contact := func(c models.Contact) error { return write(ContactRow(c)...) }
	switch l.Of {
	case Activity:
		return store.Audit.ExportActivity(ctx, by, l.Activity, l.Format, begin, func(line audit.Line) error { return write(activityRow(line)...) })
	case Contacts:
		return store.Exports.ExportContacts(ctx, by, l.Contacts, e, contact)
	case Members:
		return store.Exports.ExportMembers(ctx, by, l.Members, e, contact)
	}
	return store.Exports.ExportGroups(ctx, by, l.Groups, e, func(g models.Group, members []string) error {
		row := GroupRow(g)
		if l.MemberIDs {
			row = append(row, append([]string{}, members...))
		}
		return write(row...)
	})
}
