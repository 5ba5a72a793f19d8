package handlers

import (
	"net/http"

	"protocol.chat/console/models"
	"protocol.chat/console/views"
)

// settingsPages are for the general settings.
type settingsPages struct{ *site }

// edit shows the form for the general settings.
func (p settingsPages) edit(w http.ResponseWriter, r *http.Request) error {
	shown, err := p.store.Avatars.Shown(r.Context())
	if err != nil {
		return err
	}
	form := views.SettingsForm{Avatars: shown, Off: p.avatars == nil}
	return p.render(w, r, http.StatusOK, views.Page{Title: "General settings", Body: views.SettingsPage(form)})
}

// update saves the general settings.
func (p settingsPages) update(w http.ResponseWriter, r *http.Request) error {
	if err := p.store.Avatars.SetShown(r.Context(), by(r), r.PostFormValue("avatars") != ""); err != nil {
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
	return p.render(w, r, http.StatusOK, views.Page{Title: "About this console", Body: views.AboutPage(about)})
}
