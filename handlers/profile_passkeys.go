package handlers

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// passkeyPages are the pages of the user's own passkeys.
type passkeyPages struct{ securityPages }

// new shows the form for a new passkey.
func (p passkeyPages) new(w http.ResponseWriter, r *http.Request) error {
	return p.showNew(w, r, http.StatusOK, views.PasskeyForm{})
}

func (p passkeyPages) showNew(w http.ResponseWriter, r *http.Request, status int, form views.PasskeyForm) error {
	if !p.passkeys.allowed() {
		return errNoPage
	}
	form.Next = localPath(r.FormValue("next"))
	return p.render(w, r, status, views.Page{
		Title: "Add passkey", Failed: len(form.Problems) > 0, Passkeys: true, Body: views.NewPasskeyPage(form),
	})
}

// options sends the options with which a browser makes a passkey.
func (p passkeyPages) options(w http.ResponseWriter, r *http.Request) error {
	if !p.passkeys.allowed() {
		return errNoPage
	}
	owner, err := p.keyOwner(r)
	if err != nil {
		return err
	}
	question, session, err := p.passkeys.BeginRegistration(owner,
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		}),
		webauthn.WithExclusions(webauthn.Credentials(owner.keys).CredentialDescriptors()))
	if err != nil {
		return err
	}
	return p.passkeys.ask(w, r, owner.ID, session, question.Response)
}

// keyOwner returns the user with all their passkeys.
func (p passkeyPages) keyOwner(r *http.Request) (keyOwner, error) {
	owner := keyOwner{User: signedInAs(r).user}
	passkeys, err := p.store.Identity.SecondFactors.Passkeys(r.Context(), by(r))
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

// create stores a passkey that the browser has made.
func (p passkeyPages) create(w http.ResponseWriter, r *http.Request) error {
	form := views.PasskeyForm{Name: r.PostFormValue("name")}
	key, err := p.readCredential(w, r)
	if err != nil {
		return err
	}
	if key == nil {
		form.Problems = access.Invalid{{Code: access.Bad, Message: "Your browser didn't return a valid passkey. Try again."}}
		return p.showNew(w, r, http.StatusUnprocessableEntity, form)
	}
	data, err := json.Marshal(key)
	if err != nil {
		return err
	}
	codes, err := p.store.Identity.SecondFactors.AddPasskey(r.Context(), by(r), identity.NewPasskey{
		Name: form.Name, CredentialID: base64.RawURLEncoding.EncodeToString(key.ID), Data: string(data),
	})
	if invalid, ok := problems(err); ok {
		form.Problems = invalid
		return p.showNew(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	if len(codes) > 0 {
		return p.showCodes(w, r, "Your passkey is ready", codes)
	}
	if err := p.renew(w, r, false); err != nil {
		return err
	}
	return p.done(w, r, next(r, views.SecurityURL()+"#passkeys"), views.Flash{Text: "Passkey added."})
}

// readCredential returns the passkey that the browser made, or nil if it isn't a valid one.
func (p passkeyPages) readCredential(w http.ResponseWriter, r *http.Request) (*webauthn.Credential, error) {
	var session webauthn.SessionData
	userID, err := p.store.Identity.Attempts.TakeChallenge(r.Context(), identity.PasskeyChallenge, p.challenges.current(r, identity.PasskeyChallenge), &session)
	p.challenges.drop(w, identity.PasskeyChallenge)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		return nil, err
	}
	parsed, parseErr := protocol.ParseCredentialCreationResponseBytes([]byte(r.PostFormValue("credential")))
	if err != nil || parseErr != nil || userID != by(r).UserID || !p.passkeys.allowed() {
		return nil, nil //nolint:nilnil // the form is shown again
	}
	key, err := p.passkeys.CreateCredential(keyOwner{User: signedInAs(r).user}, session, parsed)
	if err != nil {
		p.log.Warn("new passkey refused", "request_id", requestID(r), "user", userID, "err", err)
		return nil, nil //nolint:nilerr,nilnil // the form is shown again
	}
	return key, nil
}

// edit shows the form for a passkey's name.
func (p passkeyPages) edit(w http.ResponseWriter, r *http.Request) error {
	passkey, err := p.store.Identity.SecondFactors.Passkey(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.showEdit(w, r, http.StatusOK, views.PasskeyForm{ID: passkey.ID, Name: passkey.Name})
}

func (p passkeyPages) showEdit(w http.ResponseWriter, r *http.Request, status int, form views.PasskeyForm) error {
	return p.render(w, r, status, views.Page{
		Title: "Rename passkey", Failed: len(form.Problems) > 0, Body: views.RenamePasskeyPage(form),
	})
}

func (p passkeyPages) update(w http.ResponseWriter, r *http.Request) error {
	form := views.PasskeyForm{ID: r.PathValue("id"), Name: r.PostFormValue("name")}
	err := p.store.Identity.SecondFactors.RenamePasskey(r.Context(), by(r), form.ID, form.Name)
	if invalid, ok := problems(err); ok {
		form.Problems = invalid
		return p.showEdit(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return p.done(w, r, views.SecurityURL()+"#passkeys", views.Flash{Text: "Passkey renamed."})
}

// confirmDelete asks before a passkey is removed.
func (p passkeyPages) confirmDelete(w http.ResponseWriter, r *http.Request) error {
	passkey, err := p.store.Identity.SecondFactors.Passkey(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	words := "You can no longer sign in with it here. Your device may still offer it, so remove it there too."
	warning, err := p.lastFactorWarning(r)
	if err != nil {
		return err
	}
	return p.showQuestion(w, r, "Remove passkey", views.Question{
		Title: "Remove " + text.Isolated(passkey.Name) + "?", Words: words, Warning: warning, Button: "Remove", Action: views.RemovePasskeyURL(passkey.ID), Danger: true,
	})
}

func (p passkeyPages) delete(w http.ResponseWriter, r *http.Request) error {
	if err := p.store.Identity.SecondFactors.RemovePasskey(r.Context(), by(r), r.PathValue("id")); err != nil {
		return err
	}
	if err := p.renew(w, r, false); err != nil {
		return err
	}
	return p.done(w, r, views.SecurityURL()+"#passkeys", views.Flash{Text: "Passkey removed."})
}
