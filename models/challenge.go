package models

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"
)

// ChallengeLimit is how long what is half done can be finished.
const ChallengeLimit = 10 * time.Minute

// ChallengeKind says what is half done.
type ChallengeKind string

// The kinds of challenges.
const (
	// FactorChallenge: the first factor was right, and the second one is awaited.
	FactorChallenge ChallengeKind = "factor"
	// PasskeyChallenge: a passkey was asked for.
	PasskeyChallenge ChallengeKind = "passkey"
	// ProviderChallenge: a provider was asked who somebody is.
	ProviderChallenge ChallengeKind = "oidc"
)

// challenge is what is half done, until its answer comes. The browser has its secret;
// the hash of that is stored.
type challenge struct {
	Hash      string `gorm:"primaryKey"`
	Kind      ChallengeKind
	UserID    *string
	Data      string
	ExpiresAt int64
}

// NewChallenge keeps what is half done, and answers the secret by which the browser can
// finish it: once, within ChallengeLimit. userID is "" where nobody knows yet who it is;
// data is anything that marshals.
func (s *Store) NewChallenge(ctx context.Context, kind ChallengeKind, userID string, data any) (secret string, err error) {
	secret = randomDigits(secretLength)
	return secret, s.keepChallenge(ctx, kind, secret, userID, data)
}

// keepChallenge is NewChallenge for a secret that there is already.
func (s *Store) keepChallenge(ctx context.Context, kind ChallengeKind, secret, userID string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	row := challenge{
		Hash: hashSecret(secret), Kind: kind, UserID: orNil(userID), Data: string(b),
		ExpiresAt: s.Now().Add(ChallengeLimit).Unix(),
	}
	return s.failed(ctx, s.db.WithContext(ctx).Create(&row).Error)
}

// Challenge answers whom a challenge is about, and reads its data, without using it up.
// It is ErrNotFound where there is none, or where it has run out or was used.
func (s *Store) Challenge(ctx context.Context, kind ChallengeKind, secret string, data any) (userID string, err error) {
	found, err := s.challenge(s.db.WithContext(ctx), kind, secret)
	if err != nil {
		return "", s.failed(ctx, err)
	}
	return deref(found.UserID), json.Unmarshal([]byte(found.Data), data)
}

// TakeChallenge is Challenge that uses it up: of two calls at once one finds it.
func (s *Store) TakeChallenge(ctx context.Context, kind ChallengeKind, secret string, data any) (userID string, err error) {
	var found challenge
	err = s.transaction(ctx, func(tx *gorm.DB) error {
		found, err = s.takeChallenge(tx, kind, secret)
		return err
	})
	if err != nil {
		return "", err
	}
	return deref(found.UserID), json.Unmarshal([]byte(found.Data), data)
}

func (s *Store) challenge(tx *gorm.DB, kind ChallengeKind, secret string) (challenge, error) {
	var found challenge
	err := tx.Where("hash = ? AND kind = ? AND expires_at > ?", hashSecret(secret), kind, s.Now().Unix()).Take(&found).Error
	return found, err
}

// takeChallenge uses a challenge up within a transaction.
func (s *Store) takeChallenge(tx *gorm.DB, kind ChallengeKind, secret string) (challenge, error) {
	found, err := s.challenge(tx, kind, secret)
	if err != nil {
		return found, err
	}
	taken := tx.Where("hash = ?", found.Hash).Delete(&challenge{})
	if taken.Error == nil && taken.RowsAffected == 0 { // another one was faster
		return found, ErrNotFound
	}
	return found, taken.Error
}

// dropChallenges ends what a user has half done: what it began with counts no more.
func dropChallenges(tx *gorm.DB, userID string) error {
	return tx.Where("user_id = ?", userID).Delete(&challenge{}).Error
}
