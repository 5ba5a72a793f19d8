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

// login shows the page for signing in.
func (c *Console) login(w http.ResponseWriter, r *http.Request) error {
	if owned, err := c.hasOwner(r); err != nil {
		return err
	} else if !owned {
		return redirect(w, r, views.SetupURL())
	}
	_, err := c.visit(r)
	switch {
	case err == nil:
		return redirect(w, r, next(r, views.GroupsURL(views.GroupsAt{})))
	case !errors.Is(err, errSignedOut):
		return err
	}
	ended := len(c.cookies.all(r, sessionCookie)) > 0
	return c.showLogin(w, r, http.StatusOK, views.SignIn{Next: localPath(r.FormValue("next")), Ended: ended})
}

func (c *Console) showLogin(w http.ResponseWriter, r *http.Request, status int, s views.SignIn) error {
	s.Provider, s.Passkeys = c.oidc.name(), c.passkeys != nil
	if c.overHTTP(r) {
		s.OpenAt, s.Ended = c.publicURL+c.comeBack(r), false
	}
	return c.show(w, r, status, views.Page{Title: "Sign in", Failed: len(s.Problems) > 0, Passkeys: s.Passkeys, Body: views.Login(s)})
}

// doLogin signs somebody in, under a new session.
func (c *Console) doLogin(w http.ResponseWriter, r *http.Request) error {
	if owned, err := c.hasOwner(r); err != nil {
		return err
	} else if !owned {
		return redirect(w, r, views.SetupURL())
	}
	s := views.SignIn{
		Email: r.PostFormValue("email"), Remember: r.PostFormValue("remember") != "",
		Next: localPath(r.PostFormValue("next")), Carried: stillCarried(r),
	}
	if !r.PostForm.Has("email") { // a page that was signed out sends what was typed into it
		return c.showLogin(w, r, http.StatusOK, s)
	}
	user, err := c.store.Identity.SignIn(r.Context(), caller(r), s.Email, r.PostFormValue("password"))
	if status, problems := c.refusal(w, err, "email", wrongSignIn); status != 0 {
		s.Problems = problems
		return c.showLogin(w, r, status, s)
	}
	if err != nil {
		return err
	}
	return c.enter(w, r, user, s, identity.ByPassword)
}

// wrongSignIn is all that somebody learns whose sign-in is refused, whatever the reason.
const wrongSignIn = "E-mail or password is not right."

// enter goes on once the first factor has shown who wants to sign in: to the second one,
// where they have one, or else to the page that they came for. factors name the first one
// in the audit log.
func (c *Console) enter(w http.ResponseWriter, r *http.Request, user identity.User, s views.SignIn, factors ...string) error {
	second, err := c.store.Identity.Factors(r.Context(), user.ID)
	if err != nil {
		return err
	}
	if second.On() {
		return c.askSecond(w, r, user, s, factors)
	}
	return c.arrive(w, r, user, s, factors...)
}

// arrive signs in somebody who has proved all there is to prove, and leads them to the page
// that they came for.
func (c *Console) arrive(w http.ResponseWriter, r *http.Request, user identity.User, s views.SignIn, factors ...string) error {
	err := c.signIn(w, r, user, s.Remember, factors...)
	if status, problems := c.refusal(w, err, "email", wrongSignIn); status != 0 { // disabled a moment ago
		s.Problems = problems
		return c.showLogin(w, r, status, s)
	}
	if err != nil {
		return err
	}
	if len(s.Carried) > 0 && draftOf(s.Next) == "" {
		return c.offerCarried(w, r, s)
	}
	c.keepCarried(r, user, s)
	return redirect(w, r, templ.SafeURL(cmp.Or(s.Next, string(views.GroupsURL(views.GroupsAt{})))))
}

// signIn ends the session that the browser had, if any, and starts a new one. It tells of
// the last time that the user signed in. factors name in the audit log what they have
// proved who they are with.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request, user identity.User, remember bool, factors ...string) error {
	actor := from(r, user)
	for _, old := range c.cookies.all(r, sessionCookie) {
		if err := c.store.Identity.EndSession(r.Context(), actor, old); err != nil {
			return err
		}
	}
	last, err := c.store.Identity.LastSignIn(r.Context(), user.ID)
	var flashes []views.Flash
	switch {
	case err == nil:
		flashes = append(flashes, views.LastSignIn(last, c.nowOf(user)))
	case !errors.Is(err, access.ErrNotFound):
		return err
	}
	due, err := c.store.Identity.FactorDue(r.Context(), user)
	if err != nil {
		return err
	}
	if due != nil && *due > c.store.DB.Now().Unix() {
		flashes = append(flashes, views.FactorDue(*due, c.nowOf(user)))
	}
	if err := c.sessions.(*sessionStore).start(w, r, actor, user, remember, factors, flashes); err != nil {
		return err
	}
	// The browser stays known by who signs in with it when they sign out.
	c.cookies.set(w, deviceCookie, c.store.Identity.RememberDevice(actor), int(identity.KnownLimit.Seconds()))
	return nil
}

// logout ends the session.
func (c *Console) logout(w http.ResponseWriter, r *http.Request) error {
	v := visitOf(r)
	for _, secret := range c.cookies.all(r, sessionCookie) { // a twin would go on
		if err := c.store.Identity.EndSession(r.Context(), v.actor, secret); err != nil {
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
