package models

import (
	"context"

	"protocol.chat/console/models/identity"
)

// Kept counts the calls of a token that are kept.
func (s *Store) Kept(ctx context.Context, token string) (n int64, err error) {
	err = s.DB.Writer.WithContext(ctx).Model(&identity.TokenRequest{}).Where("token_id = ?", token).Count(&n).Error
	return n, err
}
