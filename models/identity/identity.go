package identity

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"protocol.chat/console/models/text"
)

// Identity keys decide identity: two that are equal are one user or contact, and others
// never are. Search keys (Fold) are for finding only: they treat e and é as the same.

// emailKey returns what an address identifies: its local part composed and in lower case,
// and its domain in ASCII.
func emailKey(email string) string {
	email = norm.NFC.String(email)
	at := strings.LastIndexByte(email, '@') + 1
	return lowerCase(email[:at]) + asciiHost(email[at:])
}

// hostForm maps a domain as browsers do for a lookup. Some networks use names with an
// underscore.
var hostForm = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// asciiHost returns the ASCII form of a domain, or its lower case if it has none, such as
// [192.0.2.1].
func asciiHost(host string) string {
	ascii, err := hostForm.ToASCII(host)
	if err != nil {
		return lowerCase(host)
	}
	return ascii
}

// lowerCase returns s in lower case by the full mapping of Unicode, under which İ is not i.
func lowerCase(s string) string {
	if text.IsPlain(s) {
		return strings.ToLower(s)
	}
	return norm.NFC.String(cases.Lower(language.Und, cases.HandleFinalSigma(false)).String(s))
}

// noBreakSpaces are what word processors put around an address.
var noBreakSpaces = strings.NewReplacer("\u00a0", "", "\u202f", "", "\u2007", "")

// typedAddress returns an address without the invisible characters that a clipboard adds.
// It is for what people type, and not for a provider's claims: there it would be another
// address.
func typedAddress(s string) string {
	return strings.TrimSpace(noBreakSpaces.Replace(text.StripInvisible(s)))
}
