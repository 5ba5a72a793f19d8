package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// groupPages are the pages of groups.
type groupPages struct{ *site }

// show shows a group.
func (p groupPages) show(w http.ResponseWriter, r *http.Request) error {
	detail, err := p.detail(r)
	if err != nil {
		return err
	}
	if region(r) == "" {
		if err = p.neighbours(r, &detail); err != nil {
			return err
		}
	}
	if detail.Creator, err = p.store.Creators.OfGroup(r.Context(), detail.ID); err != nil {
		return err
	}
	if detail.Messages.N > 0 {
		if detail.Days, err = p.store.Messages.PerDay(r.Context(), detail.ConversationID, detail.Now.Time, views.TrendDays); err != nil {
			return err
		}
	}
	if detail.MembersByDay, err = p.store.Members.Trend(r.Context(), detail.Group, detail.Now.Time, views.MemberTrendDays); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: detail.Name, Body: views.GroupOverview(detail)})
}

// detail returns what the pages of the request's group have in common.
func (p groupPages) detail(r *http.Request) (views.GroupDetail, error) {
	id := r.PathValue("id")
	live, err := p.liveOf(r, "group", id)
	if err != nil {
		return views.GroupDetail{}, err
	}
	g, err := p.store.GroupPreview(r.Context(), id)
	if err != nil {
		return views.GroupDetail{}, err
	}
	list := groupsOf(r)
	from, _ := listFrom(r, list)
	d := views.GroupDetail{Group: g, By: by(r), Done: len(signedInAs(r).flashes()) > 0, List: list, From: from, Origin: p.publicURL, Live: live, Now: p.now(r)}
	if d.Messages, err = p.store.Messages.MessagesCount(r.Context(), g.ConversationID); err != nil {
		return d, err
	}
	if d.Plan, err = p.store.Rules.OfGroup(r.Context(), g.ID); err != nil {
		return d, err
	}
	if g.Archived() && d.By.May(access.ReadActivity) {
		archivedBy, err := p.store.Reverts.ArchivedBy(r.Context(), g.ID)
		d.ArchivedBy = archivedBy.Who()
		return d, err
	}
	return d, err
}

// new shows the form for a new group, filled with the draft if there is one.
func (p groupPages) new(w http.ResponseWriter, r *http.Request) error {
	fields, savedAt, err := p.drafts.take(r)
	if err != nil {
		return err
	}
	source, err := p.copied(r)
	if err != nil {
		return err
	}
	if source != nil {
		fields, savedAt = fieldsOfCopy(*source), 0
	}
	form, err := p.form(r, fields, nil)
	if err != nil {
		return err
	}
	form.Key, form.CopyOf = rand.Text(), source
	if !fields.Has(stepField) {
		form.Draft = savedAt
	}
	return p.showNew(w, r, http.StatusOK, form)
}

// copied returns the group that the address says to duplicate, or nil. Errors: ErrNotFound.
func (p groupPages) copied(r *http.Request) (*models.Group, error) {
	id := r.URL.Query().Get("copy")
	if id == "" {
		return nil, nil
	}
	g, err := p.store.Group(r.Context(), id)
	return &g, err
}

// fieldsOfCopy returns the form for a group like another. It has the members if the group carries
// all of them.
func fieldsOfCopy(g models.Group) url.Values {
	const suffix = " copy"
	fields := url.Values{
		"name":        {text.Cut(g.Name, text.MaxName-len(suffix)) + suffix},
		"description": {text.Deref(g.Description)}, "avatar_url": {text.Deref(g.AvatarURL)},
	}
	if len(g.Contacts) == g.ContactsCount {
		for _, c := range g.Contacts {
			fields.Add("contacts", c.ID)
		}
	}
	return fields
}

func (p groupPages) showNew(w http.ResponseWriter, r *http.Request, status int, form views.GroupForm) error {
	return p.render(w, r, status, views.Page{
		Title: "New group", Failed: len(form.Problems) > 0, Body: views.NewGroup(form),
	})
}

// form returns the form with what was typed into it, and what is wrong with that.
func (p groupPages) form(r *http.Request, fields url.Values, wrong access.Invalid) (views.GroupForm, error) {
	form := views.GroupForm{
		GroupFields: groupFields(fields, ""), Key: fields.Get("key"), Problems: wrong, Now: p.now(r),
	}
	var err error
	form.Members, err = p.picker(r, "", fields, wrong)
	return form, err
}

// refuseNew shows the form for a new group with what is wrong with it.
func (p groupPages) refuseNew(w http.ResponseWriter, r *http.Request, wrong access.Invalid) error {
	form, err := p.form(r, r.PostForm, wrong)
	if err != nil {
		return err
	}
	return p.showNew(w, r, http.StatusUnprocessableEntity, form)
}

