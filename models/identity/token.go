package identity

import (
	"context"
	"errors"
	"hash/crc32"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// A token is a prefix, 32 random characters, and a checksum of 6, by which secret scanners
// recognize it.
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
	Scopes access.Scopes
	// Networks are where it may be used from; empty means anywhere.
	Networks access.Networks
	// Hint is the start and the end of the token, to recognize it by.
	Hint string
	// Times are Unix seconds, nil if that never happened: RefusedAt is when it was last
	// refused for its address.
	CreatedAt                                   int64
	RotatedAt                                   *int64 `gorm:"column:rolled_at"`
	ExpiresAt, RevokedAt, LastUsedAt, RefusedAt *int64
	LastUsedIP, RefusedIP                       *string
	// The secret from before it was rotated works until OldUntil. All are nil if there is
	// none.
	OldHint                 *string
	OldUntil, OldLastUsedAt *int64

	// Hash and OldHash are SHA-256 of the secrets, which are not stored.
	Hash    string
	OldHash *string
	// UserName is the name of the user, if it was read.
	UserName string `gorm:"->;-:migration"`
	// Waits reports whether the token is refused until its owner has a second factor, if
	// that was read.
	Waits bool `gorm:"-"`

	userRole    access.Role
	userSecured bool
}

// State returns "active", "expired" or "revoked" at a time.
func (t Token) State(now time.Time) string {
	switch {
	case t.RevokedAt != nil:
		return "revoked"
	case t.ExpiresAt != nil && *t.ExpiresAt <= now.Unix():
		return "expired"
	}
	return "active"
}

// unusedAfter is how long a token is idle until it is called unused.
const unusedAfter = 90 * 24 * time.Hour

// Unused reports whether the token has not been used for 90 days.
func (t Token) Unused(now time.Time) bool {
	last := t.CreatedAt
	if t.LastUsedAt != nil {
		last = *t.LastUsedAt
	}
	return now.Sub(time.Unix(last, 0)) > unusedAfter
}

// OldWorks reports whether the secret from before the token was rotated still works.
func (t Token) OldWorks(now time.Time) bool {
	return t.State(now) == "active" && t.OldUntil != nil && *t.OldUntil > now.Unix()
}

// NewToken describes a token to create. UserID is its owner, which only the system may
// choose; anyone else creates their own.
type NewToken struct {
	UserID   string
	Name     string
	Scopes   access.Scopes
	Networks access.Networks
	// ExpiresAt is in Unix seconds; nil for never.
	ExpiresAt *int64
}

// check returns the token to store, without its hash, and what is wrong.
func (n NewToken) check(by access.Actor, now time.Time) (Token, access.Invalid) {
	t := Token{UserID: n.UserID, Scopes: n.Scopes.InOrder(), Networks: n.Networks, ExpiresAt: n.ExpiresAt}
	if by.Kind != access.SystemActor || t.UserID == "" {
		t.UserID = by.UserID
	}
	var problems access.Invalid
	t.Name = *problems.Require("name", &n.Name, "Enter a name that says what the token is for.", func(s string) (string, string) {
		return text.Visible(text.ProperName("The name", s))
	})
	if len(t.Scopes) == 0 {
		problems = append(problems, access.MissingField("scopes", "Choose at least one permission.")...)
	}
	for _, right := range n.Scopes {
		if !right.Rule().Scope {
			problems = append(problems, access.Refused("scopes", "“%s” isn't a permission that a token can have.", access.Clipped(string(right)))...)
		} else if !by.May(right) {
			problems = append(problems, access.Refused("scopes", "Your role doesn't let you create a token that can %s.", right.Rule().Description)...)
		}
	}
	if n.ExpiresAt != nil && *n.ExpiresAt <= now.Unix() {
		problems = append(problems, access.Refused("expires", "The token must expire in the future.")...)
	}
	return t, problems
}

// CheckToken returns what CreateToken would refuse, without creating a token: an Invalid
// about "name", "scopes" and "expires", or nil.
func (s *Tokens) CheckToken(by access.Actor, n NewToken) error {
	_, problems := n.check(by, s.db.Now())
	return problems.OrNil()
}

// errSecretShown is returned for a form that was sent again: the secret is not stored.
var errSecretShown = access.Conflict{Message: "This form already created a token, which is shown only once. If you didn't save it, revoke it and create another."}

