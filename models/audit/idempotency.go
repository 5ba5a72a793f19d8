package audit

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
)

// keepKeys is for how long a key stands for the first answer under it.
const keepKeys = 24 * time.Hour

// MaxKey is how long an idempotency key can be.
const MaxKey = 255

// ValidKey tells whether s can be an idempotency key: 1 to MaxKey printable
// characters of ASCII.
func ValidKey(s string) bool {
	return s != "" && len(s) <= MaxKey && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// IdempotencyKey lets a request be sent again without being carried out again: an API
// call's Idempotency-Key, or the key in a form.
type IdempotencyKey struct {
	Key string
	// Fingerprint tells one request from another: under a key there can be only one.
	Fingerprint string
	// Replayed is set by the store where the answer is that of an earlier request.
	Replayed bool
}

// idempotencyKey is a key that was used, with the answer that it got as JSON.
type idempotencyKey struct {
	Owner       string `gorm:"primaryKey"`
	Key         string `gorm:"primaryKey"`
	Fingerprint string
	Answer      string
	CreatedAt   int64
}

// Once is write for a change that has an answer. Where key is not nil, the first
// answer under it is kept in the same transaction and given again to all that
// follow within a day, also when they came at once. Another request under the
// key is a Conflict.
func Once[T any](ctx context.Context, s *Log, by access.Actor, right access.Right, action Action, key *IdempotencyKey, fn func(tx *gorm.DB, line *Line) (T, error)) (T, error) {
	var answer T
	err := s.Write(ctx, by, right, action, func(tx *gorm.DB, line *Line) error {
		if key == nil || key.Key == "" {
			var err error
			answer, err = fn(tx, line)
			return err
		}
		row, fresh, err := claim(tx, by, key, s.db.Now(), s.settledNow())
		if err != nil {
			return err
		}
		if key.Replayed = !fresh; key.Replayed {
			if err := json.Unmarshal([]byte(row.Answer), &answer); err != nil {
				return err
			}
			return ErrUnchanged
		}
		var done error
		if answer, done = fn(tx, line); done != nil && done != ErrUnchanged {
			return done
		}
		kept, err := json.Marshal(answer)
		if err != nil {
			return err
		}
		row.Answer = string(kept)
		if err := tx.Select("answer").Updates(&row).Error; err != nil {
			return err
		}
		return done
	})
	return answer, err
}

// claim takes the key for this transaction, or answers who has it. Another
// transaction that is about to take it is waited for. A key is forgotten by settled: a
// clock that is wrong must not have requests carried out twice.
func claim(tx *gorm.DB, by access.Actor, key *IdempotencyKey, now, settled time.Time) (row idempotencyKey, fresh bool, err error) {
	row = idempotencyKey{Owner: by.ID, Key: key.Key, Fingerprint: key.Fingerprint, CreatedAt: now.Unix()}
	expired := tx.Where("owner = ? AND key = ? AND created_at <= ?", row.Owner, row.Key, settled.Add(-keepKeys).Unix())
	if err := expired.Delete(&idempotencyKey{}).Error; err != nil {
		return row, false, err
	}
	made := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
	if made.Error != nil || made.RowsAffected == 1 {
		return row, true, made.Error
	}
	if err := tx.Where("owner = ? AND key = ?", row.Owner, row.Key).Take(&row).Error; err != nil {
		return row, false, err
	}
	if row.Fingerprint != key.Fingerprint {
		return row, false, access.Conflict{Message: "This idempotency key was used for another request. Use a new key for each new request."}
	}
	return row, false, nil
}

// SweepKeys deletes the keys that no repeated request needs any more.
func (s *Log) SweepKeys(ctx context.Context) error {
	at, err := s.Settled(ctx)
	if err != nil {
		return err
	}
	now := at.Unix()
	db := s.db.Writer.WithContext(ctx)
	return s.db.Failed(ctx, db.Where("created_at <= ?", now-int64(keepKeys.Seconds())).Delete(&idempotencyKey{}).Error)
}
