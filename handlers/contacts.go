package handlers

import (
	"cmp"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// contacts shows the list of contacts.
func (c *Console) contacts(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "q", "sort", "after", "before", "limit")
	list, err := c.listContacts(r, a)
	if err != nil {
		return err
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: listTitle(list.At.Q, views.Contacts), Section: views.Contacts, Body: views.ContactsPage(list)})
}

// listContacts is what the list shows for an address.
func (c *Console) listContacts(r *http.Request, a *address) (views.ContactList, error) {
	at := views.ContactsAt{Q: a.search(), Sort: a.one("sort", "-created", "name", "-name"), Limit: a.limit()}
	query := models.ContactQuery{Text: at.Q, WithGroups: true, Range: a.page(at.Limit)}
	name, reverse := strings.CutPrefix(at.Sort, "-")
	query.Reverse = reverse
	if name == "name" {
		query.Sort = models.ContactsByName
	}
	query.After, query.Before = a.cursors(query.Fits)
	page, err := c.store.Contacts(r.Context(), query)
	if err == nil && !query.Before.IsZero() && !page.More {
		query.Before = db.Cursor{}
		page, err = c.store.Contacts(r.Context(), query)
	}
	if err != nil {
		return views.ContactList{}, err
	}
	at.After, at.Before = query.After.String(), query.Before.String()
	list := views.ContactList{
		By: by(r), At: at, Rows: page.Contacts, Words: strings.Fields(at.Q), Notes: a.notes, PageSize: a.pageSize, Origin: c.publicURL, Now: c.now(r),
		None: len(page.Contacts) == 0 && at.Q == "" && at.After == "",
	}
	if page.Partial {
		list.Notes = append(list.Notes, partialNote)
	}
	if n := len(page.Contacts); n > 0 {
		list.Previous, list.Next = neighbours(query.Range, page.More,
			query.Cursor(page.Contacts[0]).String(), query.Cursor(page.Contacts[n-1]).String())
	}
	list.Total, err = total(query.Range, page.More, len(page.Contacts), page.Count, func() (db.Count, error) {
		return c.store.CountContacts(r.Context(), query)
	})
	return list, err
}

// groupsNamed is how many of a contact's groups its page names.
const groupsNamed = 10

// contact shows a contact, with some of its groups.
func (c *Console) contact(w http.ResponseWriter, r *http.Request) error {
	contact, groups, more, err := c.contactWithGroups(r)
	if err != nil {
		return err
	}
	d := views.ContactDetail{
		Contact: contact, By: by(r), In: groups, MoreIn: more,
		Done: len(visitOf(r).flashes()) > 0, List: listOf(r, views.ContactsURL(views.ContactsAt{})), Origin: c.publicURL, Now: c.now(r),
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: contact.Name(), Section: views.Contacts, Body: views.ContactPage(d)})
}

func (c *Console) contactWithGroups(r *http.Request) (contact models.Contact, groups []models.Group, more bool, err error) {
	if contact, err = c.store.Contact(r.Context(), r.PathValue("id")); err != nil {
		return contact, nil, false, err
	}
	page, err := c.store.Groups(r.Context(), models.GroupQuery{Contact: contact.ID, Range: db.Range{Limit: groupsNamed}})
	for _, g := range page.Groups {
		groups = append(groups, g.Group)
	}
	return contact, groups, page.More, err
}

// newContact shows the form for a new contact, filled with the draft if there is one.
func (c *Console) newContact(w http.ResponseWriter, r *http.Request) error {
	fields, savedAt, err := c.takeDraft(r, views.ContactDraft)
	if err != nil {
		return err
	}
	form := views.ContactForm{ContactFields: contactFields(fields, ""), Draft: savedAt, Key: rand.Text(), Now: c.now(r)}
	return c.showNewContact(w, r, http.StatusOK, form)
}

func (c *Console) showNewContact(w http.ResponseWriter, r *http.Request, status int, form views.ContactForm) error {
	return c.show(w, r, status, views.Page{
		Title: "New contact", Section: views.Contacts, Failed: len(form.Problems) > 0, Body: views.NewContact(form),
	})
}

// contactFields reads a contact's values from a form, under names with a prefix.
func contactFields(form url.Values, prefix string) models.ContactFields {
	return models.NewContactFields(func(name string) string { return form.Get(prefix + name) })
}