// askNew shows the form for a new group again, whose name another group has.
func (p groupPages) askNew(w http.ResponseWriter, r *http.Request, namesake models.Namesake) error {
	form, err := p.form(r, r.PostForm, nil)
	if err != nil {
		return err
	}
	form.Namesake = &namesake
	return p.showNew(w, r, http.StatusOK, form)
}

// create makes a group, or takes a step in choosing its members.
func (p groupPages) create(w http.ResponseWriter, r *http.Request) error {
	step, wrong, err := p.step(r)
	switch {
	case err != nil:
		return err
	case len(wrong) > 0:
		return p.refuseNew(w, r, wrong)
	case step:
		return p.keepStep(w, r, views.NewGroupURL())
	}
	change := models.NewGroupChange(func(name string) *string { return field(r, name) })
	members := models.Refs(r.PostForm["contacts"]...)
	change.Contacts = &members
	change.OwnName = r.PostForm.Get("namesake") != r.PostForm.Get("name") // unless they were told of it
	key := formKey(r)
	g, err := p.store.CreateGroup(r.Context(), by(r), change, key)
	if invalid, ok := problems(err); ok {
		return p.refuseNew(w, r, invalid)
	}
	var namesake models.Namesake
	if errors.As(err, &namesake) {
		return p.askNew(w, r, namesake)
	}
	if err != nil {
		return err
	}
	p.drafts.drop(r)
	flash := views.Flash{Text: text.Isolated(g.Name) + " created."}
	if g.SameName {
		flash = views.Flash{Kind: "warn", Text: text.Isolated(g.Name) + " created. Another active group has the same name."}
	}
	if r.PostFormValue("do") == "another" {
		return p.done(w, r, views.NewGroupURL(), flash)
	}
	return p.done(w, r, views.GroupURL(g.ID), flash)
}

// edit shows the form for a group's values.
func (p groupPages) edit(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	live, err := p.liveOf(r, "group", id)
	if err != nil {
		return err
	}
	g, err := p.store.Group(r.Context(), id)
	if err != nil {
		return err
	}
	form := views.GroupForm{GroupFields: g.Fields(), Was: g.Fields(), Key: rand.Text(), Next: string(next(r, "")), Others: p.openers(r, id), Live: live, Now: p.now(r)}
	typed, err := p.drafts.takeEdit(r)
	if err != nil {
		return err
	}
	if typed != nil {
		form.GroupFields, form.Was = groupFields(typed, ""), groupFields(typed, "was_")
	}
	return p.showEdit(w, r, http.StatusOK, g, form)
}

func (p groupPages) showEdit(w http.ResponseWriter, r *http.Request, status int, g models.Group, form views.GroupForm) error {
	return p.render(w, r, status, views.Page{
		Title: "Edit " + g.Name, Failed: len(form.Problems) > 0, Body: views.EditGroup(g, form),
	})
}

// groupFields reads a group's values from a form, under names with a prefix.
func groupFields(form url.Values, prefix string) models.GroupFields {
	return models.NewGroupFields(func(name string) string { return form.Get(prefix + name) })
}

// update saves those fields that the form changed.
func (p groupPages) update(w http.ResponseWriter, r *http.Request) error {
	if err := p.drafts.startFromSaved(r); err != nil {
		return err
	}
	id, was := r.PathValue("id"), groupFields(r.PostForm, "was_")
	change := models.NewGroupChange(func(name string) *string { return edited(r, name) })
	change.Was = &was
	g, err := p.store.UpdateGroup(r.Context(), by(r), id, change)
	var conflict models.EditConflict
	if errors.As(err, &conflict) {
		return p.showConflict(w, r, conflict, views.EditConflict{
			Title: "Edit " + text.Isolated(was.Name), Action: views.EditGroupURL(id) + templ.SafeURL(views.Then(next(r, ""))), Back: next(r, views.GroupURL(id)),
		})
	}
	if invalid, ok := problems(err); ok {
		g, err := p.store.Group(r.Context(), id)
		if err != nil {
			return err
		}
		form := views.GroupForm{GroupFields: groupFields(r.PostForm, ""), Was: was, Key: r.PostForm.Get("key"), Next: string(next(r, "")), Problems: invalid, Now: p.now(r)}
		return p.showEdit(w, r, http.StatusUnprocessableEntity, g, form)
	}
	if err != nil {
		return err
	}
	p.closeForm(r, id)
	if err := p.drafts.keepSaved(r); err != nil {
		return err
	}
	to := next(r, views.GroupURL(id))
	return p.done(w, r, to, p.saved(r, to, g.Name, change.Edits(g)))
}

// archive archives a group and offers to undo that.
func (p groupPages) archive(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	g, err := p.store.ArchiveGroup(r.Context(), by(r), id, 0)
	if err != nil {
		return err
	}
	return p.moved(w, r, g, " archived.", models.Active)
}

