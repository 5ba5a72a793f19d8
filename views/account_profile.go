package views

import (
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
)

// Profile is what somebody can change about themselves.
type Profile struct {
	Name, Email, TimeZone string
	Density               identity.Density
	Locale                identity.Locale
	PageSize              int
	Shortcuts             identity.Shortcuts
	// Role is how others see what they may do.
	Role     access.Role
	Theme    string
	Zones    []string
	Now      Clock
	Problems access.Invalid
	// Changes says that the e-mail is to become another one, which the password is for.
	Changes bool
}

// passwordFill invites what a browser has kept only where it is asked for.
func (p Profile) passwordFill() string {
	if p.Changes {
		return "current-password"
	}
	return "off"
}
