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

// userPages are the pages of those who can sign in.
type userPages struct{ *site }

// list shows the users and the invitations.
func (p userPages) list(w http.ResponseWriter, r *http.Request) error {
	list := views.UserList{By: by(r), Now: p.now(r)}
	var err error
	if list.Users, err = p.store.Identity.Users.Accounts(r.Context(), by(r)); err != nil {
		return err
	}
	if list.Invitations, err = p.store.Identity.Invitations.Invitations(r.Context(), by(r)); err != nil {
		return err
	}
	if list.Policy, err = p.store.Identity.Policies.Policy(r.Context()); err != nil {
		return err
	}
	if list.Begins, err = p.store.Audit.Retention.DeletedBefore(r.Context()); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: views.Users, SettingsTab: true, Body: views.UsersPage(list)})
}

// user returns the user in the request's address.
func (p userPages) user(r *http.Request) (identity.Account, error) {
	return p.store.Identity.Users.Account(r.Context(), by(r), r.PathValue("id"))
}

// show shows a user.
func (p userPages) show(w http.ResponseWriter, r *http.Request) error {
	person, err := p.user(r)
	if err != nil {
		return err
	}
	d := views.UserDetail{Account: person, By: by(r), Done: len(signedInAs(r).flashes()) > 0, Now: p.now(r)}
	if d.Begins, err = p.store.Audit.Retention.DeletedBefore(r.Context()); err != nil {
		return err
	}
	if d.Linked, err = p.linked(r, person.ID); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: person.Name, Body: views.UserPage(d)})
}

// editRole shows the form for a user's role.
func (p userPages) editRole(w http.ResponseWriter, r *http.Request) error {
	person, err := p.user(r)
	if err != nil {
		return err
	}
	return p.showEditRole(w, r, http.StatusOK, views.RoleForm{Account: person, Chosen: person.Role})
}

func (p userPages) showEditRole(w http.ResponseWriter, r *http.Request, status int, form views.RoleForm) error {
	form.Own = form.ID == by(r).UserID
	owners, err := p.store.Identity.Users.Owners(r.Context(), 2)
	if err != nil {
		return err
	}
	form.Only = form.Own && len(owners) == 1
	return p.render(w, r, status, views.Page{Title: "Change role of " + form.Name, Failed: len(form.Problems) > 0, Body: views.ChangeRole(form)})
}

// updateRole changes a user's role. Owners who step down must confirm it.
func (p userPages) updateRole(w http.ResponseWriter, r *http.Request) error {
	person, err := p.user(r)
	if err != nil {
		return err
	}
	form := views.RoleForm{Account: person, Chosen: access.Role(r.PostFormValue("role"))}
	own := person.ID == by(r).UserID
	if own && form.Chosen != person.Role && r.PostFormValue("sure") == "" {
		form.Problems = access.Invalid{{Field: "sure", Code: access.Missing, Message: "Confirm that you want to stop being an owner."}}
		return p.showEditRole(w, r, http.StatusUnprocessableEntity, form)
	}
	changed, err := p.store.Identity.Users.ChangeRole(r.Context(), by(r), person.ID, form.Chosen)
	if invalid, ok := problems(err); ok {
		form.Problems = invalid
		return p.showEditRole(w, r, http.StatusUnprocessableEntity, form)
	}
	var conflict access.Conflict
	if errors.As(err, &conflict) {
		form.Problems = access.Invalid{{Field: conflict.Field, Code: access.Bad, Message: conflict.Message}}
		return p.showEditRole(w, r, http.StatusConflict, form)
	}
	if err != nil {
		return err
	}
	if own && changed.Role != person.Role {
		return redirect(w, r, views.LoginURL("")) // the session has ended
	}
	words := "Nothing changed."
	if changed.Role != person.Role {
		words = text.Isolated(person.Name) + " now has the role " + changed.Role.Name() + "."
	}
	return p.done(w, r, views.UserURL(person.ID), views.Flash{Text: words})
}

