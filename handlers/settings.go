package handlers

import (
	"net/http"

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
