package views

import (
	"testing"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
)

func TestBrowsersAndFactorsInWords(t *testing.T) {
	for stored, want := range map[string]string{
		"Firefox/Linux": "Firefox on Linux", "curl/": "curl", "/Mac": "Browser on Mac", "/": "Unknown browser", "Firefox on Linux": "Firefox on Linux",
	} {
		if got := valueText(browserField, audit.FieldValue{Text: stored}); got != want {
			t.Errorf("%q is %q, want %q", stored, got, want)
		}
	}
	for stored, want := range map[string]string{
		identity.ByPassword + ", " + identity.ByCode: "password, authenticator app", identity.ByRecoveryCode: "recovery code", "code from an app": "code from an app",
	} {
		if got := valueText(factorsField, audit.FieldValue{Text: stored}); got != want {
			t.Errorf("%q is %q, want %q", stored, got, want)
		}
	}
}
