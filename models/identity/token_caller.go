package identity

import (
	"context"
	"errors"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// ErrForeignAddress is returned if a token may not be used from the caller's address.
var ErrForeignAddress = errors.New("the token may not be used from this address")

// ErrFactorMissing is returned if the owner of a token needs a second factor first: see
// Policy.Tokens.
var ErrFactorMissing = errors.New("the token is refused because its owner has no second factor")

// caller is who calls with a token, its networks, and whether the owner has a second
// factor.
type caller struct {
	access.Actor
	networks access.Networks
	secured  bool
}

// TokenActor returns the actor of a call with this token from ip. Errors: ErrNotFound if
// the token is wrong, expired or revoked, or its owner disabled; and, with the actor,
// ErrForeignAddress and ErrFactorMissing. A change that another process makes to a token or
// its user takes effect within a second.
func (s *Tokens) TokenActor(ctx context.Context, secret, ip string) (access.Actor, error) {
	if !LooksLikeToken(secret) {
		return access.Actor{}, access.ErrNotFound
	}
	hash := hashSecret(secret)
	found, err := s.callers.Get(hash, s.db.Now(), func() (caller, error) { return s.caller(ctx, hash, ip) })
	found.IP = ip
	if err == nil {
		err = s.admitCaller(ctx, found, ip)
	}
	return found.Actor, s.db.Failed(ctx, err)
}

// admitCaller returns why a call with a valid token is refused, or nil.
func (s *Tokens) admitCaller(ctx context.Context, c caller, ip string) error {
	if !c.networks.Admit(ip) {
		return ErrForeignAddress
	}
	p, err := s.policies.Policy(ctx)
	if err == nil && p.BindsTokens(c.Role, s.db.Now()) && !c.secured {
		err = ErrFactorMissing
	}
	return err
}

// caller finds a token by its secret, or by the one that it had before it was rotated, and
// stores at most once a minute that it is in use.
func (s *Tokens) caller(ctx context.Context, hash, ip string) (caller, error) {
	var seen, oldSeen *int64
	var current string
	now := s.db.Now().Unix()
	query := db.Selection{
		Columns: "tokens.id, tokens.user_id, tokens.name, tokens.scopes, tokens.networks, tokens.hash, users.role, tokens.last_used_at, tokens.old_last_used_at, (" + hasFactor + ")",
		From:    "tokens", Joins: " JOIN users ON users.id = tokens.user_id",
	}
	query.Where("(tokens.hash = ? OR tokens.old_hash = ? AND tokens.old_until > ?)", hash, hash, now)
	query.Where("users.disabled_at IS NULL AND tokens.revoked_at IS NULL AND (tokens.expires_at IS NULL OR tokens.expires_at > ?)", now)
	by, err := db.Take(s.db.Read(ctx), query, func(a *caller) []any {
		return []any{&a.ID, &a.UserID, &a.Name, &a.Scopes, &a.networks, &current, &a.Role, &seen, &oldSeen, &a.secured}
	})
	by.Kind = access.TokenActor
	old := current != hash
	if err == nil && (overdue(seen, now) || old && overdue(oldSeen, now)) && s.admitCaller(ctx, by, ip) == nil {
		s.touchToken(ctx, by.ID, old, now, ip)
	}
	return by, err
}

func overdue(seen *int64, now int64) bool { return now-text.Deref(seen) >= int64(seenEvery.Seconds()) }

// touchToken stores that a token is in use, and whether by its old secret. If that fails, a
// later call will do it.
func (s *Tokens) touchToken(ctx context.Context, id string, old bool, now int64, ip string) {
	seen := map[string]any{"last_used_at": now, "last_used_ip": ip}
	if old {
		seen["old_last_used_at"] = now
	}
	_ = s.db.Writer.WithContext(ctx).Model(&Token{}).Where("id = ?", id).Updates(seen).Error
}
