package handlers

import (
	"cmp"
	"errors"
	"net/http"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// errNoInvitation is the error of every link that isn't valid, whatever the reason.
var errNoInvitation = errors.New("there is no such invitation")

// invitationForm shows the form for accepting an invitation to whoever has its link.
func (p authPages) invitationForm(w http.ResponseWriter, r *http.Request) error {
	i, err := p.openInvitation(r)
	if err != nil {
		return err
	}
	return p.showInvitation(w, r, http.StatusOK, views.Welcome{Invitation: i})
}

func (p authPages) openInvitation(r *http.Request) (identity.Invitation, error) {
	i, err := p.store.Identity.Invitations.OpenInvitation(r.Context(), r.PathValue("secret"))
	if errors.Is(err, access.ErrNotFound) {
		err = errNoInvitation
	}
	return i, err
}

func (p authPages) showInvitation(w http.ResponseWriter, r *http.Request, status int, v views.Welcome) error {
	v.Secret, v.Now = r.PathValue("secret"), p.now(r)
	general, err := p.store.Identity.Settings.General(r.Context())
	if err != nil {
		return err
	}
	v.Workspace = cmp.Or(general.Workspace, "the console")
	return p.render(w, r, status, views.Page{Title: "Join " + v.Workspace, Failed: len(v.Problems) > 0, Body: views.WelcomePage(v)})
}

// acceptInvitation creates the user and signs them in.
func (p authPages) acceptInvitation(w http.ResponseWriter, r *http.Request) error {
	i, err := p.openInvitation(r)
	if err != nil {
		return err
	}
	name := r.PostFormValue("name")
	user, err := p.store.Identity.Invitations.AcceptInvitation(r.Context(), caller(r), r.PathValue("secret"), name, r.PostFormValue("password"))
	if errors.Is(err, access.ErrNotFound) {
		return errNoInvitation
	}
	if invalid, ok := problems(err); ok {
		i.Name = name
		return p.showInvitation(w, r, http.StatusUnprocessableEntity, views.Welcome{Invitation: i, Problems: invalid})
	}
	if err != nil {
		return err
	}
	return p.signInWith(w, r, views.SignIn{}, identity.WithNewAccount{User: user}, p.retrySignIn(w, r, views.SignIn{}, "", ""))
}
