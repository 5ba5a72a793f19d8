package handlers

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/a-h/templ"

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
	with := identity.WithPassword{Email: s.Email, Password: r.PostFormValue("password")}
	return c.signIn(w, r, s, with, c.loginAgain(w, r, s, "email", wrongSignIn))
}

// wrongSignIn is all that somebody learns whose sign-in is refused, whatever the reason.
const wrongSignIn = "E-mail or password is not right."

// loginAgain shows the page for signing in again, with what to say at a field.
func (c *Console) loginAgain(w http.ResponseWriter, r *http.Request, s views.SignIn, field, words string) func(identity.Outcome) error {
	return func(refused identity.Outcome) error {
		var status int
		status, s.Problems = c.refusedSignIn(w, refused, field, words)
		return c.showLogin(w, r, status, s)
	}
}

// signInPage is the page that a sign-in leads to, and what was typed there.
type signInPage struct {
	Next    string         `json:"next,omitempty"`
	Carried []views.Hidden `json:"carried,omitempty"`
}

// readSignInPage reads what signIn stored; the zero page if it is from an earlier version.
func readSignInPage(stored json.RawMessage) (page signInPage) {
	_ = json.Unmarshal(stored, &page)
	return page
}

// signIn signs somebody in, and leads them to the page that they came for, or to the one for
// the second factor. again shows the form again if they are refused.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request, s views.SignIn, with identity.Credentials, again func(refused identity.Outcome) error) error {
	page, err := json.Marshal(signInPage{s.Next, s.Carried})
	if err != nil {
		return err
	}
	outcome, err := c.store.Identity.SignIn(r.Context(), identity.Client{
		Actor: caller(r), Remember: s.Remember, Sessions: c.cookies.all(r, sessionCookie), Page: page,
	}, with)
	if err != nil {
		return err
	}
	switch o := outcome.(type) {
	case identity.SignedIn:
		return c.completeSignIn(w, r, o)
	case identity.SecondFactorWanted:
		c.setChallenge(w, identity.FactorChallenge, o.Pending)
		return redirect(w, r, views.CodeURL(""))
	case identity.Refused:
		if o.Reason == identity.ChangedMeanwhile {
			return c.loginAgain(w, r, s, "email", wrongSignIn)(o)
		}
	}
	return again(outcome)
}

// completeSignIn gives the browser its session, tells of the last time that the user signed
// in, and leads to the page that they came for.
func (c *Console) completeSignIn(w http.ResponseWriter, r *http.Request, in identity.SignedIn) error {
	var flashes []views.Flash
	if in.Last != nil {
		flashes = append(flashes, views.LastSignIn(*in.Last, c.nowOf(in.User)))
	}
	if in.FactorDue != nil {
		flashes = append(flashes, views.FactorDue(*in.FactorDue, c.nowOf(in.User)))
	}
	if err := c.sessions.(*sessionStore).start(w, r, in, flashes); err != nil {
		return err
	}
	// The browser stays known by who signs in with it when they sign out.
	c.cookies.set(w, deviceCookie, in.Device, int(identity.KnownLimit.Seconds()))
	if c.cookies.first(r, challengeCookie(identity.FactorChallenge)) != "" {
		c.dropChallenge(w, identity.FactorChallenge)
	}
	page := readSignInPage(in.Page)
	s := views.SignIn{Next: page.Next, Carried: page.Carried}
	if len(s.Carried) > 0 && draftOf(s.Next) == "" {
		return c.offerCarried(w, r, s)
	}
	c.keepCarried(r, in.User, s)
	return redirect(w, r, templ.SafeURL(cmp.Or(s.Next, string(views.GroupsURL(views.GroupsAt{})))))
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
