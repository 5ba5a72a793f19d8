package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// undoPages take back what users did.
type undoPages struct{ *site }

// undoable returns the form that undoes what a request has done and leads to a page, or nil if it
// has done nothing that can be undone.
func (s *site) undoable(r *http.Request, to templ.SafeURL) *views.Undo {
	step, err := s.store.Audit.StepOf(r.Context(), by(r))
	if err != nil || step == "" { // the act itself went well
		return nil
	}
	return views.UndoStep(step, to)
}

// undo takes back an act of the session, the last one if the form names none.
func (p undoPages) undo(w http.ResponseWriter, r *http.Request) error {
	to := next(r, cmp.Or(templ.SafeURL(p.cameFrom(r)), views.GroupsURL(views.GroupsAt{})))
	done, err := p.store.Undos.Undo(r.Context(), by(r), r.PostFormValue("step"))
	conflict, waits := errors.AsType[access.Conflict](err)
	switch {
	case errors.Is(err, access.ErrNotFound):
		return p.done(w, r, to, views.Flash{Kind: "info", Text: "Nothing to undo."})
	case waits:
		return p.done(w, r, to, views.Flash{Kind: "warn", Text: conflict.Message})
	case err != nil:
		return err
	}
	if done.Job.ID != "" && !done.Job.Finished() {
		to = views.JobURL(done.Job.ID, views.JobAt{})
	}
	return p.done(w, r, to, views.UndoneFlash(done, p.now(r)))
}

// undelete puts a group back whose deletion is on hold.
func (p groupPages) undelete(w http.ResponseWriter, r *http.Request) error {
	g, err := p.store.Holds.Undo(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.done(w, r, views.GroupURL(g.ID), views.Flash{Text: text.Isolated(g.Name) + " is back."})
}

// mayUndelete reports whether to offer to undo a deletion that an entry reports.
func (p activityPages) mayUndelete(r *http.Request, line audit.Line) (bool, error) {
	if line.Action != audit.DeletedGroup || !by(r).May(access.DeleteGroups) {
		return false, nil
	}
	t, err := p.store.Tombstone(r.Context(), line.ObjectID)
	if errors.Is(err, access.ErrNotFound) { // it is back
		return false, nil
	}
	return t.HeldUntil != nil, err
}

// hold sets for how long deletions are on hold.
func (p retentionPages) hold(w http.ResponseWriter, r *http.Request) error {
	seconds, err := strconv.Atoi(r.PostFormValue("hold"))
	if err != nil {
		seconds = -1 // refused below
	}
	period := time.Duration(seconds) * time.Second
	if err := p.store.Holds.SetPeriod(r.Context(), by(r), period); err != nil {
		return err
	}
	return p.done(w, r, views.RetentionURL(), views.Flash{Text: views.HoldSaved(period)})
}
