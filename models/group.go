package models

import (
	"context"
	"database/sql"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Limits of a group's values, in characters, and of the members in one call.
const (
	MaxDescription = 10_000

	MaxContacts = 10_000
	// ShownContacts is how many members a Group carries, and PreviewContacts how many one
	// from GroupPreview.
	ShownContacts   = 100
	PreviewContacts = 10
)

// Group is a community: a collection of contacts with a conversation. Optional values are
// nil if there are none.
type Group struct {
	ID             string
	Name           string
	Description    *string
	AvatarURL      *string
	ConversationID string
	// ContactsCount is how many members there are; the store maintains it.
	ContactsCount int
	// Times are Unix seconds; ArchivedAt is nil while the group is active.
	CreatedAt, UpdatedAt int64
	ArchivedAt           *int64
	// LastActiveAt is when there was last a message, to the minute, or when the group was
	// created if there has been none.
	LastActiveAt int64

	// CreatedBy is who created the group, in the row of a new one; see Store.CreatedBy.
	CreatedBy access.ActorRef `gorm:"embedded;embeddedPrefix:created_by_" json:"-"`
	// ArchivedBy is who archived the group, in the row that is being written; see
	// Store.ArchivedBy.
	ArchivedBy access.ActorRef `gorm:"embedded;embeddedPrefix:archived_by_" json:"-"`

	// Contacts are the first ShownContacts members, by id, if they were read.
	Contacts []Contact `gorm:"-"`

	// NameKey and Search are what the group is sorted and searched by.
	NameKey string `json:"-"`
	Search  string `json:"-"`
	// SameName reports whether another group has, or once had, the same NameKey.
	SameName bool `json:"-"`
}

// GroupFields are the values that a form edits; "" for none.
type GroupFields struct{ Name, Description, AvatarURL string }

// GroupChange is what a new group gets or what to change about one: nil leaves a value as
// it is, "" removes an optional one.
type GroupChange struct {
	Name, Description, AvatarURL *string
	// Contacts replaces the members.
	Contacts *[]ContactRef
	// ArchivedAt archives at a time that is not in the future, or restores if it is not
	// Valid. A group that is archived already keeps its time.
	ArchivedAt *sql.Null[int64]

	// OwnName lets CreateGroup refuse the name of another active group, as a Namesake.
	OwnName bool
	// Was holds the values that the person saw who made the change. A field that someone
	// else has changed since, to something else, is an EditConflict.
	Was *GroupFields
	// If must be true of the group, members included, or nothing changes and the error is
	// ErrChanged. nil for no condition.
	If func(Group) bool
	// Problems were found while the request was read. If there are any, nothing is changed,
	// and they are returned together with what else is wrong.
	Problems access.Invalid
}

// groupFields are the texts of a group that can be edited.
var groupFields = fields[Group, GroupChange, GroupFields]{
	{
		name: "name", label: "name", missing: "Enter a name for the group.", rule: groupName,
		right: access.EditGroups, searched: verbatim,
		column: func(g *Group) any { return &g.Name },
		change: func(c *GroupChange) **string { return &c.Name },
		form:   func(f *GroupFields) *string { return &f.Name },
	},
	{
		name: "description", label: "description", rule: description,
		right: access.EditGroups, searched: verbatim,
		column: func(g *Group) any { return &g.Description },
		change: func(c *GroupChange) **string { return &c.Description },
		form:   func(f *GroupFields) *string { return &f.Description },
	},
	{
		name: "avatar_url", label: "avatar URL", rule: avatarURL,
		right:  access.EditGroups,
		column: func(g *Group) any { return &g.AvatarURL },
		change: func(c *GroupChange) **string { return &c.AvatarURL },
		form:   func(f *GroupFields) *string { return &f.AvatarURL },
	},
}

func groupName(s string) (string, string) { return text.Visible(text.ProperName("The name", s)) }

func description(s string) (string, string) {
	return text.Visible(text.Paragraphs("The description", s, MaxDescription))
}

// Fields returns the group's values for a form.
func (g Group) Fields() GroupFields { return groupFields.formOf(&g) }

// Inputs returns the values under the names of the form's inputs.
func (f GroupFields) Inputs() []Input { return groupFields.inputs(f) }

// NewGroupFields returns the values that value returns by the names of the fields.
func NewGroupFields(value func(name string) string) GroupFields { return groupFields.newForm(value) }

// NewGroupChange returns a change to the values that value returns by the names of the
// fields.
func NewGroupChange(value func(name string) *string) GroupChange {
	return groupFields.newChange(value)
}

// Edits compares the change, which has Was, with the group after it.
func (c GroupChange) Edits(g Group) []Edit { return groupFields.edits(c, *c.Was, &g) }

var groupColumns = groupFields.selected("groups", "id", "conversation_id", "contacts_count", "created_at", "updated_at", "archived_at", "last_active_at")

// selectGroups selects groups without the derived columns.
func selectGroups() db.Selection { return db.Selection{From: "groups", Columns: groupColumns} }

// columns returns the destinations of groupColumns.
func (g *Group) columns() []any {
	return groupFields.scanned(g, &g.ID, &g.ConversationID, &g.ContactsCount, &g.CreatedAt, &g.UpdatedAt, &g.ArchivedAt, &g.LastActiveAt)
}

// allColumns are groupColumns and the derived ones; scanAll returns their destinations.
var allColumns = groupColumns + ", name_key, search, same_name, created_by_kind, created_by_id, created_by_name," +
	" archived_by_kind, archived_by_id, archived_by_name"

func (g *Group) scanAll() []any {
	return append(g.columns(), &g.NameKey, &g.Search, &g.SameName, &g.CreatedBy.Kind, &g.CreatedBy.ID, &g.CreatedBy.Name,
		&g.ArchivedBy.Kind, &g.ArchivedBy.ID, &g.ArchivedBy.Name)
}

// Archived reports whether the group is in the archive.
func (g Group) Archived() bool { return g.ArchivedAt != nil }

// Group returns one group with its first members, or ErrNotFound.
func (s *Store) Group(ctx context.Context, id string) (Group, error) {
	g, err := readGroup(s.DB.Read(ctx), id, ShownContacts)
	return g, s.DB.Failed(ctx, err)
}

// GroupPreview is Group with only PreviewContacts members.
func (s *Store) GroupPreview(ctx context.Context, id string) (Group, error) {
	g, err := readGroup(s.DB.Read(ctx), id, PreviewContacts)
	return g, s.DB.Failed(ctx, err)
}

func readGroup(r db.Reader, id string, members int) (Group, error) {
	if !text.ValidID(id) {
		return Group{}, access.ErrNotFound
	}
	query := selectGroups()
	query.Where("id = ?", id)
	var g Group
	if err := r.Together(r.Ctx, g.read(query.SQL(), query.Args, (*Group).columns), g.readMembers(id, members)); err != nil {
		return Group{}, err
	}
	return g, nil
}

// read returns a statement that reads the group: ErrNoRow if there is none.
func (g *Group) read(sql string, args []any, columns func(*Group) []any) db.Statement {
	return db.Statement{SQL: sql, Args: args, Read: func(rows db.Rows) error {
		found, err := db.Scan(rows, columns)
		if err == nil && len(found) == 0 {
			return db.ErrNoRow
		}
		if err == nil {
			*g = found[0]
		}
		return err
	}}
}

// readMembers returns a statement that reads the first members of the group, which has been read
// by then.
func (g *Group) readMembers(id string, most int) db.Statement {
	return db.Statement{SQL: db.MembersOf(contactColumns, most), Args: []any{id}, Read: func(found db.Rows) error {
		g.Contacts = []Contact{}
		return scanMembers(found, map[string]*Group{id: g})
	}}
}
