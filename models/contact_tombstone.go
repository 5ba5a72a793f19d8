package models

import (
	"context"
	"errors"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

// ContactTombstone is what remains of a contact that was merged into another, or whose personal data
// were erased. DeletedAt is in Unix seconds, and DeletedBy the name of who did it.
type ContactTombstone struct {
	ContactID string `gorm:"primaryKey"`
	Name      string
	// MergedInto is the id of the contact that it was merged into; nil if its data were erased.
	MergedInto *string
	DeletedAt  int64
	DeletedBy  string
	// Into is the contact that it was merged into; nil if that was deleted.
	Into *Contact `gorm:"-"`
}

// Erased reports whether the contact's personal data were erased.
func (t ContactTombstone) Erased() bool { return t.MergedInto == nil }

// ContactTombstone returns what remains of a contact, or ErrNotFound.
func (s *Store) ContactTombstone(ctx context.Context, id string) (ContactTombstone, error) {
	var t ContactTombstone
	if !text.ValidID(id) {
		return t, access.ErrNotFound
	}
	if err := s.DB.Reader.WithContext(ctx).Where("contact_id = ?", id).Take(&t).Error; err != nil {
		return t, s.DB.Failed(ctx, err)
	}
	if t.Erased() {
		return t, nil
	}
	into, err := s.Contact(ctx, *t.MergedInto)
	if errors.Is(err, access.ErrNotFound) {
		return t, nil
	}
	t.Into = &into
	return t, err
}
