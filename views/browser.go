package views

import (
	"cmp"
	"strings"

	"protocol.chat/console/models/identity"
)

// browserName describes a browser: "Firefox on Linux", or "Unknown browser".
func browserName(b identity.Browser) string {
	if b.System == "" {
		return cmp.Or(b.Name, "Unknown browser")
	}
	return cmp.Or(b.Name, "Browser") + " on " + b.System
}

// storedBrowser describes a browser as it is stored.
func storedBrowser(stored string) string {
	b, ok := identity.ParseBrowser(stored)
	if !ok {
		return stored
	}
	return browserName(b)
}

// factorsInWords describes the factors of a sign-in, which are separated by commas.
func factorsInWords(factors string) string {
	words := strings.Split(factors, ", ")
	for i, factor := range words {
		words[i] = cmp.Or(map[string]string{
			identity.ByCode: "authenticator app", identity.ByRecoveryCode: "recovery code", identity.ByProvider: "identity provider",
		}[factor], factor)
	}
	return strings.Join(words, ", ")
}
