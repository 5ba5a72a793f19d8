package handlers

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// secondFactor shows the second page of signing in.
func (c *Console) secondFactor(w http.ResponseWriter, r *http.Request) error {
	return c.showSecond(w, r, http.StatusOK, views.SecondFactor{Recovery: r.FormValue("with") == views.WithRecovery})
}

// showSecond shows the page for a second factor. Where none is awaited any more, one
// signs in from the start.
func (c *Console) showSecond(w http.ResponseWriter, r *http.Request, status int, s views.SecondFactor) error {
	wait, err := c.store.Identity.PendingSignIn(r.Context(), c.challenge(r, identity.FactorChallenge))
	if errors.Is(err, access.ErrNotFound) {
		return redirect(w, r, views.LoginURL(""))
	}
	if err != nil {
		return err
	}
	s.App, s.Passkey = wait.Factors.AppSince != nil, wait.Factors.Passkeys > 0 && c.passkeys != nil
	s.Recovery, s.Email, s.Next = s.Recovery || !s.App, wait.Email, readSignInPage(wait.Page).Next
	return c.show(w, r, status, views.Page{Title: "Confirm that it is you", Failed: len(s.Problems) > 0, Passkeys: s.Passkey, Body: views.SecondFactorPage(s)})
}

// doSecondFactor finishes signing in with a code, a recovery code or a passkey.
func (c *Console) doSecondFactor(w http.ResponseWriter, r *http.Request) error {
	pending := c.challenge(r, identity.FactorChallenge)
	var with identity.Credentials = identity.WithCode{Pending: pending, Code: r.PostFormValue("code")}
	if credential := r.PostFormValue("credential"); credential != "" {
		with = identity.WithSecondPasskey{Pending: pending, Check: c.passkeyCheck(w, r, credential)}
	}
	return c.signIn(w, r, views.SignIn{}, with, func(refused identity.Outcome) error {
		if _, expired := refused.(identity.Expired); expired {
			return c.secondFactorExpired(w, r)
		}
		s := views.SecondFactor{Recovery: r.PostFormValue("with") == views.WithRecovery}
		var status int
		status, s.Problems = c.refusedSignIn(w, refused, "code", "This code is not right, or was used before.")
		return c.showSecond(w, r, status, s)
	})
}

// secondFactorExpired leads home who has signed in from another tab, and lets others start
// again.
func (c *Console) secondFactorExpired(w http.ResponseWriter, r *http.Request) error {
	if _, err := c.visit(r); err == nil {
		return redirect(w, r, views.HomeURL())
	}
	late := access.Invalid{{Code: access.Bad, Message: "That took longer than 10 minutes. Sign in again."}}
	return c.showLogin(w, r, http.StatusUnprocessableEntity, views.SignIn{Problems: late})
}

// refusedSignIn is refusal for a sign-in.
func (c *Console) refusedSignIn(w http.ResponseWriter, refused identity.Outcome, field, words string) (int, access.Invalid) {
	if throttled, ok := refused.(identity.Throttled); ok {
		return c.refusal(w, access.Throttled(throttled), field, words)
	}
	return c.refusal(w, access.ErrSignIn, field, words)
}

// refusal is how a proof of who somebody is was refused: its status, and the sentence for
// a field. That they must wait is the fault of no field. The status is 0 where it was not.
func (c *Console) refusal(w http.ResponseWriter, err error, field, words string) (int, access.Invalid) {
	var throttled access.Throttled
	switch {
	case errors.As(err, &throttled):
		wait := throttled.Until.Sub(c.store.DB.Now())
		w.Header().Set("Retry-After", fmt.Sprint(max(1, int(wait.Seconds()))))
		return http.StatusTooManyRequests, access.Invalid{{Code: access.Bad, Message: "Too many tries. You can try again " + in(wait) + "."}}
	case errors.Is(err, access.ErrSignIn):
		return http.StatusUnprocessableEntity, access.Invalid{{Field: field, Code: access.Bad, Message: words}}
	}
	return 0, nil
}

// in is a waiting time in words.
func in(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("in %d seconds", max(1, int(d.Seconds()+0.5)))
	}
	return fmt.Sprintf("in %d min", int(d.Minutes()+0.5))
}

// setChallenge gives the browser the secret of what is half done.
func (c *Console) setChallenge(w http.ResponseWriter, kind identity.ChallengeKind, secret string) {
	c.cookies.set(w, challengeCookie(kind), secret, int(identity.ChallengeLimit.Seconds()))
}

func (c *Console) dropChallenge(w http.ResponseWriter, kind identity.ChallengeKind) {
	c.cookies.set(w, challengeCookie(kind), "", -1)
}

func challengeCookie(kind identity.ChallengeKind) string { return sessionCookie + "-" + string(kind) }

// challenge is the secret of what the browser has half done, or "". Of several the store
// knows which one is meant; the last is returned unseen.
func (c *Console) challenge(r *http.Request, kind identity.ChallengeKind) string {
	var last string
	for _, secret := range c.cookies.all(r, challengeCookie(kind)) {
		if last != "" {
			if _, err := c.store.Identity.Challenge(r.Context(), kind, last, &json.RawMessage{}); err == nil {
				break
			}
		}
		last = secret
	}
	return last
}
