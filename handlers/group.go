package handlers

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// group shows a group.
func (c *Console) group(w http.ResponseWriter, r *http.Request) error {
	detail, err := c.detail(r)
	if err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: detail.Name, Section: views.Groups, Body: views.GroupOverview(detail)})
}

// detail is what the pages of the request's group have in common.
func (c *Console) detail(r *http.Request) (views.GroupDetail, error) {
	g, err := c.store.GroupPreview(r.Context(), r.PathValue("id"))
	if err != nil {
		return views.GroupDetail{}, err
	}
	d := views.GroupDetail{Group: g, By: by(r), Done: len(visitOf(r).flashes()) > 0, List: groupsOf(r), Origin: c.publicURL, Now: c.now(r)}
	if d.Messages, err = c.store.MessagesCount(r.Context(), g.ConversationID); err != nil {
		return d, err
	}
	if g.Archived() && d.By.May(access.ReadActivity) {
		d.ArchivedBy, err = c.store.Audit.ArchivedBy(r.Context(), g.ID)
	}
	return d, err
}

// newGroup shows the form for a new group, filled with the draft if there is one.
func (c *Console) newGroup(w http.ResponseWriter, r *http.Request) error {
	fields, savedAt, err := c.takeDraft(r, views.GroupDraft)
	if err != nil {
		return err
	}
	form, err := c.groupForm(r, fields)
	if err != nil {
		return err
	}
	form.Key = rand.Text()
	if !fields.Has(stepField) {
		form.Draft = savedAt
	}
	return c.showNewGroup(w, r, http.StatusOK, form)
}

func (c *Console) showNewGroup(w http.ResponseWriter, r *http.Request, status int, form views.GroupForm) error {
	return c.show(w, r, status, views.Page{
		Title: "New group", Section: views.Groups, Failed: len(form.Problems) > 0, Body: views.NewGroup(form),
	})
}

// groupForm is the form with what was typed into it.
func (c *Console) groupForm(r *http.Request, fields url.Values) (views.GroupForm, error) {
	form := views.GroupForm{
		GroupFields: groupFields(fields, ""), Key: fields.Get("key"), Now: c.now(r),
	}
	var err error
	form.Members, err = c.picker(r, "", fields)
	return form, err
}