// restore restores an archived group and offers to undo that.
func (p groupPages) restore(w http.ResponseWriter, r *http.Request) error {
	g, err := p.store.RestoreGroup(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.moved(w, r, g, " restored.", models.Archived)
}

// moved leads on after a group was archived or restored. In a list the undo gives the group's row
// its status before again.
func (p groupPages) moved(w http.ResponseWriter, r *http.Request, g models.Group, did string, before models.Status) error {
	to := next(r, views.GroupURL(g.ID)+views.FromList(groupsOf(r)))
	flash := views.Flash{Text: text.Isolated(g.Name) + did}
	if path := localPath(r.FormValue("next")); path != "" {
		path, _, _ = strings.Cut(path, "#")
		if flash.Undo = p.undoable(r, templ.SafeURL(path+"#open-"+g.ID)); flash.Undo != nil {
			flash.Undo.Group, flash.Undo.State = g.ID, before
		}
	} else {
		flash.Undo = p.undoable(r, to)
	}
	return p.done(w, r, to, flash)
}

// typedMembers is above how many members deleting a group asks for its name.
const typedMembers = 50

// confirmDelete asks before a group is deleted.
func (p groupPages) confirmDelete(w http.ResponseWriter, r *http.Request) error {
	d, err := p.deletion(r)
	if err != nil {
		return err
	}
	return p.showDelete(w, r, http.StatusOK, d)
}

func (p groupPages) deletion(r *http.Request) (views.GroupDelete, error) {
	g, err := p.store.Group(r.Context(), r.PathValue("id"))
	if err != nil {
		return views.GroupDelete{}, err
	}
	d := views.GroupDelete{Group: g, By: by(r), Next: localPath(r.FormValue("next")), Now: p.now(r)}
	d.Messages, err = p.store.Messages.MessagesCount(r.Context(), g.ConversationID)
	if err != nil {
		return d, err
	}
	d.TypeName = d.Messages.N > 0 || g.ContactsCount > typedMembers
	d.Hold, err = p.store.Holds.Period(r.Context())
	return d, err
}

func (p groupPages) showDelete(w http.ResponseWriter, r *http.Request, status int, d views.GroupDelete) error {
	return p.render(w, r, status, views.Page{
		Title: "Delete " + d.Name, Failed: len(d.Problems) > 0, Body: views.DeleteGroup(d),
	})
}

// delete deletes a group, once its name is typed if that is asked for.
func (p groupPages) delete(w http.ResponseWriter, r *http.Request) error {
	d, err := p.deletion(r)
	if err != nil {
		return err
	}
	if d.Typed = r.PostFormValue("name"); d.TypeName && !text.LooksLike(d.Typed, d.Name) {
		d.Problems = access.Invalid{{Field: "name", Code: access.Bad, Message: "Enter the group's name exactly as shown:  " + text.Isolated(d.Name)}}
		return p.showDelete(w, r, http.StatusUnprocessableEntity, d)
	}
	hold, err := p.store.Holds.Delete(r.Context(), by(r), d.ID)
	if err != nil {
		return err
	}
	to := next(r, views.GroupsURL(views.GroupsAt{}))
	return p.done(w, r, to, views.Flash{Text: views.GroupDeleted(d.Name, hold), Undo: p.undoable(r, to)})
}

// activity shows what was done to a group.
func (p groupPages) activity(w http.ResponseWriter, r *http.Request) error {
	detail, err := p.detail(r)
	if err != nil {
		return err
	}
	a := readAddress(r, "after", "before", "limit", "list")
	at, query := readActivityAt(a)
	query.Object = detail.ID
	list, err := activityPages(p).listAt(r, a, at, query)
	if err != nil {
		return err
	}
	body := views.GroupActivityTab(views.GroupActivity{GroupDetail: detail, List: list.OfGroup(detail.ID, detail.List)})
	return p.render(w, r, http.StatusOK, views.Page{Title: detail.Name + " activity", Body: body})
}

// tombstone adds to a 404 what remains of a deleted group.
func (p groupPages) tombstone(r *http.Request, f *views.Failure) {
	t, err := p.store.Tombstone(r.Context(), r.PathValue("id"))
	if err != nil || !by(r).May(access.ReadGroups) {
		return
	}
	if !by(r).May(access.ReadActivity) {
		t.DeletedBy = ""
	}
	f.Title, f.Tombstone = "This group was deleted", &t
	f.Undelete = t.HeldUntil != nil && by(r).May(access.DeleteGroups)
}

// exists fails if there is no such group.
func (p groupPages) exists(ctx context.Context, id string) error {
	_, err := p.store.GroupPreview(ctx, id)
	return err
}
