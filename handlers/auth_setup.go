package handlers

import (
	"errors"
	"net/http"
	"strings"

	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// setupForm shows the first page, until there is an owner.
func (p authPages) setupForm(w http.ResponseWriter, r *http.Request) error {
	if owned, err := p.hasOwner(r); err != nil {
		return err
	} else if owned {
		return errNoPage
	}
	return p.showSetup(w, r, http.StatusOK, views.Setup{Code: r.FormValue("code")})
}

func (p authPages) showSetup(w http.ResponseWriter, r *http.Request, status int, s views.Setup) error {
	return p.render(w, r, status, views.Page{Title: "Set up", Failed: len(s.Problems) > 0, Body: views.SetupPage(s)})
}

// setUp creates the first owner and signs them in.
func (p authPages) setUp(w http.ResponseWriter, r *http.Request) error {
	s := views.Setup{
		Code: strings.TrimSpace(r.PostFormValue("code")), Name: r.PostFormValue("name"),
		Email: r.PostFormValue("email"), Workspace: r.PostFormValue("workspace"),
	}
	if owned, err := p.hasOwner(r); err != nil {
		return err
	} else if owned {
		return errNoPage
	}
	user, err := p.store.Identity.Users.SetUp(r.Context(), caller(r), identity.Setup{
		Code: s.Code, Workspace: s.Workspace,
		Owner: identity.NewUser{Name: s.Name, Email: s.Email, Password: r.PostFormValue("password")},
	})
	if errors.As(err, &s.Problems) {
		return p.showSetup(w, r, http.StatusUnprocessableEntity, s)
	}
	if err != nil {
		return err
	}
	return p.signInWith(w, r, views.SignIn{}, identity.WithNewAccount{User: user}, p.retrySignIn(w, r, views.SignIn{}, "", ""))
}
