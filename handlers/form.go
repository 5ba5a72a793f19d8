package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/views"
)

// field returns a field of the form, or nil if it isn't in it.
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

// problems returns the problems with a form that an error holds, and false if it is another error.
func problems(err error) (access.Invalid, bool) {
	var invalid access.Invalid
	ok := errors.As(err, &invalid)
	return invalid, ok
}

// typedFields returns what was typed into a form whose object was deleted, so that it isn't lost.
func typedFields(r *http.Request) []views.Hidden {
	fields := hidden(r.PostForm, func(name string) (string, bool) {
		return views.FieldLabel(name), views.FieldLabel(name) != ""
	})
	return slices.DeleteFunc(fields, func(h views.Hidden) bool { return h.Value == "" })
}

// hidden returns the fields of a form as hidden ones, in order. rename returns the name of each, and
// whether to include it.
func hidden(form url.Values, rename func(name string) (string, bool)) []views.Hidden {
	var fields []views.Hidden
	for _, name := range slices.Sorted(maps.Keys(form)) {
		renamed, keep := rename(name)
		for _, value := range form[name] {
			if keep {
				fields = append(fields, views.Hidden{Name: renamed, Value: value})
			}
		}
	}
	return fields
}

// isSecret reports whether a field of a form must never be shown again.
func isSecret(name string) bool {
	return strings.Contains(name, "password") || strings.HasSuffix(name, "credential") || strings.Contains(name, views.ConfirmPrefix)
}

// parseForm reads the address's parameters and the form.
func parseForm(r *http.Request) error {
	err := r.ParseForm()
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return errTooLarge
	case err != nil && r.Method != http.MethodGet && r.Method != http.MethodHead:
		return fmt.Errorf("%w: %w", errBadForm, err)
	}
	return nil
}
