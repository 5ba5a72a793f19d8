package handlers_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views"
)

// withKeys gives the tab a device that keeps passkeys and verifies its owner.
func (t *tab) withKeys() webauthn.AuthenticatorID {
	t.Helper()
	call(t, webauthn.Enable, webauthn.EnableParams{})
	made := call(t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Ctap2version: "ctap2_1", Transport: "internal", HasResidentKey: true, HasUserVerification: true,
		IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	return made.AuthenticatorID
}

// onlyAsked keeps the device from answering before a button asks it to.
func (t *tab) onlyAsked() {
	t.Helper()
	call(t, cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{
		Source: "PublicKeyCredential.isConditionalMediationAvailable = async () => false",
	})
}

func (t *tab) signOut() {
	t.Helper()
	call(t, network.ClearBrowserCookies, struct{}{})
}

// addPasskey adds a passkey as a person does.
func (t *tab) addPasskey(name string) {
	t.Helper()
	t.visit("/profile/security")
	t.goes("Add passkey")
	t.sees("h1", "Add passkey")
	t.write("#name", name)
	t.goes("Add passkey")
}

func TestPasskeys(t *testing.T) {
	t.Parallel()
	s := one(t)
	ahead := s.ahead()
	a := s.in(desk)
	a.withKeys()
	a.onlyAsked()
	a.addPasskey("Work laptop")
	a.sees("h1", "Your passkey is ready")
	a.inspect("recovery codes of a passkey")
	a.click("I've saved them")
	a.goes("Continue")
	a.sees("main", "Work laptop")
	a.sees("main", "10 codes left")
	a.inspect("security with a passkey")

	// Alone, from the page that was asked for.
	a.signOut()
	a.visit("/contacts")
	a.goes("Sign in with a passkey")
	a.at("/contacts")
	if line := s.last(audit.SignedIn); !strings.Contains(line.Changes, identity.ByPasskey) || strings.Contains(line.Changes, identity.ByPassword) {
		t.Errorf("the sign-in's line says %s", line.Changes)
	}

	// After a password, as the second factor.
	a.signOut()
	a.visit("/login")
	a.write("#email", email)
	a.write("#password", password)
	a.goes("Sign in")
	a.sees("h1", "Confirm it's you")
	a.sees("main", "Recovery code")
	a.inspect("second factor with a passkey")
	a.goes("Use a passkey")
	a.at("/groups")
	if line := s.last(audit.SignedIn); !strings.Contains(line.Changes, `"password","passkey"`) {
		t.Errorf("the sign-in's line says %s", line.Changes)
	}

	// In place of a password, before something dangerous; the form that waits goes on.
	a.visit("/settings/tokens/new")
	a.write("#name", "Nightly")
	ahead.Add(11 * 60)
	a.goes("Create token")
	a.sees("h1", "Confirm it's you")
	a.sees("main", "What you entered is kept")
	a.inspect("confirm with a passkey")
	a.goes("Confirm with passkey")
	a.sees("h1", "Nightly is ready")
}

func TestABrowserOffersPasskeysByItself(t *testing.T) {
	t.Parallel()
	s := one(t)
	a := s.in(desk)
	a.withKeys()
	a.addPasskey("Phone")
	a.signOut()
	a.visit("/login?next=%2Fcontacts")
	a.at("/contacts")
}

// last is the newest audit line of an action.
func (s *site) last(action audit.Action) audit.Line {
	s.Helper()
	lines := s.lines()
	slices.Reverse(lines)
	i := slices.IndexFunc(lines, func(l audit.Line) bool { return l.Action == action })
	if i < 0 {
		s.Fatalf("there is no line %s", action)
	}
	return lines[i]
}

func TestPasskeysThatAreRefused(t *testing.T) {
	t.Parallel()
	s := one(t)
	a := s.in(desk)
	device := a.withKeys()
	a.onlyAsked()
	a.addPasskey("Phone")
	a.sees("h1", "Your passkey is ready")

	// The device does not verify its owner.
	a.signOut()
	call(a, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: device, IsUserVerified: false})
	a.visit("/login")
	a.click("Sign in with a passkey")
	a.sees("main", "No passkey was used")
	call(a, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: device, IsUserVerified: true})

	// Its counter went back: there may be a copy of it.
	keys, err := s.store.Identity.SecondFactors.Passkeys(s.Context(), s.by)
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	ahead := regexp.MustCompile(`"signCount":\d+`).ReplaceAllString(keys[0].Data, `"signCount":1000`)
	if ahead == keys[0].Data {
		ahead = strings.Replace(keys[0].Data, `"authenticator":{`, `"authenticator":{"signCount":1000,`, 1)
	}
	if err := s.store.Identity.SecondFactors.RecordPasskeyUse(s.Context(), keys[0].ID, ahead); err != nil {
		t.Fatal(err)
	}
	a.goes("Sign in with a passkey")
	a.sees(".summary", "The passkey wasn't accepted.")
	a.inspect("passkey refused")
	s.last(audit.RefusedSignIn)

	// Somebody else's passkey is no second factor, and confirms nothing.
	if err := s.store.Identity.SecondFactors.RecordPasskeyUse(s.Context(), keys[0].ID, keys[0].Data); err != nil {
		t.Fatal(err)
	}
	made, err := s.store.Identity.Users.CreateUser(s.Context(), access.System("test"), identity.NewUser{Email: "bea@example.com", Name: "Bea", Role: access.Owner, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Identity.SecondFactors.AddPasskey(s.Context(), made.Actor(), identity.NewPasskey{Name: "Hers", CredentialID: "none", Data: "{}"}); err != nil {
		t.Fatal(err)
	}
	a.visit("/login")
	a.write("#email", "bea@example.com")
	a.write("#password", password)
	a.goes("Sign in")
	a.goes("Use a passkey")
	a.sees(".summary", "Incorrect code")
	if l := s.newest(); l.ObjectID != made.ID || views.Summary(l) != "somebody failed the second-factor check as Bea" {
		t.Errorf("its line is %q, %+v", views.Summary(l), l)
	}

	// It was removed.
	if err := s.store.Identity.SecondFactors.RemovePasskey(s.Context(), s.by, keys[0].ID); err != nil {
		t.Fatal(err)
	}
	a.visit("/login")
	a.goes("Sign in with a passkey")
	a.sees(".summary", "The passkey wasn't accepted.")
}

func TestPasskeysNeedScripts(t *testing.T) {
	t.Parallel()
	s := one(t)
	a := s.in(desk.withoutScripts())
	a.visit("/profile/security/passkeys/new")
	a.sees("main", "Passkeys need JavaScript")
	a.misses("main", "Work laptop")
	a.signOut()
	a.visit("/login")
	a.misses("main", "passkey")
}
