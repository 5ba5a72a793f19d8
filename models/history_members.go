package models

import (
	"maps"
	"slices"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// membersThen selects who was in a group at the end of a second, and since when. Rows of contacts
// and groups that were deleted may not have been cleared yet.
const membersThen = `SELECT contact_id, created_at AS joined_at FROM memberships
	WHERE group_id = ? AND created_at <= ?
	AND NOT EXISTS (SELECT 1 FROM clearings WHERE clearings.contact_id = memberships.contact_id AND clearings.created_at <= ?)
	UNION ALL SELECT contact_id, joined_at FROM past_memberships WHERE group_id = ? AND left_at > ? AND joined_at <= ?`

// addMembers adds the first members at a time to a group, and how many there were.
func (s *History) addMembers(r db.Reader, g *Group, at int64) error {
	then := []any{g.ID, at, at, g.ID, at, at}
	var first []membership
	err := r.Together(r.Ctx, db.Statement{SQL: "SELECT count(*) FROM (" + membersThen + ") AS members", Args: then, Read: func(found db.Rows) error {
		counts, err := db.Scan(found, db.OneColumn[int])
		g.ContactsCount = append(counts, 0)[0]
		return err
	}}, db.Statement{SQL: membersThen + " ORDER BY contact_id LIMIT ?", Args: append(then, ShownContacts), Read: func(found db.Rows) (err error) {
		first, err = db.Scan(found, func(m *membership) []any { return []any{&m.ContactID, &m.CreatedAt} })
		return err
	}})
	if err != nil {
		return err
	}
	joined := make(map[string]int64, len(first))
	for _, m := range first {
		joined[m.ContactID] = m.CreatedAt
	}
	g.Contacts, err = s.contacts(r, slices.Sorted(maps.Keys(joined)), at)
	for i, c := range g.Contacts {
		g.Contacts[i].JoinedAt = joined[c.ID]
	}
	return err
}

// contacts returns contacts as they were at the end of a second, in the order of ids. Of one that
// the activity knows nothing of and that is gone there is only the id.
func (s *History) contacts(r db.Reader, ids []string, at int64) ([]Contact, error) {
	contacts := make([]Contact, len(ids))
	if len(ids) == 0 {
		return contacts, nil
	}
	query := selectContacts(s.store.DB.Dialect.Among("id", ids))
	present, err := db.Collect(r, query.SQL(), false, query.Args, (*Contact).columns)
	if err != nil {
		return nil, err
	}
	later, err := s.store.Audit.LinesFrom(r, ids, endOf(at), audit.ExportedContact)
	byID := make(map[string]*Contact, len(ids))
	for i, id := range ids {
		contacts[i].ID, byID[id] = id, &contacts[i]
	}
	for _, c := range present {
		if *byID[c.ID] = c; text.Deref(c.LastActiveAt) > at {
			byID[c.ID].LastActiveAt = nil // nobody knows when it was before
		}
	}
	for _, l := range later {
		c := byID[l.ObjectID]
		takeBack(contactFields, c, l, map[string]func(v audit.FieldValue){
			"created_at":      func(v audit.FieldValue) { c.CreatedAt = text.Deref(optionalTime(v)) },
			"conversation_id": func(v audit.FieldValue) { c.ConversationID = v.Text },
		})
	}
	return contacts, err
}
