package handlers

import (
	"errors"
	"net/http"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// pendingSignIn is a sign-in that waits for its second factor.
type pendingSignIn struct {
	Email    string         `json:"email,omitempty"`
	Remember bool           `json:"remember,omitempty"`
	Next     string         `json:"next,omitempty"`
	Carried  []views.Hidden `json:"carried,omitempty"`
	Factors  []string       `json:"factors,omitempty"`
}

// askSecondFactor asks for the second factor. What came with the first one waits.
func (p authPages) askSecondFactor(w http.ResponseWriter, r *http.Request, user identity.User, s views.SignIn, factors []string) error {
	wait := pendingSignIn{Email: user.Email, Remember: s.Remember, Next: s.Next, Carried: s.Carried, Factors: factors}
	secret, err := p.store.Identity.NewChallenge(r.Context(), identity.FactorChallenge, user.ID, wait)
	if err != nil {
		return err
	}
	p.challenges.set(w, identity.FactorChallenge, secret)
	return redirect(w, r, views.CodeURL(""))
}

// secondFactorForm shows the second page of signing in.
func (p authPages) secondFactorForm(w http.ResponseWriter, r *http.Request) error {
	return p.showSecondFactor(w, r, http.StatusOK, views.SecondFactor{Recovery: r.FormValue("with") == views.WithRecovery})
}

// showSecondFactor shows the page for a second factor. If no sign-in waits for one any more, it
// leads to the sign-in page.
func (p authPages) showSecondFactor(w http.ResponseWriter, r *http.Request, status int, s views.SecondFactor) error {
	var wait pendingSignIn
	userID, err := p.store.Identity.Challenge(r.Context(), identity.FactorChallenge, p.challenges.current(r, identity.FactorChallenge), &wait)
	if errors.Is(err, access.ErrNotFound) {
		return redirect(w, r, views.LoginURL(""))
	}
	if err != nil {
		return err
	}
	factors, err := p.store.Identity.Factors(r.Context(), userID)
	if err != nil {
		return err
	}
	s.App, s.Passkey = factors.AppSince != nil, factors.Passkeys > 0 && p.passkeys.allowed()
	s.Recovery, s.Email, s.Next = s.Recovery || !s.App, wait.Email, wait.Next
	return p.render(w, r, status, views.Page{Title: "Confirm it's you", Failed: len(s.Problems) > 0, Passkeys: s.Passkey, Body: views.SecondFactorPage(s)})
}

// checkSecondFactor finishes signing in with a code, a recovery code or a passkey.
func (p authPages) checkSecondFactor(w http.ResponseWriter, r *http.Request) error {
	s := views.SecondFactor{Recovery: r.PostFormValue("with") == views.WithRecovery}
	secret := p.challenges.current(r, identity.FactorChallenge)
	var wait pendingSignIn
	userID, err := p.store.Identity.Challenge(r.Context(), identity.FactorChallenge, secret, &wait)
	var user identity.User
	var factor string
	switch credential := r.PostFormValue("credential"); {
	case err != nil:
	case credential != "":
		user, err = p.passkeys.use(w, r, caller(r), userID, credential)
		factor = identity.ByPasskey
		if err == nil {
			_, err = p.store.Identity.TakeChallenge(r.Context(), identity.FactorChallenge, secret, &wait)
		}
	default:
		user, factor, err = p.store.Identity.SignInCode(r.Context(), caller(r), secret, r.PostFormValue("code"))
	}
	if errors.Is(err, access.ErrNotFound) {
		if _, err := p.signedIn(r); err == nil { // signed in from another tab
			return redirect(w, r, views.HomeURL())
		}
		late := access.Invalid{{Code: access.Bad, Message: "Your sign-in expired after 10 minutes. Sign in again."}}
		return p.showSignIn(w, r, http.StatusUnprocessableEntity, views.SignIn{Problems: late})
	}
	if status, problems := p.refusal(w, err, "code", "Incorrect code, or it was already used."); status != 0 {
		s.Problems = problems
		return p.showSecondFactor(w, r, status, s)
	}
	if err != nil {
		return err
	}
	p.challenges.drop(w, identity.FactorChallenge)
	return p.completeSignIn(w, r, user, views.SignIn{Remember: wait.Remember, Next: wait.Next, Carried: wait.Carried}, append(wait.Factors, factor)...)
}
