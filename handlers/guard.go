package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// noID responds to an address with what is no id. Where an id was copied with quotes around it
// or characters that nobody sees, it leads to the page that was meant.
func (c *Console) noID(w http.ResponseWriter, r *http.Request, id string) {
	meant := text.Unquote(id)
	if !text.ValidID(meant) || r.Method != http.MethodGet && r.Method != http.MethodHead {
		c.fail(w, r, access.ErrNotFound)
		return
	}
	to := url.URL{Path: strings.Replace(r.URL.Path, id, meant, 1), RawQuery: r.URL.RawQuery}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// hasOwner reports whether the console has been set up; there is no way back.
func (c *Console) hasOwner(r *http.Request) (bool, error) {
	if c.owned.Load() {
		return true, nil
	}
	owned, err := c.store.Identity.HasOwner(r.Context())
	if owned {
		c.owned.Store(true)
	}
	return owned, err
}

// errNeedsFactor is the answer to whoever must set up a second factor before anything else.
var errNeedsFactor = errors.New("a second factor is missing")

// securityPath is where a second factor is set up.
const securityPath = "/profile/security"

// setsUp reports whether a request may be made by whoever must set up a second factor.
func setsUp(r *http.Request) bool {
	path := r.URL.Path
	return path == securityPath || strings.HasPrefix(path, securityPath+"/") || path == "/confirm" || path == "/logout"
}

// sendToSetUp leads somebody to where they set up a second factor, and from there to the
// page that they asked for.
func (c *Console) sendToSetUp(w http.ResponseWriter, r *http.Request) error {
	if isPartial(r) || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return errNeedsFactor
	}
	return redirect(w, r, views.LeadingTo(securityPath, localPath(r.URL.RequestURI())))
}

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
