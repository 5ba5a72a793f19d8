package handlers

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// What can be wrong with a request before any store is asked.
var (
	errNoPage      = errors.New("there is no such page")
	errWrongMethod = errors.New("wrong method")
	errForeignForm = errors.New("the form came from another site")
	errSignedOut   = errors.New("nobody is signed in")
	errBadForm     = errors.New("the form can't be read")
	errTooLarge    = errors.New("the form is too large")
)

// pageHandler answers a request with a page, or says why not.
type pageHandler func(w http.ResponseWriter, r *http.Request) error

// page makes a handler of the net/http kind: what goes wrong becomes a page.
func (c *Console) page(handle pageHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Vary", pageVaries) // once: compress has set it, too
		if err := handle(w, r); err != nil {
			c.fail(w, r, err)
		}
	})
}

// pageVaries are the headers that decide how a page is sent: compressed, and which part of
// it htmx asks for.
const pageVaries = "Accept-Encoding, HX-Request, HX-Request-Type, HX-Target, HX-History-Restore-Request"

// show answers with a page, or with the region of it that was asked for.
func (c *Console) show(w http.ResponseWriter, r *http.Request, status int, p views.Page) error {
	frame, err := c.frame(w, r)
	if err != nil {
		return err
	}
	p.Frame = frame
	region := region(r)
	if region == "" {
		return render(w, r, status, views.Document(p))
	}
	ctx := unhurried(r)
	return send(w, status, func(part *bytes.Buffer) error {
		if err := templ.RenderFragments(ctx, part, p.Body, region); err != nil {
			return err
		}
		if part.Len() == 0 { // asked for by a page older than the program
			return views.Document(p).Render(ctx, part)
		}
		return views.Flashes(p).Render(ctx, part)
	})
}

// render answers with a component.
func render(w http.ResponseWriter, r *http.Request, status int, component templ.Component) error {
	return send(w, status, func(whole *bytes.Buffer) error { return component.Render(unhurried(r), whole) })
}

// unhurried is the request's context without its deadline. A page that has all it shows is
// drawn even where finding that took all the time there was.
func unhurried(r *http.Request) context.Context { return context.WithoutCancel(r.Context()) }

// send answers with HTML that is whole before anything of it is sent.
func send(w http.ResponseWriter, status int, fill func(*bytes.Buffer) error) error {
	html := templ.GetBuffer()
	defer templ.ReleaseBuffer(html)
	if err := fill(html); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(html.Len()))
	w.WriteHeader(status)
	_, _ = html.WriteTo(w) // the client may have gone
	return nil
}

// region is the name of the region that the request wants to replace, or "" for
// the whole document.
func region(r *http.Request) string {
	if !isPartial(r) {
		return ""
	}
	_, id, _ := strings.Cut(r.Header.Get("HX-Target"), "#")
	return id
}

func isPartial(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-Request-Type") == "partial" &&
		r.Header.Get("HX-History-Restore-Request") != "true"
}

// frame is what stands around every page. Messages are shown once.
func (c *Console) frame(w http.ResponseWriter, r *http.Request) (views.Frame, error) {
	f := views.Frame{Theme: c.themeOf(r), RequestID: requestID(r), Path: r.URL.RequestURI()}
	v := visitOf(r)
	if v == nil {
		return f, nil
	}
	var err error
	if f.Workspace, err = c.store.Identity.Workspace(r.Context()); err != nil {
		return f, err
	}
	f.User, f.By, f.Restricted, f.Version = v.user.Name, v.actor, v.must, c.version
	f.Density, f.Locale, f.Shortcuts = v.user.Density, v.user.Locale, v.user.Shortcuts
	if !v.remembered() {
		f.Idle = identity.IdleLimit
	}
	if f.Flashes = v.flashes(); len(f.Flashes) > 0 && r.Method != http.MethodHead {
		v.setFlashes(nil)
		err = v.session.Save(r, w)
	}
	return f, err
}

// done answers a form that was carried out: with a message, and a way to go on.
func (c *Console) done(w http.ResponseWriter, r *http.Request, to templ.SafeURL, flash views.Flash) error {
	v := visitOf(r)
	v.setFlashes(append(v.flashes(), flash))
	if err := v.session.Save(r, w); err != nil {
		return err
	}
	return redirect(w, r, to)
}

