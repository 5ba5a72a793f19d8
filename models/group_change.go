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
// returns the first one's group. Errors: Invalid, Conflict, Denied.
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
		members, err := s.Members.resolve(tx, text.Deref(c.Contacts))
		if err != nil {
			return CreatedGroup{}, err
		}
		if len(members) > 0 && !line.By.May(access.EditMembers) {
			return CreatedGroup{}, access.Denied{Right: access.EditMembers}
		}
		g, err := s.insertGroup(tx, line.Actor(), c, members)
		if err != nil {
			return CreatedGroup{}, err
		}
		same := false
		if g.SameName {
			if same, err = nameTaken(s.DB.ReadIn(tx), g.Name, g.ID); err != nil {
				return CreatedGroup{}, err
			}
		}
		changes := differences(Group{}, g)
		if len(members) > 0 {
			changes["contacts"] = audit.Change{Before: nil, After: named(members)}
		}
		line.SetObject("group", g.ID, g.Name)
		line.Shown = g.Object()
		return CreatedGroup{Group: g, SameName: same}, line.SetChanges(changes)
	})
}

// nameTaken reports whether an active group, other than the one with the id, has a name.
func nameTaken(r db.Reader, name, but string) (bool, error) {
	query := db.SelectFrom("groups", "id", "name_key = ? AND name = ? AND id <> ? AND archived_at IS NULL", text.SortKey(name), name, but)
	others, err := db.First(r, query, 1, db.OneColumn[string])
	return len(others) > 0, err
}

// shareName reports whether a group, other than the one with the id, has a NameKey, and if
// so stores that its groups share it. (Of two that get the same new name at the very same
// time, neither sees the other: they are found out with the next one.)
func (s *Store) shareName(tx *gorm.DB, key, but string) (bool, error) {
	query := db.SelectFrom("groups", "same_name", "name_key = ? AND id <> ?", key, but)
	query.Tail = " ORDER BY name_key, id"
	oldest, err := db.First(s.DB.ReadIn(tx), query, 1, db.OneColumn[bool])
	if err != nil || len(oldest) == 0 {
		return false, err
	}
	if oldest[0] {
		return true, nil // as all others have
	}
	return true, tx.Model(&Group{}).Where("name_key = ? AND NOT same_name", key).UpdateColumn("same_name", true).Error
}

// shareNames is shareName for all groups that there are.
func shareNames(tx *gorm.DB) error {
	return tx.Exec("UPDATE groups SET same_name = TRUE WHERE name_key IN (SELECT name_key FROM groups GROUP BY name_key HAVING count(*) > 1)").Error
}

// insertGroup stores a new group with its conversation and its members.
func (s *Store) insertGroup(tx *gorm.DB, by access.ActorRef, c GroupChange, members []Contact) (Group, error) {
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
	if g.SameName, err = s.shareName(tx, g.NameKey, ""); err != nil {
		return Group{}, err
	}
	if err := tx.Create(&g).Error; err != nil {
		return Group{}, err
	}
	if err := tx.Create(&conversation{ID: g.ConversationID, GroupID: &g.ID, CreatedAt: g.CreatedAt}).Error; err != nil {
		return Group{}, err
	}
	_, err = s.Members.join(tx, g.ID, members)
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
	before, err := s.lockGroup(tx, id, c.If)
	if err != nil {
		return Group{}, nil, err
	}
	if err := c.merge(tx, before); err != nil {
		return Group{}, nil, err
	}
	after, changes := before.with(c, line.Actor())
	if err := s.changeContacts(tx, &after, c.Contacts, changes); err != nil || len(changes) == 0 {
		return after, nil, err
	}
	if after.NameKey != before.NameKey {
		if after.SameName, err = s.shareName(tx, after.NameKey, id); err != nil {
			return after, nil, err
		}
	}
	after.UpdatedAt = s.DB.Now().Unix()
	return after, changes, tx.Select(groupWritten).Updates(&after).Error
}

// changeContacts makes refs, unless nil, the only members of a locked group, adds that to
// changes, and reads the first members.
func (s *Store) changeContacts(tx *gorm.DB, g *Group, refs *[]ContactRef, changes map[string]audit.Change) error {
	if refs != nil {
		added, removed, err := s.Members.replaceMembers(tx, g, *refs)
		if len(added)+len(removed) > 0 {
			changes["contacts"] = audit.Change{Before: named(removed), After: named(added)}
		}
		return err
	}
	groups := []Group{*g}
	err := s.Members.addContacts(s.DB.ReadIn(tx), groups)
	g.Contacts = groups[0].Contacts
	return err
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
	if err := s.Members.addContacts(s.DB.ReadIn(tx), whole); err != nil {
		return g, err
	}
	if !when(whole[0]) {
		return g, access.ErrChanged
	}
	return g, nil
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

// apply makes a checked change, but for the members.
func (g *Group) apply(c GroupChange) {
	groupFields.apply(g, c)
	if c.ArchivedAt != nil {
		g.ArchivedAt = nil
		if c.ArchivedAt.Valid {
			g.ArchivedAt = &c.ArchivedAt.V
		}
	}
	g.derive()
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
