package models

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// Reversal is what reverting the change in an audit line would do now.
type Reversal struct {
	Line   audit.Line
	Fields []ReversedField
}

// ReversedField is one field of a change that may be reverted.
type ReversedField struct {
	// Name is that of the API.
	Name string
	// Now is the present value, and To what it would become.
	Now, To audit.FieldValue
	// Refused is a sentence that says why the field can't be reverted; "" if it can.
	Refused string
}

// Possible returns the names of the fields that can be reverted.
func (v Reversal) Possible() []string {
	var names []string
	for _, f := range v.Fields {
		if f.Refused == "" {
			names = append(names, f.Name)
		}
	}
	return names
}

// reversible are the fields that can be reverted, by kind of object, and the right that it
// requires.
var reversible = map[string]map[string]access.Right{
	"group":   groupRights(),
	"contact": contactFields.rights(),
}

func groupRights() map[string]access.Right {
	rights := groupFields.rights()
	rights["archived_at"], rights["contacts"] = access.ArchiveGroups, access.EditMembers
	return rights
}

// irreversible are the actions that created or deleted their object.
var irreversible = []audit.Action{audit.CreatedGroup, audit.DeletedGroup, audit.CreatedContact, audit.DeletedContact}

// Reversible reports whether a line is of a kind that can be reverted, and the actor may do
// it. Whether it can be now is for Reversal to say.
func Reversible(l audit.Line, by access.Actor) bool {
	return !slices.Contains(irreversible, l.Action) && missingRight(l, by) == nil
}

// missingRight returns nil if the actor may revert a field of the line, ErrNotFound if it
// has none, and otherwise a Denied.
func missingRight(l audit.Line, by access.Actor) error {
	missing := access.ErrNotFound
	for _, f := range l.Fields() {
		right, ok := reversible[l.ObjectKind][f.Name]
		if !ok {
			continue
		}
		if missing = by.Check(right); missing == nil {
			return nil
		}
	}
	return missing
}

// Reversal returns what reverting a line would do. Errors: ErrNotFound, also if there is
// nothing to revert; Denied.
func (s *Store) Reversal(ctx context.Context, by access.Actor, lineID string) (Reversal, error) {
	l, err := s.Audit.ActivityLine(ctx, lineID)
	if err != nil {
		return Reversal{}, err
	}
	if slices.Contains(irreversible, l.Action) {
		return Reversal{}, access.ErrNotFound
	}
	if err := missingRight(l, by); err != nil {
		return Reversal{}, err
	}
	v := Reversal{Line: l}
	now, err := s.presentFields(ctx, l)
	if err != nil {
		return v, err
	}
	for _, f := range l.Fields() {
		right, ok := reversible[l.ObjectKind][f.Name]
		if !ok {
			continue
		}
		field := ReversedField{Name: f.Name, Now: now[f.Name], To: f.Before}
		if f.Name == "contacts" {
			field, err = s.reversedMembers(ctx, l.ObjectID, f)
		} else {
			field.Refused, err = s.refusedField(ctx, l, f, now[f.Name])
		}
		if err != nil {
			return v, err
		}
		if !by.May(right) {
			field.Refused = "You may not change this."
		}
		v.Fields = append(v.Fields, field)
	}
	return v, nil
}

// presentFields returns the present values of a line's object.
func (s *Store) presentFields(ctx context.Context, l audit.Line) (map[string]audit.FieldValue, error) {
	if l.ObjectKind == "contact" {
		c, err := s.Contact(ctx, l.ObjectID)
		return contactFields.present(&c), err
	}
	g, err := s.GroupPreview(ctx, l.ObjectID)
	return presentGroup(g), err
}

func presentGroup(g Group) map[string]audit.FieldValue {
	values := groupFields.present(&g)
	var archived *string
	if g.ArchivedAt != nil {
		archived = new(strconv.FormatInt(*g.ArchivedAt, 10))
	}
	values["archived_at"] = fieldValue(archived)
	return values
}

