package models

import (
	"context"
	"strings"

	"gorm.io/gorm"
)

// RotatedKeys is the action of taking a new key into use.
const RotatedKeys Action = "key.rotate"

// rotateBatch is how many secrets are encrypted anew in one transaction.
const rotateBatch = 200

// UnfinishedRotation tells whether the key in use is not yet the one that all secrets are
// encrypted with: Rotate was cut short, or is still to come.
func (s *Store) UnfinishedRotation(ctx context.Context) (bool, error) {
	var noted setting
	err := s.db.WithContext(ctx).Where("key = ?", keySetting).Take(&noted).Error
	return noted.Value != s.keyring.now().current(), s.failed(ctx, err)
}

// Rotate takes keys into use whose first one is new, and encrypts with it what the others
// have encrypted. Where it is cut short, nothing is lost, and to call it again finishes it.
// It answers how many secrets there were.
func (s *Store) Rotate(ctx context.Context, by Actor, keys Keys) (int, error) {
	s.keyring.take(keys)
	all := 0
	for after := ""; ; {
		n, last, err := s.rotateSome(ctx, after)
		if err != nil {
			return all, err
		}
		all += n
		if last == "" {
			break
		}
		after = last
	}
	err := s.write(ctx, by, ManagePolicy, RotatedKeys, func(tx *gorm.DB, line *AuditLine) error {
		var noted setting
		if err := tx.Where("key = ?", keySetting).Take(&noted).Error; err != nil {
			return err
		}
		if err := tx.Model(&setting{}).Where("key = ?", keySetting).Update("value", keys.current()).Error; err != nil {
			return err
		}
		line.about("key", keys.current(), "key "+keys.current())
		return line.say(map[string]change{"key": {noted.Value, keys.current()}})
	})
	return all, err
}

// rotateSome encrypts some secrets anew, and answers how many and whose was the last; ""
// where there are no more.
func (s *Store) rotateSome(ctx context.Context, after string) (n int, last string, err error) {
	err = s.transaction(ctx, func(tx *gorm.DB) error {
		n, last = 0, ""
		var rows []totp
		if err := tx.Where("user_id > ?", after).Order("user_id").Limit(rotateBatch).Find(&rows).Error; err != nil {
			return err
		}
		for _, row := range rows {
			last = row.UserID
			if strings.HasPrefix(row.Secret, s.keyring.now().current()+":") {
				continue
			}
			secret, err := s.decrypt(row.Secret, row.UserID)
			if err != nil {
				return err
			}
			// A seed that was replaced meanwhile stays as it is.
			done := tx.Model(&totp{}).Where("user_id = ? AND secret = ?", row.UserID, row.Secret).Update("secret", s.encrypt(secret, row.UserID))
			if done.Error != nil {
				return done.Error
			}
			n += int(done.RowsAffected)
		}
		return nil
	})
	return n, last, err
}
