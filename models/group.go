package models

import (
	"context"
	"database/sql"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
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

	// Contacts are the first ShownContacts members, by id, if they were read.
	Contacts []Contact `gorm:"-"`

	// NameKey and Search are what the group is sorted and searched by.
	NameKey string `json:"-"`
	Search  string `json:"-"`
}

// selectGroups selects groups without the derived columns.
func selectGroups() db.Selection {
	return db.Selection{From: "groups", Columns: "groups.id, groups.name, groups.description, groups.avatar_url, groups.conversation_id, " +
		"groups.contacts_count, groups.created_at, groups.updated_at, groups.archived_at"}
}

// columns returns the destinations of selectGroups.
func (g *Group) columns() []any {
	return []any{
		&g.ID, &g.Name, &g.Description, &g.AvatarURL, &g.ConversationID,
		&g.ContactsCount, &g.CreatedAt, &g.UpdatedAt, &g.ArchivedAt,
	}
}

// Archived reports whether the group is in the archive.
func (g Group) Archived() bool { return g.ArchivedAt != nil }

// Fields returns the group's values for a form.
func (g Group) Fields() GroupFields {
	return GroupFields{Name: g.Name, Description: text.Deref(g.Description), AvatarURL: text.Deref(g.AvatarURL)}
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

	// Was holds the values that the person saw who made the change. A field that somebody
	// else has changed since, to something else, is an EditConflict.
	Was *GroupFields
	// If must be true of the group, members included, or nothing changes and the error is
	// ErrChanged. nil for no condition.
	If func(Group) bool
	// Problems were found while the request was read. If there are any, nothing is changed,
	// and they are returned together with what else is wrong.
	Problems access.Invalid
}

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
	groups := make([]Group, 0, 1)
	err := r.Together(r.Ctx, db.Statement{SQL: query.SQL(), Args: query.Args, Read: func(found db.Rows) (err error) {
		if groups, err = db.Scan(found, (*Group).columns); err == nil && len(groups) == 0 {
			return db.ErrNoRow
		}
		return err
	}}, db.Statement{SQL: db.MembersOf(contactColumns, members), Args: []any{id}, Read: func(found db.Rows) error {
		groups[0].Contacts = []Contact{}
		return scanMembers(found, map[string]*Group{id: &groups[0]})
	}})
	if err != nil {
		return Group{}, err
	}
	return groups[0], nil
}

// CreateGroup creates a group with its conversation. A second call with the same key
// returns the first one's group. Errors: Invalid, Conflict, Denied.
func (s *Store) CreateGroup(ctx context.Context, by access.Actor, c GroupChange, key *audit.IdempotencyKey) (Group, error) {
	if len(text.Deref(c.Contacts)) > 0 {
		if err := by.Check(access.EditMembers); err != nil {
			return Group{}, err
		}
	}
	if c.Name == nil {
		c.Name = new("")
	}
	set, problems := c.check(s.DB.Now())
	if len(problems) > 0 {
		return Group{}, s.Refuse(ctx, problems, text.Deref(c.Contacts))
	}
	return audit.Once(ctx, s.Audit, by, access.EditGroups, audit.CreatedGroup, key, func(tx *gorm.DB, line *audit.Line) (Group, error) {
		members, err := s.resolve(tx, text.Deref(c.Contacts))
		if err != nil {
			return Group{}, err
		}
		if len(members) > 0 && !line.By.May(access.EditMembers) {
			return Group{}, access.Denied{Right: access.EditMembers}
		}
		g, err := s.insertGroup(tx, set, members)
		if err != nil {
			return Group{}, err
		}
		said := differences(Group{}, g)
		if len(members) > 0 {
			said["contacts"] = audit.Change{Before: nil, After: named(members)}
		}
		line.SetObject("group", g.ID, g.Name)
		return g, line.SetChanges(said)
	})
}

// insertGroup stores a new group with its conversation and its members.
func (s *Store) insertGroup(tx *gorm.DB, set groupSetter, members []Contact) (Group, error) {
	floor, err := s.DB.Dialect.Floor(tx, "groups")
	if err != nil {
		return Group{}, err
	}
	now := s.DB.Now()
	g := Group{
		ID: s.DB.IDs.Next(now, floor), ConversationID: s.DB.IDs.Next(now, ""),
		ContactsCount: len(members), CreatedAt: now.Unix(), UpdatedAt: now.Unix(), Contacts: firstOf(members),
	}
	g.set(set)
	if err := tx.Create(&g).Error; err != nil {
		return Group{}, err
	}
	if err := tx.Create(&conversation{ID: g.ConversationID, GroupID: &g.ID, CreatedAt: g.CreatedAt}).Error; err != nil {
		return Group{}, err
	}
	_, err = s.join(tx, g.ID, members)
	return g, err
}

