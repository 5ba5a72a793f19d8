package handlers

import (
	"crypto/rand"
	"errors"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// saved returns the message that an edit was saved, or that it changed nothing, and what somebody
// else changed in the meantime, with an undo that leads to to.
func (s *site) saved(r *http.Request, to templ.SafeURL, name string, edits []models.Edit) views.Flash {
	flash := views.Flash{Text: "Nothing changed.", Undo: s.undoable(r, to)}
	var others []string
	for _, e := range edits {
		if e.Yours != nil {
			flash.Text = text.Isolated(name) + " saved."
		} else if e.Stale() {
			others = append(others, e.Label)
		}
	}
	if len(others) > 0 {
		flash.Text += " Somebody else changed the " + strings.Join(others, " and the ") + " while you were editing; their change was kept."
	}
	return flash
}

// showConflict asks which of two values stays, keeping all that was typed.
func (s *site) showConflict(w http.ResponseWriter, r *http.Request, conflict models.EditConflict, v views.EditConflict) error {
	v.Fields, v.By, v.At, v.Now = conflict.Fields, conflict.By, conflict.At, s.now(r)
	asked := map[string]bool{"key": true}
	for _, f := range conflict.Fields {
		asked[f.Field], asked["was_"+f.Field] = true, true
	}
	v.Others = append(hidden(r.PostForm, func(name string) (string, bool) { return name, !asked[name] }),
		views.Hidden{Name: "key", Value: rand.Text()}) // the choice is a form of its own
	return s.render(w, r, http.StatusConflict, views.Page{
		Title: v.Title, Failed: true, Body: views.Conflict(v),
	})
}

// edited returns a field of the form if it differs from what the form was filled with, or nil.
func edited(r *http.Request, name string) *string {
	value := field(r, name)
	if value == nil || plainNewlines(*value) == plainNewlines(r.PostForm.Get("was_"+name)) {
		return nil
	}
	return value
}

// plainNewlines returns text with the newlines that it had before a browser sent it.
func plainNewlines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// startFromSaved treats what an edit form saved when it was last sent as what it was filled with, so
// that nobody who goes back to the form finds their own changes reported as somebody else's.
func (d drafts) startFromSaved(r *http.Request) error {
	name := savedName(r)
	if name == "" {
		return nil
	}
	saved, err := d.store.Identity.Drafts.Draft(r.Context(), by(r), name)
	if errors.Is(err, access.ErrNotFound) {
		return nil
	}
	for field, values := range saved.Fields {
		r.PostForm["was_"+field] = values
	}
	return err
}

// keepSaved remembers what an edit form saved, for startFromSaved.
func (d drafts) keepSaved(r *http.Request) error {
	name := savedName(r)
	if name == "" {
		return nil
	}
	fields := map[string][]string{}
	for field, values := range r.PostForm {
		if r.PostForm.Has("was_" + field) {
			fields[field] = values
		}
	}
	return d.store.Identity.Drafts.SaveDraft(r.Context(), by(r), name, fields)
}

// savedName returns the name under which keepSaved stores, or "" if the form has no key.
func savedName(r *http.Request) string {
	key := r.PostForm.Get("key")
	if !audit.ValidKey(key) {
		return ""
	}
	return r.URL.Path + "#" + key
}
