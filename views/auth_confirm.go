package views

import (
	"path"
	"strings"
)

// Purpose is what somebody confirms for that it is them.
type Purpose struct {
	// Words end "You're about to …"; "" where the address is none of those that ask.
	Words string
	// Section is the entry of the menu that it belongs to, or "".
	Section string
}

// purposes are the addresses that ask, each with what is done there.
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
	{"/people/invite", "invite a user", People},
	{"/people/invitations/*/renew", "create a new invite link", People},
	{"/people/invitations/*/revoke", "revoke an invitation", People},
	{"/people/policy", "change the sign-in policy", People},
	{"/people/*/role", "change a user's role", People},
	{"/people/*/disable", "disable a user", People},
	{"/people/*/enable", "enable a user", People},
	{"/people/*/second-factor", "reset a user's second factor", People},
	{"/people/*/identity", "unlink an account a user signs in with", People},
	{"/people/*/sessions", "sign a user out everywhere", People},
}

// PurposeOf is what is done at an address.
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
