package handlers

import (
	"cmp"
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
	user, err := p.store.Identity.SignIn(r.Context(), caller(r), s.Email, r.PostFormValue("password"))
	if status, problems := p.refusal(w, err, "email", wrongSignIn); status != 0 {
		s.Problems = problems
		return p.showSignIn(w, r, status, s)
	}
	if err != nil {
		return err
	}
	return p.afterFirstFactor(w, r, user, s, identity.ByPassword)
}

// wrongSignIn is all that is said if a sign-in is refused, whatever the reason.
const wrongSignIn = "Incorrect email or password."

// afterFirstFactor goes on once the first factor has shown who wants to sign in: to the second one,
// if they have one, or else to the page that they came for. factors name the first one in the
// audit log.
func (p authPages) afterFirstFactor(w http.ResponseWriter, r *http.Request, user identity.User, s views.SignIn, factors ...string) error {
	second, err := p.store.Identity.Factors(r.Context(), user.ID)
	if err != nil {
		return err
	}
	if second.On() {
		return p.askSecondFactor(w, r, user, s, factors)
	}
	return p.completeSignIn(w, r, user, s, factors...)
}

// completeSignIn signs in somebody who has proved all that is asked, and leads them to the page that
// they came for.
func (p authPages) completeSignIn(w http.ResponseWriter, r *http.Request, user identity.User, s views.SignIn, factors ...string) error {
	err := p.startSession(w, r, user, s.Remember, factors...)
	if status, problems := p.refusal(w, err, "email", wrongSignIn); status != 0 { // disabled a moment ago
		s.Problems = problems
		return p.showSignIn(w, r, status, s)
	}
	if err != nil {
		return err
	}
	if _, draft := p.drafts.of(s.Next); len(s.Carried) > 0 && draft == "" {
		return p.offerCarried(w, r, s)
	}
	p.keepCarried(r, user, s)
	return redirect(w, r, templ.SafeURL(cmp.Or(s.Next, string(views.GroupsURL(views.GroupsAt{})))))
}

// startSession ends the session that the browser had, if any, and starts a new one. Its first
// message is about the last sign-in. factors name in the audit log what the user signed in with.
func (p authPages) startSession(w http.ResponseWriter, r *http.Request, user identity.User, remember bool, factors ...string) error {
	actor := from(r, user)
	for _, old := range p.cookies.all(r, sessionCookie) {
		if err := p.store.Identity.EndSession(r.Context(), actor, old); err != nil {
			return err
		}
	}
	last, err := p.store.Identity.LastSignIn(r.Context(), user.ID)
	var flashes []views.Flash
	switch {
	case err == nil:
		flashes = append(flashes, views.LastSignIn(last, p.nowOf(user)))
	case !errors.Is(err, access.ErrNotFound):
		return err
	}
	due, err := p.store.Identity.FactorDue(r.Context(), user)
	if err != nil {
		return err
	}
	if due != nil && *due > p.store.DB.Now().Unix() {
		flashes = append(flashes, views.FactorDue(*due, p.nowOf(user)))
	}
	if err := p.sessions.start(w, r, actor, user, remember, factors, flashes); err != nil {
		return err
	}
	// The browser stays known by who signs in with it when they sign out.
	p.cookies.set(w, deviceCookie, p.store.Identity.RememberDevice(actor), int(identity.KnownLimit.Seconds()))
	return nil
}

// signOut ends the session.
func (p authPages) signOut(w http.ResponseWriter, r *http.Request) error {
	v := signedInAs(r)
	for _, secret := range p.cookies.all(r, sessionCookie) { // a twin would go on
		if err := p.store.Identity.EndSession(r.Context(), v.actor, secret); err != nil {
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
