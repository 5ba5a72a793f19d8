package handlers

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// exists fails if there is no such contact.
func (p contactPages) exists(ctx context.Context, id string) error {
	_, err := p.store.Contact(ctx, id)
	return err
}

// groupsNamed is how many of a contact's groups its page names.
const groupsNamed = 10

// contactPages are the pages of contacts.
type contactPages struct{ *site }

// show shows a contact, with some of its groups.
func (p contactPages) show(w http.ResponseWriter, r *http.Request) error {
	d, err := p.detail(r)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: d.Name(), Body: views.ContactPage(d)})
}

// detail returns what the pages of the request's contact show.
func (p contactPages) detail(r *http.Request) (views.ContactDetail, error) {
	live, err := p.liveOf(r, "contact", r.PathValue("id"))
	if err != nil {
		return views.ContactDetail{}, err
	}
	contact, groups, more, err := p.withGroups(r)
	return views.ContactDetail{
		Live:    live,
		Contact: contact, By: by(r), In: groups, MoreIn: more,
		Done: len(signedInAs(r).flashes()) > 0, List: listOf(r, views.ContactsURL(views.ContactsAt{})), Origin: p.publicURL, Now: p.now(r),
	}, err
}

func (p contactPages) withGroups(r *http.Request) (contact models.Contact, groups []models.Group, more bool, err error) {
	if contact, err = p.store.Contact(r.Context(), r.PathValue("id")); err != nil {
		return contact, nil, false, err
	}
	page, err := p.store.Groups(r.Context(), models.GroupQuery{Contact: contact.ID, Range: db.Range{Limit: groupsNamed}})
	for _, g := range page.Groups {
		groups = append(groups, g.Group)
	}
	return contact, groups, page.More, err
}

// new shows the form for a new contact, filled from the draft if there is one.
func (p contactPages) new(w http.ResponseWriter, r *http.Request) error {
	fields, savedAt, err := p.drafts.take(r)
	if err != nil {
		return err
	}
	form := views.ContactForm{ContactFields: contactFields(fields, ""), Draft: savedAt, Key: rand.Text(), Now: p.now(r)}
	return p.showNew(w, r, http.StatusOK, form)
}

func (p contactPages) showNew(w http.ResponseWriter, r *http.Request, status int, form views.ContactForm) error {
	return p.render(w, r, status, views.Page{
		Title: "New contact", Failed: len(form.Problems) > 0, Body: views.NewContact(form),
	})
}

// contactFields reads a contact's values from a form, under names with a prefix.
func contactFields(form url.Values, prefix string) models.ContactFields {
	return models.NewContactFields(func(name string) string { return form.Get(prefix + name) })
}

// create makes a contact.
func (p contactPages) create(w http.ResponseWriter, r *http.Request) error {
	change := models.NewContactChange(func(name string) *string { return field(r, name) })
	contact, err := p.store.CreateContact(r.Context(), by(r), change, formKey(r))
	if invalid, ok := problems(err); ok {
		form := views.ContactForm{ContactFields: contactFields(r.PostForm, ""), Key: r.PostForm.Get("key"), Problems: invalid, Now: p.now(r)}
		return p.showNew(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	p.drafts.drop(r)
	to := views.ContactURL(contact.ID)
	if r.PostFormValue("do") == "another" {
		to = views.NewContactURL()
	}
	return p.done(w, r, to, views.Flash{Text: text.Isolated(contact.Name()) + " created."})
}

// edit shows the form for a contact's values.
func (p contactPages) edit(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	live, err := p.liveOf(r, "contact", id)
	if err != nil {
		return err
	}
	contact, err := p.store.Contact(r.Context(), id)
	if err != nil {
		return err
	}
	form := views.ContactForm{ContactFields: contact.Fields(), Was: contact.Fields(), Key: rand.Text(), Next: string(next(r, "")), Others: p.openers(r, id), Live: live, Now: p.now(r)}
	typed, err := p.drafts.takeEdit(r)
	if err != nil {
		return err
	}
	if typed != nil {
		form.ContactFields, form.Was = contactFields(typed, ""), contactFields(typed, "was_")
	}
	return p.showEdit(w, r, http.StatusOK, contact, form)
}

func (p contactPages) showEdit(w http.ResponseWriter, r *http.Request, status int, contact models.Contact, form views.ContactForm) error {
	return p.render(w, r, status, views.Page{
		Title: "Edit " + contact.Name(), Failed: len(form.Problems) > 0, Body: views.EditContact(contact, form),
	})
}

// update saves those fields that the form changed.
func (p contactPages) update(w http.ResponseWriter, r *http.Request) error {
	if err := p.drafts.startFromSaved(r); err != nil {
		return err
	}
	id, was := r.PathValue("id"), contactFields(r.PostForm, "was_")
	change := models.NewContactChange(func(name string) *string { return edited(r, name) })
	change.Was = &was
	contact, err := p.store.UpdateContact(r.Context(), by(r), id, change)
	var conflict models.EditConflict
	if errors.As(err, &conflict) {
		return p.showConflict(w, r, conflict, views.EditConflict{
			Title: "Edit " + text.Isolated(cmp.Or(was.DisplayName, was.Username)), Action: views.EditContactURL(id) + templ.SafeURL(views.Then(next(r, ""))), Back: next(r, views.ContactURL(id)),
		})
	}
	if invalid, ok := problems(err); ok {
		contact, err := p.store.Contact(r.Context(), id)
		if err != nil {
			return err
		}
		form := views.ContactForm{ContactFields: contactFields(r.PostForm, ""), Was: was, Key: r.PostForm.Get("key"), Next: string(next(r, "")), Problems: invalid, Now: p.now(r)}
		return p.showEdit(w, r, http.StatusUnprocessableEntity, contact, form)
	}
	if err != nil {
		return err
	}
	p.closeForm(r, id)
	if err := p.drafts.keepSaved(r); err != nil {
		return err
	}
	to := next(r, views.ContactURL(id))
	return p.done(w, r, to, p.saved(r, to, contact.Name(), change.Edits(contact)))
}

// confirmDelete asks before a contact is deleted.
func (p contactPages) confirmDelete(w http.ResponseWriter, r *http.Request) error {
	contact, groups, more, err := p.withGroups(r)
	if err != nil {
		return err
	}
	d := views.ContactDelete{Contact: contact, By: by(r), Leaves: groups, MoreLeaves: more, Next: localPath(r.FormValue("next")), Now: p.now(r)}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Delete " + contact.Name(), Body: views.DeleteContact(d)})
}

// delete deletes a contact for good.
func (p contactPages) delete(w http.ResponseWriter, r *http.Request) error {
	contact, err := p.store.Contact(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := p.store.DeleteContact(r.Context(), by(r), contact.ID, nil); err != nil {
		return err
	}
	return p.done(w, r, next(r, views.ContactsURL(views.ContactsAt{})), views.Flash{Text: text.Isolated(contact.Name()) + " deleted."})
}
