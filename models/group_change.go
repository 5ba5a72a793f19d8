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

// CreatedGroup is a new group, and whether there was another active one with its name.
type CreatedGroup struct {
	Group
	SameName bool
}

// CreateGroup creates a group with its conversation. A second call with the same key
// returns the first one's group. Errors: Invalid, Conflict, Denied, and Namesake if the change asks for it.
func (s *Store) CreateGroup(ctx context.Context, by access.Actor, c GroupChange, key *audit.IdempotencyKey) (CreatedGroup, error) {
	if len(text.Deref(c.Contacts)) > 0 {
		if err := by.Check(access.EditMembers); err != nil {
			return CreatedGroup{}, err
		}
	}
	if c.Name == nil {
		c.Name = new("")
	}
	c, problems := c.check(s.DB.Now())
	if len(problems) > 0 {
		return CreatedGroup{}, s.Members.CheckContacts(ctx, problems, text.Deref(c.Contacts))
	}
	return audit.WriteOnce(ctx, s.Audit, by, access.EditGroups, audit.CreatedGroup, key, func(tx *gorm.DB, line *audit.Line) (CreatedGroup, error) {
		var names sameNames
		members, err := s.Members.resolve(tx, text.Deref(c.Contacts), names.read(*c.Name, ""))
		if err != nil {
			return CreatedGroup{}, err
		}
		if names.active != nil && c.OwnName {
			return CreatedGroup{}, Namesake{ID: *names.active, Name: *c.Name}
		}
		if len(members) > 0 && !line.By.May(access.EditMembers) {
			return CreatedGroup{}, access.Denied{Right: access.EditMembers}
		}
		g, err := s.insertGroup(tx, line.Actor(), c, members, names)
		if err != nil {
			return CreatedGroup{}, err
		}
		changes := differences(Group{}, g)
		if len(members) > 0 {
			changes["contacts"] = audit.Change{Before: nil, After: named(members)}
		}
		line.SetObject("group", g.ID, g.Name)
		line.Shown = g.Object()
		return CreatedGroup{Group: g, SameName: names.active != nil}, line.SetChanges(changes)
	})
}

// Namesake is the error of a new group with the very name of another active one.
type Namesake struct{ ID, Name string }

func (n Namesake) Error() string { return "another active group has the same name" }

// sameNames are the other groups with the NameKey of a name.
type sameNames struct {
	// any reports whether there are any, and known whether the oldest is known to share its
	// NameKey, as all others are then.
	any, known bool
	// active is the id of an active one with the very name, or nil.
	active *string
}

// read returns the statement that reads them, except the group with the id.
func (n *sameNames) read(name, but string) db.Statement {
	const same = " FROM groups WHERE name_key = ? AND id <> ?"
	sql := "SELECT same_name, (SELECT min(id)" + same + " AND name = ? AND archived_at IS NULL)" + same + " ORDER BY name_key, id LIMIT 1"
	key := text.SortKey(name)
	return db.Statement{SQL: sql, Args: []any{key, but, name, key, but}, Read: func(found db.Rows) error {
		oldest, err := db.Scan(found, func(n *sameNames) []any { return []any{&n.known, &n.active} })
		if len(oldest) > 0 {
			*n = oldest[0]
			n.any = true
		}
		return err
	}}
}

// share reports whether there are any, and if so stores that they share their name. (Of two
// that get the same new name at the very same time, neither sees the other: they are found out
// with the next one.)
func (n sameNames) share(tx *gorm.DB, key string) (bool, error) {
	if !n.any || n.known {
		return n.any, nil
	}
	return true, db.Later(tx).Model(&Group{}).Where("name_key = ? AND NOT same_name", key).UpdateColumn("same_name", true).Error
}

// shareName is read and then share.
func (s *Store) shareName(tx *gorm.DB, name, but string) (bool, error) {
	var names sameNames
	r := s.DB.ReadIn(tx)
	if err := r.Together(r.Ctx, names.read(name, but)); err != nil {
		return false, err
	}
	return names.share(tx, text.SortKey(name))
}

// shareNames is shareName for all groups that there are.
func shareNames(tx *gorm.DB) error {
	return tx.Exec("UPDATE groups SET same_name = TRUE WHERE name_key IN (SELECT name_key FROM groups GROUP BY name_key HAVING count(*) > 1)").Error
}

