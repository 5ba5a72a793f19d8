package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// pageHandler shows a page, or returns why not.
type pageHandler func(w http.ResponseWriter, r *http.Request) error

// routeHandler returns the handler of a route, behind all that the route asks for.
func (c *Console) routeHandler(rt *route) http.Handler {
	if rt.serve != nil {
		return rt.serve
	}
	handle := rt.handle
	if rt.stepUp != "" {
		handle = confirmPages{c.site}.required(handle)
	}
	return c.page(func(r *http.Request) (*http.Request, error) { return c.admit(rt, r) }, handle)
}

// refuse returns a handler that fails with err, for what has no route.
func (c *Console) refuse(err error) http.Handler {
	return c.page(func(r *http.Request) (*http.Request, error) { return r, err }, nil)
}

// page makes a handler of the net/http kind, which turns what goes wrong into a page. admit
// comes first: it returns the request with what is known of its sender, also if it fails.
func (c *Console) page(admit func(*http.Request) (*http.Request, error), handle pageHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Vary", pageVaries) // once: compress has set it, too
		r, err := admit(r)
		if err == nil {
			err = handle(w, r)
		}
		if err != nil {
			c.fail(w, r, err)
		}
	})
}

// pageVaries are the headers that a page depends on: compression, and which part of it htmx asks
// for.
const pageVaries = "Accept-Encoding, HX-Request, HX-Request-Type, HX-Target, HX-History-Restore-Request"

// admit lets those through who may call the route.
func (c *Console) admit(rt *route, r *http.Request) (*http.Request, error) {
	if rt.noHEAD && r.Method == http.MethodHead {
		return r, wrongMethod{http.MethodGet}
	}
	if err := parseForm(r); err != nil || rt.right == anybody {
		return r, err
	}
	if err := c.needOwner(r); err != nil {
		return r, err
	}
	v, err := c.signedIn(r)
	if err != nil {
		return r, err
	}
	r = withSignedIn(r, v)
	if onlyReads(r) && !unattended(r) { // which asks since something has changed
		r = r.WithContext(db.WithCaller(r.Context(), v.actor.ID))
	}
	if v.mustEnroll, err = c.store.Identity.Policies.NeedsSecondFactor(r.Context(), v.user); err != nil {
		return r, err
	}
	if v.mustEnroll && !rt.unenrolled {
		return r, needFactor(r)
	}
	if err := v.actor.Check(rt.right); err != nil {
		return r, err
	}
	return r, checkID(r)
}

// onlyReads reports whether a request changes nothing.
func onlyReads(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}

// elsewhere is the error of a request that is led to another address.
type elsewhere struct{ to templ.SafeURL }

func (e elsewhere) Error() string { return "the page is at " + string(e.to) }

// errNeedsFactor is the error for users who must set up a second factor before anything else.
var errNeedsFactor = errors.New("a second factor is missing")

// needFactor leads users to where they set up a second factor, and from there to the page that
// they asked for. It is errNeedsFactor if they didn't ask for a page.
func needFactor(r *http.Request) error {
	if isPartial(r) || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return errNeedsFactor
	}
	return elsewhere{views.WithNext(views.SecurityURL(), localPath(r.URL.RequestURI()))}
}

// checkID checks the id in the request's address, if it has one. If an id was copied with quotes
// around it or characters that nobody sees, it leads to the page that was meant.
func checkID(r *http.Request) error {
	id := r.PathValue("id")
	if id == "" || text.ValidID(id) {
		return nil
	}
	meant := text.Unquote(id)
	if !text.ValidID(meant) || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return access.ErrNotFound
	}
	to := url.URL{Path: strings.Replace(r.URL.Path, id, meant, 1), RawQuery: r.URL.RawQuery}
	return elsewhere{templ.SafeURL(to.String())}
}
