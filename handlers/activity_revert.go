package handlers

import (
	"errors"
	"net/http"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// putBack is the line that put another back, and reports whether there is a reason to offer
// that: not while nothing is left of it, nor where its object is gone.
func (c *Console) putBack(r *http.Request, line audit.Line) (offer bool, done audit.Line, err error) {
	if done, err = c.store.PutBackBy(r.Context(), line); err != nil {
		return false, done, err
	}
	reversal, err := c.store.Reversal(r.Context(), by(r), line.ID)
	if errors.Is(err, access.ErrNotFound) {
		return false, done, nil
	}
	return done.ID == "" || len(reversal.Possible()) > 0, done, err
}

// askRevert says what it would do to put a change back.
func (c *Console) askRevert(w http.ResponseWriter, r *http.Request) error {
	return c.showRevert(w, r, http.StatusOK, nil)
}

func (c *Console) showRevert(w http.ResponseWriter, r *http.Request, status int, wrong access.Invalid) error {
	reversal, err := c.store.Reversal(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := views.RevertForm{Reversal: reversal, Problems: wrong, Now: c.now(r)}
	return c.show(w, r, status, views.Page{
		Title: "Put back a change of " + reversal.Line.ObjectName, Section: views.Activity, Failed: len(wrong) > 0, Body: views.AskRevert(f),
	})
}

// revert puts back the fields of a change that the form showed.
func (c *Console) revert(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	err := c.store.PutBack(r.Context(), by(r), id, r.PostForm["field"])
	invalid, ok := problems(err)
	switch {
	case ok:
		return c.showRevert(w, r, http.StatusUnprocessableEntity, invalid)
	case errors.Is(err, access.ErrChanged):
		return c.showRevert(w, r, http.StatusConflict, access.Invalid{{
			Code: access.Bad, Message: "This was changed meanwhile, and nothing was put back. Look at what can still be put back, and try again.",
		}})
	case err != nil:
		return err
	}
	line, err := c.store.Audit.ActivityLine(r.Context(), id)
	if err != nil {
		return err
	}
	return c.done(w, r, views.ActivityLineURL(id), views.Flash{Text: "The change of " + text.Isolated(line.ObjectName) + " is put back."})
}
