package handlers

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// authPages are the pages for signing in and out.
type authPages struct{ *site }

// signInForm shows the page for signing in.
func (p authPages) signInForm(w http.ResponseWriter, r *http.Request) error {
	if owned, err := p.hasOwner(r); err != nil {
		return err
	} else if !owned {
		return redirect(w, r, views.SetupURL())
	}
	_, err := p.signedIn(r)
	switch {
	case err == nil:
		return redirect(w, r, next(r, views.GroupsURL(views.GroupsAt{})))
	case !errors.Is(err, errSignedOut):
		return err
	}
	ended := len(p.cookies.all(r, sessionCookie)) > 0
	return p.showSignIn(w, r, http.StatusOK, views.SignIn{Next: localPath(r.FormValue("next")), Ended: ended})
}

func (p authPages) showSignIn(w http.ResponseWriter, r *http.Request, status int, s views.SignIn) error {
	s.Provider, s.Passkeys = p.oidc.name(), p.passkeys.allowed()
	if p.overHTTP(r) {
		s.OpenAt, s.Ended = p.publicURL+p.comeBack(r), false
	}
	return p.render(w, r, status, views.Page{Title: "Sign in", Failed: len(s.Problems) > 0, Passkeys: s.Passkeys, Body: views.Login(s)})
}

// signIn signs somebody in, under a new session.
func (p authPages) signIn(w http.ResponseWriter, r *http.Request) error {
	if owned, err := p.hasOwner(r); err != nil {
		return err
	} else if !owned {
		return redirect(w, r, views.SetupURL())
	}
	s := views.SignIn{
		Email: r.PostFormValue("email"), Remember: r.PostFormValue("remember") != "",
		Next: localPath(r.PostFormValue("next")), Carried: stillCarried(r),
	}
	if !r.PostForm.Has("email") { // a page that was signed out sends what was typed into it
		return p.showSignIn(w, r, http.StatusOK, s)
	}
	with := identity.WithPassword{Email: s.Email, Password: r.PostFormValue("password")}
	return p.signInWith(w, r, s, with, p.retrySignIn(w, r, s, "email", wrongSignIn))
}

// wrongSignIn is all that is said if a sign-in is refused, whatever the reason.
const wrongSignIn = "Incorrect email or password."

// retrySignIn returns what shows the page for signing in again, with what to say at a field.
func (p authPages) retrySignIn(w http.ResponseWriter, r *http.Request, s views.SignIn, field, words string) func(identity.Outcome) error {
	return func(refused identity.Outcome) error {
		var status int
		status, s.Problems = p.refusedSignIn(w, refused, field, words)
		return p.showSignIn(w, r, status, s)
	}
}

// signInPage is the page that a sign-in leads to, and what was typed there.
type signInPage struct {
	Next    string         `json:"next,omitempty"`
	Carried []views.Hidden `json:"carried,omitempty"`
}

// readSignInPage reads what signInWith stored; the zero page if it is from an earlier version.
func readSignInPage(stored json.RawMessage) (page signInPage) {
	_ = json.Unmarshal(stored, &page)
	return page
}

// signInWith signs somebody in with credentials, and leads them to the page that they came
// for, or to the one for the second factor. If they are refused, again shows the form again.
func (p authPages) signInWith(w http.ResponseWriter, r *http.Request, s views.SignIn, with identity.Credentials, again func(refused identity.Outcome) error) error {
	page, err := json.Marshal(signInPage{s.Next, s.Carried})
	if err != nil {
		return err
	}
	outcome, err := p.store.Identity.SignIn(r.Context(), identity.Client{
		Actor: caller(r), Remember: s.Remember, Sessions: p.cookies.all(r, sessionCookie), Page: page,
	}, with)
	if err != nil {
		return err
	}
	switch o := outcome.(type) {
	case identity.SignedIn:
		return p.completeSignIn(w, r, o)
	case identity.SecondFactorRequired:
		p.challenges.set(w, identity.FactorChallenge, o.Pending)
		return redirect(w, r, views.CodeURL(""))
	case identity.Refused:
		if o.Reason == identity.ChangedMeanwhile {
			return p.retrySignIn(w, r, s, "email", wrongSignIn)(o)
		}
	}
	return again(outcome)
}

