package models

import (
	"database/sql"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
)

// GroupFields are the values that a form edits; "" for none.
type GroupFields struct{ Name, Description, AvatarURL string }

// Fields returns the group's values for a form.
func (g Group) Fields() GroupFields {
	return GroupFields{Name: g.Name, Description: text.Deref(g.Description), AvatarURL: text.Deref(g.AvatarURL)}
}

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