// CreateToken creates a token and returns it with its secret, which can't be retrieved
// later. Errors: Invalid, Denied, and Conflict for a second call under the same key.
func (s *Tokens) CreateToken(ctx context.Context, by access.Actor, n NewToken, key *audit.IdempotencyKey) (Token, string, error) {
	now := s.db.Now()
	t, problems := n.check(by, now)
	if err := by.Check(access.CreateTokens); err != nil {
		return Token{}, "", err
	}
	if err := problems.OrNil(); err != nil {
		return Token{}, "", err
	}
	secret := newSecret()
	t.ID, t.CreatedAt, t.Hash, t.Hint = s.db.IDs.Next(now, ""), now.Unix(), hashSecret(secret), hint(secret)
	_, err := audit.WriteOnce(ctx, s.log, by, access.CreateTokens, audit.CreatedToken, key, func(tx *gorm.DB, line *audit.Line) (string, error) {
		if _, problems := n.check(*line.By, now); len(problems) > 0 { // by the rights of the moment
			return "", problems
		}
		line.SetObject("token", t.ID, t.Name)
		changes := map[string]audit.Change{"scopes": {Before: nil, After: t.Scopes}, "expires_at": {Before: nil, After: t.ExpiresAt}, "user_id": {Before: nil, After: t.UserID}}
		if len(t.Networks) > 0 {
			changes["networks"] = audit.Change{Before: nil, After: t.Networks.Lines()}
		}
		return t.ID, errors.Join(tx.Omit("user_name").Create(&t).Error, line.SetChanges(changes))
	})
	if err == nil && key != nil && key.Replayed {
		return Token{}, "", errSecretShown
	}
	return t, secret, err
}

func newSecret() string { return tokenSecret(text.RandomDigits(tokenRandom)) }

// tokenSecret returns the whole secret for its random part.
func tokenSecret(random string) string {
	sum := crc32.ChecksumIEEE([]byte(random))
	check := make([]byte, tokenChecksum)
	for i := range check {
		check[len(check)-1-i] = text.Digits[sum%uint32(len(text.Digits))]
		sum /= uint32(len(text.Digits))
	}
	return tokenPrefix + random + string(check)
}

// hint returns what a secret is recognized by.
func hint(secret string) string { return tokenPrefix + "…" + secret[len(secret)-4:] }

// LooksLikeToken reports whether s has the form and the checksum of a token.
func LooksLikeToken(s string) bool {
	random, ok := strings.CutPrefix(s, tokenPrefix)
	return ok && len(random) == tokenRandom+tokenChecksum && tokenSecret(random[:tokenRandom]) == s
}

// TokenQuery selects tokens.
type TokenQuery struct {
	// User is the owner; "" selects all tokens that the actor may see: without
	// ManageTokens, their own.
	User string
	db.Range
}

// TokenPage is a part of the list of tokens. More reports whether the list continues.
type TokenPage struct {
	Tokens []Token
	More   bool
}

const tokenColumns = "tokens.id, tokens.user_id, tokens.name, tokens.scopes, tokens.networks, tokens.hint, " +
	"tokens.created_at, tokens.rolled_at, tokens.expires_at, tokens.revoked_at, tokens.last_used_at, tokens.refused_at, " +
	"tokens.last_used_ip, tokens.refused_ip, tokens.old_hint, tokens.old_until, tokens.old_last_used_at, users.name, users.role, (" + hasFactor + ")"

// columns returns the destinations of tokenColumns.
func (t *Token) columns() []any {
	return []any{
		&t.ID, &t.UserID, &t.Name, &t.Scopes, &t.Networks, &t.Hint,
		&t.CreatedAt, &t.RotatedAt, &t.ExpiresAt, &t.RevokedAt, &t.LastUsedAt, &t.RefusedAt,
		&t.LastUsedIP, &t.RefusedIP, &t.OldHint, &t.OldUntil, &t.OldLastUsedAt, &t.UserName, &t.userRole, &t.userSecured,
	}
}

func selectTokens() db.Selection {
	return db.Selection{Columns: tokenColumns, From: "tokens", Joins: " JOIN users ON users.id = tokens.user_id"}
}

// Tokens returns a page of the tokens that the actor may see, the newest first, with the
// names of their users. Errors: Denied, Invalid for a bad range.
func (s *Tokens) Tokens(ctx context.Context, by access.Actor, q TokenQuery) (TokenPage, error) {
	if err := by.Check(access.CreateTokens); err != nil {
		return TokenPage{}, err
	}
	if err := q.Range.Check().OrNil(); err != nil {
		return TokenPage{}, err
	}
	query := selectTokens()
	if q.User != "" {
		query.Where("tokens.user_id = ?", q.User)
	}
	if !by.May(access.ManageTokens) {
		query.Where("tokens.user_id = ?", by.UserID)
	}
	order := db.IDKeyset("tokens")
	order.Desc = true
	tokens, more, err := db.Find(s.db.Read(ctx), query, order, q.Range, func(c db.Cursor) []any { return []any{c.ID} }, (*Token).columns)
	if err == nil {
		err = s.markWaiting(ctx, tokens)
	}
	return TokenPage{Tokens: tokens, More: more}, s.db.Failed(ctx, err)
}

