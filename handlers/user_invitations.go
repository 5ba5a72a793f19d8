package handlers

import (
	"errors"
	"net/http"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// invitationPages are the pages of invitations, for those who send them.
type invitationPages struct{ *site }

// new shows the form for an invitation.
func (p invitationPages) new(w http.ResponseWriter, r *http.Request) error {
	return p.showNew(w, r, http.StatusOK, views.InviteForm{})
}

func (p invitationPages) showNew(w http.ResponseWriter, r *http.Request, status int, form views.InviteForm) error {
	form.Roles = by(r).Manageable()
	return p.render(w, r, status, views.Page{Title: "Invite user", Failed: len(form.Problems) > 0, Body: views.NewInvitation(form)})
}

// create creates an invitation. Its link is in this response and nowhere else, which is why it isn't
// a redirect.
func (p invitationPages) create(w http.ResponseWriter, r *http.Request) error {
	form := views.InviteForm{NewInvitation: identity.NewInvitation{
		Email: r.PostFormValue("email"), Name: r.PostFormValue("name"), Role: access.Role(r.PostFormValue("role")),
	}}
	made, secret, err := p.store.Identity.Invitations.Invite(r.Context(), by(r), form.NewInvitation)
	if invalid, ok := problems(err); ok {
		form.Problems = invalid
		return p.showNew(w, r, http.StatusUnprocessableEntity, form)
	}
	var already identity.AlreadyInvited
	if errors.As(err, &already) { // perhaps by this form, which was sent again
		page := views.InvitationLink{Invitation: already.Invitation, By: by(r), Now: p.now(r)}
		return p.render(w, r, http.StatusConflict, views.Page{Title: "Already invited", Body: views.AlreadyInvited(page)})
	}
	if err != nil {
		return err
	}
	return p.showLink(w, r, made, secret)
}

func (p invitationPages) showLink(w http.ResponseWriter, r *http.Request, made identity.Invitation, secret string) error {
	m := views.InvitationLink{Invitation: made, Link: p.publicURL + string(views.WelcomeURL(secret)), Now: p.now(r)}
	return p.render(w, r, http.StatusCreated, views.Page{Title: "Invite link for " + made.Email, Body: views.NewInvitationLink(m)})
}

// renew creates another link, which is only in this response, too.
func (p invitationPages) renew(w http.ResponseWriter, r *http.Request) error {
	made, secret, err := p.store.Identity.Invitations.RenewInvitation(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.showLink(w, r, made, secret)
}

// confirmRevoke asks before an invitation is revoked.
func (p invitationPages) confirmRevoke(w http.ResponseWriter, r *http.Request) error {
	i, err := p.store.Identity.Invitations.Invitation(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: "Revoke the invitation to " + i.Email, Body: views.RevokeInvitation(i)})
}

// revoke revokes an invitation.
func (p invitationPages) revoke(w http.ResponseWriter, r *http.Request) error {
	i, err := p.store.Identity.Invitations.Invitation(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := p.store.Identity.Invitations.RevokeInvitation(r.Context(), by(r), i.ID); err != nil {
		return err
	}
	return p.done(w, r, views.UsersURL(), views.Flash{Text: "Invitation to " + text.Isolated(i.Email) + " revoked."})
}