// UpdateGroup makes a change and returns the group after it. It requires only the rights
// for what it changes: a moderator may archive without being able to rename. A change that
// changes nothing leaves no trace. Errors: Invalid, ErrNotFound, ErrChanged, EditConflict,
// Conflict, Denied.
func (s *Store) UpdateGroup(ctx context.Context, by access.Actor, id string, c GroupChange) (Group, error) {
	if err := by.CheckAll(c.rights()...); err != nil {
		return Group{}, err
	}
	c.Name = text.SentBack(c.Name, func() (string, error) {
		g, err := s.Group(ctx, id)
		return g.Name, err
	})
	set, problems := c.check(s.DB.Now())
	if len(problems) > 0 {
		return Group{}, s.Refuse(ctx, problems, text.Deref(c.Contacts))
	}
	var after Group
	err := s.Audit.Write(ctx, by, access.ReadGroups, c.action(), func(tx *gorm.DB, line *audit.Line) error {
		var said map[string]audit.Change
		err := line.By.CheckAll(c.rights()...)
		if err != nil {
			return err
		}
		if after, said, err = s.changeGroup(tx, id, c, set); err != nil {
			return err
		}
		if len(said) == 0 {
			return audit.ErrNothing
		}
		line.SetObject("group", after.ID, after.Name)
		return line.SetChanges(said)
	})
	return after, err
}

// changeGroup stores a change of a group, and returns the group with what is different
// about it now.
func (s *Store) changeGroup(tx *gorm.DB, id string, c GroupChange, set groupSetter) (Group, map[string]audit.Change, error) {
	before, err := s.lockGroup(tx, id, c.If)
	if err != nil {
		return Group{}, nil, err
	}
	if err := c.merge(tx, before, set); err != nil {
		return Group{}, nil, err
	}
	after := before
	after.set(set)
	if before.Archived() && after.Archived() {
		after.ArchivedAt = before.ArchivedAt
	}
	said := differences(before, after)
	if err := s.changeContacts(tx, &after, c.Contacts, said); err != nil || len(said) == 0 {
		return after, nil, err
	}
	after.UpdatedAt = s.DB.Now().Unix()
	return after, said, tx.Select(groupWritten).Updates(&after).Error
}

// changeContacts makes refs, unless nil, the only members of a locked group, adds that to
// said, and reads the first members.
func (s *Store) changeContacts(tx *gorm.DB, g *Group, refs *[]ContactRef, said map[string]audit.Change) error {
	if refs != nil {
		added, removed, err := s.replaceMembers(tx, g, *refs)
		if len(added)+len(removed) > 0 {
			said["contacts"] = audit.Change{Before: named(removed), After: named(added)}
		}
		return err
	}
	groups := []Group{*g}
	err := s.addContacts(s.DB.ReadIn(tx), groups)
	g.Contacts = groups[0].Contacts
	return err
}

// groupWritten are the columns of an update, listed so that empty ones are written too.
var groupWritten = []string{"name", "name_key", "description", "avatar_url", "contacts_count", "search", "archived_at", "updated_at"}

// ArchiveGroup archives a group; it can still be read, changed and restored. One that is
// archived already stays as it is. at is the time in Unix seconds, 0 for now.
func (s *Store) ArchiveGroup(ctx context.Context, by access.Actor, id string, at int64) (Group, error) {
	if at == 0 {
		at = s.DB.Now().Unix()
	}
	return s.UpdateGroup(ctx, by, id, GroupChange{ArchivedAt: &sql.Null[int64]{V: at, Valid: true}})
}

// RestoreGroup takes a group out of the archive.
func (s *Store) RestoreGroup(ctx context.Context, by access.Actor, id string) (Group, error) {
	return s.UpdateGroup(ctx, by, id, GroupChange{ArchivedAt: &sql.Null[int64]{}})
}

