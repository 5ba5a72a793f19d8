package handlers

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

// bulkPages are the pages that change many groups: those selected in the list, or all that
// match there. Each change is shown before it is made.
type bulkPages struct{ groupPages }

// preview shows what a change of all groups in a list would do. Without the list's
// selection it leads to the list.
func (p bulkPages) preview(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, models.BulkAction(r.FormValue("action")))
}

// previewDelete is preview for deleting, which asks users to confirm who they are.
func (p bulkPages) previewDelete(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, models.BulkDelete)
}

func (p bulkPages) show(w http.ResponseWriter, r *http.Request, action models.BulkAction) error {
	f, bulk, err := p.form(r, action)
	if err != nil {
		return err
	}
	if bulk.IDs != nil {
		return redirect(w, r, f.Back())
	}
	return p.showForm(w, r, http.StatusOK, f)
}

// submit takes the groups that were selected, a step in choosing members, or the change.
func (p bulkPages) submit(w http.ResponseWriter, r *http.Request) error {
	action := models.BulkAction(r.FormValue("action"))
	if action == models.BulkDelete {
		return errNoPage // it has a route of its own
	}
	return p.take(w, r, action)
}

// submitDelete is submit for deleting.
func (p bulkPages) submitDelete(w http.ResponseWriter, r *http.Request) error {
	return p.take(w, r, models.BulkDelete)
}

func (p bulkPages) take(w http.ResponseWriter, r *http.Request, action models.BulkAction) error {
	step, wrong, err := p.step(r)
	if err != nil {
		return err
	}
	f, bulk, err := p.form(r, action)
	if err != nil {
		return err
	}
	if f.Problems = wrong; len(wrong) > 0 {
		f.Members.New = newPick(r.PostForm, wrong)
		return p.showForm(w, r, http.StatusUnprocessableEntity, f)
	}
	if bulk.IDs != nil && len(bulk.IDs) == 0 {
		return p.done(w, r, f.Back(), views.Flash{Kind: "warn", Text: "Select at least one group first."})
	}
	if step || r.PostForm.Get("do") != "apply" {
		return p.showForm(w, r, http.StatusOK, f)
	}
	if f.Problems = confirmed(r, f); len(f.Problems) > 0 {
		return p.showForm(w, r, http.StatusUnprocessableEntity, f)
	}
	bulk.Key = formKey(r)
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
	flash := views.Flash{Text: views.BulkDone(job, p.now(r))}
	if job.Done > 0 {
		flash.Undo = p.undoable(r, f.Back())
	}
	return p.done(w, r, f.Back(), flash)
}

func (p bulkPages) showForm(w http.ResponseWriter, r *http.Request, status int, f views.BulkForm) error {
	return p.render(w, r, status, views.Page{Title: f.Title(), Failed: len(f.Problems) > 0, Body: views.BulkPage(f)})
}

// form returns the form for what a request asks for, and the change that it is.
func (p bulkPages) form(r *http.Request, action models.BulkAction) (views.BulkForm, models.Bulk, error) {
	bulk := models.Bulk{Action: action}
	a := readAddress(r, append(groupFilters, "select", "action", "list")...)
	at, query := readGroupsAt(a)
	typed := r.PostForm
	f := views.BulkForm{
		Action: action, At: at, List: groupsOf(r), Key: typed.Get("key"), Note: typed.Get("note"), Typed: typed.Get("typed"), Now: p.now(r),
		Description: typed.Get("description"), DescriptionDo: typed.Get("description_do"),
		AvatarURL: typed.Get("avatar_url"), AvatarDo: typed.Get("avatar_do"),
	}
	if f.Key == "" {
		f.Key = rand.Text()
	}
	if at.Select {
		bulk.Query, bulk.All = query, true
		if len(a.notes) > 0 { // a filter that is ignored would mean more groups
			return f, bulk, access.Invalid{{Code: access.Bad, Message: a.notes[0]}}
		}
	} else {
		bulk.IDs = append([]string{}, typed["ids"]...)
		if len(bulk.IDs) == 0 {
			f.IDs = bulk.IDs
			return f, bulk, nil
		}
	}
	if !slices.Contains(models.BulkActions, action) {
		return f, bulk, access.Invalid{{Field: "action", Code: access.Bad, Message: "Choose what to do with the groups."}}
	}
	f.IDs = bulk.IDs
	readChange(&bulk, f, typed["contacts"])
	var err error
	if f.Preview, err = p.store.BulkChanges.PreviewGroups(r.Context(), by(r), bulk); err != nil {
		return f, bulk, err
	}
	if action == models.BulkDelete {
		if bulk.Hold, err = p.store.Holds.Period(r.Context()); err != nil {
			return f, bulk, err
		}
		f.Hold = bulk.Hold
	}
	f.AtOnce = action.Reversible() && exact(f.Matched) && f.Matched.N <= models.MaxAtOnce
	f.Members, err = p.picker(r, "", typed, nil)
	f.Members.Existing = action == models.BulkRemoveContacts
	return f, bulk, err
}

// exact reports whether a count is the number itself.
func exact(c db.Count) bool { return !c.More && !c.About && !c.AtLeast }

// readChange reads what is to be changed.
func readChange(b *models.Bulk, f views.BulkForm, contacts []string) {
	switch b.Action {
	case models.BulkAddContacts, models.BulkRemoveContacts:
		b.Contacts = models.Refs(contacts...)
	case models.BulkUpdate:
		switch f.DescriptionDo {
		case "set":
			b.Description = &f.Description
		case "append":
			b.Append = f.Description
		}
		if f.AvatarDo == "set" {
			b.AvatarURL = &f.AvatarURL
		}
	}
}

// confirmed returns what is wrong with the number that is typed before groups are deleted.
func confirmed(r *http.Request, f views.BulkForm) access.Invalid {
	if f.Action != models.BulkDelete {
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
	case exact(f.ToChange) && shown != strconv.Itoa(f.ToChange.N):
		return access.Invalid{{Field: "typed", Code: access.Bad, Message: "The number of groups has changed. Check it, then type the new one."}}
	case digits == "" || digits != shown:
		return access.Invalid{{Field: "typed", Code: access.Bad, Message: "Type the number of groups exactly as shown."}}
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
