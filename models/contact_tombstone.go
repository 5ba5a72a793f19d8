package models

import (
	"context"
	"errors"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

// ContactTombstone is what remains of a contact that was merged into another. DeletedAt is in Unix
// seconds, and DeletedBy the name of who merged them.
type ContactTombstone struct {
	ContactID  string `gorm:"primaryKey"`
	Name       string
	MergedInto string
	DeletedAt  int64
	DeletedBy  string
	// Into is the contact that it was merged into; nil if that was deleted.
	Into *Contact `gorm:"-"`
}

// ContactTombstone returns what remains of a merged contact, or ErrNotFound.
func (s *Store) ContactTombstone(ctx context.Context, id string) (ContactTombstone, error) {
	var t ContactTombstone
	if !text.ValidID(id) {
		return t, access.ErrNotFound
	}
	if err := s.DB.Reader.WithContext(ctx).Where("contact_id = ?", id).Take(&t).Error; err != nil {
		return t, s.DB.Failed(ctx, err)
	}
	into, err := s.Contact(ctx, t.MergedInto)
	if errors.Is(err, access.ErrNotFound) {
		return t, nil
	}
	t.Into = &into
	return t, err
}
