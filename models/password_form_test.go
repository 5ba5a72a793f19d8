package models_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

const composed = "zwölf große Bären" // in NFC

// widened returns s as a keyboard for Chinese or Japanese types it.
func widened(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '\u3000'
		case '!' <= r && r <= '~':
			return r - '!' + '！'
		}
		return r
	}, s)
}

// TestPasswordsAreNormalized covers every encoding that keyboards produce.
func TestPasswordsAreNormalized(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		forms := []string{composed, norm.NFD.String(composed), widened(composed), strings.ReplaceAll(composed, " ", "\u00a0")}
		for i, set := range forms {
			address := string(rune('a'+i)) + "@example.com"
			n := identity.NewUser{Email: address, Name: "Anna", Role: access.Editor, Password: modelstest.Keep(store, modelstest.Password, set)}
			u, err := store.Identity.Users.CreateUser(t.Context(), system, n)
			if err != nil {
				t.Fatal(err)
			}
			for _, typed := range forms {
				if _, err := withPassword(t.Context(), store, access.Actor{}, address, typed); err != nil {
					t.Errorf("set as %+q, typed as %+q: %v", set, typed, err)
				}
				if err := store.Identity.SignIns.Confirm(t.Context(), u.Actor(), identity.Proof{Password: typed}); err != nil {
					t.Errorf("set as %+q, confirmed as %+q: %v", set, typed, err)
				}
			}
			if _, err := withPassword(t.Context(), store, access.Actor{}, address, "zwolf grosse Baren"); !errors.Is(err, access.ErrSignIn) {
				t.Errorf("letters without their marks: %v", err)
			}
			err = store.Identity.Users.ChangePassword(t.Context(), u.Actor(), identity.PasswordChange{Old: composed, New: forms[(i+1)%len(forms)]})
			if errorsIn(err) != "new_password" {
				t.Errorf("the same password in another form is a new one: %v", err)
			}
		}
	})
}

// TestPasswordOfOlderVersionKeepsWorking checks that the password is then accepted in every
// encoding.
func TestPasswordOfOlderVersionKeepsWorking(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		for i, old := range []string{norm.NFD.String(composed), widened(composed)} {
			u := somebody(t, store, string(rune('a'+i)), access.Editor)
			hash, err := models.OldHash(t.Context(), old)
			if err != nil {
				t.Fatal(err)
			}
			if err := store.Exec(t.Context(), "UPDATE users SET password_hash = '"+hash+"' WHERE id = '"+u.ID+"'"); err != nil {
				t.Fatal(err)
			}
			in, err := withPassword(t.Context(), store, access.Actor{}, u.Email, old)
			if err != nil {
				t.Fatalf("%+q: %v", old, err)
			}
			if in.PasswordHash == hash {
				t.Error("the hash stays as it was")
			}
			signIn(t, store, in)
			for _, typed := range []string{old, composed} {
				if _, err := withPassword(t.Context(), store, access.Actor{}, u.Email, typed); err != nil {
					t.Errorf("%+q: %v", typed, err)
				}
			}
		}
	})
}

func TestLongPasswordsAreNotTruncated(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		longest := composed + strings.Repeat("ä", 256-len([]rune(composed)))
		n := identity.NewUser{Email: "a@example.com", Name: "Anna", Role: access.Editor, Password: modelstest.Keep(store, modelstest.Password, longest)}
		if _, err := store.Identity.Users.CreateUser(t.Context(), system, n); err != nil {
			t.Fatal(err)
		}
		for typed, right := range map[string]bool{longest: true, norm.NFD.String(longest): true, longest + "y": false, longest + longest: false} {
			if _, err := withPassword(t.Context(), store, access.Actor{}, "a@example.com", typed); right != (err == nil) {
				t.Errorf("%d bytes: %v", len(typed), err)
			}
		}
	})
}

// TestHashCost checks for 19 MiB and two passes outside of tests.
func TestHashCost(t *testing.T) {
	modelstest.UseProductionHashCost(t)
	hash, err := identity.HashOf(t.Context(), composed)
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("a hash is %s, %v", hash, err)
	}
}

// CountUpTo counts how often a hash begins: that asks for the channel once.
type CountUpTo struct {
	context.Context
	n int
}

func (c *CountUpTo) Done() <-chan struct{} {
	c.n++
	return c.Context.Done()
}

// TestHashingDoesNotRevealUsers checks that the number of hashes depends only on what was
// typed, not on whether there is a user or how old the hash is.
func TestHashingDoesNotRevealUsers(t *testing.T) {
	old, err := models.OldHash(t.Context(), widened(composed))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := models.OldHash(t.Context(), composed)
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]int{composed: 1, "wrong": 1, widened(composed): 2, widened("wrong"): 2, norm.NFD.String(composed): 2} {
		for name, hash := range map[string]string{"nobody": "", "old": old, "fresh": fresh} {
			ctx := &CountUpTo{Context: t.Context()}
			if err := models.CheckPassword(ctx, hash, typed); err != nil || ctx.n != want {
				t.Errorf("%+q for %s: %d hashes, want %d, %v", typed, name, ctx.n, want, err)
			}
		}
	}
}
