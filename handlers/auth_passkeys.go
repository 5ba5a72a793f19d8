package handlers

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// A passkey's device stores whose it is, and verifies its owner by fingerprint or PIN. So one kind of
// challenge serves everything: alone a passkey signs in, after a password it is the second factor, and
// for users who are signed in it is the proof that it's them.

// passkeys checks the answers of passkeys. Its WebAuthn is nil if browsers allow none at the
// public URL.
type passkeys struct {
	*webauthn.WebAuthn
	store      *models.Store
	log        *slog.Logger
	challenges challenges
}

// allowed reports whether browsers allow passkeys here.
func (k passkeys) allowed() bool { return k.WebAuthn != nil }

// newWebAuthn returns nil if browsers allow no passkeys, as at a bare address.
func newWebAuthn(publicURL string) *webauthn.WebAuthn {
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

// passkeyOptions sends the options with which a browser asks for a passkey.
func (p authPages) passkeyOptions(w http.ResponseWriter, r *http.Request) error {
	if !p.passkeys.allowed() {
		return errNoPage
	}
	question, session, err := p.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return err
	}
	return p.passkeys.ask(w, r, "", session, question.Response)
}

// ask sends options to the browser, and stores what its answer is checked by.
func (k passkeys) ask(w http.ResponseWriter, r *http.Request, userID string, session *webauthn.SessionData, question any) error {
	secret, err := k.store.Identity.Attempts.NewChallenge(r.Context(), identity.PasskeyChallenge, userID, session)
	if err != nil {
		return err
	}
	k.challenges.set(w, identity.PasskeyChallenge, secret)
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(question)
}

// checker returns the check of an answer to the challenge that the browser was given, for the store
// to count.
func (k passkeys) checker(w http.ResponseWriter, r *http.Request, answer string) func() (identity.User, error) {
	k.challenges.drop(w, identity.PasskeyChallenge)
	return func() (identity.User, error) { return k.check(r, answer) }
}

// check returns whose passkey an answer is from. A right answer uses the challenge up. Errors:
// ErrNotFound if there is no challenge, ErrSignIn if the answer is wrong.
func (k passkeys) check(r *http.Request, answer string) (identity.User, error) {
	var session webauthn.SessionData
	secret := k.challenges.current(r, identity.PasskeyChallenge)
	_, err := k.store.Identity.Attempts.Challenge(r.Context(), identity.PasskeyChallenge, secret, &session)
	if err != nil || !k.allowed() {
		return identity.User{}, cmp.Or(err, access.ErrNotFound)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return identity.User{}, k.refused(r, identity.User{}, err)
	}
	var passkey identity.Passkey
	var owner keyOwner
	var down error // the database's own trouble
	find := func(rawID, handle []byte) (webauthn.User, error) {
		passkey, owner, down = k.owner(r, rawID, handle)
		return owner, down
	}
	_, used, err := k.ValidatePasskeyLogin(find, session, parsed)
	switch {
	case down != nil && !errors.Is(down, access.ErrNotFound):
		return owner.User, down
	case err != nil:
		return owner.User, k.refused(r, owner.User, err)
	case used.Authenticator.CloneWarning:
		return owner.User, k.refused(r, owner.User, errors.New("its counter went back: there may be a copy of it"))
	}
	if _, err := k.store.Identity.Attempts.TakeChallenge(r.Context(), identity.PasskeyChallenge, secret, &session); err != nil {
		return owner.User, err
	}
	data, err := json.Marshal(used)
	if err != nil {
		return owner.User, err
	}
	return owner.User, k.store.Identity.SecondFactors.RecordPasskeyUse(r.Context(), passkey.ID, string(data))
}

// owner returns a passkey by the id that its device has for it, and its owner. The device must agree
// on who that is.
func (k passkeys) owner(r *http.Request, rawID, handle []byte) (identity.Passkey, keyOwner, error) {
	passkey, user, err := k.store.Identity.SecondFactors.PasskeyOwner(r.Context(), base64.RawURLEncoding.EncodeToString(rawID))
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

// refused logs why a passkey was not accepted, and returns ErrSignIn.
func (k passkeys) refused(r *http.Request, user identity.User, why error) error {
	k.log.Warn("passkey refused", "request_id", requestID(r), "user", user.ID, "err", why)
	return access.ErrSignIn
}

// signInByPasskey signs in with a passkey alone, which is two factors: the device, and the
// fingerprint or PIN that it asks for.
func (p authPages) signInByPasskey(w http.ResponseWriter, r *http.Request) error {
	s := views.SignIn{Remember: r.PostFormValue("remember") != "", Next: localPath(r.PostFormValue("next")), Carried: stillCarried(r)}
	with := identity.WithPasskey{Check: p.passkeys.checker(w, r, r.PostFormValue("credential"))}
	return p.signInWith(w, r, s, with, p.retrySignIn(w, r, s, "", "The passkey wasn't accepted. Try again, or use your password."))
}
