package identity

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"slices"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// OIDCRequest is a sign-in at a provider, until the browser comes back.
type OIDCRequest struct {
	// State and Nonce come back with the answer and in the provider's token.
	State string `json:"-"`
	Nonce string `json:"nonce"`
	// Next is the page to go to in the end.
	Next string `json:"next"`
}

// maxNext is how long Next can be in JSON: the request is in the URL by which the browser
// comes back.
const maxNext = 1000

// startedOIDC is a request as its state carries it, sealed.
type startedOIDC struct {
	Nonce string `json:"nonce"`
	Next  string `json:"next"`
	// Browser is the hash of the secret of the browser that began.
	Browser string `json:"browser"`
}

// StartOIDC returns a new request, and the secret of the browser that can finish it.
// Nothing is stored: the state is the sealed request. browser is the secret from the
// browser's other requests, so that several can be in progress at once; any other value is
// ignored. A next that is too long for a URL is dropped.
func (s *Providers) StartOIDC(ctx context.Context, browser, next string) (OIDCRequest, string, error) {
	if len(browser) != secretLength {
		browser = text.RandomDigits(secretLength)
	}
	if b, err := json.Marshal(next); err != nil || len(b) > maxNext {
		next = ""
	}
	request := OIDCRequest{Nonce: text.RandomDigits(secretLength), Next: next}
	var err error
	request.State, err = s.attempts.NewChallenge(ctx, ProviderChallenge, "", startedOIDC{request.Nonce, next, hashSecret(browser)})
	return request, browser, err
}

// PendingOIDC returns the request with this state that the browser began, or ErrNotFound.
// SignIn uses it up, once the provider's answer has turned out right.
func (s *Providers) PendingOIDC(ctx context.Context, browser, state string) (OIDCRequest, error) {
	var begun startedOIDC
	if _, err := s.attempts.Challenge(ctx, ProviderChallenge, state, &begun); err != nil {
		return OIDCRequest{}, err
	}
	if subtle.ConstantTimeCompare([]byte(begun.Browser), []byte(hashSecret(browser))) != 1 {
		return OIDCRequest{}, access.ErrNotFound
	}
	return OIDCRequest{State: state, Nonce: begun.Nonce, Next: begun.Next}, nil
}

// finishOIDC uses a request up: of two answers one counts, and the other gets ErrNotFound.
func (s *Providers) finishOIDC(ctx context.Context, state string) error {
	_, err := s.attempts.TakeChallenge(ctx, ProviderChallenge, state, &startedOIDC{})
	return err
}

// Identity links a user with an account at a provider. Times are Unix seconds.
type Identity struct {
	Issuer     string `gorm:"primaryKey"`
	Subject    string `gorm:"primaryKey"`
	UserID     string
	CreatedAt  int64
	LastUsedAt *int64
}

// ProviderClaims is what a provider asserts about a user.
type ProviderClaims struct {
	Issuer, Subject string
	// Email counts only if the provider has verified it.
	Email    string
	Verified bool
}

// claimedUser returns the user that a provider identifies: the one linked with the identity
// or else, the first time, the one with the same verified email address, whom it then
// links. A user has one identity per issuer: another identity with the same address later
// is someone else. With a refusal it returns the user, if one is known to be meant.
func (s *Providers) claimedUser(ctx context.Context, where access.Actor, v ProviderClaims) (User, error) {
	u, err := s.knownUser(ctx, v)
	if errors.Is(err, access.ErrNotFound) {
		u, err = s.linkUser(ctx, where, v)
	}
	if err == nil && u.DisabledAt != nil {
		err = refusal{UserDisabled}
	}
	if err != nil {
		return u, err
	}
	used := s.db.Writer.WithContext(ctx).Model(&Identity{}).Where("issuer = ? AND subject = ?", v.Issuer, v.Subject)
	return u, s.db.Failed(ctx, used.Update("last_used_at", s.db.Now().Unix()).Error)
}

// knownUser returns the user who is linked with an identity.
func (s *Providers) knownUser(ctx context.Context, v ProviderClaims) (User, error) {
	query := db.Selection{Columns: userColumns, From: "users", Joins: " JOIN identities ON identities.user_id = users.id"}
	query.Where("identities.issuer = ? AND identities.subject = ?", v.Issuer, v.Subject)
	u, err := db.Take(s.db.Read(ctx), query, (*User).columns)
	return u, s.db.Failed(ctx, err)
}

// linkUser links an identity with the user of its verified address.
func (s *Providers) linkUser(ctx context.Context, where access.Actor, v ProviderClaims) (User, error) {
	switch {
	case v.Email == "":
		return User{}, refusal{NoAddress}
	case !v.Verified:
		return User{}, refusal{UnverifiedAddress}
	}
	u, err := s.users.userByKey(ctx, emailKey(v.Email))
	if errors.Is(err, access.ErrNotFound) {
		return User{}, refusal{UnknownAddress}
	}
	if err != nil || u.DisabledAt != nil {
		return u, err
	}
	by := actorFrom(where, u)
	err = s.log.Record(ctx, by, audit.LinkedIdentity, func(tx *gorm.DB, line *audit.Line) error {
		now, err := s.users.reloadActor(tx, by)
		if err := cmp.Or(err, s.db.Dialect.Lock(tx, "identities:"+u.ID)); err != nil {
			return err
		}
		if !now.May(access.SignedInOnly) {
			return refusal{ChangedMeanwhile}
		}
		line.SetObject("user", u.ID, u.Name)
		return cmp.Or(s.createIdentity(tx, u, v), line.SetChanges(map[string]audit.Change{"issuer": {Before: nil, After: v.Issuer}}))
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// createIdentity stores that an identity is a user's, unless another one of the same issuer
// is.
func (s *Providers) createIdentity(tx *gorm.DB, u User, v ProviderClaims) error {
	var linked []string
	if err := tx.Model(&Identity{}).Where("user_id = ? AND issuer = ?", u.ID, v.Issuer).Pluck("subject", &linked).Error; err != nil {
		return err
	}
	switch {
	case slices.Contains(linked, v.Subject): // just now, in another tab
		return audit.ErrNothing
	case len(linked) > 0:
		return refusal{OtherIdentity}
	}
	made := Identity{Issuer: v.Issuer, Subject: v.Subject, UserID: u.ID, CreatedAt: s.db.Now().Unix()}
	return tx.Create(&made).Error
}
