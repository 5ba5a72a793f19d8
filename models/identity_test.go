package models_test

import (
	"errors"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
)

// TestAddressesAreComparedByIdentityKey checks that letters that look or sort alike are
// different letters.
func TestAddressesAreComparedByIdentityKey(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		make := func(address string) error {
			_, err := store.Identity.Users.CreateUser(t.Context(), system, identity.NewUser{
				Email: address, Name: "Somebody", Role: access.Editor, Password: modelstest.OwnerPassword,
			})
			return err
		}
		for _, tc := range []struct {
			address string
			same    []string
			other   []string
		}{
			{"muller@example.com", []string{"MULLER@EXAMPLE.COM", " muller@example.com\u200b"}, []string{"müller@example.com", "muller@éxample.com", "ｍuller@example.com"}},
			{"i@example.org", []string{"I@example.org"}, []string{"İ@example.org", "ı@example.org"}},
			{"anna@bücher.example", []string{"anna@xn--bcher-kva.example", "ANNA@BÜCHER.example", "anna@bu\u0308cher.example"}, []string{"anna@bucher.example"}},
			{"zoë@example.net", []string{"zoe\u0308@example.net", "ZOË@EXAMPLE.NET"}, []string{"zoe@example.net"}},
			{"groß@straße.example", []string{"GROẞ@straße.example", "groß@xn--strae-oqa.example"}, []string{"gross@straße.example", "groß@strasse.example"}},
		} {
			if err := make(tc.address); err != nil {
				t.Fatalf("%s: %v", tc.address, err)
			}
			for _, same := range tc.same {
				if _, ok := errors.AsType[access.Invalid](make(same)); !ok {
					t.Errorf("%s is made beside %s", same, tc.address)
				}
				if u, err := store.Identity.Users.UserByEmail(t.Context(), same); err != nil || u.Email != tc.address {
					t.Errorf("%s finds %s, %v", same, u.Email, err)
				}
			}
			for _, other := range tc.other {
				if u, err := store.Identity.Users.UserByEmail(t.Context(), other); !errors.Is(err, access.ErrNotFound) {
					t.Errorf("%s finds %s, %v", other, u.Email, err)
				}
				if err := make(other); err != nil {
					t.Errorf("%s beside %s: %v", other, tc.address, err)
				}
			}
		}
	})
}

// TestInvitationIsForOneAddress checks that a user with a similar address can't accept it.
func TestInvitationIsForOneAddress(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		invite := func(address string) error {
			_, secret, err := store.Identity.Invitations.Invite(t.Context(), by, identity.NewInvitation{Email: address, Role: access.Editor})
			modelstest.Keep(store, modelstest.InviteLink, secret)
			return err
		}
		for _, address := range []string{"àda@example.com", "ada@éxample.com", "bob@example.com", "böb@example.com"} {
			if err := invite(address); err != nil {
				t.Errorf("%s: %v", address, err)
			}
		}
		for _, address := range []string{"ADA@example.com", "ada\u00ad@example.com", "bo\u0308b@example.com", "\ufeffBob@example.com"} {
			if err := invite(address); errorsIn(err) != "email" && !errors.As(err, new(identity.AlreadyInvited)) {
				t.Errorf("%q is invited: %v", address, err)
			}
		}
	})
}

// TestProviderClaimMatchesOneAddress checks that owner@éxample.com is not
// owner@example.com.
func TestProviderClaimMatchesOneAddress(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		modelstest.Owner(t, store) // ada@example.com
		for subject, address := range map[string]string{
			"1": "ada@éxample.com", "2": "àda@example.com", "3": "ａda@example.com", "4": "ada\u200b@example.com", "5": "ada@example.com ",
		} {
			v := identity.ProviderClaims{Issuer: "https://id.example", Subject: subject, Email: address, Verified: true}
			if u, err := withProvider(t.Context(), store, access.Actor{}, v); !errors.Is(err, access.ErrSignIn) {
				t.Errorf("%q signs in as %s, %v", address, u.Email, err)
			}
		}
		v := identity.ProviderClaims{Issuer: "https://id.example", Subject: "6", Email: "ADA@Example.COM", Verified: true}
		if u, err := withProvider(t.Context(), store, access.Actor{}, v); err != nil || u.Email != "ada@example.com" {
			t.Errorf("the owner: %s, %v", u.Email, err)
		}
	})
}

// TestAUsernameNamesOneContact checks that a username that is only found by the same search
// names nobody.
func TestAUsernameNamesOneContact(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		modelstest.Contact(t, store, by, "muller")
		modelstest.Contact(t, store, by, "kate")
		g := modelstest.Group(t, store, by, "Plaza Hotel")
		for _, name := range []string{"müller", "ｍuller", "\u212aate"} {
			_, _, err := store.Members.AddMembers(t.Context(), by, g.ID, []models.ContactRef{{Username: name}}, nil)
			if _, ok := errors.AsType[access.Invalid](err); !ok {
				t.Errorf("%s is a member now: %v", name, err)
			}
		}
		if _, _, err := store.Members.AddMembers(t.Context(), by, g.ID, []models.ContactRef{{Username: "MULLER"}}, nil); err != nil {
			t.Error(err)
		}
	})
}

// TestInvisibleCharactersInAddressesAreIgnored checks that pasted addresses sign in, and
// that the attempts count for the same account.
func TestInvisibleCharactersInAddressesAreIgnored(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		modelstest.Owner(t, store)
		for _, typed := range []string{
			"\u200bada@example.com", "ada@example.com\ufeff", "\u200eada@example.com\u200f", "\u202aada@example.com\u202c",
			"ada@exa\u00admple.com", "\u00a0ada@example.com\u202f", "ada\u2060@\u200dexample.com",
		} {
			if _, err := withPassword(t.Context(), store, access.Actor{}, typed, modelstest.OwnerPassword); err != nil {
				t.Errorf("%+q: %v", typed, err)
			}
		}
		held := false
		for i := range 6 {
			_, err := withPassword(t.Context(), store, access.Actor{}, "ada@example.com"+strings.Repeat("\u200b", i), "wrong")
			_, held = errors.AsType[access.Throttled](err)
		}
		if !held {
			t.Error("invisible characters are a way round the limit")
		}
	})
}

func TestStripInvisible(t *testing.T) {
	for given, want := range map[string]string{
		"ada":                                   "ada",
		"\u200ba\u200cd\u200da\ufeff":           "ada",
		"\u202aa\u202bd\u202ca\u202d\u202e":     "ada",
		"\u2066a\u2067d\u2068a\u2069\u200e":     "ada",
		"a\u00add\u2060a\u180e\u061c":           "ada",
		"a\ufe0fd\U000e0061a\u034f":             "ada",
		"\u3164a\u115fd\u1160a\uffa0":           "ada",
		"é e\u0301 \u0600 a\u00a0b 会議 \u0e33 👍": "é e\u0301 \u0600 a\u00a0b 会議 \u0e33 👍",
		"\xff\u200b":                            "\xff\u200b",
	} {
		if got := text.StripInvisible(given); got != want {
			t.Errorf("%+q becomes %+q, want %+q", given, got, want)
		}
	}
}
