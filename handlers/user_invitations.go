package handlers

import (
	"net/http"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// newInvitation shows the form for an invitation.
func (c *Console) newInvitation(w http.ResponseWriter, r *http.Request) error {
	return c.showInvite(w, r, http.StatusOK, views.InviteForm{})
}

func (c *Console) showInvite(w http.ResponseWriter, r *http.Request, status int, form views.InviteForm) error {
	form.Roles = by(r).Manageable()
	return c.showPeople(w, r, status, "Invite somebody", form.Problems, views.NewInvitation(form))
}

// invite makes an invitation. Its link is in this answer and nowhere else, which is why
// this form is not answered by a redirect.
func (c *Console) invite(w http.ResponseWriter, r *http.Request) error {
	form := views.InviteForm{NewInvitation: identity.NewInvitation{
		Email: r.PostFormValue("email"), Name: r.PostFormValue("name"), Role: access.Role(r.PostFormValue("role")),
	}}
	made, secret, err := c.store.Identity.Invite(r.Context(), by(r), form.NewInvitation)
	if invalid, ok := problems(err); ok {
		form.Problems = invalid
		return c.showInvite(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return c.showInvitation(w, r, made, secret)
}

func (c *Console) showInvitation(w http.ResponseWriter, r *http.Request, made identity.Invitation, secret string) error {
	m := views.InvitationMade{Invitation: made, Link: c.publicURL + string(views.WelcomeURL(secret)), Now: c.now(r)}
	return c.showPeople(w, r, http.StatusCreated, "Invitation of "+made.Email, nil, views.NewInvitationLink(m))
}

// renewInvitation makes another link, which is in this answer alone, too.
func (c *Console) renewInvitation(w http.ResponseWriter, r *http.Request) error {
	made, secret, err := c.store.Identity.RenewInvitation(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.showInvitation(w, r, made, secret)
}

// askRevokeInvitation asks before an invitation is revoked.
func (c *Console) askRevokeInvitation(w http.ResponseWriter, r *http.Request) error {
	i, err := c.store.Identity.Invitation(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.showPeople(w, r, http.StatusOK, "Revoke the invitation of "+i.Email, nil, views.RevokeInvitation(i))
}

// revokeInvitation makes a link dead.
func (c *Console) revokeInvitation(w http.ResponseWriter, r *http.Request) error {
	i, err := c.store.Identity.Invitation(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := c.store.Identity.RevokeInvitation(r.Context(), by(r), i.ID); err != nil {
		return err
	}
	return c.done(w, r, views.PeopleURL(), views.Flash{Text: "The invitation of " + text.Isolated(i.Email) + " is revoked."})
}
