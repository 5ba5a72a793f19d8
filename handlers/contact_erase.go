package handlers

import (
	"crypto/rand"
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/views"
)

// confirmErase shows what erasing the personal data of a contact would do, and asks before.
func (p contactPages) confirmErase(w http.ResponseWriter, r *http.Request) error {
	return p.showErase(w, r, http.StatusOK, nil)
}

func (p contactPages) showErase(w http.ResponseWriter, r *http.Request, status int, problems access.Invalid) error {
	contact, groups, more, err := p.withGroups(r)
	if err != nil {
		return err
	}
	form := views.ContactErase{
		Contact: contact, By: by(r), Leaves: groups, MoreLeaves: more, Next: localPath(r.FormValue("next")), Now: p.now(r),
		Typed: r.PostForm.Get("typed"), Reason: r.PostForm.Get("reason"), Key: rand.Text(), Problems: problems,
	}
	if form.Wrote, form.Conversation, err = p.store.Messages.CountOf(r.Context(), contact); err != nil {
		return err
	}
	return p.render(w, r, status, views.Page{
		Title: "Erase personal data of " + contact.Name(), Failed: len(problems) > 0, Body: views.EraseContact(form),
	})
}

// erase deletes a contact, and erases their personal data from everything that is kept.
func (p contactPages) erase(w http.ResponseWriter, r *http.Request) error {
	typed := r.PostForm.Get("typed")
	_, err := p.store.Erasures.Erase(r.Context(), by(r), r.PathValue("id"), models.ContactErasure{Reason: r.PostForm.Get("reason"), Typed: &typed}, formKey(r))
	if invalid, ok := problems(err); ok {
		return p.showErase(w, r, http.StatusUnprocessableEntity, invalid)
	}
	if err != nil {
		return err
	}
	return p.done(w, r, next(r, views.ContactsURL(views.ContactsAt{})), views.Flash{Text: "Personal data erased."})
}