// insertGroup stores a new group with its conversation and its members. names are the others with
// its name.
func (s *Store) insertGroup(tx *gorm.DB, by access.ActorRef, c GroupChange, members []Contact, names sameNames) (Group, error) {
	floor, err := s.DB.Dialect.Floor(tx, "groups")
	if err != nil {
		return Group{}, err
	}
	now := s.DB.Now()
	g := Group{
		ID: s.DB.IDs.Next(now, floor), ConversationID: s.DB.IDs.Next(now, ""),
		ContactsCount: len(members), CreatedAt: now.Unix(), UpdatedAt: now.Unix(), LastActiveAt: now.Unix(),
		CreatedBy: by, Contacts: firstOf(members),
	}
	g.apply(c)
	g.derive()
	if g.SameName, err = names.share(tx, g.NameKey); err != nil {
		return Group{}, err
	}
	if err := db.Later(tx).Create(&g).Error; err != nil {
		return Group{}, err
	}
	if err := db.Later(tx).Create(&conversation{ID: g.ConversationID, GroupID: &g.ID, CreatedAt: g.CreatedAt}).Error; err != nil {
		return Group{}, err
	}
	return g, s.Members.joinNew(tx, g.ID, members)
}

// UpdateGroup makes a change and returns the group after it. It requires only the rights
// for what it changes: a moderator may archive without being able to rename. A change that
// changes nothing leaves no trace. Errors: Invalid, ErrNotFound, ErrChanged, EditConflict,
// Conflict, Denied.
func (s *Store) UpdateGroup(ctx context.Context, by access.Actor, id string, c GroupChange) (Group, error) {
	if err := by.CheckAll(c.rights()...); err != nil {
		return Group{}, err
	}
	c.Name = text.OmitUnchanged(c.Name, func() (string, error) {
		g, err := s.Group(ctx, id)
		return g.Name, err
	})
	c, problems := c.check(s.DB.Now())
	if len(problems) > 0 {
		return Group{}, s.Members.CheckContacts(ctx, problems, text.Deref(c.Contacts))
	}
	var after Group
	err := s.Audit.Write(ctx, by, access.ReadGroups, c.action(), func(tx *gorm.DB, line *audit.Line) error {
		var changes map[string]audit.Change
		err := line.By.CheckAll(c.rights()...)
		if err != nil {
			return err
		}
		if after, changes, err = s.changeGroup(tx, line, id, c); err != nil {
			return err
		}
		if len(changes) == 0 {
			return audit.ErrNothing
		}
		line.SetObject("group", after.ID, after.Name)
		line.Shown = after.Object()
		line.Undoable = true
		return line.SetChanges(changes)
	})
	return after, err
}

// changeGroup stores a change of a group, and returns the group with what is different
// about it now.
func (s *Store) changeGroup(tx *gorm.DB, line *audit.Line, id string, c GroupChange) (Group, map[string]audit.Change, error) {
	if !text.ValidID(id) {
		return Group{}, nil, access.ErrNotFound
	}
	var before Group
	var names sameNames
	reads := s.locking(&before, id, c.If)
	if c.Name != nil {
		reads = append(reads, names.read(*c.Name, id))
	}
	members, err := s.Members.resolve(tx, text.Deref(c.Contacts), reads...)
	if err != nil {
		return Group{}, nil, err
	}
	if err := c.merge(tx, before); err != nil {
		return Group{}, nil, err
	}
	after, changes := before.with(c, line.Actor())
	if c.Contacts != nil {
		added, removed, err := s.Members.replaceMembers(tx, &after, members)
		if err != nil {
			return after, nil, err
		}
		if len(added)+len(removed) > 0 {
			changes["contacts"] = audit.Change{Before: named(removed), After: named(added)}
		}
	}
	if len(changes) == 0 {
		return after, nil, nil
	}
	if after.NameKey != before.NameKey {
		if after.SameName, err = names.share(tx, after.NameKey); err != nil {
			return after, nil, err
		}
	}
	after.UpdatedAt = s.DB.Now().Unix()
	return after, changes, db.Later(tx).Select(groupWritten).Updates(&after).Error
}

// groupWritten are the columns of an update, listed so that empty ones are written too.
var groupWritten = append(groupFields.names(), "name_key", "same_name", "contacts_count", "search", "updated_at",
	"archived_at", "archived_by_kind", "archived_by_id", "archived_by_name")

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