// createContact makes a contact.
func (c *Console) createContact(w http.ResponseWriter, r *http.Request) error {
	change := models.NewContactChange(func(name string) *string { return field(r, name) })
	contact, err := c.store.CreateContact(r.Context(), by(r), change, formKey(r))
	if invalid, ok := problems(err); ok {
		form := views.ContactForm{ContactFields: contactFields(r.PostForm, ""), Key: r.PostForm.Get("key"), Problems: invalid, Now: c.now(r)}
		return c.showNewContact(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	if err := c.store.Identity.DropDraft(r.Context(), by(r), views.ContactDraft); err != nil {
		return err
	}
	to := views.ContactURL(contact.ID)
	if r.PostFormValue("do") == "another" {
		to = views.NewContactURL()
	}
	return c.done(w, r, to, views.Flash{Text: text.Isolated(contact.Name()) + " created."})
}

// editContact shows the form for a contact's values.
func (c *Console) editContact(w http.ResponseWriter, r *http.Request) error {
	contact, err := c.store.Contact(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	form := views.ContactForm{ContactFields: contact.Fields(), Was: contact.Fields(), Key: rand.Text(), Next: string(next(r, "")), Now: c.now(r)}
	typed, err := c.takeEdit(r)
	if err != nil {
		return err
	}
	if typed != nil {
		form.ContactFields, form.Was = contactFields(typed, ""), contactFields(typed, "was_")
	}
	return c.showEditContact(w, r, http.StatusOK, contact, form)
}

func (c *Console) showEditContact(w http.ResponseWriter, r *http.Request, status int, contact models.Contact, form views.ContactForm) error {
	return c.show(w, r, status, views.Page{
		Title: "Edit " + contact.Name(), Section: views.Contacts, Failed: len(form.Problems) > 0, Body: views.EditContact(contact, form),
	})
}

// updateContact changes those values that the form changed.
func (c *Console) updateContact(w http.ResponseWriter, r *http.Request) error {
	if err := c.resume(r); err != nil {
		return err
	}
	id, was := r.PathValue("id"), contactFields(r.PostForm, "was_")
	change := models.NewContactChange(func(name string) *string { return edited(r, name) })
	change.Was = &was
	contact, err := c.store.UpdateContact(r.Context(), by(r), id, change)
	var conflict models.EditConflict
	if errors.As(err, &conflict) {
		return c.showConflict(w, r, conflict, views.EditConflict{
			Title: "Edit " + text.Isolated(cmp.Or(was.DisplayName, was.Username)), Action: views.EditContactURL(id) + templ.SafeURL(views.Then(next(r, ""))), Back: next(r, views.ContactURL(id)),
		})
	}
	if invalid, ok := problems(err); ok {
		contact, err := c.store.Contact(r.Context(), id)
		if err != nil {
			return err
		}
		form := views.ContactForm{ContactFields: contactFields(r.PostForm, ""), Was: was, Key: r.PostForm.Get("key"), Next: string(next(r, "")), Problems: invalid, Now: c.now(r)}
		return c.showEditContact(w, r, http.StatusUnprocessableEntity, contact, form)
	}
	if err != nil {
		return err
	}
	if err := c.keepSaved(r); err != nil {
		return err
	}
	return c.done(w, r, next(r, views.ContactURL(id)), saved(contact.Name(), change.Edits(contact)))
}

// askDeleteContact asks before a contact is deleted.
func (c *Console) askDeleteContact(w http.ResponseWriter, r *http.Request) error {
	contact, groups, more, err := c.contactWithGroups(r)
	if err != nil {
		return err
	}
	d := views.ContactDelete{Contact: contact, Leaves: groups, MoreLeaves: more, Next: localPath(r.FormValue("next")), Now: c.now(r)}
	return c.show(w, r, http.StatusOK, views.Page{Title: "Delete " + contact.Name(), Section: views.Contacts, Body: views.DeleteContact(d)})
}

// deleteContact deletes a contact for good.
func (c *Console) deleteContact(w http.ResponseWriter, r *http.Request) error {
	contact, err := c.store.Contact(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := c.store.DeleteContact(r.Context(), by(r), contact.ID, nil); err != nil {
		return err
	}
	return c.done(w, r, next(r, views.ContactsURL(views.ContactsAt{})), views.Flash{Text: text.Isolated(contact.Name()) + " deleted for good."})
}

// partialNote is told where a search for contacts had to stop.
const partialNote = "Too many contacts would have to be looked through, so some may be missing here. Write more to be precise."
