package handlers

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
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

func (o keyOwner) WebAuthnID() []byte                         { return []byte(o.ID) }
func (o keyOwner) WebAuthnName() string                       { return o.Email }
func (o keyOwner) WebAuthnDisplayName() string                { return o.Name }
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

// newPasskey shows the form for another passkey.
func (c *Console) newPasskey(w http.ResponseWriter, r *http.Request) error {
	return c.showNewPasskey(w, r, http.StatusOK, views.PasskeyForm{})
}

func (c *Console) showNewPasskey(w http.ResponseWriter, r *http.Request, status int, form views.PasskeyForm) error {
	if c.passkeys == nil {
		return errNoPage
	}
	form.Next = localPath(r.FormValue("next"))
	return c.show(w, r, status, views.Page{
		Title: "Add a passkey", Section: "Security", Failed: len(form.Problems) > 0, Passkeys: true, Body: views.NewPasskeyPage(form),
	})
}

// newPasskeyQuestion answers what a browser makes a passkey from.
func (c *Console) newPasskeyQuestion(w http.ResponseWriter, r *http.Request) error {
	if c.passkeys == nil {
		return errNoPage
	}
	owner, err := c.keyOwner(r)
	if err != nil {
		return err
	}
	question, session, err := c.passkeys.BeginRegistration(owner,
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		}),
		webauthn.WithExclusions(webauthn.Credentials(owner.keys).CredentialDescriptors()))
	if err != nil {
		return err
	}
	return c.askPasskey(w, r, owner.ID, session, question.Response)
}

// keyOwner is who makes the request, with all their passkeys.
func (c *Console) keyOwner(r *http.Request) (keyOwner, error) {
	owner := keyOwner{User: visitOf(r).user}
	passkeys, err := c.store.Identity.Passkeys(r.Context(), by(r))
	if err != nil {
		return owner, err
	}
	owner.keys = make([]webauthn.Credential, len(passkeys))
	for i, p := range passkeys {
		if err := json.Unmarshal([]byte(p.Data), &owner.keys[i]); err != nil {
			return owner, fmt.Errorf("the passkey %s can't be read: %w", p.ID, err)
		}
	}
	return owner, nil
}

// addPasskey keeps a passkey that the browser has made.
func (c *Console) addPasskey(w http.ResponseWriter, r *http.Request) error {
	form := views.PasskeyForm{Name: r.PostFormValue("name")}
	key, err := c.madePasskey(w, r)
	if err != nil {
		return err
	}
	if key == nil {
		form.Problems = access.Invalid{{Code: access.Bad, Message: "The browser gave no passkey that can be used. Try again."}}
		return c.showNewPasskey(w, r, http.StatusUnprocessableEntity, form)
	}
	data, err := json.Marshal(key)
	if err != nil {
		return err
	}
	codes, err := c.store.Identity.AddPasskey(r.Context(), by(r), identity.NewPasskey{
		Name: form.Name, CredentialID: base64.RawURLEncoding.EncodeToString(key.ID), Data: string(data),
	})
	if invalid, ok := problems(err); ok {
		form.Problems = invalid
		return c.showNewPasskey(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	if len(codes) > 0 {
		return c.showCodes(w, r, "Your passkey is ready", codes)
	}
	if err := c.renew(w, r, false); err != nil {
		return err
	}
	return c.done(w, r, next(r, views.SecurityURL()+"#passkeys"), views.Flash{Text: "Passkey added."})
}

// madePasskey is the passkey that the browser made, or nil where it is none.
func (c *Console) madePasskey(w http.ResponseWriter, r *http.Request) (*webauthn.Credential, error) {
	var session webauthn.SessionData
	userID, err := c.store.Identity.TakeChallenge(r.Context(), identity.PasskeyChallenge, c.challenge(r, identity.PasskeyChallenge), &session)
	c.dropChallenge(w, identity.PasskeyChallenge)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return nil, err
	}
	parsed, parseErr := protocol.ParseCredentialCreationResponseBytes([]byte(r.PostFormValue("credential")))
	if err != nil || parseErr != nil || userID != by(r).UserID || c.passkeys == nil {
		return nil, nil //nolint:nilnil // the form is shown again
	}
	key, err := c.passkeys.CreateCredential(keyOwner{User: visitOf(r).user}, session, parsed)
	if err != nil {
		c.log.Warn("new passkey refused", "request_id", requestID(r), "user", userID, "err", err)
		return nil, nil //nolint:nilerr,nilnil // the form is shown again
	}
	return key, nil
}

// askRenamePasskey shows the form for a passkey's name.
func (c *Console) askRenamePasskey(w http.ResponseWriter, r *http.Request) error {
	p, err := c.store.Identity.Passkey(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.showRenamePasskey(w, r, http.StatusOK, views.PasskeyForm{ID: p.ID, Name: p.Name})
}

func (c *Console) showRenamePasskey(w http.ResponseWriter, r *http.Request, status int, form views.PasskeyForm) error {
	return c.show(w, r, status, views.Page{
		Title: "Rename passkey", Section: "Security", Failed: len(form.Problems) > 0, Body: views.RenamePasskeyPage(form),
	})
}

func (c *Console) renamePasskey(w http.ResponseWriter, r *http.Request) error {
	form := views.PasskeyForm{ID: r.PathValue("id"), Name: r.PostFormValue("name")}
	err := c.store.Identity.RenamePasskey(r.Context(), by(r), form.ID, form.Name)
	if invalid, ok := problems(err); ok {
		form.Problems = invalid
		return c.showRenamePasskey(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return c.done(w, r, views.SecurityURL()+"#passkeys", views.Flash{Text: "Passkey renamed."})
}

// askRemovePasskey asks before a passkey is removed.
func (c *Console) askRemovePasskey(w http.ResponseWriter, r *http.Request) error {
	p, err := c.store.Identity.Passkey(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	words := "It no longer signs you in here. Your device may still offer it; remove it there, too."
	warning, err := c.lastFactor(r)
	if err != nil {
		return err
	}
	return c.question(w, r, "Remove passkey", views.Question{
		Title: "Remove " + text.Isolated(p.Name) + "?", Words: words, Warning: warning, Button: "Remove", Action: views.RemovePasskeyURL(p.ID), Danger: true,
	})
}

func (c *Console) removePasskey(w http.ResponseWriter, r *http.Request) error {
	if err := c.store.Identity.RemovePasskey(r.Context(), by(r), r.PathValue("id")); err != nil {
		return err
	}
	if err := c.renew(w, r, false); err != nil {
		return err
	}
	return c.done(w, r, views.SecurityURL()+"#passkeys", views.Flash{Text: "Passkey removed."})
}
