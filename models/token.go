package models

import (
	"context"
	"errors"
	"hash/crc32"
	"strings"
	"time"

	"gorm.io/gorm"
)

// A token is a prefix, 32 characters at random, and 6 that check them, so that a
// program that scans for leaked secrets knows one when it sees it.
const (
	tokenPrefix   = "pcl_"
	tokenRandom   = 32
	tokenChecksum = 6
)

// Token lets a program call the API in the name of a user.
type Token struct {
	ID     string
	UserID string
	Name   string
	Scopes Scopes
	// Hint is the start and the end of the token, to know it by.
	Hint string
	// Times are Unix seconds; nil: it never expires, is not revoked, was never used.
	CreatedAt                        int64
	ExpiresAt, RevokedAt, LastUsedAt *int64
	LastUsedIP                       *string

	Hash string
	// UserName is the name of the user, where it was asked for.
	UserName string `gorm:"->;-:migration"`
}

// State is "active", "expired" or "revoked" at a time.
func (t Token) State(now time.Time) string {
	switch {
	case t.RevokedAt != nil:
		return "revoked"
	case t.ExpiresAt != nil && *t.ExpiresAt <= now.Unix():
		return "expired"
	}
	return "active"
}

// unusedAfter is how long a token rests until it is called unused.
const unusedAfter = 90 * 24 * time.Hour

// Unused tells whether the token has not been used for 90 days.
func (t Token) Unused(now time.Time) bool {
	last := t.CreatedAt
	if t.LastUsedAt != nil {
		last = *t.LastUsedAt
	}
	return now.Sub(time.Unix(last, 0)) > unusedAfter
}

// NewToken is what a token is made from. UserID is whose it is; "" is the actor's.
type NewToken struct {
	UserID string
	Name   string
	Scopes Scopes
	// ExpiresAt is in Unix seconds; nil is never.
	ExpiresAt *int64
}

// check is the token to store, without its hash, and what is wrong.
func (n NewToken) check(now time.Time) (Token, Invalid) {
	t := Token{UserID: n.UserID, Scopes: n.Scopes.inOrder(), ExpiresAt: n.ExpiresAt}
	var problems Invalid
	t.Name = *problems.check("name", &n.Name, func(s string) (string, string) {
		s, problem := line("The name", s, MaxName)
		if problem == "" && blank(s) {
			problem = "Enter a name that says what the token is for."
		}
		return s, problem
	})
	if len(t.Scopes) == 0 {
		problems = append(problems, bad("scopes", "Choose at least one thing that the token may do.")...)
	}
	if n.ExpiresAt != nil && *n.ExpiresAt <= now.Unix() {
		problems = append(problems, bad("expires", "The token must expire in the future.")...)
	}
	return t, problems
}

// CreateToken makes a token and answers it with its secret, which can't be had
// again: a second call under the same key is a Conflict. Errors: Invalid, Denied.
func (s *Store) CreateToken(ctx context.Context, by Actor, n NewToken, key *Once) (Token, string, error) {
	if n.UserID == "" {
		n.UserID = by.UserID
	}
	now := s.Now()
	t, problems := n.check(now)
	if err := problems.orNil(); err != nil {
		return Token{}, "", err
	}
	secret := tokenSecret(randomDigits(tokenRandom))
	t.ID, t.CreatedAt, t.Hash = s.ids.next(now, ""), now.Unix(), hashSecret(secret)
	t.Hint = secret[:len(tokenPrefix)+4] + "…" + secret[len(secret)-4:]
	_, err := once(ctx, s, by, MakeTokens, CreatedToken, key, func(tx *gorm.DB, line *AuditLine) (string, error) {
		line.about("token", t.ID, t.Name)
		said := map[string]change{"scopes": {nil, t.Scopes}, "expires_at": {nil, t.ExpiresAt}, "user_id": {nil, t.UserID}}
		return t.ID, errors.Join(tx.Omit("user_name").Create(&t).Error, line.say(said))
	})
	if err == nil && key != nil && key.Replayed {
		return Token{}, "", Conflict{Message: "This form was sent before and made its token then. A token is shown once only; if you did not see it, revoke it and make another."}
	}
	return t, secret, err
}

// tokenSecret is the whole secret for its random part.
func tokenSecret(random string) string {
	sum := crc32.ChecksumIEEE([]byte(random))
	check := make([]byte, tokenChecksum)
	for i := range check {
		check[len(check)-1-i] = digits[sum%uint32(len(digits))]
		sum /= uint32(len(digits))
	}
	return tokenPrefix + random + string(check)
}

