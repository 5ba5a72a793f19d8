package identity

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

// ChallengeLimit is how long a challenge can be answered.
const ChallengeLimit = 10 * time.Minute

// ChallengeKind says what a challenge is for.
type ChallengeKind string

// The kinds of challenges.
const (
	// FactorChallenge waits for the second factor, after the first one was right. It is
	// stored, because it must end when the account's password or sessions do.
	FactorChallenge ChallengeKind = "factor"
	// PasskeyChallenge waits for a passkey.
	PasskeyChallenge ChallengeKind = "passkey"
	// ProviderChallenge waits for a provider to identify the user.
	ProviderChallenge ChallengeKind = "oidc"
)

// maxPendingChallenges limits the stored challenges of a user; older ones are deleted.
const maxPendingChallenges = 10

// challenge is a started sign-in that waits for its answer. The browser has its secret, of
// which the hash is stored. Anyone can start challenges other than FactorChallenge, so
// those are sealed and kept entirely in the browser; only a used one is stored, without its
// data.
type challenge struct {
	Hash      string `gorm:"primaryKey"`
	Kind      ChallengeKind
	UserID    *string
	Data      string
	ExpiresAt int64
}

// sealedChallenge is a challenge as a browser keeps it.
type sealedChallenge struct {
	UserID    string          `json:"user_id,omitempty"`
	Data      json.RawMessage `json:"data"`
	ExpiresAt int64           `json:"expires_at"`
}

// NewChallenge returns the secret with which the browser can answer a new challenge, once,
// within ChallengeLimit. userID is "" if it is unknown; data is anything that marshals to
// JSON.
func (s *Attempts) NewChallenge(ctx context.Context, kind ChallengeKind, userID string, data any) (secret string, err error) {
	b, err := json.Marshal(data)
	if err != nil {
		return "", err
	}
	expires := s.db.Now().Add(ChallengeLimit).Unix()
	if kind != FactorChallenge {
		sealed, err := json.Marshal(sealedChallenge{userID, b, expires})
		return s.log.Keyring.SealSecret(kind.purpose(), sealed), err
	}
	secret = text.RandomDigits(secretLength)
	row := challenge{Hash: hashSecret(secret), Kind: kind, UserID: text.OrNil(userID), Data: string(b), ExpiresAt: expires}
	return secret, s.db.Transaction(ctx, func(tx *gorm.DB) error {
		newest := tx.Model(&challenge{}).Select("hash").Where("user_id = ? AND kind = ?", userID, kind).
			Order("expires_at DESC").Limit(maxPendingChallenges - 1)
		if err := tx.Where("user_id = ? AND kind = ? AND hash NOT IN (?)", userID, kind, newest).Delete(&challenge{}).Error; err != nil {
			return err
		}
		return tx.Create(&row).Error
	})
}

// purpose returns what a challenge of this kind is sealed for.
func (k ChallengeKind) purpose() string { return "challenge " + string(k) }

// Challenge returns whom a challenge is about, and unmarshals its data, without using it
// up. Errors: ErrNotFound if there is none, or it has expired or was used.
func (s *Attempts) Challenge(ctx context.Context, kind ChallengeKind, secret string, data any) (userID string, err error) {
	found, err := s.challenge(s.db.Writer.WithContext(ctx), kind, secret)
	if err != nil {
		return "", s.db.Failed(ctx, err)
	}
	return text.Deref(found.UserID), json.Unmarshal([]byte(found.Data), data)
}

// TakeChallenge is Challenge, and uses the challenge up: of two concurrent calls one finds
// it. Using up a sealed one stores a row, so call it only once the answer has been
// verified.
func (s *Attempts) TakeChallenge(ctx context.Context, kind ChallengeKind, secret string, data any) (userID string, err error) {
	var found challenge
	err = s.db.Transaction(ctx, func(tx *gorm.DB) error {
		found, err = s.takeChallenge(tx, kind, secret)
		return err
	})
	if err != nil {
		return "", err
	}
	return text.Deref(found.UserID), json.Unmarshal([]byte(found.Data), data)
}

func (s *Attempts) challenge(tx *gorm.DB, kind ChallengeKind, secret string) (found challenge, err error) {
	if kind != FactorChallenge {
		return s.sealedChallenge(tx, kind, secret)
	}
	err = tx.Where("hash = ? AND kind = ? AND expires_at > ?", hashSecret(secret), kind, s.db.Now().Unix()).Take(&found).Error
	return found, err
}

func (s *Attempts) sealedChallenge(tx *gorm.DB, kind ChallengeKind, secret string) (challenge, error) {
	var c sealedChallenge
	data, ok := s.log.Keyring.OpenSealed(kind.purpose(), secret)
	if !ok || json.Unmarshal(data, &c) != nil || c.ExpiresAt <= s.db.Now().Unix() {
		return challenge{}, access.ErrNotFound
	}
	found := challenge{Hash: hashSecret(secret), Kind: kind, UserID: text.OrNil(c.UserID), Data: string(c.Data), ExpiresAt: c.ExpiresAt}
	var used int64
	err := tx.Model(&challenge{}).Where("hash = ?", found.Hash).Count(&used).Error
	if err == nil && used > 0 {
		err = access.ErrNotFound
	}
	return found, err
}

// takeChallenge is TakeChallenge within a transaction.
func (s *Attempts) takeChallenge(tx *gorm.DB, kind ChallengeKind, secret string) (challenge, error) {
	found, err := s.challenge(tx, kind, secret)
	if err != nil {
		return found, err
	}
	var taken *gorm.DB
	if kind == FactorChallenge {
		taken = tx.Where("hash = ?", found.Hash).Delete(&challenge{})
	} else {
		used := challenge{Hash: found.Hash, Kind: kind, ExpiresAt: found.ExpiresAt}
		taken = tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&used)
	}
	if taken.Error == nil && taken.RowsAffected == 0 { // another call was faster
		return found, access.ErrNotFound
	}
	return found, taken.Error
}

// deleteChallenges deletes a user's started sign-ins.
func deleteChallenges(tx *gorm.DB, userID string) error {
	return tx.Where("user_id = ?", userID).Delete(&challenge{}).Error
}
