package models

import (
	"slices"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Period is a time from the moment From up to, but without, the moment To. A zero moment
// limits nothing.
type Period struct{ From, To time.Time }

// IsZero reports whether the period is all time.
func (p Period) IsZero() bool { return p.From.IsZero() && p.To.IsZero() }

// Limits limit a list of groups by their facts. The zero Limits limit nothing.
type Limits struct {
	// Created, Archived, Updated and Active say when a group was created, archived, last
	// changed and last active: see Group. With Archived only archived groups are found.
	Created, Archived, Updated, Active Period
	// MinMembers and MaxMembers limit the number of members; MaxMembers is nil for no limit.
	MinMembers int
	MaxMembers *int `json:",omitempty"`
	// Described and Avatar say whether a group has a description and an avatar; nil for any.
	Described, Avatar *bool `json:",omitempty"`
	// Name is a whole name, without regard to case and accents.
	Name string `json:",omitempty"`
	// Creator is part of the name, or the id, of the user or token that created a group.
	Creator string `json:",omitempty"`
	// Duplicate limits the list to groups of which another active one has the name, without
	// regard to case and accents.
	Duplicate bool `json:",omitempty"`
	// Exempt reports whether rules leave a group alone; nil for any. Scheduled limits the list
	// to groups that are to be archived on a date.
	Exempt    *bool `json:",omitempty"`
	Scheduled bool  `json:",omitempty"`
}

// IsZero reports whether the limits limit nothing.
func (l Limits) IsZero() bool { return l == Limits{} }

// check returns what is wrong with the limits.
func (l Limits) check() access.Invalid {
	if most := l.MaxMembers; l.MinMembers < 0 || most != nil && *most < 0 {
		return access.Refused("contacts_min", "A number of members can't be negative.")
	}
	return nil
}

// ids returns the limits of the times of creation, which are in the ids.
func (p Period) ids() (ids []db.IDLimit) {
	if !p.From.IsZero() {
		ids = append(ids, db.IDLimit{Sign: ">=", ID: text.FirstID(p.From)})
	}
	if !p.To.IsZero() {
		ids = append(ids, db.IDLimit{Sign: "<", ID: text.FirstID(p.To)})
	}
	return ids
}

// limited is a condition that limits make about one column, which has an index. equal
// reports whether that index has all rows that match in the order of their ids.
type limited struct {
	column string
	equal  bool
	db.Clauses
}

// sharesName is the condition that another active group has the name of a group. Only
// groups with same_name need to be tested.
const sharesName = "EXISTS (SELECT 1 FROM groups AS others" +
	" WHERE others.name_key = groups.name_key AND others.archived_at IS NULL AND others.id <> groups.id)"

// conditions returns the conditions of the limits, but for those on the time of creation
// and on the creator.
func (l Limits) conditions() []limited {
	all := []limited{
		{column: "archived_at", Clauses: l.archived()},
		{column: "updated_at", Clauses: l.Updated.within("groups.updated_at")},
		{column: "last_active_at", Clauses: l.Active.within("groups.last_active_at")},
		l.named(),
		l.members(),
		{column: "description", Clauses: present("groups.description", l.Described)},
		{column: "avatar_url", Clauses: present("groups.avatar_url", l.Avatar)},
		{column: "same_name"},
		l.planned(),
	}
	if l.Duplicate {
		all[len(all)-2].Where("groups.same_name")
	}
	return slices.DeleteFunc(all, func(c limited) bool { return len(c.Conditions) == 0 })
}

// archived is never NULL: for an active group it is false.
func (l Limits) archived() (c db.Clauses) {
	if !l.Archived.IsZero() {
		c.Where("groups.archived_at IS NOT NULL")
		c.Add(l.Archived.within("groups.archived_at"))
	}
	return c
}

func (l Limits) named() limited {
	c := limited{column: "name_key", equal: true}
	if l.Name != "" {
		c.Where("groups.name_key = ?", text.SortKey(l.Name))
	}
	return c
}

const (
	isExempt    = "groups.id IN (SELECT group_id FROM rule_exemptions)"
	isScheduled = "groups.id IN (SELECT group_id FROM archive_rules WHERE group_id IS NOT NULL)"
)

// planned returns the condition that a group is exempt from rules, or that it has a date.
func (l Limits) planned() limited {
	c := limited{column: "id"}
	if l.Exempt != nil && *l.Exempt {
		c.Where(isExempt)
	}
	if l.Scheduled {
		c.Where(isScheduled)
	}
	return c
}

// unexempt reports whether groups that are exempt from rules are left out.
func (l Limits) unexempt() bool { return l.Exempt != nil && !*l.Exempt }

// within returns the condition that a column of Unix seconds is in the period.
func (p Period) within(column string) (c db.Clauses) {
	if !p.From.IsZero() {
		c.Where(column+" >= ?", seconds(p.From))
	}
	if !p.To.IsZero() {
		c.Where(column+" < ?", seconds(p.To))
	}
	return c
}

// seconds returns the first whole second that is not before a time.
func seconds(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

func (l Limits) members() limited {
	c := limited{column: "contacts_count"}
	switch most := l.MaxMembers; {
	case most != nil && *most == l.MinMembers:
		c.equal = true
		c.Where("groups.contacts_count = ?", *most)
		return c
	case most != nil:
		c.Where("groups.contacts_count <= ?", *most)
	}
	if l.MinMembers > 0 {
		c.Where("groups.contacts_count >= ?", l.MinMembers)
	}
	return c
}

// present returns the condition that a column has a value, or that it has none.
func present(column string, is *bool) (c db.Clauses) {
	switch {
	case is == nil:
	case *is:
		c.Where(column + " IS NOT NULL")
	default:
		c.Where(column + " IS NULL")
	}
	return c
}
