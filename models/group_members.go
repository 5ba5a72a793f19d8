package models

import "protocol.chat/console/models/db"

// addContacts reads the first members of each group, in one query.
func (s *Members) addContacts(r db.Reader, groups []Group) error {
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
	sql, arg := s.store.DB.Dialect.FirstMembers(ids, contactColumns, ShownContacts)
	found, err := r.Query(r.Ctx, sql, false, []any{arg})
	if err != nil {
		return err
	}
	defer found.Close()
	return scanMembers(found, index)
}

// scanMembers adds the members that are read to the groups of index.
func scanMembers(found db.Rows, index map[string]*Group) error {
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
