package handlers

import (
	"errors"
	"net/http"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// halfway is a sign-in whose second factor is awaited: where it is to lead.
type halfway struct {
	Email    string         `json:"email,omitempty"`
	Remember bool           `json:"remember,omitempty"`
	Next     string         `json:"next,omitempty"`
	Carried  []views.Hidden `json:"carried,omitempty"`
	Factors  []string       `json:"factors,omitempty"`
}

// askSecond asks for the second factor. What came with the first one waits.
func (c *Console) askSecond(w http.ResponseWriter, r *http.Request, user identity.User, s views.SignIn, factors []string) error {
	wait := halfway{Email: user.Email, Remember: s.Remember, Next: s.Next, Carried: s.Carried, Factors: factors}
	secret, err := c.store.Identity.NewChallenge(r.Context(), identity.FactorChallenge, user.ID, wait)
	if err != nil {
		return err
	}
	c.setChallenge(w, identity.FactorChallenge, secret)
	return redirect(w, r, views.CodeURL(""))
}

// secondFactor shows the second page of signing in.
func (c *Console) secondFactor(w http.ResponseWriter, r *http.Request) error {
	return c.showSecond(w, r, http.StatusOK, views.SecondFactor{Recovery: r.FormValue("with") == views.WithRecovery})
}

// showSecond shows the page for a second factor. Where none is awaited any more, one
// signs in from the start.
func (c *Console) showSecond(w http.ResponseWriter, r *http.Request, status int, s views.SecondFactor) error {
	var wait halfway
	userID, err := c.store.Identity.Challenge(r.Context(), identity.FactorChallenge, c.challenge(r, identity.FactorChallenge), &wait)
	if errors.Is(err, access.ErrNotFound) {
		return redirect(w, r, views.LoginURL(""))
	}
	if err != nil {
		return err
	}
	factors, err := c.store.Identity.Factors(r.Context(), userID)
	if err != nil {
		return err
	}
	s.App, s.Passkey = factors.AppSince != nil, factors.Passkeys > 0 && c.passkeys != nil
	s.Recovery, s.Email, s.Next = s.Recovery || !s.App, wait.Email, wait.Next
	return c.show(w, r, status, views.Page{Title: "Confirm that it is you", Failed: len(s.Problems) > 0, Passkeys: s.Passkey, Body: views.SecondFactorPage(s)})
}

// doSecondFactor finishes signing in with a code, a recovery code or a passkey.
func (c *Console) doSecondFactor(w http.ResponseWriter, r *http.Request) error {
	s := views.SecondFactor{Recovery: r.PostFormValue("with") == views.WithRecovery}
	secret := c.challenge(r, identity.FactorChallenge)
	var wait halfway
	userID, err := c.store.Identity.Challenge(r.Context(), identity.FactorChallenge, secret, &wait)
	var user identity.User
	var factor string
	switch credential := r.PostFormValue("credential"); {
	case err != nil:
	case credential != "":
		user, err = c.usePasskey(w, r, caller(r), userID, credential)
		factor = identity.ByPasskey
		if err == nil {
			_, err = c.store.Identity.TakeChallenge(r.Context(), identity.FactorChallenge, secret, &wait)
		}
	default:
		user, factor, err = c.store.Identity.SignInCode(r.Context(), caller(r), secret, r.PostFormValue("code"))
	}
	if errors.Is(err, access.ErrNotFound) {
		if _, err := c.visit(r); err == nil { // signed in from another tab
			return redirect(w, r, views.HomeURL())
		}
		late := access.Invalid{{Code: access.Bad, Message: "That took longer than 10 minutes. Sign in again."}}
		return c.showLogin(w, r, http.StatusUnprocessableEntity, views.SignIn{Problems: late})
	}
	if status, problems := c.refusal(w, err, "code", "This code is not right, or was used before."); status != 0 {
		s.Problems = problems
		return c.showSecond(w, r, status, s)
	}
	if err != nil {
		return err
	}
	c.dropChallenge(w, identity.FactorChallenge)
	return c.arrive(w, r, user, views.SignIn{Remember: wait.Remember, Next: wait.Next, Carried: wait.Carried}, append(wait.Factors, factor)...)
}
