package handlers

import (
	"errors"
	"net/http"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// secondFactorForm shows the second page of signing in.
func (p authPages) secondFactorForm(w http.ResponseWriter, r *http.Request) error {
	return p.showSecondFactor(w, r, http.StatusOK, views.SecondFactor{Recovery: r.FormValue("with") == views.WithRecovery})
}

// showSecondFactor shows the page for a second factor. If no sign-in waits for one any more, it
// leads to the sign-in page.
func (p authPages) showSecondFactor(w http.ResponseWriter, r *http.Request, status int, s views.SecondFactor) error {
	wait, err := p.store.Identity.SignIns.PendingSignIn(r.Context(), p.challenges.current(r, identity.FactorChallenge))
	if errors.Is(err, access.ErrNotFound) {
		return redirect(w, r, views.LoginURL(""))
	}
	if err != nil {
		return err
	}
	s.App, s.Passkey = wait.Factors.AppSince != nil, wait.Factors.Passkeys > 0 && p.passkeys.allowed()
	s.Recovery, s.Email, s.Next = s.Recovery || !s.App, wait.Email, readSignInPage(wait.Page).Next
	return p.render(w, r, status, views.Page{Title: "Confirm it's you", Failed: len(s.Problems) > 0, Passkeys: s.Passkey, Body: views.SecondFactorPage(s)})
}

// checkSecondFactor finishes signing in with a code, a recovery code or a passkey.
func (p authPages) checkSecondFactor(w http.ResponseWriter, r *http.Request) error {
	pending := p.challenges.current(r, identity.FactorChallenge)
	var with identity.Credentials = identity.WithCode{Pending: pending, Code: r.PostFormValue("code")}
	if credential := r.PostFormValue("credential"); credential != "" {
		with = identity.WithSecondPasskey{Pending: pending, Check: p.passkeys.checker(w, r, credential)}
	}
	return p.signInWith(w, r, views.SignIn{}, with, func(refused identity.Outcome) error {
		if _, expired := refused.(identity.Expired); expired {
			return p.secondFactorExpired(w, r)
		}
		s := views.SecondFactor{Recovery: r.PostFormValue("with") == views.WithRecovery}
		var status int
		status, s.Problems = p.refusedSignIn(w, refused, "code", "Incorrect code, or it was already used.")
		return p.showSecondFactor(w, r, status, s)
	})
}

// secondFactorExpired leads home who has signed in from another tab, and lets others start
// again.
func (p authPages) secondFactorExpired(w http.ResponseWriter, r *http.Request) error {
	if _, err := p.signedIn(r); err == nil {
		return redirect(w, r, views.HomeURL())
	}
	late := access.Invalid{{Code: access.Bad, Message: "Your sign-in expired after 10 minutes. Sign in again."}}
	return p.showSignIn(w, r, http.StatusUnprocessableEntity, views.SignIn{Problems: late})
}
