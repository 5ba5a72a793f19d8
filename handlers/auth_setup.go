package handlers

import (
	"errors"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// setupForm asks for the setup code, and then for the owner, until there is one.
func (p authPages) setupForm(w http.ResponseWriter, r *http.Request) error {
	if owned, err := p.hasOwner(r); err != nil {
		return err
	} else if owned {
		return errNoPage
	}
	s := views.Setup{Code: strings.TrimSpace(r.FormValue("code"))}
	if !r.Form.Has("code") {
		return p.showSetup(w, r, http.StatusOK, views.SetupCodePage(s), s.Problems)
	}
	var err error
	if s.Problems, err = p.store.Identity.Users.CheckSetupCode(r.Context(), s.Code); err != nil {
		return err
	}
	if len(s.Problems) > 0 {
		return p.showSetup(w, r, http.StatusUnprocessableEntity, views.SetupCodePage(s), s.Problems)
	}
	return p.showSetup(w, r, http.StatusOK, views.SetupPage(s), nil)
}

func (p authPages) showSetup(w http.ResponseWriter, r *http.Request, status int, body templ.Component, problems access.Invalid) error {
	return p.render(w, r, status, views.Page{Title: "Set up", Failed: len(problems) > 0, Body: body})
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
		return p.showSetup(w, r, http.StatusUnprocessableEntity, views.SetupPage(s), s.Problems)
	}
	if err != nil {
		return err
	}
	return p.signInWith(w, r, views.SignIn{}, identity.WithNewAccount{User: user}, p.retrySignIn(w, r, views.SignIn{}, "", ""))
}
