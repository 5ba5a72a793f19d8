package handlers

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/views"
)

// bulkPages are the pages that change many objects of a kind: those selected in a list, or all
// that match there. Each change is shown before it is made.
type bulkPages struct {
	*site
	// kind is what all of the actions begin with, and remove is the one that has a route of its
	// own, because it asks users to confirm who they are.
	kind   string
	remove models.BulkAction
	// read returns the form for what a request asks for, and the change that it is.
	read func(r *http.Request, action models.BulkAction) (views.BulkForm, models.BulkChange, error)
}

// preview shows what a change of all rows of a list would do. Without the list's selection it leads
// to the list.
func (p bulkPages) preview(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, p.action(r))
}

// previewDelete is preview for deleting.
func (p bulkPages) previewDelete(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, p.remove)
}

// action returns the action that a request asks for.
func (p bulkPages) action(r *http.Request) models.BulkAction {
	return models.BulkAction(p.kind + r.FormValue("action"))
}

func (p bulkPages) show(w http.ResponseWriter, r *http.Request, action models.BulkAction) error {
	f, _, err := p.read(r, action)
	if err != nil {
		return err
	}
	if f.IDs != nil {
		return redirect(w, r, f.Back)
	}
	return p.showForm(w, r, http.StatusOK, f)
}

// submit takes the objects that were selected, a step in choosing members or groups, or the change.
func (p bulkPages) submit(w http.ResponseWriter, r *http.Request) error {
	action := p.action(r)
	if action == p.remove {
		return errNoPage // it has a route of its own
	}
	return p.take(w, r, action)
}

// submitDelete is submit for deleting.
func (p bulkPages) submitDelete(w http.ResponseWriter, r *http.Request) error {
	return p.take(w, r, p.remove)
}

func (p bulkPages) take(w http.ResponseWriter, r *http.Request, action models.BulkAction) error {
	step, wrong, err := p.step(r, action)
	if err != nil {
		return err
	}
	f, bulk, err := p.read(r, action)
	if err != nil {
		return err
	}
	if f.Problems = wrong; len(wrong) > 0 {
		f.Members.New = newPick(r.PostForm, wrong)
		return p.showForm(w, r, http.StatusUnprocessableEntity, f)
	}
	if f.IDs != nil && len(f.IDs) == 0 {
		return p.done(w, r, f.Back, views.Flash{Kind: "warn", Text: f.SelectFirst()})
	}
	if step || r.PostForm.Get("do") != "apply" {
		return p.showForm(w, r, http.StatusOK, f)
	}
	if f.Problems = confirmed(r, f); len(f.Problems) > 0 {
		return p.showForm(w, r, http.StatusUnprocessableEntity, f)
	}
	return p.apply(w, r, f, bulk)
}

// apply makes a change at once or starts a job, whichever its form has said.
func (p bulkPages) apply(w http.ResponseWriter, r *http.Request, f views.BulkForm, bulk models.BulkChange) error {
	run := p.store.BulkChanges.StartBulk
	if f.AtOnce {
		run = p.store.BulkChanges.RunBulkNow
	}
	job, err := run(r.Context(), by(r), bulk, f.Note)
	if invalid, ok := problems(err); ok {
		f.Problems = inputProblems(invalid)
		return p.showForm(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	if !f.AtOnce {
		return redirect(w, r, views.JobURL(job.ID, views.JobAt{}))
	}
	flash, err := p.madeAtOnce(r, job, f)
	if err != nil {
		return err
	}
	return p.done(w, r, f.Back, flash)
}

// step is groupPages.step for what the form of an action chooses.
func (p bulkPages) step(r *http.Request, action models.BulkAction) (bool, access.Invalid, error) {
	if action == models.BulkAddToGroups {
		return pickStepIn(r.PostForm, "groups"), nil, nil
	}
	return groupPages{p.site}.step(r)
}

// madeAtOnce returns the message about a change that was made, with an undo if anything was
// changed.
func (p bulkPages) madeAtOnce(r *http.Request, job jobs.Job, f views.BulkForm) (views.Flash, error) {
	flash := views.Flash{Text: views.BulkDone(job, p.now(r))}
	if job.Done > 0 {
		flash.Undo = p.undoable(r, f.Back)
	}
	if f.Group != nil {
		g, err := p.store.GroupPreview(r.Context(), f.Group.ID)
		if err == nil && g.ContactsCount == 0 {
			flash.Text += " The group has no members now."
		}
		return flash, err
	}
	return flash, nil
}

func (p bulkPages) showForm(w http.ResponseWriter, r *http.Request, status int, f views.BulkForm) error {
	return p.render(w, r, status, views.Page{Title: f.Title(), Failed: len(f.Problems) > 0, Body: views.BulkPage(f)})
}

// bulkForm returns the form with what was typed.
func (s *site) bulkForm(r *http.Request, action models.BulkAction) views.BulkForm {
	typed := r.PostForm
	f := views.BulkForm{
		Action: action, Key: typed.Get("key"), Note: typed.Get("note"), Typed: typed.Get("typed"), By: by(r), Now: s.now(r),
		Description: typed.Get("description"), DescriptionDo: typed.Get("description_do"),
		AvatarURL: typed.Get("avatar_url"), AvatarDo: typed.Get("avatar_do"),
	}
	if f.Key == "" {
		f.Key = rand.Text()
	}
	return f
}

// selected returns the ids that were selected; nil if all of the list are meant.
func selected(r *http.Request, all bool) []string {
	if all {
		return nil
	}
	return append([]string{}, r.PostForm["ids"]...)
}

// ignored refuses an address of which a filter was ignored: more objects would be meant.
func ignored(a *address) error {
	if len(a.notes) == 0 {
		return nil
	}
	return access.Invalid{{Code: access.Bad, Message: a.notes[0]}}
}

// noAction refuses an action that there is not.
var noAction = access.Invalid{{Field: "action", Code: access.Bad, Message: "Choose what to do."}}

// atOnce reports whether a change is made at once.
func atOnce(action models.BulkAction, f models.Figures) bool {
	return action.Reversible() && f.Matched.Exact() && f.Matched.N <= models.MaxAtOnce
}

// confirmed returns what is wrong with the number that is typed before objects are deleted.
func confirmed(r *http.Request, f views.BulkForm) access.Invalid {
	if f.Action.Reversible() {
		return nil
	}
	digits := strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, f.Typed)
	shown := r.PostForm.Get("count")
	switch {
	case f.ToChange.Exact() && shown != strconv.Itoa(f.ToChange.N):
		return access.Invalid{{Field: "typed", Code: access.Bad, Message: "The number has changed. Check it, then type the new one."}}
	case digits == "" || digits != shown:
		return access.Invalid{{Field: "typed", Code: access.Bad, Message: "Type the number exactly as shown."}}
	}
	return nil
}

// inputProblems returns problems by the inputs of the form.
func inputProblems(problems access.Invalid) access.Invalid {
	for i, problem := range problems {
		if problem.Field == "append" || problem.Field == "changes" {
			problems[i].Field = "description"
		}
	}
	return problems
}
