package handlers

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// Every passkey is kept by its device together with whose it is, and verifies its owner, by
// a finger or a PIN. So there is one question that all of them answer, whoever is asked:
// alone it signs in, after a password it is the second factor, and for somebody signed in
// it confirms that it is them.

// newPasskeys is what checks passkeys; nil where browsers allow none, as at a bare address.
func newPasskeys(publicURL string) *webauthn.WebAuthn {
	at, err := url.Parse(publicURL)
	if err != nil {
		return nil
	}
	host := at.Hostname()
	if _, err := netip.ParseAddr(host); err == nil || at.Scheme != "https" && host != "localhost" {
		return nil
	}
	checks, err := webauthn.New(&webauthn.Config{RPID: host, RPDisplayName: "Protocol Console", RPOrigins: []string{at.Scheme + "://" + at.Host}})
	if err != nil {
		return nil
	}
	return checks
}

// keyOwner is a user as the passkey library knows one.
type keyOwner struct {
	identity.User
	keys []webauthn.Credential
}

func (o keyOwner) WebAuthnID() []byte { return []byte(o.ID) }

func (o keyOwner) WebAuthnName() string { return o.Email }

func (o keyOwner) WebAuthnDisplayName() string { return o.Name }

func (o keyOwner) WebAuthnCredentials() []webauthn.Credential { return o.keys }

// passkeyQuestion answers what a browser asks its passkeys.
func (c *Console) passkeyQuestion(w http.ResponseWriter, r *http.Request) error {
	if c.passkeys == nil {
		return errNoPage
	}
	question, session, err := c.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return err
	}
	return c.askPasskey(w, r, "", session, question.Response)
}

// askPasskey sends a question to the browser, and keeps what its answer is checked by.
func (c *Console) askPasskey(w http.ResponseWriter, r *http.Request, userID string, session *webauthn.SessionData, question any) error {
	secret, err := c.store.Identity.NewChallenge(r.Context(), identity.PasskeyChallenge, userID, session)
	if err != nil {
		return err
	}
	c.setChallenge(w, identity.PasskeyChallenge, secret)
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(question)
}

// usePasskey returns whose passkey answered the question that the browser was asked. by and
// userID are as SignInPasskey takes them. Errors: ErrSignIn, Throttled.
func (c *Console) usePasskey(w http.ResponseWriter, r *http.Request, by access.Actor, userID, answer string) (identity.User, error) {
	defer c.dropChallenge(w, identity.PasskeyChallenge)
	return c.store.Identity.SignInPasskey(r.Context(), by, userID, func() (identity.User, error) { return c.checkPasskey(r, answer) })
}

// checkPasskey returns whose passkey an answer is from. The question is used up by an answer
// that is right. It is ErrNotFound if none was asked, and ErrSignIn for a wrong answer.
func (c *Console) checkPasskey(r *http.Request, answer string) (identity.User, error) {
	var session webauthn.SessionData
	secret := c.challenge(r, identity.PasskeyChallenge)
	_, err := c.store.Identity.Challenge(r.Context(), identity.PasskeyChallenge, secret, &session)
	if err != nil || c.passkeys == nil {
		return identity.User{}, cmp.Or(err, access.ErrNotFound)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return identity.User{}, c.wrongPasskey(r, identity.User{}, err)
	}
	var passkey identity.Passkey
	var owner keyOwner
	var down error // the database's own trouble
	find := func(rawID, handle []byte) (webauthn.User, error) {
		passkey, owner, down = c.passkeyOwner(r, rawID, handle)
		return owner, down
	}
	_, used, err := c.passkeys.ValidatePasskeyLogin(find, session, parsed)
	switch {
	case down != nil && !errors.Is(down, access.ErrNotFound):
		return owner.User, down
	case err != nil:
		return owner.User, c.wrongPasskey(r, owner.User, err)
	case used.Authenticator.CloneWarning:
		return owner.User, c.wrongPasskey(r, owner.User, errors.New("its counter went back: there may be a copy of it"))
	}
	if _, err := c.store.Identity.TakeChallenge(r.Context(), identity.PasskeyChallenge, secret, &session); err != nil {
		return owner.User, err
	}
	data, err := json.Marshal(used)
	if err != nil {
		return owner.User, err
	}
	return owner.User, c.store.Identity.UsedPasskey(r.Context(), passkey.ID, string(data))
}

// passkeyOwner finds a passkey by what its device calls it. The device must agree on whose
// it is.
func (c *Console) passkeyOwner(r *http.Request, rawID, handle []byte) (identity.Passkey, keyOwner, error) {
	passkey, user, err := c.store.Identity.PasskeyOwner(r.Context(), base64.RawURLEncoding.EncodeToString(rawID))
	if err != nil {
		return passkey, keyOwner{}, err
	}
	if user.ID != string(handle) {
		return passkey, keyOwner{}, access.ErrNotFound
	}
	var key webauthn.Credential
	err = json.Unmarshal([]byte(passkey.Data), &key)
	return passkey, keyOwner{user, []webauthn.Credential{key}}, err
}

// wrongPasskey logs why a passkey was not accepted, and is ErrSignIn.
func (c *Console) wrongPasskey(r *http.Request, user identity.User, why error) error {
	c.log.Warn("passkey refused", "request_id", requestID(r), "user", user.ID, "err", why)
	return access.ErrSignIn
}

// passkeyLogin signs in by a passkey alone, which is two factors: the device, and the
// finger or PIN that it asks for.
func (c *Console) passkeyLogin(w http.ResponseWriter, r *http.Request) error {
	s := views.SignIn{Remember: r.PostFormValue("remember") != "", Next: localPath(r.PostFormValue("next")), Carried: stillCarried(r)}
	user, err := c.usePasskey(w, r, caller(r), "", r.PostFormValue("credential"))
	if status, problems := c.refusal(w, err, "", "The passkey was not accepted. Try again, or use your password."); status != 0 {
		s.Problems = problems
		return c.showLogin(w, r, status, s)
	}
	if err != nil {
		return err
	}
	return c.arrive(w, r, user, s, identity.ByPasskey)
}
