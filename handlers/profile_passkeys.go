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
		Title: "Remove " + text.Isolated(p.Name) + "?", Words: words, Warning: warning, Button: "Remove", Action: views.RemovePasskeyURL(p.ID), Grave: true,
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
