package handlers

import (
	"cmp"
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// settingsPages are for the general settings.
type settingsPages struct{ *site }

// edit shows the form for the general settings.
func (p settingsPages) edit(w http.ResponseWriter, r *http.Request) error {
	general, err := p.store.Identity.Settings.General(r.Context())
	if err != nil {
		return err
	}
	return p.showEdit(w, r, http.StatusOK, views.SettingsForm{General: general})
}

func (p settingsPages) showEdit(w http.ResponseWriter, r *http.Request, status int, form views.SettingsForm) error {
	form.TimeZone, form.Zones, form.Off = cmp.Or(form.TimeZone, "UTC"), identity.TimeZones(), p.avatars == nil
	return p.render(w, r, status, views.Page{
		Title: views.General, SettingsTab: true, Failed: len(form.Problems) > 0, Body: views.SettingsPage(form),
	})
}

// update saves the general settings.
func (p settingsPages) update(w http.ResponseWriter, r *http.Request) error {
	locale, avatars := identity.Locale(r.PostFormValue("locale")), r.PostFormValue("avatars") != ""
	change := identity.GeneralChange{Workspace: field(r, "workspace"), TimeZone: field(r, "time_zone"), Locale: &locale, Avatars: &avatars}
	err := p.store.Identity.Settings.UpdateGeneral(r.Context(), by(r), change)
	if invalid, ok := problems(err); ok {
		typed := identity.General{Workspace: r.PostFormValue("workspace"), TimeZone: r.PostFormValue("time_zone"), Locale: locale, Avatars: avatars}
		return p.showEdit(w, r, http.StatusUnprocessableEntity, views.SettingsForm{General: typed, Problems: invalid})
	}
	if err != nil {
		return err
	}
	return p.done(w, r, views.SettingsURL(), views.Flash{Text: "Settings saved."})
}

// about shows what is found about the installation, and how much of what grows there is.
func (p settingsPages) about(w http.ResponseWriter, r *http.Request) error {
	about := views.About{Version: p.version, Now: p.now(r)}
	if p.checks != nil {
		about.Checks = p.checks(r.Context())
	}
	var err error
	if about.Activity, err = p.store.Audit.Retention.Rule(r.Context()); err != nil {
		return err
	}
	if about.Bytes, err = p.store.DB.Size(r.Context()); err != nil {
		return err
	}
	for _, k := range models.Kept {
		size, err := p.store.DB.SizeOf(r.Context(), k.Tables)
		if err != nil {
			return err
		}
		about.Kept = append(about.Kept, views.KeptSize{Kept: k, Size: size})
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: views.AboutTab, SettingsTab: true, Body: views.AboutPage(about)})
}
