package views

import (
	"path"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
)

// SecondFactor is what the second page of signing in shows.
type SecondFactor struct {
	// App says whether the user has an authenticator app, and Passkey whether they have a
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
	// Purpose is what the user is about to do.
	Purpose Purpose
	// Email is the user's, for password managers.
	Email string
	// Waiting are the fields of the interrupted form.
	Waiting []Hidden
	// Password, App and Passkey say how the user can confirm.
	Password, App, Passkey bool
	Problems               access.Invalid
}

// Purpose is what a user confirms their identity for.
type Purpose struct {
	// Words end "You're about to …"; "" if the address needs no confirmation.
	Words string
	// Section is its section, or "".
	Section string
}

// purposes are the addresses that need confirmation, with what happens there.
var purposes = []struct{ at, words, section string }{
	{"/profile/security/app", "set up an authenticator app", ""},
	{"/profile/security/app/off", "turn off your authenticator app", ""},
	{"/profile/security/codes", "generate new recovery codes", ""},
	{"/profile/security/passkeys/options", "add a passkey", ""},
	{"/profile/security/passkeys/new", "add a passkey", ""},
	{"/profile/security/passkeys/*/remove", "remove a passkey", ""},
	{"/profile/security/identity/remove", "unlink an account you sign in with", ""},
	{"/activity/retention", "change activity retention", Activity},
	{"/settings/tokens/new", "create an API token", Tokens},
	{"/settings/tokens/*/roll", "rotate an API token", Tokens},
	{"/people/invite", "invite a user", Users},
	{"/people/invitations/*/renew", "create a new invite link", Users},
	{"/people/invitations/*/revoke", "revoke an invitation", Users},
	{"/people/policy", "change the sign-in policy", Users},
	{"/people/*/role", "change a user's role", Users},
	{"/people/*/disable", "disable a user", Users},
	{"/people/*/enable", "enable a user", Users},
	{"/people/*/second-factor", "reset a user's second factor", Users},
	{"/people/*/identity", "unlink an account a user signs in with", Users},
	{"/people/*/sessions", "sign a user out everywhere", Users},
}

// PurposeOf returns what happens at an address.
func PurposeOf(address string) Purpose {
	address, _, _ = strings.Cut(address, "?")
	for _, p := range purposes {
		if there, err := path.Match(p.at, address); err == nil && there {
			return Purpose{p.words, p.section}
		}
	}
	return Purpose{}
}

func (p Purpose) sentence() string {
	if p.Words == "" {
		return "This is a sensitive action."
	}
	return "You're about to " + p.Words + "."
}
