package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
)

// drafts keeps what somebody typed into a form and has not sent: while they type, through a
// sign-in, or between the steps of choosing members without scripts. Which forms keep one
// stands in the table of routes. A form is known here by its address.
type drafts struct {
	store  *models.Store
	log    *slog.Logger
	routes *routeTable
}

// draftFields are the fields of all these forms; those of an edit also stand with "was_"
// before them. Nothing else is kept.
var draftFields = append(models.FieldNames(), "contacts", "find", "paste", "pasted", "new_username", "new_display_name", stepField)

// of returns the route that the form at an address is sent to, and the name under which its
// draft is kept. The name is "" if no form there keeps one.
func (d drafts) of(address string) (*route, string) {
	at, err := url.Parse(address)
	if err != nil {
		return nowhere, ""
	}
	rt := d.routes.at(http.MethodPost, at.Path)
	if rt.draft.object != nil && rt.id(at.Path) != "" {
		return rt, at.Path
	}
	return rt, rt.draft.name
}

// draftPages keep what is typed into the forms that have a name for it.
type draftPages struct{ *site }

// update keeps what is typed into a form, or forgets it.
func (p draftPages) update(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("form")
	i := slices.IndexFunc(p.routes.rows, func(rt *route) bool { return rt.draft.name == name })
	if name == "" || i < 0 {
		return errNoPage
	}
	form := p.routes.rows[i]
	if r.PostFormValue("do") == "discard" {
		if err := by(r).Check(form.right); err != nil {
			return err
		}
		if err := p.store.Identity.Drafts.DropDraft(r.Context(), by(r), name); err != nil {
			return err
		}
		return redirect(w, r, templ.SafeURL(form.path))
	}
	if err := p.drafts.save(r.Context(), by(r), form.path, r.PostForm); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// stepField marks a draft that is a step in choosing members.
const stepField = "step"

// keepStep keeps the request's form between two steps in choosing members.
func (d drafts) keepStep(r *http.Request) error {
	r.PostForm.Set(stepField, "yes")
	return d.save(r.Context(), by(r), r.URL.Path, r.PostForm)
}

// save keeps what belongs to the form at an address. Errors: ErrNotFound if there is no such
// form or object, Denied if its sender may not use it.
func (d drafts) save(ctx context.Context, by access.Actor, address string, form url.Values) error {
	rt, name := d.of(address)
	if name == "" {
		return access.ErrNotFound
	}
	if err := by.Check(rt.right); err != nil {
		return err
	}
	if rt.draft.object != nil {
		if err := rt.draft.object(ctx, rt.id(name)); err != nil {
			return err
		}
	}
	takeChoices(form)
	fields := map[string][]string{}
	for field, values := range form {
		if slices.Contains(draftFields, strings.TrimPrefix(field, "was_")) {
			fields[field] = values
		}
	}
	return d.store.Identity.Drafts.SaveDraft(ctx, by, name, fields)
}

// take returns the draft of the form at the request's address and when it was saved, or nil if
// there is none that says anything.
func (d drafts) take(r *http.Request) (url.Values, int64, error) {
	_, name := d.of(r.URL.Path)
	found, err := d.store.Identity.Drafts.Draft(r.Context(), by(r), name)
	if errors.Is(err, access.ErrNotFound) {
		return nil, 0, nil
	}
	for _, values := range found.Fields {
		if strings.TrimSpace(strings.Join(values, "")) != "" {
			return found.Fields, found.SavedAt, err
		}
	}
	return nil, 0, err
}

// takeEdit returns the draft of an edit that a sign-in interrupted, which is shown once; HEAD
// shows nothing.
func (d drafts) takeEdit(r *http.Request) (url.Values, error) {
	fields, _, err := d.take(r)
	if err != nil || fields == nil || r.Method == http.MethodHead {
		return nil, err
	}
	d.drop(r)
	return fields, nil
}

// drop forgets the draft of the form at the request's address. What the form was for is done by
// then, so that a failure is only logged.
func (d drafts) drop(r *http.Request) {
	_, name := d.of(r.URL.Path)
	if err := d.store.Identity.Drafts.DropDraft(r.Context(), by(r), name); err != nil {
		d.log.Warn("a draft could not be dropped", "request_id", requestID(r), "form", name, "err", err)
	}
}
