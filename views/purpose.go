package views

import (
	"path"
	"strings"
)

// Purpose is what somebody confirms for that it is them.
type Purpose struct {
	// Words end "You are about to …"; "" where the address is none of those that ask.
	Words string
	// Section is the entry of the menu that it belongs to, or "".
	Section string
}

// purposes are the addresses that ask, each with what is done there.
var purposes = []struct{ at, words, section string }{
	{"/profile/security/app", "set up an app for codes", ""},
	{"/profile/security/app/off", "turn off codes from your app", ""},
	{"/profile/security/codes", "make new recovery codes", ""},
	{"/profile/security/passkeys/options", "add a passkey", ""},
	{"/profile/security/passkeys/new", "add a passkey", ""},
	{"/profile/security/passkeys/*/remove", "remove a passkey", ""},
	{"/profile/security/identity/remove", "unlink an account that you sign in with", ""},
	{"/activity/retention", "set how long activity is kept", Activity},
	{"/settings/tokens/new", "make an API token", Tokens},
	{"/settings/tokens/*/roll", "roll an API token", Tokens},
	{"/people/invite", "invite somebody", People},
	{"/people/invitations/*/renew", "make a new link for an invitation", People},
	{"/people/invitations/*/revoke", "revoke an invitation", People},
	{"/people/policy", "set the rules for signing in", People},
	{"/people/*/role", "change somebody’s role", People},
	{"/people/*/disable", "disable somebody", People},
	{"/people/*/enable", "enable somebody", People},
	{"/people/*/second-factor", "reset somebody’s second factor", People},
	{"/people/*/identity", "unlink an account that somebody signs in with", People},
	{"/people/*/sessions", "sign somebody out everywhere", People},
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
		return "What comes next is sensitive."
	}
	return "You are about to " + p.Words + "."
}
