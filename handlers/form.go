package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// field is a field of the form that was sent; nil where it was not in it.
func field(r *http.Request, name string) *string {
	if !r.PostForm.Has(name) {
		return nil
	}
	value := r.PostForm.Get(name)
	return &value
}

// formKey returns the key under which a form is carried out once, however often it is sent
// as it is. Somebody who goes back to it and changes it sends another form.
func formKey(r *http.Request) *audit.IdempotencyKey {
	key := r.PostForm.Get("key")
	if !audit.ValidKey(key) {
		return nil
	}
	sent := url.Values{}
	for name, values := range r.PostForm {
		if name != "do" {
			sent[name] = values
		}
	}
	sum := sha256.Sum256([]byte(r.URL.Path + "?" + sent.Encode()))
	fingerprint := hex.EncodeToString(sum[:])
	return &audit.IdempotencyKey{Key: "form-" + fingerprint, Fingerprint: fingerprint}
}

// edited is a field that differs from what the form was filled with; nil where not.
func edited(r *http.Request, name string) *string {
	value := field(r, name)
	if value == nil || plainNewlines(*value) == plainNewlines(r.PostForm.Get("was_"+name)) {
		return nil
	}
	return value
}

// plainNewlines is text with the newlines that it had before a browser sent it.
func plainNewlines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// resume makes the values that an edit form saved when it was last sent those that it was
// filled with. So nobody who goes back to it meets their own changes as somebody else's.
func (c *Console) resume(r *http.Request) error {
	name := savedName(r)
	if name == "" {
		return nil
	}
	saved, err := c.store.Identity.Draft(r.Context(), by(r), name)
	if errors.Is(err, access.ErrNotFound) {
		return nil
	}
	for field, values := range saved.Fields {
		r.PostForm["was_"+field] = values
	}
	return err
}

// keepSaved remembers what an edit form saved, for resume.
func (c *Console) keepSaved(r *http.Request) error {
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
	return c.store.Identity.SaveDraft(r.Context(), by(r), name, fields)
}

// savedName is where an edit form's saved values are kept, or "" if it has no key.
func savedName(r *http.Request) string {
	key := r.PostForm.Get("key")
	if !audit.ValidKey(key) {
		return ""
	}
	return r.URL.Path + "#" + key
}