// refusedField returns why a field can't be reverted, or "".
func (s *Store) refusedField(ctx context.Context, l audit.Line, f audit.ChangedField, now audit.FieldValue) (string, error) {
	switch {
	case now.Is(f.Before):
		return "It is as it was already.", nil
	case now.Is(f.After):
		return "", nil
	}
	last, err := audit.LastChange(s.DB.Reader.WithContext(ctx), l.ObjectID, f.Name)
	if err != nil || last.ID == "" || last.ID == l.ID {
		return "It was changed again since.", s.DB.Failed(ctx, err)
	}
	return fmt.Sprintf("It was changed again since, by %s at %s.", last.Who(), time.Unix(last.CreatedAt, 0).UTC().Format("2006-01-02 15:04 UTC")), nil
}

// reversedMembers returns who would be removed (Now) and added (To) to revert a change of
// members.
func (s *Store) reversedMembers(ctx context.Context, groupID string, f audit.ChangedField) (ReversedField, error) {
	field := ReversedField{Name: f.Name, Now: audit.FieldValue{None: true}, To: audit.FieldValue{None: true}}
	if len(f.After.Members) < f.After.Count || len(f.Before.Members) < f.Before.Count {
		field.Refused = fmt.Sprintf("These were more than the %d members that activity names, so they can’t be put back.", namedMost)
		return field, nil
	}
	there, err := s.MembersAmong(ctx, groupID, asContacts(slices.Concat(f.After.Members, f.Before.Members)))
	if err != nil {
		return field, err
	}
	going := slices.DeleteFunc(slices.Clone(f.After.Members), func(m audit.Member) bool { return !there[m.ID] })
	coming := slices.DeleteFunc(slices.Clone(f.Before.Members), func(m audit.Member) bool { return there[m.ID] })
	alive, err := s.ContactsByID(ctx, contactIDs(asContacts(coming)))
	if err != nil {
		return field, err
	}
	coming = slices.DeleteFunc(coming, func(m audit.Member) bool {
		return !slices.ContainsFunc(alive, func(c Contact) bool { return c.ID == m.ID })
	})
	if len(going) > 0 {
		field.Now = audit.FieldValue{Members: going, Count: len(going), Text: audit.Usernames(going, len(going))}
	}
	if len(coming) > 0 {
		field.To = audit.FieldValue{Members: coming, Count: len(coming), Text: audit.Usernames(coming, len(coming))}
	}
	if len(going)+len(coming) == 0 {
		field.Refused = "The members are as they were already, or don’t exist any more."
	}
	return field, nil
}

func asContacts(members []audit.Member) []Contact {
	contacts := make([]Contact, len(members))
	for i, m := range members {
		contacts[i] = Contact{ID: m.ID, Username: m.Username}
	}
	return contacts
}

// PutBack reverts the named fields of a line's change. It is an act of its own, whose line
// names the other. Errors: ErrNotFound, Denied, Invalid, and ErrChanged, with nothing
// reverted, if one of the fields can't be reverted or was changed at this very moment.
func (s *Store) PutBack(ctx context.Context, by access.Actor, lineID string, fields []string) error {
	v, err := s.Reversal(ctx, by, lineID)
	if err != nil {
		return err
	}
	v.Fields = slices.DeleteFunc(v.Fields, func(f ReversedField) bool { return !slices.Contains(fields, f.Name) })
	if len(v.Fields) == 0 || len(v.Possible()) < len(v.Fields) {
		return access.ErrChanged
	}
	if v.Line.ObjectKind == "contact" {
		return s.putBackContact(ctx, by, v)
	}
	return s.putBackGroup(ctx, by, v)
}

// still reports whether the fields are as they were when the Reversal was made.
func (v Reversal) still(now map[string]audit.FieldValue) bool {
	for _, f := range v.Fields {
		if value, ok := now[f.Name]; ok && !value.Is(f.Now) {
			return false
		}
	}
	return true
}

func (s *Store) putBackContact(ctx context.Context, by access.Actor, v Reversal) error {
	c := contactFields.newChange(v.text)
	c.reverts, c.If = v.Line.ID, func(c Contact) bool { return v.still(contactFields.present(&c)) }
	_, err := s.UpdateContact(ctx, by, v.Line.ObjectID, c)
	return err
}

