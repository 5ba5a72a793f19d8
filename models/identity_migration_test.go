package models_test

import (
	"fmt"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// before10 returns an empty database of the engine as the version before identity keys left
// it.
func before10(t *testing.T, engine string) *models.Store {
	t.Helper()
	store := modelstest.Connect(t, modelstest.EmptyURL(t, engine))
	if err := store.MigrateTo(t.Context(), 9); err != nil {
		t.Fatal(err)
	}
	return store
}

// withUser adds a user as the version before did: by the folded address.
func withUser(t *testing.T, store *models.Store, n int, address, folded string) {
	t.Helper()
	if err := store.Exec(t.Context(), fmt.Sprintf(`INSERT INTO users (id, email, email_key, name, role, password_hash, created_at, updated_at)
		VALUES ('000000000000000%d', '%s', '%s', 'Somebody', 'editor', 'x', 1, 1)`, n, address, folded)); err != nil {
		t.Fatal(err)
	}
}

// TestIdentityKeysAreRebuilt checks that users are found by their own addresses only, and
// stay throttled if they were.
func TestIdentityKeysAreRebuilt(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			store := before10(t, engine)
			withUser(t, store, 1, "Müller@bücher.example", "muller@bucher.example")
			withUser(t, store, 2, "ada@example.com", "ada@example.com")
			withUser(t, store, 3, "bob\u200b@example.com", "bob\u200b@example.com")
			for _, sql := range []string{
				`INSERT INTO invitations (id, email, email_key, name, role, hash, invited_by, created_at, expires_at)
				 VALUES ('0000000000000009', 'Zoë@example.com', 'zoe@example.com', '', 'editor', 'x', '0000000000000001', 1, 99999999999)`,
				`INSERT INTO throttles (key, failures, last_at, until_at)
				 VALUES ('` + models.AccountKeyOf("muller@bucher.example") + `', 5, 99999999999, 99999999999)`,
			} {
				if err := store.Exec(t.Context(), sql); err != nil {
					t.Fatal(err)
				}
			}
			if err := store.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			users, err := store.Strings(t.Context(), "SELECT email || ' ' || email_key FROM users ORDER BY id")
			if want := "Müller@bücher.example müller@xn--bcher-kva.example, ada@example.com ada@example.com, bob@example.com bob@example.com"; err != nil || strings.Join(users, ", ") != want {
				t.Errorf("%+q, want %+q, %v", users, want, err)
			}
			invited, err := store.Strings(t.Context(), "SELECT email_key FROM invitations")
			if err != nil || strings.Join(invited, ", ") != "zoë@example.com" {
				t.Errorf("%q, %v", invited, err)
			}
			held, err := store.Strings(t.Context(), "SELECT key FROM throttles")
			if want := models.AccountKeyOf("müller@xn--bcher-kva.example"); err != nil || strings.Join(held, ", ") != want {
				t.Errorf("%q, want %q, %v", held, want, err)
			}
		})
	}
}

// TestDuplicateAddressStopsTheMigration checks that the error names both users, and that
// nothing is changed.
func TestDuplicateAddressStopsTheMigration(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			store := before10(t, engine)
			withUser(t, store, 1, "Anna@bücher.example", "anna@bucher.example")
			withUser(t, store, 2, "anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example")
			err := store.Migrate(t.Context())
			for _, part := range []string{"Anna@bücher.example", "0000000000000001", "anna@xn--bcher-kva.example", "0000000000000002", "same email address"} {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("%v does not say %q", err, part)
				}
			}
			keys, err := store.Strings(t.Context(), "SELECT email_key FROM users ORDER BY id")
			if err != nil || keys[0] != "anna@bucher.example" {
				t.Errorf("%q, %v", keys, err)
			}
		})
	}
}
