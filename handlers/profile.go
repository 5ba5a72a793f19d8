package handlers

import (
	"cmp"
	"net/http"
	"strconv"

	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// profilePages are what users can change about themselves.
type profilePages struct{ *site }

// edit shows the form for one's own profile.
func (p profilePages) edit(w http.ResponseWriter, r *http.Request) error {
	u := signedInAs(r).user
	return p.showEdit(w, r, http.StatusOK, views.Profile{
		Name: u.Name, Email: u.Email, TimeZone: cmp.Or(u.TimeZone, "UTC"), Density: u.Density,
		Locale: u.Locale, PageSize: u.Rows(), Shortcuts: u.Shortcuts,
	})
}

func (p profilePages) showEdit(w http.ResponseWriter, r *http.Request, status int, form views.Profile) error {
	form.Changes = form.Email != signedInAs(r).user.Email
	form.Role, form.Theme, form.Zones, form.Now = signedInAs(r).user.Role, p.themeOf(r), identity.TimeZones(), p.now(r)
	return p.render(w, r, status, views.Page{Title: "Profile", Failed: len(form.Problems) > 0, Body: views.ProfilePage(form)})
}

// update changes one's own profile.
func (p profilePages) update(w http.ResponseWriter, r *http.Request) error {
	form := readProfile(r)
	err := p.store.Identity.Users.UpdateProfile(r.Context(), by(r), identity.ProfileChange{
		Name: &form.Name, Email: &form.Email, TimeZone: &form.TimeZone, Password: r.PostFormValue("password"),
		Density: &form.Density, Locale: &form.Locale, PageSize: &form.PageSize, Shortcuts: &form.Shortcuts,
	})
	status, refused := p.refusal(w, err, "password", "")
	if invalid, ok := problems(err); ok {
		status, refused = http.StatusUnprocessableEntity, invalid
	}
	if status != 0 {
		form.Problems = refused
		return p.showEdit(w, r, status, form)
	}
	if err != nil {
		return err
	}
	return p.done(w, r, views.ProfileURL(), views.Flash{Text: "Profile saved."})
}

// readProfile reads the profile's form.
func readProfile(r *http.Request) views.Profile {
	p := views.Profile{
		Name: r.PostFormValue("name"), Email: r.PostFormValue("email"), TimeZone: r.PostFormValue("time_zone"),
		Density: identity.Density(r.PostFormValue("density")), Locale: identity.Locale(r.PostFormValue("locale")),
		Shortcuts: identity.Shortcuts(r.PostFormValue("shortcuts")),
	}
	if rows := r.PostFormValue("page_size"); rows != "" {
		p.PageSize, _ = strconv.Atoi(rows) // 0 is refused
	} else {
		p.PageSize = signedInAs(r).user.Rows()
	}
	return p
}

// shortcuts lists the keyboard shortcuts.
func (p profilePages) shortcuts(w http.ResponseWriter, r *http.Request) error {
	return p.render(w, r, http.StatusOK, views.Page{
		Title: "Keyboard shortcuts", Body: views.ShortcutsPage(signedInAs(r).user.Shortcuts),
	})
}

// editPassword shows the form for a new password.
func (p profilePages) editPassword(w http.ResponseWriter, r *http.Request) error {
	return p.showEditPassword(w, r, http.StatusOK, views.Passwords{})
}

func (p profilePages) showEditPassword(w http.ResponseWriter, r *http.Request, status int, form views.Passwords) error {
	form.Email = signedInAs(r).user.Email
	return p.render(w, r, status, views.Page{
		Title: "Change password", Failed: len(form.Problems) > 0, Body: views.PasswordPage(form),
	})
}

// updatePassword changes one's own password. The session gets a new id.
func (p profilePages) updatePassword(w http.ResponseWriter, r *http.Request) error {
	form := views.Passwords{KeepOthers: r.PostFormValue("keep") != ""}
	err := p.store.Identity.Users.ChangePassword(r.Context(), by(r), identity.PasswordChange{
		Old: r.PostFormValue("old_password"), New: r.PostFormValue("new_password"),
		Keep: signedInAs(r).session.ID, KeepOthers: form.KeepOthers,
	})
	status, refused := p.refusal(w, err, "old_password", "")
	if invalid, ok := problems(err); ok {
		status, refused = http.StatusUnprocessableEntity, invalid
	}
	if status != 0 {
		form.Problems = refused
		return p.showEditPassword(w, r, status, form)
	}
	if err != nil {
		return err
	}
	if err := p.renew(w, r, true); err != nil {
		return err
	}
	words := "Password changed. You were signed out everywhere else."
	if form.KeepOthers {
		words = "Password changed. You're still signed in elsewhere."
	}
	return p.done(w, r, views.SecurityURL(), views.Flash{Text: words})
}
