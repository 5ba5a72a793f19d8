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

// providerPatience is how long a provider may take for one answer. All of them together
// have what a request may take.
const providerPatience = 4 * time.Second

func newProvider(config *OIDC, publicURL string) *provider {
	if config == nil {
		return nil
	}
	return &provider{OIDC: *config, callback: publicURL + string(views.OIDCCallbackURL()), client: outbound(providerPatience)}
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
// for it (PKCE). It follows from the browser's cookie, so that nobody has to store it, and
// from the state, so that each request has its own.
func verifier(browser, state string) string {
	sum := sha256.Sum256([]byte("pkce " + browser + " " + state))
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
	request, browser, err := c.store.Identity.StartOIDC(r.Context(), c.cookies.first(r, challengeCookie(identity.ProviderChallenge)), next)
	if err != nil {
		return err
	}
	c.setChallenge(w, identity.ProviderChallenge, browser)
	to := c.oidc.config(found).AuthCodeURL(request.State, oidc.Nonce(request.Nonce), oauth2.S256ChallengeOption(verifier(browser, request.State)))
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
	return views.SignIn{Next: next, Problems: access.Invalid{{Code: access.Bad, Message: fmt.Sprintf(message, args...)}}}
}

// answerOfProvider signs in who comes back from the provider.
func (c *Console) answerOfProvider(w http.ResponseWriter, r *http.Request) error {
	if c.oidc == nil {
		return errNoPage
	}
	request, browser, err := c.startedOIDC(r)
	if errors.Is(err, access.ErrNotFound) {
		return c.providerUsedUp(w, r)
	}
	if err != nil {
		return err
	}
	if r.FormValue("error") != "" {
		c.log.Info("the OIDC provider refused", "request_id", requestID(r), "error", clip(r.FormValue("error")))
		return c.showLogin(w, r, http.StatusForbidden, noSignIn(request.Next, "%s did not sign you in. Try again, or sign in with your password.", c.oidc.Name))
	}
	vouched, err := c.oidc.vouch(r, request, browser)
	if _, away := errors.AsType[*url.Error](err); away {
		return c.providerAway(w, r, request.Next, err)
	}
	if err != nil {
		c.log.Warn("the OIDC provider's answer is refused", "request_id", requestID(r), "err", err)
		return c.showLogin(w, r, http.StatusBadRequest, noSignIn(request.Next, "The answer of %s can’t be used. Try again, or sign in with your password.", c.oidc.Name))
	}
	with := identity.WithProvider{Vouched: vouched, State: request.State}
	return c.signIn(w, r, views.SignIn{Next: request.Next}, with, func(refused identity.Outcome) error {
		switch o := refused.(type) {
		case identity.Refused:
			return c.refuseVouched(w, r, request.Next, o.Reason)
		case identity.Expired:
			return c.providerUsedUp(w, r)
		}
		return c.loginAgain(w, r, views.SignIn{Next: request.Next}, "", "")(refused)
	})
}

// startedOIDC is what the browser was sent to the provider with, and the browser's secret.
// Its cookie stays, for sign-ins in other tabs; a stale twin of it doesn't hide it.
func (c *Console) startedOIDC(r *http.Request) (request identity.OIDCRequest, browser string, err error) {
	err = access.ErrNotFound
	for _, browser = range c.cookies.all(r, challengeCookie(identity.ProviderChallenge)) {
		if request, err = c.store.Identity.StartedOIDC(r.Context(), browser, r.FormValue("state")); err == nil {
			break
		}
	}
	return request, browser, err
}

// providerUsedUp leads home who has signed in and loads the page again, and tells others
// to start again.
func (c *Console) providerUsedUp(w http.ResponseWriter, r *http.Request) error {
	if _, err := c.visit(r); err == nil {
		return redirect(w, r, views.HomeURL())
	}
	return c.showLogin(w, r, http.StatusBadRequest, noSignIn("", "This sign-in was used already or has run out. Start again."))
}

// refuseVouched says that whom the provider vouches for can't sign in. That the address is
// not verified is said whosever it is, and so tells strangers nothing; every other reason
// is in the log and in Activity only.
func (c *Console) refuseVouched(w http.ResponseWriter, r *http.Request, next, reason string) error {
	c.log.Info("who signed in with the OIDC provider is refused", "request_id", requestID(r), "reason", reason)
	words := "%[1]s knows you, but this console does not. Ask an owner of the console to let you in."
	if reason == identity.UnverifiedAddress {
		words = "%[1]s has not verified your e-mail address, and without that this console can’t know you. Verify it at %[1]s and try again, or sign in with your password."
	}
	return c.showLogin(w, r, http.StatusForbidden, noSignIn(next, words, c.oidc.Name))
}

// unsaid is an error of the exchange without the provider's answer, which could hold what
// must not be in a log.
func unsaid(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("the provider gives no token: %d %s", refused.Response.StatusCode, refused.ErrorCode)
	}
	return err
}
