package handlers

import (
	"net/http"

	"protocol.chat/console/models/identity"
)

// openers returns who else has lately opened the edit form of an object, and remembers that the
// user has. It is advice, without which the form is as good: what fails is only logged.
func (s *site) openers(r *http.Request, id string) []identity.Opener {
	forms := s.store.Identity.OpenForms
	others, err := forms.Opened(r.Context(), by(r), id)
	if err == nil && r.Method != http.MethodHead {
		err = forms.Open(r.Context(), by(r), id)
	}
	if err != nil {
		s.log.Warn("who edits it can't be told", "request_id", requestID(r), "err", err)
	}
	return others
}

// closeForm forgets that the user has opened the edit form of an object, which is saved.
func (s *site) closeForm(r *http.Request, id string) {
	if err := s.store.Identity.OpenForms.Close(r.Context(), by(r), id); err != nil {
		s.log.Warn("an open form can't be closed", "request_id", requestID(r), "err", err)
	}
}