// locking returns the statements that read a group with its first members, and lock it until the
// transaction ends. Errors: ErrNoRow, and ErrChanged if when is not nil and not true.
func (s *Store) locking(g *Group, id string, when func(Group) bool) []db.Statement {
	query := db.SelectFrom("groups", allColumns, "id = ?", id)
	members := g.readMembers(id, ShownContacts)
	read := members.Read
	members.Read = func(found db.Rows) error {
		err := read(found)
		if err == nil && when != nil && !when(*g) {
			return access.ErrChanged
		}
		return err
	}
	return []db.Statement{g.read(query.SQL()+s.DB.Dialect.ForUpdate(), query.Args, (*Group).scanAll), members}
}

// lockGroup is locking for what needs the members only for when.
func (s *Store) lockGroup(tx *gorm.DB, id string, when func(Group) bool) (Group, error) {
	if !text.ValidID(id) {
		return Group{}, access.ErrNotFound
	}
	var g Group
	reads := s.locking(&g, id, when)
	if when == nil {
		reads = reads[:1]
	}
	r := s.DB.ReadIn(tx)
	return g, r.Together(r.Ctx, reads...)
}

// HoldGroups locks groups, those that exist, until the transaction that ctx carries ends
// (db.DB.Atomic), in an order that is always the same. Who is about to change several calls it
// first: two who change the same ones in other orders would wait for each other.
func (s *Store) HoldGroups(ctx context.Context, ids []string) error {
	return s.DB.Transaction(ctx, func(tx *gorm.DB) error {
		var found []Group
		return tx.Clauses(clause.Locking{Strength: "UPDATE"}).Select("id").Where("id IN ?", text.Valid(ids)).Order("id").Find(&found).Error
	})
}

// check returns the change with checked values, and what is wrong with it.
func (c GroupChange) check(now time.Time) (GroupChange, access.Invalid) {
	problems := groupFields.check(&c)
	if c.ArchivedAt != nil && c.ArchivedAt.Valid {
		if at := c.ArchivedAt.V; at > now.Unix() || at < 0 {
			problems = append(problems, access.Refused("archived_at", "The archive time must not be in the future, nor before 1970.")...)
		}
	}
	if c.Contacts != nil {
		problems = append(problems, checkRefs(*c.Contacts)...)
	}
	return c, c.Problems.And(problems)
}

// with returns the group after a checked change, but for the members, and what is different
// about it then.
func (g Group) with(c GroupChange, by access.ActorRef) (Group, map[string]audit.Change) {
	after, changes := g.underived(c, by)
	after.derive()
	return after, changes
}

// underived is with, except that what derive sets is left as it was.
func (g Group) underived(c GroupChange, by access.ActorRef) (Group, map[string]audit.Change) {
	after := g
	after.apply(c)
	switch {
	case !after.Archived():
		after.ArchivedBy = access.ActorRef{}
	case g.Archived():
		after.ArchivedAt = g.ArchivedAt
	default:
		after.ArchivedBy = by
	}
	return after, differences(g, after)
}

// apply makes a checked change, but for the members. Call derive if it may be of a value that groups
// are searched by.
func (g *Group) apply(c GroupChange) {
	groupFields.apply(g, c)
	if c.ArchivedAt != nil {
		g.ArchivedAt = nil
		if c.ArchivedAt.Valid {
			g.ArchivedAt = &c.ArchivedAt.V
		}
	}
}

// derive sets what follows from the other values.
func (g *Group) derive() { g.NameKey, g.Search = text.SortKey(g.Name), groupFields.searchKey(g) }

// rights returns those that a change requires.
func (c GroupChange) rights() []access.Right {
	rights := groupFields.required(c)
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
	switch archiving := c.ArchivedAt; {
	case archiving == nil || c.Contacts != nil || len(groupFields.required(c)) > 0:
		return audit.UpdatedGroup
	case archiving.Valid:
		return audit.ArchivedGroup
	}
	return audit.RestoredGroup
}

// merge returns an EditConflict if someone has changed the same fields meanwhile, or nil.
func (c GroupChange) merge(tx *gorm.DB, g Group) error {
	if c.Was == nil {
		return nil
	}
	return editConflict(tx, g.ID, c.Edits(g))
}

// differences returns what changed about a group, for the audit line.
func differences(before, after Group) map[string]audit.Change {
	return audit.Changes(append(groupFields.differences(&before, &after),
		audit.Difference{Field: "archived_at", Before: before.ArchivedAt, After: after.ArchivedAt}))
}
