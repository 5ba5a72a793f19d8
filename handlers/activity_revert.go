package handlers

import (
	"errors"
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// revertOffer reports whether to offer to revert a change, and returns what already reverted it. It
// is not offered if nothing is left to revert, or if the object was deleted.
func (p activityPages) revertOffer(r *http.Request, line audit.Line) (offer bool, done models.Revert, err error) {
	if done, err = p.store.Reverts.RevertOf(r.Context(), line.ID); err != nil {
		return false, done, err
	}
	reversal, err := p.store.Reverts.Reversal(r.Context(), by(r), line.ID)
	if errors.Is(err, access.ErrNotFound) {
		return false, done, nil
	}
	return done.ID == "" || len(reversal.Possible()) > 0, done, err
}

// confirmRevert shows what reverting a change would do.
func (p activityPages) confirmRevert(w http.ResponseWriter, r *http.Request) error {
	return p.showRevert(w, r, http.StatusOK, nil)
}

func (p activityPages) showRevert(w http.ResponseWriter, r *http.Request, status int, wrong access.Invalid) error {
	reversal, err := p.store.Reverts.Reversal(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := views.RevertForm{Reversal: reversal, Problems: wrong, Now: p.now(r)}
	return p.render(w, r, status, views.Page{
		Title: "Revert a change to " + reversal.Line.ObjectName, Failed: len(wrong) > 0, Body: views.ConfirmRevert(f),
	})
}

// revert reverts the chosen fields of a change.
func (p activityPages) revert(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	err := p.store.Reverts.Revert(r.Context(), by(r), id, r.PostForm["field"])
	invalid, ok := problems(err)
	switch {
	case ok:
		return p.showRevert(w, r, http.StatusUnprocessableEntity, invalid)
	case errors.Is(err, access.ErrChanged):
		return p.showRevert(w, r, http.StatusConflict, access.Invalid{{
			Code: access.Bad, Message: "This was changed in the meantime, so nothing was reverted. Check what can still be reverted and try again.",
		}})
	case err != nil:
		return err
	}
	line, err := p.store.Audit.ActivityLine(r.Context(), id)
	if err != nil {
		return err
	}
	return p.done(w, r, views.ActivityLineURL(id), views.Flash{Text: "Change to " + text.Isolated(line.ObjectName) + " reverted."})
}
