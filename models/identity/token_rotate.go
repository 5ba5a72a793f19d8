package identity

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// Overlaps are how long the old secret can continue working after a token is rotated.
var Overlaps = []time.Duration{0, time.Hour, 24 * time.Hour, 72 * time.Hour}

// ErrNotOwner is returned if anyone but its owner rotates a token, which acts in the owner's
// name. It is an ErrDenied.
var ErrNotOwner = fmt.Errorf("%w: the token is somebody else's", access.ErrDenied)

// RotateToken gives a token a new secret, which it returns and which can't be retrieved
// later. The current secret keeps working for overlap, one of Overlaps; the one before it
// ends. Errors: Invalid, ErrNotFound, ErrNotOwner, Conflict if the token has ended or key
// was used.
func (s *Tokens) RotateToken(ctx context.Context, by access.Actor, id string, overlap time.Duration, key *audit.IdempotencyKey) (Token, string, error) {
	if !slices.Contains(Overlaps, overlap) {
		return Token{}, "", access.Refused("overlap", "The old secret can keep working for 0, 1, 24 or 72 hours.")
	}
	defer s.callers.Forget()
	secret := newSecret()
	_, err := audit.WriteOnce(ctx, s.log, by, access.CreateTokens, audit.RotatedToken, key, func(tx *gorm.DB, line *audit.Line) (string, error) {
		return id, s.changeTokenIn(tx, id, line, func(_ *gorm.DB, t *Token, line *audit.Line) (map[string]any, error) {
			return s.rotate(by, *t, line, secret, overlap)
		})
	})
	if err == nil && key != nil && key.Replayed {
		err = access.Conflict{Message: "This form already rotated the token. A secret is shown only once; if you didn't save it, rotate the token again."}
	}
	if err != nil {
		return Token{}, "", err
	}
	t, err := s.Token(ctx, by, id)
	return t, secret, err
}

// rotate returns the columns that rotating changes.
func (s *Tokens) rotate(by access.Actor, t Token, line *audit.Line, secret string, overlap time.Duration) (map[string]any, error) {
	now := s.db.Now()
	switch {
	case by.Kind != access.SystemActor && t.UserID != by.UserID:
		return nil, ErrNotOwner
	case t.State(now) != "active":
		return nil, access.Conflict{Message: "This token is expired or revoked and can't be rotated. Create a new one."}
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
	return changed, line.SetChanges(map[string]audit.Change{"hint": {Before: t.Hint, After: hint(secret)}, "old_until": {Before: t.OldUntil, After: until}})
}

// EndOldSecret makes the secret from before a token was rotated useless from the next call
// on. It does nothing if there is none. Errors: ErrNotFound, Denied.
func (s *Tokens) EndOldSecret(ctx context.Context, by access.Actor, id string) error {
	return s.changeToken(ctx, by, audit.EndedOldSecret, id, func(_ *gorm.DB, t *Token, line *audit.Line) (map[string]any, error) {
		if t.OldHash == nil {
			return nil, audit.ErrNothing
		}
		ended := map[string]any{"old_hash": nil, "old_hint": nil, "old_until": nil, "old_last_used_at": nil}
		return ended, line.SetChanges(map[string]audit.Change{"old_hint": {Before: t.OldHint, After: nil}, "old_until": {Before: t.OldUntil, After: nil}})
	})
}
