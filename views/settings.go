package views

import (
	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
)

// The tabs of the settings.
const (
	General   = "General"
	Users     = "Users"
	Policy    = "Sign-in policy"
	Tokens    = "API tokens"
	Webhooks  = "Webhooks"
	Retention = "Retention"
	AboutTab  = "About"
)

// settingsTab is a tab of the settings.
type settingsTab struct {
	label string
	href  templ.SafeURL
	right access.Right
}

// settingsTabs returns the tabs of the settings that a reader may open. Everybody may open at least one.
func settingsTabs(by access.Actor) (tabs []settingsTab) {
	for _, t := range []settingsTab{
		{General, SettingsURL(), access.ManageSettings},
		{Users, UsersURL(), access.ReadUsers},
		{Policy, PolicyURL(), access.ManagePolicy},
		{Tokens, TokensURL(), access.CreateTokens},
		{Webhooks, WebhooksURL(), access.Webhooks},
		{Retention, RetentionURL(), access.ManageRetention},
		{AboutTab, AboutURL(), access.ManageSettings},
	} {
		if by.May(t.right) {
			tabs = append(tabs, t)
		}
	}
	return tabs
}

// firstSettingsURL returns where the menu's entry for the settings leads.
func firstSettingsURL(by access.Actor) templ.SafeURL {
	tabs := settingsTabs(by)
	if len(tabs) == 0 { // nobody is signed in as this
		return ""
	}
	return tabs[0].href
}

// SettingsForm is what the General settings page shows.
type SettingsForm struct {
	identity.General
	Zones []string
	// Off reports whether this console can't show pictures.
	Off      bool
	Problems access.Invalid
}