func (s *Store) putBackGroup(ctx context.Context, by access.Actor, v Reversal) error {
	c, members := v.groupChange()
	c, problems := c.check(s.DB.Now())
	if err := problems.OrNil(); err != nil {
		return err
	}
	action := audit.PutBackGroup
	if members != nil && len(v.Fields) == 1 {
		action = audit.PutBackMembers
	}
	rights := v.rights()
	return s.Audit.Write(ctx, by, rights[0], action, func(tx *gorm.DB, line *audit.Line) error {
		if err := line.By.CheckAll(rights...); err != nil {
			return err
		}
		g, said, err := s.changeGroup(tx, v.Line.ObjectID, c)
		if err != nil {
			return err
		}
		if said == nil {
			said = map[string]audit.Change{}
		}
		if members != nil {
			if said["contacts"], err = s.swapMembers(tx, &g, *members); err != nil {
				return err
			}
		}
		said[audit.RevertedField] = audit.Change{Before: nil, After: v.Line.ID}
		line.SetObject("group", g.ID, g.Name)
		return line.SetChanges(said)
	})
}

// rights returns those that reverting the fields requires, in their order.
func (v Reversal) rights() []access.Right {
	rights := make([]access.Right, len(v.Fields))
	for i, f := range v.Fields {
		rights[i] = reversible[v.Line.ObjectKind][f.Name]
	}
	return rights
}

// groupChange returns the change of a group without its members, and the field of these.
func (v Reversal) groupChange() (c GroupChange, members *ReversedField) {
	c = groupFields.newChange(v.text)
	c.If = func(g Group) bool { return v.still(presentGroup(g)) }
	for i, f := range v.Fields {
		switch f.Name {
		case "archived_at":
			at, _ := strconv.ParseInt(f.To.Text, 10, 64) // what is no number is no time: restored
			c.ArchivedAt = &sql.Null[int64]{V: at, Valid: !f.To.None}
		case "contacts":
			members = &v.Fields[i]
		}
	}
	return c, members
}

// text returns what a field would become; nil if it is not reverted.
func (v Reversal) text(field string) *string {
	for i, f := range v.Fields {
		if f.Name == field {
			return &v.Fields[i].To.Text
		}
	}
	return nil
}

// swapMembers removes the members in the field's Now from a locked group, and adds those in
// its To.
func (s *Store) swapMembers(tx *gorm.DB, g *Group, f ReversedField) (audit.Change, error) {
	going := asContacts(f.Now.Members)
	coming, err := s.resolve(tx, Refs(contactIDs(asContacts(f.To.Members))...))
	if err != nil {
		return audit.Change{}, err
	}
	left := tx.Where("group_id = ? AND contact_id IN ?", g.ID, contactIDs(going)).Delete(&membership{})
	if left.Error != nil {
		return audit.Change{}, left.Error
	}
	joined, err := s.join(tx, g.ID, coming)
	if err != nil {
		return audit.Change{}, err
	}
	if int(left.RowsAffected) != len(going) || len(joined) != len(coming) {
		return audit.Change{}, access.ErrChanged // somebody came or went since this was looked at
	}
	g.ContactsCount += len(joined) - len(going)
	return audit.Change{Before: named(going), After: named(joined)}, s.keepCount(tx, g)
}

// PutBackBy returns the newest line that reverted another; the zero Line if there is none
// among the newest of the same object.
func (s *Store) PutBackBy(ctx context.Context, l audit.Line) (audit.Line, error) {
	if l.ObjectID == "" {
		return audit.Line{}, nil
	}
	newest := s.DB.Reader.Model(&audit.Line{}).Where("object_id = ? AND id > ?", l.ObjectID, l.ID).Order("id DESC").Limit(audit.LinesLooked)
	var lines []audit.Line
	err := s.DB.Reader.WithContext(ctx).Table("(?) AS newest", newest).
		Where("changes LIKE ?", `%"`+audit.RevertedField+`":{%"`+l.ID+`"}%`).Order("id DESC").Limit(1).Find(&lines).Error
	if err != nil || len(lines) == 0 {
		return audit.Line{}, s.DB.Failed(ctx, err)
	}
	return lines[0], nil
}
