package views

import (
	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
)

// SecondFactor is what the second page of signing in shows.
type SecondFactor struct {
	// App says that the user has an authenticator app, and Passkey that they have a
	// passkey.
	App, Passkey bool
	// Recovery asks for a recovery code.
	Recovery bool
	// Email is the account's, and Next is where the sign-in leads.
	Email, Next string
	Problems    access.Invalid
}

// The fields with which users confirm their identity, in any form.
const (
	ConfirmPrefix   = "confirm."
	ConfirmPassword = ConfirmPrefix + "password"
	ConfirmCode     = ConfirmPrefix + "code"
	ConfirmPasskey  = ConfirmPrefix + "credential"
	ConfirmEmail    = ConfirmPrefix + "email"
	ConfirmBack     = ConfirmPrefix + "back"
)

// Confirm is what the page shows on which users confirm that it's them.
type Confirm struct {
	// Action is the form's: that of the interrupted form, or else ConfirmURL, which leads to
	// Next.
	Action templ.SafeURL
	Next   string
	// Back is where Cancel leads.
	Back string
	// Purpose ends "You're about to …"; "" if it is not known what comes next.
	Purpose string
	// Email is the user's, for password managers.
	Email string
	// Waiting are the fields of the interrupted form.
	Waiting []Hidden
	// Password, App and Passkey say how the user can confirm.
	Password, App, Passkey bool
	Problems               access.Invalid
}

func (c Confirm) sentence() string {
	if c.Purpose == "" {
		return "This is a sensitive action."
	}
	return "You're about to " + c.Purpose + "."
}
