package handlers

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/views"
)

// open routes a page that anybody may see.
func (c *Console) open(pattern string, handle pageHandler) {
	c.routes = append(c.routes, route{pattern: pattern, open: true})
	c.mux.Handle(pattern, c.page(func(w http.ResponseWriter, r *http.Request) error {
		if err := parseForm(r); err != nil {
			return err
		}
		return handle(w, r)
	}))
}

// signedIn routes a page for somebody who is signed in and has the right.
func (c *Console) signedIn(pattern string, right models.Right, handle pageHandler) {
	c.routes = append(c.routes, route{pattern: pattern, right: right})
	c.handleSignedIn(pattern, right, handle)
}

// dangerous routes a page for somebody who has the right and has lately proved who they
// are.
func (c *Console) dangerous(pattern string, right models.Right, handle pageHandler) {
	c.routes = append(c.routes, route{pattern: pattern, right: right, dangerous: true})
	c.handleSignedIn(pattern, right, c.confirmed(handle))
}

func (c *Console) handleSignedIn(pattern string, right models.Right, handle pageHandler) {
	c.mux.Handle(pattern, c.page(func(w http.ResponseWriter, r *http.Request) error {
		if err := parseForm(r); err != nil {
			return err
		}
		if owned, err := c.hasOwner(r); err != nil {
			return err
		} else if !owned {
			return redirect(w, r, views.SetupURL())
		}
		v, err := c.visit(r)
		if err != nil {
			return err
		}
		// The handler's error is answered here, where it is known who is signed in.
		r = withVisit(r, v)
		if v.must, err = c.store.NeedsSecondFactor(r.Context(), v.user); err != nil {
			return err
		}
		if v.must && !setsUp(r) {
			if err := c.sendToSetUp(w, r); err != nil {
				c.fail(w, r, err)
			}
			return nil
		}
		if err := v.actor.Check(right); err != nil {
			c.fail(w, r, err)
			return nil
		}
		if id := r.PathValue("id"); id != "" && !models.ValidID(id) {
			c.fail(w, r, models.ErrNotFound)
			return nil
		}
		if err := handle(w, r); err != nil {
			c.fail(w, r, err)
		}
		return nil
	}))
}

// parseForm reads the address's parameters and the form.
func parseForm(r *http.Request) error {
	err := r.ParseForm()
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return errTooLarge
	case err != nil && r.Method != http.MethodGet && r.Method != http.MethodHead:
		return fmt.Errorf("%w: %w", errBadForm, err)
	}
	return nil
}

// hasOwner tells whether the console has been set up; there is no way back.
func (c *Console) hasOwner(r *http.Request) (bool, error) {
	if c.owned.Load() {
		return true, nil
	}
	owned, err := c.store.HasOwner(r.Context())
	if owned {
		c.owned.Store(true)
	}
	return owned, err
}

// visit is who makes the request, or errSignedOut.
func (c *Console) visit(r *http.Request) (*visit, error) {
	session, err := c.sessions.Get(r, c.cookieName())
	if err != nil {
		return nil, err
	}
	if session.IsNew {
		return nil, errSignedOut
	}
	stored, _ := session.Values[storedValue].(models.Session)
	user := stored.User
	actor := user.Actor()
	from := caller(r)
	actor.IP, actor.UserAgent, actor.RequestID = from.IP, from.UserAgent, from.RequestID
	return &visit{session: session, stored: stored, user: user, actor: actor}, nil
}

// caller is where a request comes from, as an actor that may do nothing.
func caller(r *http.Request) models.Actor {
	agent := strings.ToValidUTF8(r.UserAgent(), "")
	return models.Actor{IP: clientIP(r), UserAgent: agent, RequestID: requestID(r)}
}

// by is who makes the request.
func by(r *http.Request) models.Actor { return visitOf(r).actor }

func (c *Console) cookieName() string {
	if c.secure() {
		return "__Host-console" // a browser takes it only over https and for this host
	}
	return "console"
}

// askToSignIn answers somebody who is not signed in. A form keeps what was typed.
func (c *Console) askToSignIn(w http.ResponseWriter, r *http.Request) {
	status := http.StatusUnauthorized
	to := c.comeBack(r)
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && !isPartial(r) {
		_ = redirect(w, r, views.LoginURL(to))
		return
	}
	body := views.Login(views.SignIn{Next: to, Carried: carried(r, to), Provider: c.oidc.name(), Passkeys: c.passkeys != nil})
	page := views.Page{Title: "Sign in", Passkeys: c.passkeys != nil, Body: body, Frame: views.Frame{Theme: themeOf(r), RequestID: requestID(r), Version: c.version, Path: to}}
	if err := render(w, r, status, views.Document(page)); err != nil {
		c.log.Error("the sign-in page failed", "request_id", requestID(r), "err", err)
	}
}

