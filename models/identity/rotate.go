package identity

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/keys"
)

// RotatedKeys is the action of taking a new key into use.
const RotatedKeys audit.Action = "key.rotate"

// rotateBatch is how many secrets are re-encrypted in one transaction.
const rotateBatch = 200

// UnfinishedRotation reports whether some secrets may not be encrypted with the current key
// yet, because Rotate was interrupted or has not run.
func (s *Store) UnfinishedRotation(ctx context.Context) (bool, error) {
	var noted db.Setting
	err := s.db.Writer.WithContext(ctx).Where("key = ?", audit.KeySetting).Take(&noted).Error
	return noted.Value != s.log.Keyring.Now().Current(), s.db.Failed(ctx, err)
}

// Rotate starts using keys, whose first one is new, and re-encrypts all secrets with it. If
// it is interrupted nothing is lost, and calling it again finishes it. It returns how many
// secrets it re-encrypted. Errors: Denied.
func (s *Store) Rotate(ctx context.Context, by access.Actor, keys keys.Keys) (int, error) {
	s.log.Keyring.Set(keys)
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
	if s.Reencrypt != nil {
		n, err := s.Reencrypt(ctx)
		if all += n; err != nil {
			return all, err
		}
	}
	err := s.log.Write(ctx, by, access.ManagePolicy, RotatedKeys, func(tx *gorm.DB, line *audit.Line) error {
		var noted db.Setting
		if err := tx.Where("key = ?", audit.KeySetting).Take(&noted).Error; err != nil {
			return err
		}
		if err := tx.Model(&db.Setting{}).Where("key = ?", audit.KeySetting).Update("value", keys.Current()).Error; err != nil {
			return err
		}
		line.SetObject("key", keys.Current(), "key "+keys.Current())
		return line.SetChanges(map[string]audit.Change{"key": {Before: noted.Value, After: keys.Current()}})
	})
	return all, err
}

// rotateSome re-encrypts a batch of secrets, and returns how many and whose was the last;
// "" if there are no more.
func (s *Store) rotateSome(ctx context.Context, after string) (n int, last string, err error) {
	err = s.db.Transaction(ctx, func(tx *gorm.DB) error {
		n, last = 0, ""
		var rows []totp
		if err := tx.Where("user_id > ?", after).Order("user_id").Limit(rotateBatch).Find(&rows).Error; err != nil {
			return err
		}
		for _, row := range rows {
			last = row.UserID
			if strings.HasPrefix(row.Secret, s.log.Keyring.Now().Current()+":") {
				continue
			}
			secret, err := s.log.Keyring.Decrypt(row.Secret, row.UserID)
			if err != nil {
				return err
			}
			// A seed that was replaced meanwhile stays as it is.
			done := tx.Model(&totp{}).Where("user_id = ? AND secret = ?", row.UserID, row.Secret).Update("secret", s.log.Keyring.Encrypt(secret, row.UserID))
			if done.Error != nil {
				return done.Error
			}
			n += int(done.RowsAffected)
		}
		return nil
	})
	return n, last, err
}