// confirmDisable asks before a user is disabled.
func (p userPages) confirmDisable(w http.ResponseWriter, r *http.Request) error {
	return p.confirmAct(w, r, "Disable ", views.DisableUser)
}

// confirmResetFactor asks before a user's second factor is reset.
func (p userPages) confirmResetFactor(w http.ResponseWriter, r *http.Request) error {
	return p.confirmAct(w, r, "Reset the second factor of ", views.ResetSecondFactor)
}

// confirmEndSessions asks before a user is signed out everywhere.
func (p userPages) confirmEndSessions(w http.ResponseWriter, r *http.Request) error {
	return p.confirmAct(w, r, "Sign out ", views.SignOutEverywhere)
}

// confirmAct shows a question about a user, to those who may manage them.
func (p userPages) confirmAct(w http.ResponseWriter, r *http.Request, title string, body func(views.UserQuestion) templ.Component) error {
	person, err := p.user(r)
	if err != nil {
		return err
	}
	if !by(r).MayManage(person.Role) {
		return access.Denied{Right: access.ManageRoles}
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: title + person.Name, Body: body(views.UserQuestion{Account: person, Own: person.ID == by(r).UserID, Now: p.now(r)})})
}

// disable disables a user.
func (p userPages) disable(w http.ResponseWriter, r *http.Request) error {
	u, err := p.store.Identity.Users.Disable(r.Context(), by(r), r.PathValue("id"))
	return p.doneTo(w, r, u, err, " disabled and signed out. Their API tokens were revoked.")
}

// enable enables a user again.
func (p userPages) enable(w http.ResponseWriter, r *http.Request) error {
	u, err := p.store.Identity.Users.Enable(r.Context(), by(r), r.PathValue("id"))
	return p.doneTo(w, r, u, err, " can sign in again.")
}

// resetFactor resets a user's second factor.
func (p userPages) resetFactor(w http.ResponseWriter, r *http.Request) error {
	u, err := p.store.Identity.Users.ResetSecondFactor(r.Context(), by(r), r.PathValue("id"))
	return p.doneTo(w, r, u, err, " was signed out and has no second factor now.")
}

// endSessions signs a user out everywhere.
func (p userPages) endSessions(w http.ResponseWriter, r *http.Request) error {
	u, err := p.store.Identity.Users.EndSessions(r.Context(), by(r), r.PathValue("id"))
	if err == nil && u.ID == by(r).UserID {
		return redirect(w, r, views.LoginURL(""))
	}
	return p.doneTo(w, r, u, err, " was signed out everywhere.")
}

// doneTo redirects to the user with a message about what was done.
func (p userPages) doneTo(w http.ResponseWriter, r *http.Request, u identity.User, err error, what string) error {
	if err != nil {
		return err
	}
	return p.done(w, r, views.UserURL(u.ID), views.Flash{Text: text.Isolated(u.Name) + what})
}

// confirmUnlink asks before a user's account at a provider is unlinked.
func (p userPages) confirmUnlink(w http.ResponseWriter, r *http.Request) error {
	return p.confirmAct(w, r, "Unlink ", func(q views.UserQuestion) templ.Component {
		issuer := r.FormValue("issuer")
		return views.UnlinkUser(q, views.Linked{Name: p.issuerName(issuer), Identity: identity.Identity{Issuer: issuer}})
	})
}

func (p userPages) unlink(w http.ResponseWriter, r *http.Request) error {
	issuer := r.FormValue("issuer")
	if r.PathValue("id") == by(r).UserID {
		return access.Conflict{Message: "This is your own account. Unlink it under Security."}
	}
	u, err := p.store.Identity.Providers.UnlinkIdentity(r.Context(), by(r), r.PathValue("id"), issuer)
	return p.doneTo(w, r, u, err, " was unlinked from "+p.issuerName(issuer)+" and signed out.")
}
