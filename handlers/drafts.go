package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/views"
)

// A draft is what somebody typed into a form and has not sent: kept while they
// type, carried through a sign-in, or between the steps of choosing members
// without scripts. It is known by the name of its form.

// draftForm is a form that keeps drafts while somebody types: where it is, and the right
// that it needs.
type draftForm struct {
	url   templ.SafeURL
	right access.Right
}

var draftForms = map[string]draftForm{
	views.GroupDraft:   {views.NewGroupURL(), access.EditGroups},
	views.ContactDraft: {views.NewContactURL(), access.EditContacts},
}

// ownForm is the address of a form of one group or contact, and ownForms the rights that
// such forms need.
var (
	ownForm  = regexp.MustCompile(`^/(groups|contacts)/([0-9A-Za-z]{16})/(edit|members)$`)
	ownForms = map[string]access.Right{
		"groups/edit": access.EditGroups, "groups/members": access.EditMembers, "contacts/edit": access.EditContacts,
	}
)

// draftFields are the fields of all these forms; those of an edit also stand with "was_"
// before them. Nothing else is kept.
var draftFields = append(models.FieldNames(), "contacts", "find", stepField)

// draftOf is the name under which the draft of the form at an address is kept; ""
// where no form there keeps one.
func draftOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	for name, form := range draftForms {
		if string(form.url) == path {
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
	if err := by(r).Check(form.right); err != nil {
		return err
	}
	if r.PostFormValue("do") == "discard" {
		if err := c.store.Identity.DropDraft(r.Context(), by(r), name); err != nil {
			return err
		}
		return redirect(w, r, form.url)
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

// keepDraft keeps the form that was sent.
func (c *Console) keepDraft(r *http.Request, name string) error {
	return c.saveDraft(r.Context(), by(r), name, r.PostForm)
}

// saveDraft keeps what belongs to a form, if there is such a form and its sender may use it.
func (c *Console) saveDraft(ctx context.Context, by access.Actor, name string, form url.Values) error {
	if err := c.checkDraft(ctx, by, name); err != nil {
		return err
	}
	fields := map[string][]string{}
	for field, values := range form {
		if slices.Contains(draftFields, strings.TrimPrefix(field, "was_")) {
			fields[field] = values
		}
	}
	return c.store.Identity.SaveDraft(ctx, by, name, fields)
}

// checkDraft asks whether somebody may use a form that keeps drafts. Errors: ErrNotFound,
// Denied.
func (c *Console) checkDraft(ctx context.Context, by access.Actor, name string) error {
	if form, ok := draftForms[name]; ok {
		return by.Check(form.right)
	}
	at := ownForm.FindStringSubmatch(name)
	if at == nil {
		return access.ErrNotFound
	}
	right, ok := ownForms[at[1]+"/"+at[3]]
	if !ok {
		return access.ErrNotFound
	}
	if err := by.Check(right); err != nil {
		return err
	}
	var err error
	if at[1] == "contacts" {
		_, err = c.store.Contact(ctx, at[2])
	} else {
		_, err = c.store.GroupPreview(ctx, at[2])
	}
	return err
}

// takeDraft is the draft of a form, if there is one that says anything.
func (c *Console) takeDraft(r *http.Request, name string) (url.Values, int64, error) {
	d, err := c.store.Identity.Draft(r.Context(), by(r), name)
	if errors.Is(err, access.ErrNotFound) {
		return nil, 0, nil
	}
	for _, values := range d.Fields {
		if strings.TrimSpace(strings.Join(values, "")) != "" {
			return d.Fields, d.SavedAt, err
		}
	}
	return nil, 0, err
}

// takeEdit is the draft of an edit that a sign-in interrupted, which is shown once; HEAD
// shows nothing.
func (c *Console) takeEdit(r *http.Request) (url.Values, error) {
	name := draftOf(r.URL.Path)
	fields, _, err := c.takeDraft(r, name)
	if err != nil || fields == nil || r.Method == http.MethodHead {
		return nil, err
	}
	return fields, c.store.Identity.DropDraft(r.Context(), by(r), name)
}
