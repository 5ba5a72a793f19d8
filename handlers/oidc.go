package handlers

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"protocol.chat/console/models"
	"protocol.chat/console/views"
)

// Signing in with another service (OpenID Connect): the browser goes there with a state
// and a nonce, and comes back with a code for a token that says who it is. What goes wrong
// leads back to the sign-in page: the password always works.

// OIDC is a provider that people can sign in with.
type OIDC struct {
	// Issuer is its address, as its tokens name it.
	Issuer                 string
	ClientID, ClientSecret string
	// Name is what people call it.
	Name string
}

// provider is an OIDC provider, asked for how it works when it is first needed.
type provider struct {
	OIDC
	callback string
	client   *http.Client
	known    atomic.Pointer[oidc.Provider]
}

// providerPatience is how long a provider may take for one answer. All of them together
// have what a request may take.
const providerPatience = 4 * time.Second

func newProvider(config *OIDC, publicURL string) *provider {
	if config == nil {
		return nil
	}
	return &provider{OIDC: *config, callback: publicURL + string(views.OIDCCallbackURL()), client: &http.Client{Timeout: providerPatience}}
}

// name is what people call the provider; "" where there is none.
func (p *provider) name() string {
	if p == nil {
		return ""
	}
	return p.Name
}

// discover asks the provider how it works, until it has answered once.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	if known := p.known.Load(); known != nil {
		return known, nil
	}
	ctx = oidc.ClientContext(ctx, p.client)
	found, err := oidc.NewProvider(ctx, p.Issuer)
	if other, ok := errors.AsType[*oidc.IssuerMismatchError](err); ok && sameIssuer(other.Discovered, p.Issuer) {
		found, err = oidc.NewProvider(ctx, other.Discovered)
	}
	if err == nil {
		p.known.Store(found)
	}
	return found, err
}

// sameIssuer reports whether two addresses are one provider's: many name themselves with a
// slash at the end, and people leave it out, or the other way round.
func sameIssuer(a, b string) bool {
	a, first := ParseIssuer(a)
	b, second := ParseIssuer(b)
	return first == nil && second == nil && strings.TrimSuffix(a, "/") == strings.TrimSuffix(b, "/")
}

func (p *provider) config(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: found.Endpoint(), RedirectURL: p.callback,
		Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}
}

