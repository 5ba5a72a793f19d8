package models_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// signInWith signs in, and returns a refusal as an error: ErrSignIn, Throttled or, if it has
// expired, ErrNotFound.
func signInWith(ctx context.Context, store *models.Store, where access.Actor, with identity.Credentials) (identity.SignedIn, error) {
	outcome, err := store.Identity.SignIn(ctx, identity.Client{Actor: where}, with)
	if err != nil {
		return identity.SignedIn{}, err
	}
	switch o := outcome.(type) {
	case identity.SignedIn:
		return o, nil
	case identity.Refused:
		return identity.SignedIn{}, fmt.Errorf("%w: %s", access.ErrSignIn, o.Reason)
	case identity.Throttled:
		return identity.SignedIn{}, access.Throttled(o)
	case identity.Expired:
		return identity.SignedIn{}, access.ErrNotFound
	}
	return identity.SignedIn{}, fmt.Errorf("%+v", outcome)
}

func withPassword(ctx context.Context, store *models.Store, where access.Actor, email, password string) (identity.User, error) {
	in, err := signInWith(ctx, store, where, identity.WithPassword{Email: email, Password: password})
	return in.User, err
}

// withProvider signs in whom a provider vouches for.
func withProvider(ctx context.Context, store *models.Store, where access.Actor, v identity.ProviderClaims) (identity.User, error) {
	request, _, err := store.Identity.Providers.StartOIDC(ctx, "", "")
	if err != nil {
		return identity.User{}, err
	}
	in, err := signInWith(ctx, store, where, identity.WithProvider{ProviderClaims: v, State: request.State})
	return in.User, err
}

// withCode finishes a sign-in, and returns the factor that its line names.
func withCode(ctx context.Context, store *models.Store, where access.Actor, pending, code string) (string, error) {
	if _, err := signInWith(ctx, store, where, identity.WithCode{Pending: pending, Code: code}); err != nil {
		return "", err
	}
	page, err := store.Audit.Activity(ctx, audit.ActivityQuery{Range: db.Range{Limit: 1}})
	if err != nil {
		return "", err
	}
	var changes struct{ Factors struct{ After []string } }
	err = json.Unmarshal([]byte(page.Lines[0].Changes), &changes)
	return strings.Join(changes.Factors.After, " "), err
}

// TestARefusedSignInDoesTheSameWork checks that one password is hashed and as many
// statements run, whether there is no such user, the user is disabled or the password is
// wrong.
func TestARefusedSignInDoesTheSameWork(t *testing.T) {
	modelstest.EachSerially(t, func(t *testing.T, store *models.Store) {
		modelstest.Owner(t, store)
		n := identity.NewUser{Email: "off@example.com", Name: "Off", Role: access.Editor, Password: modelstest.OwnerPassword}
		if _, err := store.Identity.Users.CreateUser(t.Context(), access.System("test"), n); err != nil {
			t.Fatal(err)
		}
		if err := store.Exec(t.Context(), "UPDATE users SET disabled_at = 1 WHERE email = 'off@example.com'"); err != nil {
			t.Fatal(err)
		}
		cases := []struct{ email, password string }{
			{"nobody@example.com", modelstest.OwnerPassword}, {"off@example.com", modelstest.OwnerPassword}, {"ada@example.com", "wrong"},
		}
		statements := map[int]bool{}
		for i, tc := range cases {
			from := access.Actor{IP: fmt.Sprint("192.0.2.", i)}
			statements[store.Statements(func() {
				if _, err := withPassword(t.Context(), store, from, tc.email, tc.password); !errors.Is(err, access.ErrSignIn) {
					t.Errorf("%s: %v", tc.email, err)
				}
			})] = true
		}
		var reasons []string
		for _, l := range lines(t, store, audit.RefusedSignIn) {
			reasons = append(reasons, fieldIn(l, "reason").After.Text)
		}
		if want := []string{identity.WrongPassword, identity.UserDisabled, identity.WrongPassword}; !slices.Equal(reasons, want) {
			t.Errorf("the reasons are %q", reasons)
		}
		if len(statements) != 1 {
			t.Errorf("numbers of statements: %v", statements)
		}
		release := models.HashNothing()
		defer release()
		for i, tc := range cases {
			from := access.Actor{IP: fmt.Sprint("192.0.3.", i)}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			if _, err := withPassword(ctx, store, from, tc.email, tc.password); !errors.Is(err, access.ErrUnavailable) {
				t.Errorf("%s is refused without a hash: %v", tc.email, err)
			}
			cancel()
		}
	})
}

