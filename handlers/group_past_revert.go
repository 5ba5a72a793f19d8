package handlers

import (
	"errors"
	"net/http"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// confirmRevertTo shows what reverting a group to an earlier time would do.
func (p groupPages) confirmRevertTo(w http.ResponseWriter, r *http.Request) error {
	return p.showRevertTo(w, r, http.StatusOK, nil)
}

func (p groupPages) showRevertTo(w http.ResponseWriter, r *http.Request, status int, wrong access.Invalid) error {
	page, _, err := p.pastOf(r)
	if err != nil {
		return err
	}
	if page.Then == nil { // which the page about that time explains
		return redirect(w, r, views.GroupPastURL(page.ID, page.At, page.List))
	}
	difference, err := p.store.History.Difference(r.Context(), by(r), page.ID, page.Moment)
	if err != nil {
		return err
	}
	f := views.GroupRevertTo{GroupPast: page, Reversal: difference, Problems: wrong}
	return p.render(w, r, status, views.Page{Title: "Revert " + page.Name, Failed: len(wrong) > 0, Body: views.ConfirmRevertTo(f)})
}

// revertTo makes a group what it was at an earlier time.
func (p groupPages) revertTo(w http.ResponseWriter, r *http.Request) error {
	page, _, err := p.pastOf(r)
	if err != nil {
		return err
	}
	if page.Then == nil {
		return redirect(w, r, views.GroupPastURL(page.ID, page.At, page.List))
	}
	err = p.store.History.RevertTo(r.Context(), by(r), page.ID, page.Moment, r.PostFormValue("version"))
	invalid, refused := problems(err)
	switch {
	case refused:
		return p.showRevertTo(w, r, http.StatusUnprocessableEntity, invalid)
	case errors.Is(err, access.ErrChanged):
		return p.showRevertTo(w, r, http.StatusConflict, access.Invalid{{
			Code: access.Bad, Message: "The group was changed in the meantime, so nothing was reverted. Check what would change now and try again.",
		}})
	case err != nil:
		return err
	}
	to := views.GroupURL(page.ID) + views.FromList(page.List)
	return p.done(w, r, to, views.Flash{Text: text.Isolated(page.Then.Name) + " reverted.", Undo: p.undoable(r, to)})
}
