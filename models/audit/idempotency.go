package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// KeepKeys is how long an idempotency key is kept with its first result.
const KeepKeys = 24 * time.Hour

// MaxKey is the maximum length of an idempotency key.
const MaxKey = 255

// ValidKey reports whether s can be an idempotency key: 1 to MaxKey printable ASCII
// characters.
func ValidKey(s string) bool {
	return s != "" && len(s) <= MaxKey && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// IdempotencyKey lets a client repeat a request without repeating its effect. It is an API
// call's Idempotency-Key, or the key in a form. The zero value is no key.
type IdempotencyKey struct {
	Key string
	// Fingerprint identifies the request: a key can't be used for another one.
	Fingerprint string
	// Replayed is set by WriteOnce if it returned the stored result of an earlier request.
	Replayed bool
}

// idempotencyKey is a used key with its result as JSON.
type idempotencyKey struct {
	Owner       string `gorm:"primaryKey"`
	Key         string `gorm:"primaryKey"`
	Fingerprint string
	Answer      string
	CreatedAt   int64
}

// WriteOnce is Write for a change that returns a result. With a key, the first result is
// stored in the same transaction and returned to every repetition within a day, including
// concurrent ones. ErrNothing then does not roll back, so fn must have written nothing.
// Errors: as for Write, and Conflict if the key was used for another request.
func WriteOnce[T any](ctx context.Context, s *Log, by access.Actor, right access.Right, action Action, key *IdempotencyKey, fn func(tx *gorm.DB, line *Line) (T, error)) (T, error) {
	var answer T
	err := s.Write(ctx, by, right, action, func(tx *gorm.DB, line *Line) (err error) {
		answer, err = replay(s, tx, by, key, func() (T, error) { return fn(tx, line) })
		return err
	})
	return answer, err
}

// Atomic runs fn in one transaction, as db.DB.Atomic does: every Write in it is a part, with
// a right and a line of its own. A key is as for WriteOnce. Errors: those of fn, which roll back
// all of it, and Conflict for another request under the same key.
func Atomic[T any](ctx context.Context, s *Log, by access.Actor, key *IdempotencyKey, fn func(ctx context.Context) (T, error)) (T, error) {
	var answer T
	err := s.db.Atomic(ctx, func(ctx context.Context, tx *gorm.DB) (err error) {
		answer, err = replay(s, tx, by, key, func() (T, error) { return fn(ctx) })
		return err
	})
	if err == ErrNothing {
		err = nil
	}
	return answer, err
}

// replay returns the answer of fn and stores it under the key, if there is one, or returns
// the answer that the key has, with ErrNothing.
func replay[T any](s *Log, tx *gorm.DB, by access.Actor, key *IdempotencyKey, fn func() (T, error)) (answer T, err error) {
	if key == nil || key.Key == "" {
		return fn()
	}
	row, fresh, err := claim(tx, by, key, s.db.Now(), s.trustedNow())
	if err != nil {
		return answer, err
	}
	if key.Replayed = !fresh; key.Replayed {
		return answer, cmp.Or(json.Unmarshal([]byte(row.Answer), &answer), ErrNothing)
	}
	answer, done := fn()
	if done == ErrNothing {
		done = ErrNoAuditLine // the answer is kept
	}
	if done != nil && done != ErrNoAuditLine {
		return answer, done
	}
	kept, err := json.Marshal(answer)
	if err != nil {
		return answer, err
	}
	row.Answer = string(kept)
	if err := db.Later(tx).Select("answer").Updates(&row).Error; err != nil {
		return answer, err
	}
	return answer, done
}

// claim inserts the key in this transaction, or returns the row that has it, after waiting
// for any transaction that is inserting it. Keys expire by the trusted time, so that a
// wrong clock can't make a request run twice.
func claim(tx *gorm.DB, by access.Actor, key *IdempotencyKey, now, settled time.Time) (row idempotencyKey, fresh bool, err error) {
	row = idempotencyKey{Owner: by.ID, Key: key.Key, Fingerprint: key.Fingerprint, CreatedAt: now.Unix()}
	expired := db.Later(tx).Where("owner = ? AND key = ? AND created_at <= ?", row.Owner, row.Key, settled.Add(-KeepKeys).Unix())
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
		return row, false, ErrKeyUsed
	}
	return row, false, nil
}

// SweepKeys deletes expired keys.
func (s *Log) SweepKeys(ctx context.Context) error {
	at, err := s.TrustedTime(ctx)
	if err != nil {
		return err
	}
	now := at.Unix()
	db := s.db.Writer.WithContext(ctx)
	return s.db.Failed(ctx, db.Where("created_at <= ?", now-int64(KeepKeys.Seconds())).Delete(&idempotencyKey{}).Error)
}

// ErrKeyUsed refuses a key that came with another request.
var ErrKeyUsed = access.Conflict{Message: "This idempotency key was used for another request. Use a new key for each new request."}
