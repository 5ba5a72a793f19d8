package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// RevertedToField is the time, in Unix seconds, to which a group was reverted, in the line of that.
const RevertedToField = "reverted_to_at"

// Difference returns what reverting a group to what it was at the end of a second would do now: the
// fields that are different. Errors: those of History.Group.
func (s *History) Difference(ctx context.Context, by access.Actor, id string, at int64) (Reversal, error) {
	v := Reversal{Line: audit.Line{ObjectKind: "group", ObjectID: id}}
	then, err := s.Group(ctx, by, id, at)
	if err != nil {
		return v, err
	}
	now, err := s.store.GroupPreview(ctx, id)
	if err != nil {
		return v, err
	}
	v.Line.ObjectName = now.Name
	were, are := presentGroup(then), presentGroup(now)
	for _, name := range append(groupFields.names(), "archived_at") {
		same := are[name].Is(were[name])
		if name == "archived_at" {
			same = now.Archived() == then.Archived() // since when doesn't change
		}
		if !same {
			v.Fields = append(v.Fields, ReversedField{Name: name, Now: are[name], To: were[name]})
		}
	}
	members, err := s.membersSince(ctx, id, at)
	if err != nil {
		return v, err
	}
	if members.Refused != "" || members.Now.Count+members.To.Count > 0 {
		v.Fields = append(v.Fields, members)
	}
	for i, f := range v.Fields {
		if !by.May(reversible["group"][f.Name]) {
			v.Fields[i].Refused = NotPermitted
		}
	}
	return v, nil
}

// membersSince returns who joined a group (Now) and who left it (To) after a second, without those
// who no longer exist.
func (s *History) membersSince(ctx context.Context, groupID string, at int64) (ReversedField, error) {
	const wereThere = "(SELECT 1 FROM past_memberships p WHERE p.group_id = ? AND p.contact_id = contacts.id AND p.left_at > ? AND p.joined_at <= ?)"
	joined := db.SelectFrom("memberships JOIN contacts ON contacts.id = memberships.contact_id", "contacts.id, contacts.username",
		"memberships.group_id = ? AND memberships.created_at > ? AND NOT EXISTS "+wereThere, groupID, at, groupID, at, at)
	left := db.SelectFrom("past_memberships JOIN contacts ON contacts.id = past_memberships.contact_id", "DISTINCT contacts.id, contacts.username",
		"group_id = ? AND left_at > ? AND joined_at <= ? AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.group_id = ? AND m.contact_id = contacts.id)",
		groupID, at, at, groupID)
	field := ReversedField{Name: "contacts", Now: audit.FieldValue{None: true}, To: audit.FieldValue{None: true}}
	for query, value := range map[*db.Selection]*audit.FieldValue{&joined: &field.Now, &left: &field.To} {
		query.Tail = " ORDER BY contacts.id"
		found, err := db.First(s.store.DB.Read(ctx), *query, MaxNamed+1, func(m *audit.Member) []any { return []any{&m.ID, &m.Username} })
		if err != nil {
			return field, s.store.DB.Failed(ctx, err)
		}
		if len(found) > MaxNamed {
			field.Refused = MembersUnnamed
		} else if len(found) > 0 {
			*value = audit.FieldValue{Members: found, Count: len(found)}
		}
	}
	return field, nil
}

// Version returns a short text that is another one if the Reversal would do anything else.
func (v Reversal) Version() string {
	encoded, _ := json.Marshal(v.Fields) // texts and numbers always marshal
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:8])
}

// RevertTo makes a group what it was at the end of a second, as far as the actor may and contacts still
// exist, as one change. version is that of the Difference that was looked at. Errors: those of Difference,
// Invalid, and ErrChanged, with nothing reverted, if the difference is another one now or there is none.
func (s *History) RevertTo(ctx context.Context, by access.Actor, id string, at int64, version string) error {
	v, err := s.Difference(ctx, by, id, at)
	if err != nil {
		return err
	}
	if v.Version() != version || len(v.Possible()) == 0 {
		return access.ErrChanged
	}
	v.Fields = slices.DeleteFunc(v.Fields, func(f ReversedField) bool { return f.Refused != "" })
	return s.store.Reverts.writeGroup(ctx, by, audit.RevertedGroupTo, v, func(_ *gorm.DB, _ *audit.Line, changes map[string]audit.Change) error {
		changes[RevertedToField] = audit.Change{Before: nil, After: at}
		return nil
	})
}