// comeBack is the page to return to after signing in: the one that was asked for,
// or the one that shows the form that was sent.
func (c *Console) comeBack(r *http.Request) string {
	get := r.Clone(r.Context())
	get.Method = http.MethodGet
	if _, pattern := c.mux.Handler(get); strings.HasPrefix(pattern, "GET ") && pattern != "GET /static/" {
		return localPath(r.URL.RequestURI())
	}
	return localPath(r.PostFormValue("next"))
}

// carriedPrefix marks the fields of a form that wait for its sender to sign in.
const carriedPrefix = "carried."

// carried is what was typed into a form, to be carried through the sign-in.
func carried(r *http.Request, to string) []views.Hidden {
	if r.Method != http.MethodPost || to != r.URL.RequestURI() {
		return nil
	}
	return hidden(r.PostForm, func(name string) (string, bool) {
		return carriedPrefix + name, !isSecret(name) && name != "do"
	})
}

// hidden is the fields of a form as hidden ones, in order, under the names and
// with the exceptions that rename says.
func hidden(form url.Values, rename func(name string) (string, bool)) []views.Hidden {
	var fields []views.Hidden
	for _, name := range slices.Sorted(maps.Keys(form)) {
		renamed, keep := rename(name)
		for _, value := range form[name] {
			if keep {
				fields = append(fields, views.Hidden{Name: renamed, Value: value})
			}
		}
	}
	return fields
}

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
	_, err = r.Cookie(c.cookieName()) // of a session that has ended
	return c.showLogin(w, r, http.StatusOK, views.SignIn{Next: localPath(r.FormValue("next")), Ended: err == nil})
}

func (c *Console) showLogin(w http.ResponseWriter, r *http.Request, status int, s views.SignIn) error {
	s.Provider, s.Passkeys = c.oidc.name(), c.passkeys != nil
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
	user, err := c.store.SignIn(r.Context(), caller(r), s.Email, r.PostFormValue("password"))
	if status, problems := c.refusal(w, err, "email", wrongSignIn); status != 0 {
		s.Problems = problems
		return c.showLogin(w, r, status, s)
	}
	if err != nil {
		return err
	}
	return c.enter(w, r, user, s, models.ByPassword)
}

// wrongSignIn is all that somebody learns whose sign-in is refused, whatever the reason.
const wrongSignIn = "E-mail or password is not right."

// enter goes on once the first factor has shown who wants to sign in: to the second one,
// where they have one, or else to the page that they came for. factors name the first one
// in the audit log.
func (c *Console) enter(w http.ResponseWriter, r *http.Request, user models.User, s views.SignIn, factors ...string) error {
	second, err := c.store.Factors(r.Context(), user.ID)
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
func (c *Console) arrive(w http.ResponseWriter, r *http.Request, user models.User, s views.SignIn, factors ...string) error {
	err := c.signIn(w, r, user, s.Remember, factors...)
	if status, problems := c.refusal(w, err, "email", wrongSignIn); status != 0 { // disabled a moment ago
		s.Problems = problems
		return c.showLogin(w, r, status, s)
	}
	if err != nil {
		return err
	}
	c.keepCarried(r, user, s)
	return redirect(w, r, templ.SafeURL(cmp.Or(s.Next, string(views.GroupsURL(views.GroupsAt{})))))
}

// in is a waiting time in words.
func in(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("in %d seconds", max(1, int(d.Seconds()+0.5)))
	}
	return fmt.Sprintf("in %d min", int(d.Minutes()+0.5))
}

// signIn ends the session that the browser had, if any, and starts a new one. It tells of
// the last time that the user signed in. factors name in the audit log what they have
// proved who they are with.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request, user models.User, remember bool, factors ...string) error {
	from, actor := caller(r), user.Actor()
	actor.IP, actor.UserAgent, actor.RequestID = from.IP, from.UserAgent, from.RequestID
	if old, err := r.Cookie(c.cookieName()); err == nil {
		if err := c.store.EndSession(r.Context(), actor, old.Value); err != nil {
			return err
		}
	}
	last, err := c.store.LastSignIn(r.Context(), user.ID)
	var flashes []views.Flash
	switch {
	case err == nil:
		flashes = append(flashes, views.LastSignIn(last, c.nowOf(user)))
	case !errors.Is(err, models.ErrNotFound):
		return err
	}
	due, err := c.store.FactorDue(r.Context(), user)
	if err != nil {
		return err
	}
	if due != nil && *due > c.store.Now().Unix() {
		flashes = append(flashes, views.FactorDue(*due, c.nowOf(user)))
	}
	return c.sessions.(*sessionStore).start(w, r, c.cookieName(), actor, user, remember, factors, flashes)
}

