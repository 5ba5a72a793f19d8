package handlers

import (
	"context"
	"crypto/sha256"
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

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
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

// providerTimeout is how long a provider may take for one answer. All answers together must come
// within the request's own timeout.
const providerTimeout = 4 * time.Second

func newProvider(config *OIDC, publicURL string) *provider {
	if config == nil {
		return nil
	}
	return &provider{OIDC: *config, callback: publicURL + string(views.OIDCCallbackURL()), client: outbound(providerTimeout)}
}

// name returns what people call the provider, or "" if there is none.
func (p *provider) name() string {
	if p == nil {
		return ""
	}
	return p.Name
}

// discover returns the provider's configuration, which it asks for until it gets an answer.
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

// verifier returns the secret by which the provider knows that the code comes from who asked
// for it (PKCE). It follows from the browser's cookie, so that nobody has to store it, and
// from the state, so that each request has its own.
func verifier(browser, state string) string {
	sum := sha256.Sum256([]byte("pkce " + browser + " " + state))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// startOIDC sends the browser to the provider.
func (p authPages) startOIDC(w http.ResponseWriter, r *http.Request) error {
	if p.oidc == nil {
		return errNoPage
	}
	if owned, err := p.hasOwner(r); err != nil {
		return err
	} else if !owned {
		return redirect(w, r, views.SetupURL())
	}
	next := localPath(r.FormValue("next"))
	found, err := p.oidc.discover(r.Context())
	if err != nil {
		return p.providerUnavailable(w, r, next, err)
	}
	request, browser, err := p.store.Identity.Providers.StartOIDC(r.Context(), p.cookies.first(r, challengeCookie(identity.ProviderChallenge)), next)
	if err != nil {
		return err
	}
	p.challenges.set(w, identity.ProviderChallenge, browser)
	to := p.oidc.config(found).AuthCodeURL(request.State, oidc.Nonce(request.Nonce), oauth2.S256ChallengeOption(verifier(browser, request.State)))
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// providerUnavailable shows the sign-in page if the provider doesn't answer, or not as one does.
func (p authPages) providerUnavailable(w http.ResponseWriter, r *http.Request, next string, err error) error {
	p.log.Warn("the OIDC provider can't be used", "request_id", requestID(r), "issuer", p.oidc.Issuer, "err", err)
	w.Header().Set("Retry-After", retryAfter)
	return p.showSignIn(w, r, http.StatusServiceUnavailable, noSignIn(next, "%s can't be reached right now. Try again in a minute, or sign in with your password.", p.oidc.Name))
}

// noSignIn returns the sign-in form with what went wrong.
func noSignIn(next, message string, args ...any) views.SignIn {
	return views.SignIn{Next: next, Problems: access.Invalid{{Code: access.Bad, Message: fmt.Sprintf(message, args...)}}}
}

// finishOIDC signs in whoever comes back from the provider.
func (p authPages) finishOIDC(w http.ResponseWriter, r *http.Request) error {
	if p.oidc == nil {
		return errNoPage
	}
	request, browser, err := p.startedOIDC(r)
	if errors.Is(err, access.ErrNotFound) {
		return p.signInUsedUp(w, r)
	}
	if err != nil {
		return err
	}
	if r.FormValue("error") != "" {
		p.log.Info("the OIDC provider refused", "request_id", requestID(r), "error", clip(r.FormValue("error")))
		return p.showSignIn(w, r, http.StatusForbidden, noSignIn(request.Next, "%s didn't sign you in. Try again, or sign in with your password.", p.oidc.Name))
	}
	vouched, err := p.oidc.verifyToken(r, request, browser)
	if _, away := errors.AsType[*url.Error](err); away {
		return p.providerUnavailable(w, r, request.Next, err)
	}
	if err != nil {
		p.log.Warn("the OIDC provider's answer is refused", "request_id", requestID(r), "err", err)
		return p.showSignIn(w, r, http.StatusBadRequest, noSignIn(request.Next, "The response from %s wasn't valid. Try again, or sign in with your password.", p.oidc.Name))
	}
	with := identity.WithProvider{ProviderClaims: vouched, State: request.State}
	return p.signInWith(w, r, views.SignIn{Next: request.Next}, with, func(refused identity.Outcome) error {
		switch o := refused.(type) {
		case identity.Refused:
			return p.refuseUnknown(w, r, request.Next, o.Reason)
		case identity.Expired:
			return p.signInUsedUp(w, r)
		}
		return p.retrySignIn(w, r, views.SignIn{Next: request.Next}, "", "")(refused)
	})
}

// startedOIDC returns what the browser was sent to the provider with, and the browser's secret. The
// cookie stays, for sign-ins in other tabs; a stale one of the same name doesn't hide it.
func (p authPages) startedOIDC(r *http.Request) (request identity.OIDCRequest, browser string, err error) {
	err = access.ErrNotFound
	for _, browser = range p.cookies.all(r, challengeCookie(identity.ProviderChallenge)) {
		if request, err = p.store.Identity.Providers.PendingOIDC(r.Context(), browser, r.FormValue("state")); err == nil {
			break
		}
	}
	return request, browser, err
}

// signInUsedUp leads users home who have signed in and reload the page, and tells others to start
// again.
func (p authPages) signInUsedUp(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.signedIn(r); err == nil {
		return redirect(w, r, views.HomeURL())
	}
	return p.showSignIn(w, r, http.StatusBadRequest, noSignIn("", "This sign-in was already used or has expired. Start again."))
}

// refuseUnknown refuses somebody whom the provider knows and the console doesn't. That an address
// isn't verified is said whosever it is, so it tells strangers nothing; all other reasons are only in
// the log and in the activity.
func (p authPages) refuseUnknown(w http.ResponseWriter, r *http.Request, next, reason string) error {
	p.log.Info("who signed in with the OIDC provider is refused", "request_id", requestID(r), "reason", reason)
	words := "%[1]s knows you, but this console doesn't. Ask an owner of the console for access."
	if reason == identity.UnverifiedAddress {
		words = "%[1]s hasn't verified your email address, so this console can't accept it. Verify it at %[1]s and try again, or sign in with your password."
	}
	return p.showSignIn(w, r, http.StatusForbidden, noSignIn(next, words, p.oidc.Name))
}

// redactOAuthError returns an error of the exchange without the provider's answer, which could hold
// what must not be in a log.
func redactOAuthError(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("the provider gives no token: %d %s", refused.Response.StatusCode, refused.ErrorCode)
	}
	return err
}
