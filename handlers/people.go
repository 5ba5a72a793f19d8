package handlers

import (
	"errors"
	"net/http"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// people shows the list of people and of invitations.
func (c *Console) people(w http.ResponseWriter, r *http.Request) error {
	list := views.UserList{By: by(r), Now: c.now(r)}
	var err error
	if list.Users, err = c.store.Identity.People(r.Context(), by(r)); err != nil {
		return err
	}
	if list.Invitations, err = c.store.Identity.Invitations(r.Context(), by(r)); err != nil {
		return err
	}
	if list.Policy, err = c.store.Identity.Policy(r.Context()); err != nil {
		return err
	}
	if list.Begins, err = c.store.Audit.ActivityBegins(r.Context()); err != nil {
		return err
	}
	return c.showPeople(w, r, http.StatusOK, views.Users, nil, views.UsersPage(list))
}

// showPeople answers with a page of the section People.
func (c *Console) showPeople(w http.ResponseWriter, r *http.Request, status int, title string, wrong access.Invalid, body templ.Component) error {
	return c.show(w, r, status, views.Page{Title: title, Section: views.Users, Failed: len(wrong) > 0, Body: body})
}

// roles says who may do what, to anybody.
func (c *Console) roles(w http.ResponseWriter, r *http.Request) error {
	if v, err := c.visit(r); err == nil {
		r = withVisit(r, v)
	}
	return c.show(w, r, http.StatusOK, views.Page{Title: "Who may do what", Body: views.RolesPage()})
}

// who is the person that a request's address names.
func (c *Console) who(r *http.Request) (identity.Person, error) {
	return c.store.Identity.Person(r.Context(), by(r), r.PathValue("id"))
}

// person shows one of the people.
func (c *Console) person(w http.ResponseWriter, r *http.Request) error {
	p, err := c.who(r)
	if err != nil {
		return err
	}
	d := views.UserDetail{Person: p, By: by(r), Done: len(visitOf(r).flashes()) > 0, Now: c.now(r)}
	if d.Begins, err = c.store.Audit.ActivityBegins(r.Context()); err != nil {
		return err
	}
	if d.Linked, err = c.linked(r, p.ID); err != nil {
		return err
	}
	return c.showPeople(w, r, http.StatusOK, p.Name, nil, views.UserPage(d))
}

// askRole shows the form for somebody's role.
func (c *Console) askRole(w http.ResponseWriter, r *http.Request) error {
	p, err := c.who(r)
	if err != nil {
		return err
	}
	return c.showRole(w, r, http.StatusOK, views.RoleForm{Person: p, Chosen: p.Role})
}

func (c *Console) showRole(w http.ResponseWriter, r *http.Request, status int, form views.RoleForm) error {
	form.Own = form.ID == by(r).UserID
	owners, err := c.store.Identity.Owners(r.Context(), 2)
	if err != nil {
		return err
	}
	form.Only = form.Own && len(owners) == 1
	return c.showPeople(w, r, status, "Change the role of "+form.Name, form.Problems, views.ChangeRole(form))
}

// changeRole gives somebody another role. Who takes their own away must say so.
func (c *Console) changeRole(w http.ResponseWriter, r *http.Request) error {
	p, err := c.who(r)
	if err != nil {
		return err
	}
	form := views.RoleForm{Person: p, Chosen: access.Role(r.PostFormValue("role"))}
	own := p.ID == by(r).UserID
	if own && form.Chosen != p.Role && r.PostFormValue("sure") == "" {
		form.Problems = access.Invalid{{Field: "sure", Code: access.Missing, Message: "Say that you want to stop being an owner."}}
		return c.showRole(w, r, http.StatusUnprocessableEntity, form)
	}
	changed, err := c.store.Identity.ChangeRole(r.Context(), by(r), p.ID, form.Chosen)
	if invalid, ok := problems(err); ok {
		form.Problems = invalid
		return c.showRole(w, r, http.StatusUnprocessableEntity, form)
	}
	var conflict access.Conflict
	if errors.As(err, &conflict) {
		form.Problems = access.Invalid{{Field: conflict.Field, Code: access.Bad, Message: conflict.Message}}
		return c.showRole(w, r, http.StatusConflict, form)
	}
	if err != nil {
		return err
	}
	if own && changed.Role != p.Role {
		return redirect(w, r, views.LoginURL("")) // the session has ended
	}
	typed := "Nothing changed."
	if changed.Role != p.Role {
		typed = text.Isolated(p.Name) + " has the role " + changed.Role.Name() + " now."
	}
	return c.done(w, r, views.UserURL(p.ID), views.Flash{Text: typed})
}

// askDisable asks before somebody is kept out.
func (c *Console) askDisable(w http.ResponseWriter, r *http.Request) error {
	return c.askAbout(w, r, "Disable ", views.DisableUser)
}

// askResetFactor asks before somebody's second factor is taken away.
func (c *Console) askResetFactor(w http.ResponseWriter, r *http.Request) error {
	return c.askAbout(w, r, "Reset the second factor of ", views.ResetSecondFactor)
}

// askEndSessions asks before somebody is signed out everywhere.
func (c *Console) askEndSessions(w http.ResponseWriter, r *http.Request) error {
	return c.askAbout(w, r, "Sign out ", views.SignOutEverywhere)
}

// askAbout asks a question about somebody whom the asker may manage.
func (c *Console) askAbout(w http.ResponseWriter, r *http.Request, title string, body func(views.UserQuestion) templ.Component) error {
	p, err := c.who(r)
	if err != nil {
		return err
	}
	if !by(r).MayManage(p.Role) {
		return access.Denied{Right: access.ManageRoles}
	}
	return c.showPeople(w, r, http.StatusOK, title+p.Name, nil, body(views.UserQuestion{Person: p, Own: p.ID == by(r).UserID, Now: c.now(r)}))
}

// disable keeps somebody out.
func (c *Console) disable(w http.ResponseWriter, r *http.Request) error {
	u, err := c.store.Identity.Disable(r.Context(), by(r), r.PathValue("id"))
	return c.didTo(w, r, u, err, " is disabled and signed out. Their API tokens are revoked.")
}

// enable lets somebody in again.
func (c *Console) enable(w http.ResponseWriter, r *http.Request) error {
	u, err := c.store.Identity.Enable(r.Context(), by(r), r.PathValue("id"))
	return c.didTo(w, r, u, err, " can sign in again.")
}

// resetFactor takes away somebody's second factor.
func (c *Console) resetFactor(w http.ResponseWriter, r *http.Request) error {
	u, err := c.store.Identity.ResetSecondFactor(r.Context(), by(r), r.PathValue("id"))
	return c.didTo(w, r, u, err, " has no second factor now, and is signed out.")
}

// endSessions signs somebody out everywhere.
func (c *Console) endSessions(w http.ResponseWriter, r *http.Request) error {
	u, err := c.store.Identity.EndSessions(r.Context(), by(r), r.PathValue("id"))
	if err == nil && u.ID == by(r).UserID {
		return redirect(w, r, views.LoginURL(""))
	}
	return c.didTo(w, r, u, err, " is signed out everywhere.")
}

// didTo answers with what was done to somebody.
func (c *Console) didTo(w http.ResponseWriter, r *http.Request, u identity.User, err error, what string) error {
	if err != nil {
		return err
	}
	return c.done(w, r, views.UserURL(u.ID), views.Flash{Text: text.Isolated(u.Name) + what})
}
