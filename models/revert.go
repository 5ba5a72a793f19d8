package models

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strconv"

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
	// Refused is why the field can't be reverted; "" if it can be.
	Refused Refusal
	// Later is the newest line that changed the field after the change to be reverted, if
	// Refused is ChangedSince and the line is known.
	Later audit.Line
}

// Refusal is why a field of a change can't be reverted.
type Refusal string

const (
	// NotPermitted: the actor lacks the right to change the field.
	NotPermitted Refusal = "not_permitted"
	// AsBefore: the field has the value already that it had before the change.
	AsBefore Refusal = "as_before"
	// ChangedSince: the field was changed again.
	ChangedSince Refusal = "changed_since"
	// MembersUnnamed: more members came or went than a line names.
	MembersUnnamed Refusal = "members_unnamed"
	// MembersAsBefore: the members are as before the change, but for contacts that no longer
	// exist.
	MembersAsBefore Refusal = "members_as_before"
)

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

// irreversible are the actions that created, deleted or merged their object.
var irreversible = []audit.Action{
	audit.CreatedGroup, audit.DeletedGroup, audit.UndeletedGroup,
	audit.CreatedContact, audit.DeletedContact, audit.MergedContact, audit.MergedAway, audit.ErasedContact,
}

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
func (s *Reverts) Reversal(ctx context.Context, by access.Actor, lineID string) (Reversal, error) {
	l, err := s.store.Audit.ActivityLine(ctx, lineID)
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
			field.Refused, field.Later, err = s.refusedField(ctx, l, f, now[f.Name])
		}
		if err != nil {
			return v, err
		}
		if !by.May(right) {
			field.Refused = NotPermitted
		}
		v.Fields = append(v.Fields, field)
	}
	return v, nil
}

