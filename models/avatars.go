package models

import (
	"context"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Avatars are the addresses of the pictures of groups and contacts.
type Avatars struct{ store *Store }

// OfGroup returns the address of a group's picture; "" if it has none. Errors: ErrNotFound.
func (s *Avatars) OfGroup(ctx context.Context, id string) (string, error) {
	return s.of(ctx, "groups", id)
}

// OfContact is OfGroup for a contact.
func (s *Avatars) OfContact(ctx context.Context, id string) (string, error) {
	return s.of(ctx, "contacts", id)
}

func (s *Avatars) of(ctx context.Context, table, id string) (string, error) {
	if !text.ValidID(id) {
		return "", access.ErrNotFound
	}
	address, err := db.Take(s.store.DB.Read(ctx), db.SelectFrom(table, "avatar_url", "id = ?", id), db.OneColumn[*string])
	return text.Deref(address), s.store.DB.Failed(ctx, err)
}