// verifier is the secret by which the provider knows that the code comes from who asked
// for it (PKCE). It follows from the browser's cookie, so that nobody has to store it.
func verifier(secret string) string {
	sum := sha256.Sum256([]byte("pkce " + secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// askProvider sends the browser to the provider.
func (c *Console) askProvider(w http.ResponseWriter, r *http.Request) error {
	if c.oidc == nil {
		return errNoPage
	}
	if owned, err := c.hasOwner(r); err != nil {
		return err
	} else if !owned {
		return redirect(w, r, views.SetupURL())
	}
	next := localPath(r.FormValue("next"))
	found, err := c.oidc.discover(r.Context())
	if err != nil {
		return c.providerAway(w, r, next, err)
	}
	request, secret, err := c.store.StartOIDC(r.Context(), next)
	if err != nil {
		return err
	}
	c.setChallenge(w, models.ProviderChallenge, secret)
	to := c.oidc.config(found).AuthCodeURL(request.State, oidc.Nonce(request.Nonce), oauth2.S256ChallengeOption(verifier(secret)))
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// providerAway says that the provider does not answer, or not as one does.
func (c *Console) providerAway(w http.ResponseWriter, r *http.Request, next string, err error) error {
	c.log.Warn("the OIDC provider can't be used", "request_id", requestID(r), "issuer", c.oidc.Issuer, "err", err)
	w.Header().Set("Retry-After", retryAfter)
	return c.showLogin(w, r, http.StatusServiceUnavailable, noSignIn(next, "%s can’t be reached just now. Try again in a minute, or sign in with your password.", c.oidc.Name))
}

// noSignIn is the page for signing in, with what went wrong.
func noSignIn(next, message string, args ...any) views.SignIn {
	return views.SignIn{Next: next, Problems: models.Invalid{{Code: models.Bad, Message: fmt.Sprintf(message, args...)}}}
}

// answerOfProvider signs in who comes back from the provider.
func (c *Console) answerOfProvider(w http.ResponseWriter, r *http.Request) error {
	if c.oidc == nil {
		return errNoPage
	}
	request, secret, err := c.takeOIDC(w, r)
	if errors.Is(err, models.ErrNotFound) {
		return c.showLogin(w, r, http.StatusBadRequest, noSignIn("", wrongWayBack))
	}
	if err != nil {
		return err
	}
	if r.FormValue("error") != "" {
		c.log.Info("the OIDC provider refused", "request_id", requestID(r), "error", clip(r.FormValue("error")))
		return c.showLogin(w, r, http.StatusForbidden, noSignIn(request.Next, "%s did not sign you in. Try again, or sign in with your password.", c.oidc.Name))
	}
	vouched, err := c.oidc.vouch(r, request, secret)
	if _, away := errors.AsType[*url.Error](err); away {
		return c.providerAway(w, r, request.Next, err)
	}
	if err != nil {
		c.log.Warn("the OIDC provider's answer is refused", "request_id", requestID(r), "err", err)
		return c.showLogin(w, r, http.StatusBadRequest, noSignIn(request.Next, "The answer of %s can’t be used. Try again, or sign in with your password.", c.oidc.Name))
	}
	user, err := c.store.SignInVouched(r.Context(), caller(r), vouched)
	if status, problems := c.refusal(w, err, "", ""); status == http.StatusTooManyRequests {
		return c.showLogin(w, r, status, views.SignIn{Next: request.Next, Problems: problems})
	}
	if errors.Is(err, models.ErrSignIn) {
		return c.showLogin(w, r, http.StatusForbidden, noSignIn(request.Next, "%s knows you, but this console does not. Ask an owner of the console to let you in.", c.oidc.Name))
	}
	if err != nil {
		return err
	}
	if err := c.store.FinishOIDC(r.Context(), secret); errors.Is(err, models.ErrNotFound) {
		return c.showLogin(w, r, http.StatusBadRequest, noSignIn("", wrongWayBack))
	} else if err != nil {
		return err
	}
	return c.enter(w, r, user, views.SignIn{Next: request.Next}, models.ByProvider)
}

// wrongWayBack is told to a browser that was not sent to the provider, or has come back.
const wrongWayBack = "This sign-in was used already or has run out. Start again."

// takeOIDC is what the browser was sent to the provider with. It is ErrNotFound
// where that was not this browser, or another answer.
func (c *Console) takeOIDC(w http.ResponseWriter, r *http.Request) (models.OIDCRequest, string, error) {
	secret := c.challenge(r, models.ProviderChallenge)
	if secret == "" {
		return models.OIDCRequest{}, "", models.ErrNotFound
	}
	c.dropChallenge(w, models.ProviderChallenge)
	request, err := c.store.StartedOIDC(r.Context(), secret)
	if err == nil && subtle.ConstantTimeCompare([]byte(request.State), []byte(r.FormValue("state"))) != 1 {
		err = models.ErrNotFound
	}
	return request, secret, err
}

// claims are what a token says of somebody.
type claims struct {
	Email string `json:"email"`
	// Verified must be true: some providers send it as text, which says nothing.
	Verified any `json:"email_verified"`
}

// vouch exchanges the code for a token, and is whom that names.
func (p *provider) vouch(r *http.Request, request models.OIDCRequest, secret string) (models.Vouched, error) {
	if named := r.FormValue("iss"); named != "" && !sameIssuer(named, p.Issuer) {
		return models.Vouched{}, fmt.Errorf("the answer is from %q", clip(named)) // RFC 9207
	}
	ctx := oidc.ClientContext(r.Context(), p.client)
	found, err := p.discover(ctx)
	if err != nil {
		return models.Vouched{}, err
	}
	token, err := p.config(found).Exchange(ctx, r.FormValue("code"), oauth2.VerifierOption(verifier(secret)))
	if err != nil {
		return models.Vouched{}, unsaid(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.VerifierContext(ctx, &oidc.Config{ClientID: p.ClientID}).Verify(ctx, raw)
	switch {
	case err != nil:
		return models.Vouched{}, err
	case id.Nonce != request.Nonce:
		return models.Vouched{}, errors.New("the token has another nonce")
	}
	said, err := p.claims(ctx, found, id, token)
	return models.Vouched{Issuer: id.Issuer, Subject: id.Subject, Email: said.Email, Verified: said.Verified == true}, err
}

// claims are what the token says or, where it leaves the address out, the provider.
func (p *provider) claims(ctx context.Context, found *oidc.Provider, id *oidc.IDToken, token *oauth2.Token) (claims, error) {
	var said claims
	if err := id.Claims(&said); err != nil || said.Email != "" || found.UserInfoEndpoint() == "" {
		return said, err
	}
	info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return said, err
	}
	if info.Subject != id.Subject {
		return said, errors.New("the provider speaks of somebody else than its token")
	}
	return said, info.Claims(&said)
}

// unsaid is an error of the exchange without the provider's answer, which could hold what
// must not be in a log.
func unsaid(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("the provider gives no token: %d %s", refused.Response.StatusCode, refused.ErrorCode)
	}
	return err
}
