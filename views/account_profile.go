package views

import (
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
)

// Profile is what the Profile page shows.
type Profile struct {
	Name, Email, TimeZone string
	Density               identity.Density
	Locale                identity.Locale
	PageSize              int
	Shortcuts             identity.Shortcuts
	// Role can be changed by owners only.
	Role     access.Role
	Theme    string
	Zones    []string
	Now      Clock
	Problems access.Invalid
	// Changes says that the email changes, which needs the password.
	Changes bool
}