// presentFields returns the present values of a line's object.
func (s *Reverts) presentFields(ctx context.Context, l audit.Line) (map[string]audit.FieldValue, error) {
	if l.ObjectKind == "contact" {
		c, err := s.store.Contact(ctx, l.ObjectID)
		return contactFields.present(&c), err
	}
	g, err := s.store.GroupPreview(ctx, l.ObjectID)
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

// refusedField returns why a field can't be reverted, or "", and the line that changed it
// later.
func (s *Reverts) refusedField(ctx context.Context, l audit.Line, f audit.ChangedField, now audit.FieldValue) (Refusal, audit.Line, error) {
	switch {
	case now.Is(f.Before):
		return AsBefore, audit.Line{}, nil
	case now.Is(f.After):
		return "", audit.Line{}, nil
	}
	last, err := audit.LastChange(s.store.DB.Reader.WithContext(ctx), l.ObjectID, f.Name)
	if err != nil || last.ID == l.ID {
		return ChangedSince, audit.Line{}, s.store.DB.Failed(ctx, err)
	}
	return ChangedSince, last, nil
}

// reversedMembers returns who would be removed (Now) and added (To) to revert a change of
// members.
func (s *Reverts) reversedMembers(ctx context.Context, groupID string, f audit.ChangedField) (ReversedField, error) {
	field := ReversedField{Name: f.Name, Now: audit.FieldValue{None: true}, To: audit.FieldValue{None: true}}
	if len(f.After.Members) < f.After.Count || len(f.Before.Members) < f.Before.Count {
		field.Refused = MembersUnnamed
		return field, nil
	}
	there, err := s.store.Members.MembersAmong(ctx, groupID, asContacts(slices.Concat(f.After.Members, f.Before.Members)))
	if err != nil {
		return field, err
	}
	removing := slices.DeleteFunc(slices.Clone(f.After.Members), func(m audit.Member) bool { return !there[m.ID] })
	adding := slices.DeleteFunc(slices.Clone(f.Before.Members), func(m audit.Member) bool { return there[m.ID] })
	alive, err := s.store.ContactsByID(ctx, contactIDs(asContacts(adding)))
	if err != nil {
		return field, err
	}
	adding = slices.DeleteFunc(adding, func(m audit.Member) bool {
		return !slices.ContainsFunc(alive, func(c Contact) bool { return c.ID == m.ID })
	})
	if len(removing) > 0 {
		field.Now = audit.FieldValue{Members: removing, Count: len(removing)}
	}
	if len(adding) > 0 {
		field.To = audit.FieldValue{Members: adding, Count: len(adding)}
	}
	if len(removing)+len(adding) == 0 {
		field.Refused = MembersAsBefore
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

// Revert reverts the named fields of a line's change, as a change of its own whose line
// names the other. Errors: ErrNotFound, Denied, Invalid, and ErrChanged, with nothing
// reverted, if one of the fields can't be reverted or has just changed.
func (s *Reverts) Revert(ctx context.Context, by access.Actor, lineID string, fields []string) error {
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

// unchanged reports whether the fields are as they were when the Reversal was made.
func (v Reversal) unchanged(now map[string]audit.FieldValue) bool {
	for _, f := range v.Fields {
		if value, ok := now[f.Name]; ok && !value.Is(f.Now) {
			return false
		}
	}
	return true
}

func (s *Reverts) putBackContact(ctx context.Context, by access.Actor, v Reversal) error {
	c := contactFields.newChange(v.text)
	c.reverts, c.If = v.Line.ID, func(c Contact) bool { return v.unchanged(contactFields.present(&c)) }
	_, err := s.store.UpdateContact(ctx, by, v.Line.ObjectID, c)
	return err
}

func (s *Reverts) putBackGroup(ctx context.Context, by access.Actor, v Reversal) error {
	action := audit.RevertedGroup
	if len(v.Fields) == 1 && v.Fields[0].Name == "contacts" {
		action = audit.RevertedMembers
	}
	return s.writeGroup(ctx, by, action, v, func(tx *gorm.DB, line *audit.Line, changes map[string]audit.Change) error {
		changes[audit.RevertedField] = audit.Change{Before: nil, After: v.Line.ID}
		return tx.Create(revertBy(line, v.Line.ID)).Error
	})
}

// writeGroup reverts all fields of a Reversal of a group in one change. record adds to the change what
// it was about.
func (s *Reverts) writeGroup(ctx context.Context, by access.Actor, action audit.Action, v Reversal,
	record func(tx *gorm.DB, line *audit.Line, changes map[string]audit.Change) error,
) error {
	c, members := v.groupChange()
	c, problems := c.check(s.store.DB.Now())
	if err := problems.OrNil(); err != nil {
		return err
	}
	rights := v.rights()
	return s.store.Audit.Write(ctx, by, rights[0], action, func(tx *gorm.DB, line *audit.Line) error {
		if err := line.By.CheckAll(rights...); err != nil {
			return err
		}
		g, changes, err := s.store.changeGroup(tx, line, v.Line.ObjectID, c)
		if err != nil {
			return err
		}
		if changes == nil {
			changes = map[string]audit.Change{}
		}
		if members != nil {
			if changes["contacts"], err = s.swapMembers(tx, &g, *members); err != nil {
				return err
			}
		}
		line.SetObject("group", g.ID, g.Name)
		line.Undoable = true
		return cmp.Or(record(tx, line, changes), line.SetChanges(changes))
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
	c.If = func(g Group) bool { return v.unchanged(presentGroup(g)) }
	for i, f := range v.Fields {
		switch f.Name {
		case "archived_at":
			at, _ := strconv.ParseInt(f.To.Text, 10, 64) // not a number: the group was restored
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
func (s *Reverts) swapMembers(tx *gorm.DB, g *Group, f ReversedField) (audit.Change, error) {
	removing := asContacts(f.Now.Members)
	adding, err := s.store.Members.resolve(tx, Refs(contactIDs(asContacts(f.To.Members))...))
	if err != nil {
		return audit.Change{}, err
	}
	left, err := s.store.Members.leave(tx, g.ID, removing)
	if err != nil {
		return audit.Change{}, err
	}
	joined, err := s.store.Members.join(tx, g.ID, adding)
	if err != nil {
		return audit.Change{}, err
	}
	if left != len(removing) || len(joined) != len(adding) {
		return audit.Change{}, access.ErrChanged // the members have changed since the Reversal
	}
	g.ContactsCount += len(joined) - len(removing)
	return audit.Change{Before: named(removing), After: named(joined)}, s.store.Members.keepCount(tx, g)
}