// completeSignIn gives the browser its session, tells of the last time that the user signed
// in, and leads to the page that they came for.
func (p authPages) completeSignIn(w http.ResponseWriter, r *http.Request, in identity.SignedIn) error {
	var flashes []views.Flash
	if in.Last != nil {
		flashes = append(flashes, views.LastSignIn(*in.Last, p.nowOf(in.User)))
	}
	if in.FactorDue != nil {
		flashes = append(flashes, views.FactorDue(*in.FactorDue, p.nowOf(in.User)))
	}
	if err := p.sessions.start(w, r, in, flashes); err != nil {
		return err
	}
	// The browser stays known by who signs in with it when they sign out.
	p.cookies.set(w, deviceCookie, in.Device, int(identity.KnownLimit.Seconds()))
	if p.cookies.first(r, challengeCookie(identity.FactorChallenge)) != "" {
		p.challenges.drop(w, identity.FactorChallenge)
	}
	page := readSignInPage(in.Page)
	s := views.SignIn{Next: page.Next, Carried: page.Carried}
	if _, draft := p.drafts.of(s.Next); len(s.Carried) > 0 && draft == "" {
		return p.offerCarried(w, r, s)
	}
	p.keepCarried(r, in.User, s)
	return redirect(w, r, templ.SafeURL(cmp.Or(s.Next, string(views.GroupsURL(views.GroupsAt{})))))
}

// signOut ends the session.
func (p authPages) signOut(w http.ResponseWriter, r *http.Request) error {
	v := signedInAs(r)
	for _, secret := range p.cookies.all(r, sessionCookie) { // a twin would go on
		if err := p.store.Identity.Sessions.EndSession(r.Context(), v.actor, secret); err != nil {
			return err
		}
	}
	v.session.Options.MaxAge = -1
	if err := v.session.Save(r, w); err != nil {
		return err
	}
	// Not "cookies", among which is the theme, nor "cache", which takes Chromium seconds.
	w.Header().Set("Clear-Site-Data", `"storage"`)
	return redirect(w, r, views.LoginURL(""))
}

// refusedSignIn is refusal for a sign-in.
func (p authPages) refusedSignIn(w http.ResponseWriter, refused identity.Outcome, field, words string) (int, access.Invalid) {
	if throttled, ok := refused.(identity.Throttled); ok {
		return p.refusal(w, access.Throttled(throttled), field, words)
	}
	return p.refusal(w, access.ErrSignIn, field, words)
}

// refusal returns the status and the problem to show if a password, code or passkey was refused, or
// 0 if it wasn't. Having to wait is no field's problem.
func (s *site) refusal(w http.ResponseWriter, err error, field, words string) (int, access.Invalid) {
	var throttled access.Throttled
	switch {
	case errors.As(err, &throttled):
		wait := throttled.Until.Sub(s.store.DB.Now())
		w.Header().Set("Retry-After", fmt.Sprint(max(1, int(wait.Seconds()))))
		return http.StatusTooManyRequests, access.Invalid{{Code: access.Bad, Message: "Too many attempts. Try again " + in(wait) + "."}}
	case errors.Is(err, access.ErrSignIn):
		return http.StatusUnprocessableEntity, access.Invalid{{Field: field, Code: access.Bad, Message: words}}
	}
	return 0, nil
}

// in returns a waiting time in words.
func in(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("in %d seconds", max(1, int(d.Seconds()+0.5)))
	}
	return fmt.Sprintf("in %d min", int(d.Minutes()+0.5))
}