// createGroup makes a group, or takes a step in choosing its members.
func (c *Console) createGroup(w http.ResponseWriter, r *http.Request) error {
	if pickStep(r.PostForm) {
		if err := c.keepStep(r, views.GroupDraft); err != nil {
			return err
		}
		return redirect(w, r, views.NewGroupURL()+"#find")
	}
	change := models.NewGroupChange(func(name string) *string { return field(r, name) })
	members := models.Refs(r.PostForm["contacts"]...)
	change.Contacts = &members
	key := formKey(r)
	g, err := c.store.CreateGroup(r.Context(), by(r), change, key)
	if invalid, ok := problems(err); ok {
		form, err := c.groupForm(r, r.PostForm)
		if err != nil {
			return err
		}
		form.Problems = invalid
		return c.showNewGroup(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	if err := c.store.Identity.DropDraft(r.Context(), by(r), views.GroupDraft); err != nil {
		return err
	}
	flash := views.Flash{Text: text.Isolated(g.Name) + " created."}
	if taken, err := c.store.NameTaken(r.Context(), g); err != nil {
		return err
	} else if taken {
		flash = views.Flash{Kind: "warn", Text: text.Isolated(g.Name) + " created. There is another active group with this name."}
	}
	if r.PostFormValue("do") == "another" {
		return c.done(w, r, views.NewGroupURL(), flash)
	}
	return c.done(w, r, views.GroupURL(g.ID), flash)
}

// editGroup shows the form for a group's values.
func (c *Console) editGroup(w http.ResponseWriter, r *http.Request) error {
	g, err := c.store.Group(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	form := views.GroupForm{GroupFields: g.Fields(), Was: g.Fields(), Key: rand.Text(), Next: string(next(r, "")), Now: c.now(r)}
	typed, err := c.takeEdit(r)
	if err != nil {
		return err
	}
	if typed != nil {
		form.GroupFields, form.Was = groupFields(typed, ""), groupFields(typed, "was_")
	}
	return c.showEditGroup(w, r, http.StatusOK, g, form)
}

func (c *Console) showEditGroup(w http.ResponseWriter, r *http.Request, status int, g models.Group, form views.GroupForm) error {
	return c.show(w, r, status, views.Page{
		Title: "Edit " + g.Name, Section: views.Groups, Failed: len(form.Problems) > 0, Body: views.EditGroup(g, form),
	})
}

// groupFields reads a group's values from a form, under names with a prefix.
func groupFields(form url.Values, prefix string) models.GroupFields {
	return models.NewGroupFields(func(name string) string { return form.Get(prefix + name) })
}

// updateGroup changes those values that the form changed.
func (c *Console) updateGroup(w http.ResponseWriter, r *http.Request) error {
	if err := c.resume(r); err != nil {
		return err
	}
	id, was := r.PathValue("id"), groupFields(r.PostForm, "was_")
	change := models.NewGroupChange(func(name string) *string { return edited(r, name) })
	change.Was = &was
	g, err := c.store.UpdateGroup(r.Context(), by(r), id, change)
	var conflict models.EditConflict
	if errors.As(err, &conflict) {
		return c.showConflict(w, r, conflict, views.EditConflict{
			Title: "Edit " + text.Isolated(was.Name), Action: views.EditGroupURL(id) + templ.SafeURL(views.Then(next(r, ""))), Back: next(r, views.GroupURL(id)),
		})
	}
	if invalid, ok := problems(err); ok {
		g, err := c.store.Group(r.Context(), id)
		if err != nil {
			return err
		}
		form := views.GroupForm{GroupFields: groupFields(r.PostForm, ""), Was: was, Key: r.PostForm.Get("key"), Next: string(next(r, "")), Problems: invalid, Now: c.now(r)}
		return c.showEditGroup(w, r, http.StatusUnprocessableEntity, g, form)
	}
	if err != nil {
		return err
	}
	if err := c.keepSaved(r); err != nil {
		return err
	}
	return c.done(w, r, next(r, views.GroupURL(id)), saved(g.Name, change.Edits(g)))
}

// saved says that an edit was saved, or that none of its fields differed, and what
// somebody else changed meanwhile.
func saved(name string, edits []models.Edit) views.Flash {
	flash := views.Flash{Text: "Nothing changed."}
	var others []string
	for _, e := range edits {
		if e.Yours != nil {
			flash.Text = text.Isolated(name) + " saved."
		} else if e.Overtaken() {
			others = append(others, e.Label)
		}
	}
	if len(others) > 0 {
		flash.Text += " Somebody else changed the " + strings.Join(others, " and the ") + " meanwhile; that is kept."
	}
	return flash
}

// showConflict asks which of two values stays, keeping all that was typed.
func (c *Console) showConflict(w http.ResponseWriter, r *http.Request, conflict models.EditConflict, v views.EditConflict) error {
	v.Fields, v.By, v.At, v.Now = conflict.Fields, conflict.By, conflict.At, c.now(r)
	asked := map[string]bool{"key": true}
	for _, f := range conflict.Fields {
		asked[f.Field], asked["was_"+f.Field] = true, true
	}
	v.Others = append(hidden(r.PostForm, func(name string) (string, bool) { return name, !asked[name] }),
		views.Hidden{Name: "key", Value: rand.Text()}) // the choice is a form of its own
	return c.show(w, r, http.StatusConflict, views.Page{
		Title: v.Title, Section: sectionOf(r), Failed: true, Body: views.Conflict(v),
	})
}

// sectionOf is the section that a request's address belongs to.
func sectionOf(r *http.Request) string {
	if strings.HasPrefix(r.URL.Path, "/contacts") {
		return views.Contacts
	}
	return views.Groups
}

// archiveGroup puts a group away and offers to undo that.
func (c *Console) archiveGroup(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	at, _ := strconv.ParseInt(r.PostFormValue("at"), 10, 64) // an undo's; without it, now
	g, err := c.store.ArchiveGroup(r.Context(), by(r), id, at)
	if err != nil {
		return err
	}
	return c.done(w, r, next(r, views.GroupURL(id)+views.FromList(groupsOf(r))), views.Flash{
		Text: text.Isolated(g.Name) + " archived.",
		Undo: undo(r, id, models.Active, views.RestoreGroupURL(id, "")),
	})
}

// restoreGroup takes a group out of the archive and offers to undo that, with the
// time at which it was archived.
func (c *Console) restoreGroup(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	before, err := c.store.Group(r.Context(), id)
	if err != nil {
		return err
	}
	g, err := c.store.RestoreGroup(r.Context(), by(r), id)
	if err != nil {
		return err
	}
	flash := views.Flash{Text: text.Isolated(g.Name) + " restored."}
	if before.ArchivedAt != nil {
		flash.Undo = undo(r, id, models.Archived, views.ArchiveGroupURL(id, ""), views.Hidden{Name: "at", Value: fmt.Sprint(*before.ArchivedAt)})
	}
	return c.done(w, r, next(r, views.GroupURL(id)+views.FromList(groupsOf(r))), flash)
}

// undo is the form that takes back what was done to a group, and leads to where
// this one does: to the group's row, in a list, which shows the status in its place.
func undo(r *http.Request, id string, status models.Status, action templ.SafeURL, fields ...views.Hidden) *views.Undo {
	u := &views.Undo{Action: string(action + views.FromList(groupsOf(r))), Fields: fields}
	if path := localPath(r.FormValue("next")); path != "" {
		path, _, _ = strings.Cut(path, "#")
		u.Fields = append(u.Fields, views.Hidden{Name: "next", Value: path + "#open-" + id})
		u.Group, u.State = id, status
	}
	return u
}

// typedMembers is from how many members on a deletion asks for the group's name.
const typedMembers = 50

// askDeleteGroup asks before a group is deleted.
func (c *Console) askDeleteGroup(w http.ResponseWriter, r *http.Request) error {
	d, err := c.groupDelete(r)
	if err != nil {
		return err
	}
	return c.showDeleteGroup(w, r, http.StatusOK, d)
}

func (c *Console) groupDelete(r *http.Request) (views.GroupDelete, error) {
	g, err := c.store.Group(r.Context(), r.PathValue("id"))
	if err != nil {
		return views.GroupDelete{}, err
	}
	d := views.GroupDelete{Group: g, By: by(r), Next: localPath(r.FormValue("next")), Now: c.now(r)}
	d.Messages, err = c.store.MessagesCount(r.Context(), g.ConversationID)
	d.TypeName = d.Messages.N > 0 || g.ContactsCount > typedMembers
	return d, err
}

func (c *Console) showDeleteGroup(w http.ResponseWriter, r *http.Request, status int, d views.GroupDelete) error {
	return c.show(w, r, status, views.Page{
		Title: "Delete " + d.Name, Section: views.Groups, Failed: len(d.Problems) > 0, Body: views.DeleteGroup(d),
	})
}

// deleteGroup deletes a group for good, once its name is typed where that is asked.
func (c *Console) deleteGroup(w http.ResponseWriter, r *http.Request) error {
	d, err := c.groupDelete(r)
	if err != nil {
		return err
	}
	if d.Typed = r.PostFormValue("name"); d.TypeName && !text.LooksLike(d.Typed, d.Name) {
		d.Problems = access.Invalid{{Field: "name", Code: access.Bad, Message: "Type the group’s name as it is written here: " + text.Isolated(d.Name)}}
		return c.showDeleteGroup(w, r, http.StatusUnprocessableEntity, d)
	}
	if err := c.store.DeleteGroup(r.Context(), by(r), d.ID, nil); err != nil {
		return err
	}
	return c.done(w, r, next(r, views.GroupsURL(views.GroupsAt{})), views.Flash{Text: text.Isolated(d.Name) + " deleted for good."})
}
