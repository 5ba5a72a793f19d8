package models_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// TestARefusedSignInDoesTheSameWork: whether there is no such user, the user is disabled or
// the password is wrong, one password is hashed and as many statements run.
func TestARefusedSignInDoesTheSameWork(t *testing.T) {
	modelstest.EachInTurn(t, func(t *testing.T, store *models.Store) {
		modelstest.Owner(t, store)
		n := identity.NewUser{Email: "off@example.com", Name: "Off", Role: access.Editor, Password: modelstest.OwnerPassword}
		if _, err := store.Identity.CreateUser(t.Context(), access.System("test"), n); err != nil {
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
				if _, err := store.Identity.SignIn(t.Context(), from, tc.email, tc.password); !errors.Is(err, access.ErrSignIn) {
					t.Errorf("%s: %v", tc.email, err)
				}
			})] = true
		}
		var reasons []string
		for _, l := range lines(t, store, audit.RefusedSignIn) {
			reasons = append(reasons, fieldIn(l, "reason").After.Text)
		}
		if want := []string{identity.WrongPassword, identity.DisabledUserRefused, identity.WrongPassword}; !slices.Equal(reasons, want) {
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
			if _, err := store.Identity.SignIn(ctx, from, tc.email, tc.password); !errors.Is(err, access.ErrUnavailable) {
				t.Errorf("%s is refused without a hash: %v", tc.email, err)
			}
			cancel()
		}
	})
}

// TestHashingLeavesHalfOfTheCores: sign-ins used to take the whole machine.
func TestHashingLeavesHalfOfTheCores(t *testing.T) {
	if got := models.HashSlots(); got > max(1, runtime.NumCPU()/2) {
		t.Errorf("%d passwords are hashed at once on %d cores", got, runtime.NumCPU())
	}
}