// redirect answers a form with where to go on.
func redirect(w http.ResponseWriter, r *http.Request, to templ.SafeURL) error {
	http.Redirect(w, r, string(to), http.StatusSeeOther)
	return nil
}

// retryAfter is for how many seconds a database that is away should be left alone.
const retryAfter = "2"

// maxAddress is how long an address can be to lead back to.
const maxAddress = 4096

// localPath is an address on this console, or "" where s is anything else.
func localPath(s string) string {
	if len(s) > maxAddress || !utf8.ValidString(s) || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n\t") || isAPI(s) {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || strings.HasPrefix(cleaned(u.Path), "//") || cleaned(u.Path) != u.Path {
		return ""
	}
	return s
}

// next is where a form wants to lead, or else to.
func next(r *http.Request, to templ.SafeURL) templ.SafeURL {
	if path := localPath(r.FormValue("next")); path != "" {
		return templ.SafeURL(path)
	}
	return to
}

// listOf returns the list that a page was opened from, as its address says it: usual with
// filters, an order or a place. It is "" if that is not said.
func listOf(r *http.Request, usual templ.SafeURL) templ.SafeURL {
	list := localPath(r.FormValue("list"))
	if !strings.HasPrefix(list, string(usual)+"?") || strings.Contains(list, "#") {
		return ""
	}
	return templ.SafeURL(list)
}

// groupsOf is listOf for lists of groups.
func groupsOf(r *http.Request) templ.SafeURL { return listOf(r, views.GroupsURL(views.GroupsAt{})) }

// fail answers with the page of an error. What is unknown is logged and not shown.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		return // the client has gone
	}
	if denied, ok := errors.AsType[access.Denied](err); errors.Is(err, errSignedOut) || ok && denied.Right == access.SignedInOnly {
		c.askToSignIn(w, r)
		return
	}
	failure := c.failure(r, err)
	if failure.Status >= http.StatusInternalServerError {
		c.log.Error("request failed", "method", r.Method, "path", loggedPath(r), "request_id", requestID(r),
			"reason", access.OutageOf(err), "err", err)
	}
	if failure.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	c.showFailure(w, r, failure)
}

// showFailure shows an error's page whole: a region may not be there. Where the
// database is away, the frame goes without what it knows.
func (c *Console) showFailure(w http.ResponseWriter, r *http.Request, failure views.Failure) {
	frame, err := c.frame(w, r)
	if err != nil {
		failure.Search = false
	}
	page := views.Page{Title: failure.Title, Body: views.ErrorPage(failure), Frame: frame}
	if err := render(w, r, failure.Status, views.Document(page)); err != nil {
		c.log.Error("the error's page failed", "request_id", requestID(r), "err", err)
		http.Error(w, failure.Title, failure.Status)
	}
}

// failure is what a person is told of an error.
func (c *Console) failure(r *http.Request, err error) views.Failure {
	f := views.Failure{Visitor: visitOf(r) == nil, RequestID: requestID(r), Now: c.now(r)}
	is := func(target error) bool { return errors.Is(err, target) }
	var denied access.Denied
	var conflict access.Conflict
	var invalid access.Invalid
	switch {
	case is(access.ErrNotFound), is(errNoPage):
		f.Status, f.Title = http.StatusNotFound, "Page not found"
		f.Sentence = "There is nothing at this address. It may have been deleted, or the address may be mistyped."
		f.Search = visitOf(r) != nil
		if f.Tombstone = c.grave(r); f.Tombstone != nil {
			f.Title = "This group was deleted"
		}
		if before := c.gone(r); before != 0 {
			f.Title, f.Sentence, f.Search = "This activity is not kept any more", views.ActivityDeleted(before, c.now(r)), false
		}
		f.Typed = typed(r)
	case is(errWrongMethod):
		f.Status, f.Title = http.StatusMethodNotAllowed, "This address does something else"
		f.Sentence = "It can't be used this way. Go back and use the buttons of the page."
	case is(errForeignForm):
		f.Status, f.Title = http.StatusForbidden, "This form came from another site"
		f.Sentence = "For your safety nothing was changed. Open the console itself and try again there."
	case is(errNoInvitation):
		f.Status, f.Title = http.StatusNotFound, "This invitation can't be used any more"
		f.Sentence = "A link works once, within 72 hours. If you have joined already, sign in. If not, ask whoever invited you for a new link."
	case errors.As(err, &denied):
		f.Status, f.Title = http.StatusForbidden, "You may not do that"
		f.Sentence, f.Roles = c.denial(r, denied.Right), true
	case is(errNeedsFactor):
		f.Status, f.Title = http.StatusForbidden, "Set up a second factor first"
		f.Sentence = "Your role needs one to go on. Open any page: you are led to where it is set up. Nothing was changed."
	case is(errTooLarge):
		f.Status, f.Title = http.StatusRequestEntityTooLarge, "That is too large"
		f.Sentence = "A form can have at most 1 MiB. Nothing was changed."
	case is(errBadForm):
		f.Status, f.Title = http.StatusBadRequest, "The form can't be read"
		f.Sentence = "What arrived is damaged. Go back, reload the page and try again."
	case is(access.ErrChanged):
		f.Status, f.Title = http.StatusPreconditionFailed, "Somebody changed this meanwhile"
		f.Sentence = "Nothing was done. Go back, reload the page and try again."
	case errors.As(err, &conflict):
		f.Status, f.Title, f.Sentence = http.StatusConflict, "This can't be done just now", conflict.Message
	case errors.As(err, &invalid):
		f.Status, f.Title, f.Sentence = http.StatusUnprocessableEntity, "That can't be used", invalid[0].Message
	case is(access.ErrUnavailable):
		f.Status = http.StatusServiceUnavailable
		f.Title, f.Sentence = access.OutageOf(err).Says()
		f.Retry, f.Resend = retry(r)
	default:
		f.Status, f.Title = http.StatusInternalServerError, "Something went wrong"
		f.Sentence = "The fault is on our side and has been logged. Try again; if it stays, tell whoever runs this console."
		f.Retry, f.Resend = retry(r)
	}
	return f
}

