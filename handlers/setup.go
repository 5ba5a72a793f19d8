package handlers

import (
	"errors"
	"net/http"
	"strings"

	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// setup shows the first page, until there is an owner.
func (c *Console) setup(w http.ResponseWriter, r *http.Request) error {
	if owned, err := c.hasOwner(r); err != nil {
		return err
	} else if owned {
		return errNoPage
	}
	return c.showSetup(w, r, http.StatusOK, views.Setup{Code: r.FormValue("code")})
}

func (c *Console) showSetup(w http.ResponseWriter, r *http.Request, status int, s views.Setup) error {
	return c.show(w, r, status, views.Page{Title: "Set up", Failed: len(s.Problems) > 0, Body: views.SetupPage(s)})
}

// doSetup makes the first owner and signs them in.
func (c *Console) doSetup(w http.ResponseWriter, r *http.Request) error {
	s := views.Setup{
		Code: strings.TrimSpace(r.PostFormValue("code")), Name: r.PostFormValue("name"),
		Email: r.PostFormValue("email"), Workspace: r.PostFormValue("workspace"),
	}
	if owned, err := c.hasOwner(r); err != nil {
		return err
	} else if owned {
		return errNoPage
	}
	user, err := c.store.Identity.SetUp(r.Context(), caller(r), identity.Setup{
		Code: s.Code, Workspace: s.Workspace,
		Owner: identity.NewUser{Name: s.Name, Email: s.Email, Password: r.PostFormValue("password")},
	})
	if errors.As(err, &s.Problems) {
		return c.showSetup(w, r, http.StatusUnprocessableEntity, s)
	}
	if err != nil {
		return err
	}
	return c.signIn(w, r, views.SignIn{}, identity.WithNewAccount{User: user}, c.loginAgain(w, r, views.SignIn{}, "", ""))
}
