package models

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// Overlaps are for how long the secret from before can go on working after a token is
// rolled.
var Overlaps = []time.Duration{0, time.Hour, 24 * time.Hour, 72 * time.Hour}

// ErrNotYours says that only its owner can have a new secret for a token, because it acts
// in the owner's name. It is an ErrDenied.
var ErrNotYours = fmt.Errorf("%w: the token is somebody else's", ErrDenied)

// RollToken gives a token a new secret, which is answered and can't be had again. The one
// that it had goes on working for the time given, one of Overlaps; one from before that
// ends. Errors: Invalid, ErrNotYours, Conflict where the token has ended or key was used.
func (s *Store) RollToken(ctx context.Context, by Actor, id string, overlap time.Duration, key *Once) (Token, string, error) {
	if !slices.Contains(Overlaps, overlap) {
		return Token{}, "", bad("overlap", "The old secret can go on working for 0, 1, 24 or 72 hours.")
	}
	defer s.callers.forget()
	secret := newSecret()
	_, err := once(ctx, s, by, MakeTokens, RolledToken, key, func(tx *gorm.DB, line *AuditLine) (string, error) {
		return id, s.changeTokenIn(tx, id, line, func(_ *gorm.DB, t *Token, line *AuditLine) (map[string]any, error) {
			return s.roll(by, *t, line, secret, overlap)
		})
	})
	if err == nil && key != nil && key.Replayed {
		err = Conflict{Message: "This form was sent before and rolled the token then. A secret is shown once only; if you did not see it, roll the token again."}
	}
	if err != nil {
		return Token{}, "", err
	}
	t, err := s.Token(ctx, by, id)
	return t, secret, err
}

// roll is what rolling changes.
func (s *Store) roll(by Actor, t Token, line *AuditLine, secret string, overlap time.Duration) (map[string]any, error) {
	now := s.Now()
	switch {
	case by.Kind != SystemActor && t.UserID != by.UserID:
		return nil, ErrNotYours
	case t.State(now) != "active":
		return nil, Conflict{Message: "This token has ended and can't be rolled. Make a new one."}
	}
	changed := map[string]any{
		"hash": hashSecret(secret), "hint": hint(secret), "rolled_at": now.Unix(),
		"old_hash": nil, "old_hint": nil, "old_until": nil, "old_last_used_at": nil,
	}
	var until *int64
	if overlap > 0 {
		until = new(now.Add(overlap).Unix())
		changed["old_hash"], changed["old_hint"], changed["old_until"], changed["old_last_used_at"] = t.Hash, t.Hint, until, t.LastUsedAt
	}
	return changed, line.say(map[string]change{"hint": {t.Hint, hint(secret)}, "old_until": {t.OldUntil, until}})
}

// EndOldSecret makes the secret from before a token was rolled useless from the next call
// on. Where there is none, nothing changes. Errors: ErrNotFound, Denied.
func (s *Store) EndOldSecret(ctx context.Context, by Actor, id string) error {
	return s.changeToken(ctx, by, EndedOldSecret, id, func(_ *gorm.DB, t *Token, line *AuditLine) (map[string]any, error) {
		if t.OldHash == nil {
			return nil, errUnchanged
		}
		ended := map[string]any{"old_hash": nil, "old_hint": nil, "old_until": nil, "old_last_used_at": nil}
		return ended, line.say(map[string]change{"old_hint": {t.OldHint, nil}, "old_until": {t.OldUntil, nil}})
	})
}
