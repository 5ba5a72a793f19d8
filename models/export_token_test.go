package models

import "context"

// Kept counts the calls of a token that are kept.
func (s *Store) Kept(ctx context.Context, token string) (n int64, err error) {
	err = s.db.WithContext(ctx).Model(&TokenRequest{}).Where("token_id = ?", token).Count(&n).Error
	return n, err
}
