package handlers

import (
	"cmp"
	"net/http"
	"strconv"

	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// profile shows what somebody can change about themselves.
func (c *Console) profile(w http.ResponseWriter, r *http.Request) error {
	u := visitOf(r).user
	return c.showProfile(w, r, http.StatusOK, views.Profile{
		Name: u.Name, Email: u.Email, TimeZone: cmp.Or(u.TimeZone, "UTC"), Density: u.Density,
		Locale: u.Locale, PageSize: u.Rows(), Shortcuts: u.Shortcuts,
	})
}

func (c *Console) showProfile(w http.ResponseWriter, r *http.Request, status int, p views.Profile) error {
	p.Changes = p.Email != visitOf(r).user.Email
	p.Role, p.Theme, p.Zones, p.Now = visitOf(r).user.Role, c.themeOf(r), identity.TimeZones(), c.now(r)
	return c.show(w, r, status, views.Page{Title: "Profile", Section: "Account", Failed: len(p.Problems) > 0, Body: views.ProfilePage(p)})
}

// updateProfile changes one's own profile.
func (c *Console) updateProfile(w http.ResponseWriter, r *http.Request) error {
	p := readProfile(r)
	err := c.store.Identity.UpdateProfile(r.Context(), by(r), identity.ProfileChange{
		Name: &p.Name, Email: &p.Email, TimeZone: &p.TimeZone, Password: r.PostFormValue("password"),
		Density: &p.Density, Locale: &p.Locale, PageSize: &p.PageSize, Shortcuts: &p.Shortcuts,
	})
	status, refused := c.refusal(w, err, "password", "")
	if invalid, ok := problems(err); ok {
		status, refused = http.StatusUnprocessableEntity, invalid
	}
	if status != 0 {
		p.Problems = refused
		return c.showProfile(w, r, status, p)
	}
	if err != nil {
		return err
	}
	return c.done(w, r, views.ProfileURL(), views.Flash{Text: "Your profile is saved."})
}

// readProfile is the profile as its form has it.
func readProfile(r *http.Request) views.Profile {
	p := views.Profile{
		Name: r.PostFormValue("name"), Email: r.PostFormValue("email"), TimeZone: r.PostFormValue("time_zone"),
		Density: identity.Density(r.PostFormValue("density")), Locale: identity.Locale(r.PostFormValue("locale")),
		Shortcuts: identity.Shortcuts(r.PostFormValue("shortcuts")),
	}
	if rows := r.PostFormValue("page_size"); rows != "" {
		p.PageSize, _ = strconv.Atoi(rows) // 0 is refused
	} else {
		p.PageSize = visitOf(r).user.Rows()
	}
	return p
}

// shortcuts tells what the keys of the keyboard do.
func (c *Console) shortcuts(w http.ResponseWriter, r *http.Request) error {
	return c.show(w, r, http.StatusOK, views.Page{
		Title: "Keyboard shortcuts", Section: "Account", Body: views.ShortcutsPage(visitOf(r).user.Shortcuts),
	})
}

// password shows the form for another password.
func (c *Console) password(w http.ResponseWriter, r *http.Request) error {
	return c.showPassword(w, r, http.StatusOK, views.Passwords{})
}

func (c *Console) showPassword(w http.ResponseWriter, r *http.Request, status int, p views.Passwords) error {
	p.Email = visitOf(r).user.Email
	return c.show(w, r, status, views.Page{
		Title: "Change password", Section: "Security", Failed: len(p.Problems) > 0, Body: views.PasswordPage(p),
	})
}

// changePassword changes one's own password. The session gets a new id.
func (c *Console) changePassword(w http.ResponseWriter, r *http.Request) error {
	p := views.Passwords{KeepOthers: r.PostFormValue("keep") != ""}
	err := c.store.Identity.ChangePassword(r.Context(), by(r), identity.PasswordChange{
		Old: r.PostFormValue("old_password"), New: r.PostFormValue("new_password"),
		Keep: visitOf(r).session.ID, KeepOthers: p.KeepOthers,
	})
	status, refused := c.refusal(w, err, "old_password", "")
	if invalid, ok := problems(err); ok {
		status, refused = http.StatusUnprocessableEntity, invalid
	}
	if status != 0 {
		p.Problems = refused
		return c.showPassword(w, r, status, p)
	}
	if err != nil {
		return err
	}
	if err := c.renew(w, r, true); err != nil {
		return err
	}
	words := "Your password is changed. You were signed out everywhere else."
	if p.KeepOthers {
		words = "Your password is changed. You stay signed in elsewhere."
	}
	return c.done(w, r, views.SecurityURL(), views.Flash{Text: words})
}