// stillCarried is the carried fields that the sign-in form sends on.
func stillCarried(r *http.Request) []views.Hidden {
	return hidden(r.PostForm, func(name string) (string, bool) {
		return name, strings.HasPrefix(name, carriedPrefix)
	})
}

// keepCarried makes a draft of what was typed, for the form that comes next. That
// it can't be kept is no reason to refuse the sign-in.
func (c *Console) keepCarried(r *http.Request, user models.User, s views.SignIn) {
	name := draftOf(s.Next)
	if len(s.Carried) == 0 || name == "" {
		return
	}
	fields := map[string][]string{}
	for _, h := range s.Carried {
		field := strings.TrimPrefix(h.Name, carriedPrefix)
		fields[field] = append(fields[field], h.Value)
	}
	if err := c.store.SaveDraft(r.Context(), user.Actor(), name, fields); err != nil {
		c.log.Warn("what was typed is lost", "request_id", requestID(r), "err", err)
	}
}

// logout ends the session.
func (c *Console) logout(w http.ResponseWriter, r *http.Request) error {
	v := visitOf(r)
	if err := c.store.EndSession(r.Context(), v.actor, v.session.ID); err != nil {
		return err
	}
	v.session.Options.MaxAge = -1
	if err := v.session.Save(r, w); err != nil {
		return err
	}
	return redirect(w, r, views.LoginURL(""))
}

// setup shows the first page, until there is an owner.
func (c *Console) setup(w http.ResponseWriter, r *http.Request) error {
	if owned, err := c.hasOwner(r); err != nil {
		return err
	} else if owned {
		return errNoPage
	}
	return c.showSetup(w, r, http.StatusOK, views.Setup{Code: r.FormValue("code")})
}

func (c *Console) showSetup(w http.ResponseWriter, r *http.Request, status int, s views.Setup) error {
	return c.show(w, r, status, views.Page{Title: "Set up", Failed: len(s.Problems) > 0, Body: views.SetupPage(s)})
}

// doSetup makes the first owner and signs them in.
func (c *Console) doSetup(w http.ResponseWriter, r *http.Request) error {
	s := views.Setup{
		Code: strings.TrimSpace(r.PostFormValue("code")), Name: r.PostFormValue("name"),
		Email: r.PostFormValue("email"), Workspace: r.PostFormValue("workspace"),
	}
	if owned, err := c.hasOwner(r); err != nil {
		return err
	} else if owned {
		return errNoPage
	}
	user, err := c.store.SetUp(r.Context(), caller(r), models.Setup{
		Code: s.Code, Workspace: s.Workspace,
		Owner: models.NewUser{Name: s.Name, Email: s.Email, Password: r.PostFormValue("password")},
	})
	if errors.As(err, &s.Problems) {
		return c.showSetup(w, r, http.StatusUnprocessableEntity, s)
	}
	if err != nil {
		return err
	}
	if err := c.signIn(w, r, user, false); err != nil {
		return err
	}
	return redirect(w, r, views.GroupsURL(views.GroupsAt{}))
}

const themeCookie = "theme"

// themeOf is the theme that the browser asked for, or "".
func themeOf(r *http.Request) string {
	cookie, err := r.Cookie(themeCookie)
	if err != nil || (cookie.Value != "light" && cookie.Value != "dark") {
		return ""
	}
	return cookie.Value
}

// theme keeps the choice of a theme in a cookie.
func (c *Console) theme(w http.ResponseWriter, r *http.Request) error {
	cookie := &http.Cookie{
		Name: themeCookie, Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
		HttpOnly: true, Secure: c.secure(), SameSite: http.SameSiteLaxMode,
	}
	switch theme := r.PostFormValue("theme"); theme {
	case "light", "dark":
		cookie.Value = theme
	case "system":
		cookie.MaxAge = -1
	default:
		return models.Invalid{{Field: "theme", Code: models.Bad, Message: "The theme must be system, light or dark."}}
	}
	http.SetCookie(w, cookie)
	return redirect(w, r, next(r, templ.SafeURL("/")))
}