// LooksLikeToken tells whether s can be a token: its form and its checksum are right.
func LooksLikeToken(s string) bool {
	random, ok := strings.CutPrefix(s, tokenPrefix)
	return ok && len(random) == tokenRandom+tokenChecksum && tokenSecret(random[:tokenRandom]) == s
}

// TokenActor answers who calls with this token, or ErrNotFound where the token is
// wrong, expired or revoked. ip is where the call came from. What another program
// changes about a token or its user counts within a second.
func (s *Store) TokenActor(ctx context.Context, secret, ip string) (Actor, error) {
	if !LooksLikeToken(secret) {
		return Actor{}, ErrNotFound
	}
	hash := hashSecret(secret)
	by, err := s.callers.get(hash, s.Now(), func() (Actor, error) { return s.caller(ctx, hash, ip) })
	by.IP = ip
	return by, s.failed(ctx, err)
}

// caller looks a token up, and notes each minute that it is in use.
func (s *Store) caller(ctx context.Context, hash, ip string) (Actor, error) {
	var seen *int64
	now := s.Now().Unix()
	query := selection{
		columns: "tokens.id, tokens.user_id, tokens.name, tokens.scopes, users.role, tokens.last_used_at",
		from:    "tokens", joins: " JOIN users ON users.id = tokens.user_id",
	}
	query.where("tokens.hash = ? AND users.disabled_at IS NULL AND tokens.revoked_at IS NULL AND (tokens.expires_at IS NULL OR tokens.expires_at > ?)", hash, now)
	by, err := take(s.reader(ctx), query, func(a *Actor) []any {
		return []any{&a.ID, &a.UserID, &a.Name, &a.Scopes, &a.Role, &seen}
	})
	by.Kind = TokenActor
	if err == nil && now-deref(seen) >= int64(seenEvery.Seconds()) {
		// Where that can't be written just now, a later call will do it.
		_ = s.db.WithContext(ctx).Model(&Token{}).Where("id = ?", by.ID).
			Updates(map[string]any{"last_used_at": now, "last_used_ip": ip}).Error
	}
	return by, err
}

// Tokens answers all tokens, the newest first, with the names of their users.
func (s *Store) Tokens(ctx context.Context, by Actor) ([]Token, error) {
	if err := by.Check(ManageTokens); err != nil {
		return nil, err
	}
	var tokens []Token
	err := s.read.WithContext(ctx).Model(&Token{}).Select("tokens.*, users.name AS user_name").
		Joins("JOIN users ON users.id = tokens.user_id").Order("tokens.id DESC").Limit(maxTokens).Find(&tokens).Error
	return tokens, s.failed(ctx, err)
}

// maxTokens is how many tokens a list shows: far more than anybody can watch.
const maxTokens = 1000

// Token answers one token, or ErrNotFound.
func (s *Store) Token(ctx context.Context, by Actor, id string) (Token, error) {
	if err := by.Check(ManageTokens); err != nil {
		return Token{}, err
	}
	var t Token
	if !ValidID(id) {
		return t, ErrNotFound
	}
	err := s.read.WithContext(ctx).Model(&Token{}).Select("tokens.*, users.name AS user_name").
		Joins("JOIN users ON users.id = tokens.user_id").Where("tokens.id = ?", id).Take(&t).Error
	return t, s.failed(ctx, err)
}

// RevokeToken makes a token useless from the next call on. One that is revoked
// already stays as it is.
func (s *Store) RevokeToken(ctx context.Context, by Actor, id string) error {
	defer s.callers.forget()
	return s.write(ctx, by, ManageTokens, RevokedToken, func(tx *gorm.DB, line *AuditLine) error {
		var t Token
		if !ValidID(id) {
			return ErrNotFound
		}
		if err := tx.Omit("user_name").Where("id = ?", id).Take(&t).Error; err != nil {
			return err
		}
		revoked := tx.Model(&Token{}).Where("id = ? AND revoked_at IS NULL", id).Update("revoked_at", s.Now().Unix())
		if revoked.Error != nil {
			return revoked.Error
		}
		if revoked.RowsAffected == 0 {
			return errUnchanged
		}
		line.about("token", t.ID, t.Name)
		return nil
	})
}