// TestHashingLeavesHalfOfTheCores checks that sign-ins don't take the whole machine.
func TestHashingLeavesHalfOfTheCores(t *testing.T) {
	if got := models.HashSlots(); got > max(1, runtime.NumCPU()/2) {
		t.Errorf("%d passwords are hashed at once on %d cores", got, runtime.NumCPU())
	}
}

// TestASignInGoesOnAfterItsSecondFactor checks that it keeps what came with the first
// factor, and ends the session that the browser had.
func TestASignInGoesOnAfterItsSecondFactor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx, by := t.Context(), modelstest.Owner(t, store)
		password := identity.WithPassword{Email: "ada@example.com", Password: modelstest.OwnerPassword}
		client := identity.Client{Actor: access.Actor{IP: "192.0.2.1", UserAgent: "Firefox Linux"}}
		outcome, err := store.Identity.SignIn(ctx, client, password)
		first, ok := outcome.(identity.SignedIn)
		if !ok || err != nil || first.Last != nil || first.User.ID != by.UserID {
			t.Fatalf("%+v, %v", outcome, err)
		}
		p, _ := withApp(t, store, by)
		client.Remember, client.Page = true, json.RawMessage(`"contacts"`)
		outcome, err = store.Identity.SignIn(ctx, client, password)
		wanted, ok := outcome.(identity.SecondFactorRequired)
		if !ok || err != nil {
			t.Fatalf("%+v, %v", outcome, err)
		}
		wait, err := store.Identity.SignIns.PendingSignIn(ctx, wanted.Pending)
		if err != nil || wait.Email != "ada@example.com" || string(wait.Page) != `"contacts"` || wait.Factors.AppSince == nil {
			t.Errorf("%+v, %v", wait, err)
		}
		*p.now = p.now.Add(time.Minute)
		code := identity.WithCode{Pending: wanted.Pending, Code: p.code(0)}
		again := identity.Client{Actor: client.Actor, Sessions: []string{first.Session}}
		outcome, err = store.Identity.SignIn(ctx, again, code)
		second, ok := outcome.(identity.SignedIn)
		if !ok || err != nil || !second.Remember || string(second.Page) != `"contacts"` || second.Last == nil || second.Last.IP != "192.0.2.1" {
			t.Errorf("%+v, %v", outcome, err)
		}
		if signedIn(t, store, first.Session) || !signedIn(t, store, second.Session) {
			t.Error("the browser has the session from before, or none")
		}
		if line := lines(t, store, audit.SignedIn)[0]; !strings.Contains(line.Changes, `"factors":{"before":null,"after":["password","totp"]}`) {
			t.Errorf("the line says %s", line.Changes)
		}
		if outcome, err := store.Identity.SignIn(ctx, again, code); outcome != (identity.Expired{}) || err != nil {
			t.Errorf("again: %+v, %v", outcome, err)
		}
	})
}

// TestASecondFactorNeedsAFirstOne checks that without a pending sign-in even the right
// passkey is refused.
func TestASecondFactorNeedsAFirstOne(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		modelstest.Owner(t, store)
		check := func() (identity.User, error) {
			t.Error("the passkey was looked at")
			return identity.User{}, access.ErrSignIn
		}
		for _, with := range []identity.Credentials{
			identity.WithCode{Code: "123456"}, identity.WithSecondPasskey{Check: check}, identity.WithSecondPasskey{Pending: "invented", Check: check},
		} {
			if outcome, err := store.Identity.SignIn(t.Context(), identity.Client{}, with); outcome != (identity.Expired{}) || err != nil {
				t.Errorf("%T: %+v, %v", with, outcome, err)
			}
		}
	})
}

// TestAKnownBrowserIsNoNewDevice checks a known browser at a new address.
func TestAKnownBrowserIsNoNewDevice(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		modelstest.Owner(t, store)
		password := identity.WithPassword{Email: "ada@example.com", Password: modelstest.OwnerPassword}
		at := access.Actor{IP: "192.0.2.1", UserAgent: "Firefox Linux"}
		in, err := signInWith(t.Context(), store, at, password)
		if err != nil {
			t.Fatal(err)
		}
		at.IP = "198.51.100.1"
		for device, fresh := range map[string]bool{in.Device: false, "": true} {
			at.Device = device
			if _, err := signInWith(t.Context(), store, at, password); err != nil {
				t.Fatal(err)
			}
			if line := lines(t, store, audit.SignedIn)[0]; strings.Contains(line.Changes, "new_device") != fresh {
				t.Errorf("with the cookie %q: %s", device, line.Changes)
			}
			at.IP = "203.0.113.1"
		}
	})
}
