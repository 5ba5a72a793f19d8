package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/views"
)

// A draft is what somebody typed into a form and has not sent: kept while they
// type, carried through a sign-in, or between the steps of choosing members
// without scripts. It is known by the name of its form.

// draftForms are the forms that keep drafts while somebody types, and where they are.
var draftForms = map[string]templ.SafeURL{
	views.GroupDraft:   views.NewGroupURL(),
	views.ContactDraft: views.NewContactURL(),
}

// ownForm is the address of a form of one group or contact.
var ownForm = regexp.MustCompile(`^/(groups|contacts)/[0-9A-Za-z]{16}/(edit|members)$`)

// draftOf is the name under which the draft of the form at an address is kept; ""
// where no form there keeps one.
func draftOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	for name, form := range draftForms {
		if string(form) == path {
			return name
		}
	}
	return ownForm.FindString(path)
}

// draft keeps what is typed into a form, or forgets it.
func (c *Console) draft(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("form")
	form, ok := draftForms[name]
	if !ok {
		return errNoPage
	}
	if r.PostFormValue("do") == "discard" {
		if err := c.store.DropDraft(r.Context(), by(r), name); err != nil {
			return err
		}
		return redirect(w, r, form)
	}
	if err := c.keepDraft(r, name); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// stepField marks a draft that is a step in choosing members.
const stepField = "step"

// keepStep keeps the form between two steps in choosing members.
func (c *Console) keepStep(r *http.Request, name string) error {
	r.PostForm.Set(stepField, "yes")
	return c.keepDraft(r, name)
}

// keepDraft keeps the fields of the form that was sent, but not its buttons.
func (c *Console) keepDraft(r *http.Request, name string) error {
	fields := map[string][]string{}
	for field, values := range r.PostForm {
		if field != "do" && field != "add" && field != "remove" && field != "key" && !isSecret(field) {
			fields[field] = values
		}
	}
	return c.store.SaveDraft(r.Context(), by(r), name, fields)
}

// takeDraft is the draft of a form, if there is one that says anything.
func (c *Console) takeDraft(r *http.Request, name string) (url.Values, int64, error) {
	d, err := c.store.Draft(r.Context(), by(r), name)
	if errors.Is(err, models.ErrNotFound) {
		return nil, 0, nil
	}
	for _, values := range d.Fields {
		if strings.TrimSpace(strings.Join(values, "")) != "" {
			return d.Fields, d.SavedAt, err
		}
	}
	return nil, 0, err
}

// takeEdit is the draft of an edit that a sign-in interrupted, which is shown once.
func (c *Console) takeEdit(r *http.Request) (url.Values, error) {
	name := draftOf(r.URL.Path)
	fields, _, err := c.takeDraft(r, name)
	if err != nil || fields == nil {
		return nil, err
	}
	return fields, c.store.DropDraft(r.Context(), by(r), name)
}
