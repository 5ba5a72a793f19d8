package models

import (
	"context"
	"database/sql"

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

// NameTaken reports whether another active group has the same name as this one.
func (s *Store) NameTaken(ctx context.Context, g Group) (bool, error) {
	query := db.SelectFrom("groups", "id", "name_key = ? AND name = ? AND archived_at IS NULL AND id <> ?", text.SortKey(g.Name), g.Name, g.ID)
	others, err := db.First(s.DB.Read(ctx), query, 1, db.OneColumn[string])
	return len(others) > 0, s.DB.Failed(ctx, err)
}