// Expiring returns up to most of the tokens that the actor may see and that expire within some time,
// the next one first. More says that there are others. Errors: Denied.
func (s *Tokens) Expiring(ctx context.Context, by access.Actor, within time.Duration, most int) (tokens []Token, more bool, err error) {
	if err := by.Check(access.CreateTokens); err != nil {
		return nil, false, err
	}
	now := s.db.Now()
	query := selectTokens()
	query.Where("tokens.revoked_at IS NULL AND tokens.expires_at > ? AND tokens.expires_at <= ?", now.Unix(), now.Add(within).Unix())
	if !by.May(access.ManageTokens) {
		query.Where("tokens.user_id = ?", by.UserID)
	}
	query.Tail = " ORDER BY tokens.expires_at, tokens.id"
	tokens, err = db.First(s.db.Read(ctx), query, most+1, (*Token).columns)
	return tokens[:min(len(tokens), most)], len(tokens) > most, s.db.Failed(ctx, err)
}

// markWaiting sets Token.Waits.
func (s *Tokens) markWaiting(ctx context.Context, tokens []Token) error {
	p, err := s.policies.Policy(ctx)
	for i, t := range tokens {
		tokens[i].Waits = p.BindsTokens(t.userRole, s.db.Now()) && !t.userSecured
	}
	return err
}

// Token returns one token, with the name of its user. Errors: Denied, ErrNotFound, also if
// the actor may not see it.
func (s *Tokens) Token(ctx context.Context, by access.Actor, id string) (Token, error) {
	if err := by.Check(access.CreateTokens); err != nil {
		return Token{}, err
	}
	t, err := s.token(ctx, id)
	if err != nil {
		return Token{}, err
	}
	if !maySee(by, t) {
		return Token{}, access.ErrNotFound
	}
	found := []Token{t}
	err = s.markWaiting(ctx, found)
	return found[0], err
}

// TokenOf returns the token by which the actor calls, with the name of its user. It requires no
// right. Errors: ErrNotFound if the actor is no token.
func (s *Tokens) TokenOf(ctx context.Context, by access.Actor) (Token, error) {
	if by.Kind != access.TokenActor {
		return Token{}, access.ErrNotFound
	}
	return s.token(ctx, by.ID)
}

func (s *Tokens) token(ctx context.Context, id string) (Token, error) {
	if !text.ValidID(id) {
		return Token{}, access.ErrNotFound
	}
	query := selectTokens()
	query.Where("tokens.id = ?", id)
	t, err := db.Take(s.db.Read(ctx), query, (*Token).columns)
	return t, s.db.Failed(ctx, err)
}

// changeToken changes a token that the actor may see: fn returns the new columns and
// completes the line. The cached caller is forgotten at once.
func (s *Tokens) changeToken(ctx context.Context, by access.Actor, action audit.Action, id string, fn func(tx *gorm.DB, t *Token, line *audit.Line) (map[string]any, error)) error {
	defer s.callers.Forget()
	return s.log.Write(ctx, by, access.CreateTokens, action, func(tx *gorm.DB, line *audit.Line) error {
		return s.changeTokenIn(tx, id, line, fn)
	})
}

func (s *Tokens) changeTokenIn(tx *gorm.DB, id string, line *audit.Line, fn func(tx *gorm.DB, t *Token, line *audit.Line) (map[string]any, error)) error {
	if !text.ValidID(id) {
		return access.ErrNotFound
	}
	var t Token
	if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Omit("user_name").Where("id = ?", id).Take(&t).Error; err != nil {
		return err
	}
	if !maySee(*line.By, t) {
		return access.ErrNotFound
	}
	line.SetObject("token", t.ID, t.Name)
	changed, err := fn(tx, &t, line)
	if err != nil {
		return err
	}
	return tx.Model(&Token{}).Where("id = ?", id).Updates(changed).Error
}

// RevokeToken revokes a token from the next call on, in other processes within a second. It
// does nothing to a revoked token. Errors: ErrNotFound, Denied.
func (s *Tokens) RevokeToken(ctx context.Context, by access.Actor, id string) error {
	return s.changeToken(ctx, by, audit.RevokedToken, id, func(_ *gorm.DB, t *Token, _ *audit.Line) (map[string]any, error) {
		if t.RevokedAt != nil {
			return nil, audit.ErrNothing
		}
		return map[string]any{"revoked_at": s.db.Now().Unix()}, nil
	})
}

// maySee reports whether the actor may see a token and revoke it.
func maySee(a access.Actor, t Token) bool {
	return a.May(access.ManageTokens) || a.May(access.CreateTokens) && t.UserID == a.UserID
}
