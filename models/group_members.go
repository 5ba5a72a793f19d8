package models

import "strconv"

// addContacts gives each group its first members, in one query.
func (s *Store) addContacts(r reader, groups []Group) error {
	index := make(map[string]*Group, len(groups))
	var ids []string
	for i := range groups {
		g := &groups[i]
		g.Contacts = make([]Contact, 0, min(g.ContactsCount, ShownContacts))
		if g.ContactsCount > 0 {
			index[g.ID] = g
			ids = append(ids, g.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	sql, arg := s.dialect.firstMembers(ids)
	found, err := r.query(r.ctx, sql, false, []any{arg})
	if err != nil {
		return err
	}
	defer found.Close()
	return scanMembers(found, index)
}

// firstMembers reads the first members of one group: its id, and a contact.
func firstMembers(most int) string {
	return "SELECT memberships.group_id, " + contactColumns + " FROM memberships JOIN contacts ON contacts.id = memberships.contact_id" +
		" WHERE memberships.group_id = ? ORDER BY memberships.contact_id LIMIT " + strconv.Itoa(most)
}

// scanMembers gives each group of index the members that are read.
func scanMembers(found rows, index map[string]*Group) error {
	var group string
	var c Contact
	columns := append([]any{&group}, c.columns()...)
	for found.Next() {
		if err := found.Scan(columns...); err != nil {
			return err
		}
		g := index[group]
		g.Contacts = append(g.Contacts, c)
	}
	return found.Err()
}
