package handlers

import (
	"errors"
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
	m := views.InvitationLink{Invitation: made, Link: c.publicURL + string(views.WelcomeURL(secret)), Now: c.now(r)}
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
	return c.done(w, r, views.UsersURL(), views.Flash{Text: "The invitation of " + text.Isolated(i.Email) + " is revoked."})
}

// errNoInvitation is the answer to every link that is no good, whatever the reason.
var errNoInvitation = errors.New("there is no such invitation")

// welcome shows whoever has the link of an invitation what they are invited to.
func (c *Console) welcome(w http.ResponseWriter, r *http.Request) error {
	i, err := c.invitation(r)
	if err != nil {
		return err
	}
	return c.showWelcome(w, r, http.StatusOK, views.Welcome{Invitation: i})
}

func (c *Console) invitation(r *http.Request) (identity.Invitation, error) {
	i, err := c.store.Identity.OpenInvitation(r.Context(), r.PathValue("secret"))
	if errors.Is(err, access.ErrNotFound) {
		err = errNoInvitation
	}
	return i, err
}

func (c *Console) showWelcome(w http.ResponseWriter, r *http.Request, status int, v views.Welcome) error {
	v.Secret, v.Now = r.PathValue("secret"), c.now(r)
	var err error
	if v.Workspace, err = c.store.Identity.Workspace(r.Context()); err != nil {
		return err
	}
	return c.show(w, r, status, views.Page{Title: "Join " + v.Workspace, Failed: len(v.Problems) > 0, Body: views.WelcomePage(v)})
}

// accept makes whoever has the link one of the people and signs them in.
func (c *Console) accept(w http.ResponseWriter, r *http.Request) error {
	i, err := c.invitation(r)
	if err != nil {
		return err
	}
	name := r.PostFormValue("name")
	user, err := c.store.Identity.AcceptInvitation(r.Context(), caller(r), r.PathValue("secret"), name, r.PostFormValue("password"))
	if errors.Is(err, access.ErrNotFound) {
		return errNoInvitation
	}
	if invalid, ok := problems(err); ok {
		i.Name = name
		return c.showWelcome(w, r, http.StatusUnprocessableEntity, views.Welcome{Invitation: i, Problems: invalid})
	}
	if err != nil {
		return err
	}
	return c.enter(w, r, user, views.SignIn{})
}