// ownersNamed is how many owners a refusal names.
const ownersNamed = 3

// denial tells somebody which right they lack, and who can give it to them.
func (c *Console) denial(r *http.Request, right access.Right) string {
	owners, err := c.store.Identity.Owners(r.Context(), ownersNamed)
	if err != nil {
		c.log.Warn("the owners can't be named", "request_id", requestID(r), "err", err)
	}
	return views.Refusal(by(r), right, owners)
}

// retry is the address to try again, and the form to send to it again, so that
// nothing typed is lost. A form with a password has to be filled in again.
func retry(r *http.Request) (string, []views.Hidden) {
	to := localPath(r.URL.RequestURI())
	for name := range r.PostForm {
		if isSecret(name) {
			return to, nil
		}
	}
	if r.Method != http.MethodPost {
		return to, nil
	}
	return to, hidden(r.PostForm, func(name string) (string, bool) { return name, true })
}

// typed is what was typed into a form whose object is gone, to be taken elsewhere.
func typed(r *http.Request) []views.Hidden {
	fields := hidden(r.PostForm, func(name string) (string, bool) {
		return views.FieldLabel(name), views.FieldLabel(name) != ""
	})
	return slices.DeleteFunc(fields, func(h views.Hidden) bool { return h.Value == "" })
}

// grave is what remains of the group whose page was asked for, or nil.
func (c *Console) grave(r *http.Request) *models.Tombstone {
	v := visitOf(r)
	if v == nil || !v.actor.May(access.ReadGroups) || !strings.HasPrefix(r.URL.Path, "/groups/") {
		return nil
	}
	t, err := c.store.Tombstone(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil
	}
	if !v.actor.May(access.ReadActivity) {
		t.DeletedBy = ""
	}
	return &t
}

// gone is the day up to which activity was deleted by the rule, where a line is asked for
// that was; 0 elsewhere.
func (c *Console) gone(r *http.Request) int64 {
	v := visitOf(r)
	if v == nil || !v.actor.May(access.ReadActivity) || !strings.HasPrefix(r.URL.Path, "/activity/") {
		return 0
	}
	before, err := c.store.Audit.ActivityGone(r.Context(), r.PathValue("id"))
	if err != nil {
		return 0
	}
	return before
}

// now is the time as a page tells it, in the zone of who looks at it.
func (c *Console) now(r *http.Request) views.Clock {
	if v := visitOf(r); v != nil {
		return c.nowOf(v.user)
	}
	return views.NewClock(c.store.DB.Now().UTC(), identity.DayFirst)
}

// nowOf is the time in a user's zone, to be written as the user does.
func (c *Console) nowOf(user identity.User) views.Clock {
	return views.NewClock(c.store.DB.Now().In(user.Location()), user.Locale)
}
