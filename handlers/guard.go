package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
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
func (c *Console) signedIn(pattern string, right access.Right, handle pageHandler) {
	c.routes = append(c.routes, route{pattern: pattern, right: right})
	c.handleSignedIn(pattern, right, handle)
}

// dangerous routes a page for somebody who has the right and has lately proved who they
// are.
func (c *Console) dangerous(pattern string, right access.Right, handle pageHandler) {
	c.routes = append(c.routes, route{pattern: pattern, right: right, dangerous: true})
	c.handleSignedIn(pattern, right, c.confirmed(handle))
}

func (c *Console) handleSignedIn(pattern string, right access.Right, handle pageHandler) {
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
		if v.must, err = c.store.Identity.NeedsSecondFactor(r.Context(), v.user); err != nil {
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
		if id := r.PathValue("id"); id != "" && !text.ValidID(id) {
			c.noID(w, r, id)
			return nil
		}
		if err := handle(w, r); err != nil {
			c.fail(w, r, err)
		}
		return nil
	}))
}

// notForHead refuses HEAD where GET is the step of something: a sign-in with a provider, or
// a key for an app. Everywhere else HEAD is GET without its body, and changes nothing.
func (c *Console) notForHead(paths ...string) {
	for _, path := range paths {
		c.mux.Handle("HEAD "+path, c.page(func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Allow", http.MethodGet)
			return errWrongMethod
		}))
	}
}

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