// lockGroup reads a group and locks it until the transaction ends. It returns ErrChanged if
// when is not nil and not true.
func (s *Store) lockGroup(tx *gorm.DB, id string, when func(Group) bool) (Group, error) {
	if !text.ValidID(id) {
		return Group{}, access.ErrNotFound
	}
	var g Group
	if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&g).Error; err != nil {
		return g, err
	}
	if when == nil {
		return g, nil
	}
	whole := []Group{g}
	if err := s.addContacts(s.DB.ReadIn(tx), whole); err != nil {
		return g, err
	}
	if !when(whole[0]) {
		return g, access.ErrChanged
	}
	return g, nil
}

// check returns the checked values of the change, and what is wrong with it.
func (c GroupChange) check(now time.Time) (groupSetter, access.Invalid) {
	var set groupSetter
	var problems access.Invalid
	set.name = problems.Require("name", c.Name, "Enter a name for the group.", groupName)
	set.description = problems.Check("description", c.Description, description)
	set.avatarURL = problems.Check("avatar_url", c.AvatarURL, avatarURL)
	if c.ArchivedAt != nil && c.ArchivedAt.Valid {
		if at := c.ArchivedAt.V; at > now.Unix() || at < 0 {
			problems = append(problems, access.Refused("archived_at", "The archive time must not be in the future, nor before 1970.")...)
		}
	}
	set.archivedAt = c.ArchivedAt
	if c.Contacts != nil {
		problems = append(problems, checkRefs(*c.Contacts)...)
	}
	return set, c.Problems.And(problems)
}

func groupName(s string) (string, string) { return text.Visible(text.ProperName("The name", s)) }

func description(s string) (string, string) {
	return text.Visible(text.Paragraphs("The description", s, MaxDescription))
}

// groupSetter holds checked values; nil leaves one as it is.
type groupSetter struct {
	name, description, avatarURL *string
	archivedAt                   *sql.Null[int64]
}

// set sets the values, and what is derived from them.
func (g *Group) set(c groupSetter) {
	if c.name != nil {
		g.Name = *c.name
	}
	if c.description != nil {
		g.Description = text.OrNil(*c.description)
	}
	if c.avatarURL != nil {
		g.AvatarURL = text.OrNil(*c.avatarURL)
	}
	if c.archivedAt != nil {
		g.ArchivedAt = nil
		if c.archivedAt.Valid {
			g.ArchivedAt = &c.archivedAt.V
		}
	}
	g.NameKey = text.SortKey(g.Name)
	g.Search = text.SearchKey(g.Name, text.Deref(g.Description))
}

// rights returns those that a change requires.
func (c GroupChange) rights() []access.Right {
	var rights []access.Right
	if c.Name != nil || c.Description != nil || c.AvatarURL != nil {
		rights = append(rights, access.EditGroups)
	}
	if c.ArchivedAt != nil {
		rights = append(rights, access.ArchiveGroups)
	}
	if c.Contacts != nil {
		rights = append(rights, access.EditMembers)
	}
	return rights
}

// action returns the audit log's action for a change.
func (c GroupChange) action() audit.Action {
	if c.Name != nil || c.Description != nil || c.AvatarURL != nil || c.Contacts != nil || c.ArchivedAt == nil {
		return audit.UpdatedGroup
	}
	if c.ArchivedAt.Valid {
		return audit.ArchivedGroup
	}
	return audit.RestoredGroup
}

// merge returns an EditConflict if somebody has changed the same fields meanwhile, or nil.
func (c GroupChange) merge(tx *gorm.DB, g Group, set groupSetter) error {
	if c.Was == nil {
		return nil
	}
	now := g.Fields()
	return overtaken(tx, g.ID, []edit{
		{"name", set.name, c.Was.Name, now.Name},
		{"description", set.description, c.Was.Description, now.Description},
		{"avatar_url", set.avatarURL, c.Was.AvatarURL, now.AvatarURL},
	})
}

// differences returns what changed about a group, for the audit line.
func differences(before, after Group) map[string]audit.Change {
	return audit.Changes([]audit.Difference{
		{Field: "name", Before: text.OrNil(before.Name), After: text.OrNil(after.Name)},
		{Field: "description", Before: before.Description, After: after.Description},
		{Field: "avatar_url", Before: before.AvatarURL, After: after.AvatarURL},
		{Field: "archived_at", Before: before.ArchivedAt, After: after.ArchivedAt},
	})
}
