package views

// SettingsForm is what the General settings page shows.
type SettingsForm struct {
	// Avatars reports whether pictures are shown.
	Avatars bool
	// Off reports whether this console can't show them.
	Off bool
}
