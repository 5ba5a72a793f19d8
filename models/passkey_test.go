package models_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

func TestPasskeysAreTheirOwners(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ada := modelstest.Owner(t, store)
		made, err := store.Identity.Users.CreateUser(t.Context(), access.System("test"), identity.NewUser{
			Email: "bea@example.com", Name: "Bea", Role: access.Owner, Password: modelstest.OwnerPassword,
		})
		if err != nil {
			t.Fatal(err)
		}
		bea := made.Actor()
		codes, err := store.Identity.SecondFactors.AddPasskey(t.Context(), ada, identity.NewPasskey{Name: " Phone ", CredentialID: "one", Data: "{}"})
		if err != nil || len(codes) != 10 {
			t.Fatalf("the first passkey comes with recovery codes: %v, %v", codes, err)
		}
		if codes, err = store.Identity.SecondFactors.AddPasskey(t.Context(), ada, identity.NewPasskey{Name: "Laptop", CredentialID: "two", Data: "{}"}); err != nil || codes != nil {
			t.Errorf("the second one: %v, %v", codes, err)
		}
		if _, err := store.Identity.SecondFactors.AddPasskey(t.Context(), bea, identity.NewPasskey{Name: "Copy", CredentialID: "one", Data: "{}"}); !errors.As(err, new(access.Invalid)) {
			t.Errorf("a credential for the second time: %v", err)
		}
		if _, err := store.Identity.SecondFactors.AddPasskey(t.Context(), ada, identity.NewPasskey{Name: "\u200b", CredentialID: "three", Data: "{}"}); !errors.As(err, new(access.Invalid)) {
			t.Errorf("without a name: %v", err)
		}
		keys, err := store.Identity.SecondFactors.Passkeys(t.Context(), ada)
		if err != nil || len(keys) != 2 || keys[1].Name != "Phone" {
			t.Fatal(keys, err)
		}
		if _, err := store.Identity.SecondFactors.Passkey(t.Context(), bea, keys[0].ID); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("Bea sees Ada's passkey: %v", err)
		}
		if err := store.Identity.SecondFactors.RenamePasskey(t.Context(), bea, keys[0].ID, "Mine"); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("Bea renames Ada's passkey: %v", err)
		}
		if err := store.Identity.SecondFactors.RemovePasskey(t.Context(), bea, keys[0].ID); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("Bea removes Ada's passkey: %v", err)
		}
		if err := errors.Join(store.Identity.SecondFactors.RenamePasskey(t.Context(), ada, keys[0].ID, "Desk"), store.Identity.SecondFactors.RecordPasskeyUse(t.Context(), keys[0].ID, `{"a":1}`)); err != nil {
			t.Fatal(err)
		}
		key, owner, err := store.Identity.SecondFactors.PasskeyOwner(t.Context(), "two")
		if err != nil || owner.ID != ada.ID || key.Name != "Desk" || key.LastUsedAt == nil || key.Data != `{"a":1}` {
			t.Errorf("%+v, %v, %v", key, owner, err)
		}
	})
}

func TestLastPasskeyIsKept(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		for i := range 2 {
			if _, err := store.Identity.SecondFactors.AddPasskey(t.Context(), by, identity.NewPasskey{Name: "Key", CredentialID: fmt.Sprint(i), Data: "{}"}); err != nil {
				t.Fatal(err)
			}
		}
		keys, err := store.Identity.SecondFactors.Passkeys(t.Context(), by)
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Exec(t.Context(), "UPDATE users SET password_hash = ''"); err != nil {
			t.Fatal(err)
		}
		if err := store.Identity.SecondFactors.RemovePasskey(t.Context(), by, keys[0].ID); err != nil {
			t.Errorf("one of two: %v", err)
		}
		if err := store.Identity.SecondFactors.RemovePasskey(t.Context(), by, keys[1].ID); !errors.Is(err, access.ErrConflict) {
			t.Errorf("the only way in: %v", err)
		}
		if f, err := store.Identity.SecondFactors.Factors(t.Context(), by.UserID); err != nil || f.Passkeys != 1 || f.Codes != 10 {
			t.Errorf("%+v, %v", f, err)
		}
		if err := store.Exec(t.Context(), "UPDATE users SET password_hash = 'there is one'"); err != nil {
			t.Fatal(err)
		}
		if err := store.Identity.SecondFactors.RemovePasskey(t.Context(), by, keys[1].ID); err != nil {
			t.Errorf("beside a password: %v", err)
		}
		if f, err := store.Identity.SecondFactors.Factors(t.Context(), by.UserID); err != nil || f != (identity.Factors{}) {
			t.Errorf("recovery codes are left for nothing: %+v, %v", f, err)
		}
	})
}

func TestBrowsers(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge/Windows",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                        "Firefox/Linux",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15":         "Safari/Mac",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Safari/604.1":      "Chrome/iPhone",
		"Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":         "Chrome/Android",
		"curl/8.14.1": "curl/", "": "/", "<script>": "/",
	} {
		if got := identity.BrowserOf(agent).String(); got != want {
			t.Errorf("%s is %q, want %q", agent, got, want)
		}
	}
}

// TestMigrationKeepsBrowsers migrates the devices of a database from before their browsers
// were stored without words.
func TestMigrationKeepsBrowsers(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			store := modelstest.Connect(t, modelstest.EmptyURL(t, engine))
			if err := store.MigrateTo(t.Context(), 19); err != nil {
				t.Fatal(err)
			}
			carryOut(t, store, "INSERT INTO users (id, email, email_key, name, role, password_hash, created_at, updated_at) VALUES ('0000000000000001', 'a@b.c', 'a@b.c', 'Ada', 'owner', '', 1, 1)")
			for i, browser := range []string{"Firefox on Linux", "curl", "Browser on Mac", "Unknown browser", "Samsung Internet on Android"} {
				carryOut(t, store, fmt.Sprintf("INSERT INTO devices VALUES ('0000000000000001', '%s', '192.0.2.1', '192.0.2.1', %d)", browser, i))
			}
			if err := store.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := []string{"Firefox/Linux", "curl/", "/Mac", "/", "Samsung Internet/Android"}
			if got := all(t, store, "SELECT browser FROM devices ORDER BY last_at"); !slices.Equal(got, want) {
				t.Errorf("the browsers are %q, want %q", got, want)
			}
		})
	}
}

func TestNewDeviceIsReportedOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		u, err := store.Identity.Users.UserByEmail(t.Context(), "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		store.DB.Now = func() time.Time { return now }
		for i, from := range []struct {
			ip, agent string
			fresh     bool
		}{
			{"192.0.2.1", "Firefox Linux", false}, // the first of all is nothing new
			{"192.0.2.1", "Firefox Linux", false},
			{"192.0.2.2", "Firefox Linux", true},
			{"2001:db8::1", "Firefox Linux", true},
			{"2001:db8::2", "Firefox Linux", false}, // the same /64
			{"192.0.2.2", "Chrome Windows", true},
			{"192.0.2.1", "Firefox Linux", false},
		} {
			now = now.Add(time.Minute)
			by.IP, by.UserAgent = from.ip, from.agent
			if _, err := store.Identity.Sessions.StartSession(t.Context(), by, u, false, identity.ByPassword); err != nil {
				t.Fatal(err)
			}
			page, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Range: db.Range{Limit: 1}})
			if err != nil {
				t.Fatal(err)
			}
			want := `{"browser":{"before":null,"after":"` + identity.BrowserOf(from.agent).String() + `"},"factors":{"before":null,"after":["password"]}}`
			if from.fresh {
				want = want[:len(want)-1] + `,"new_device":{"before":null,"after":true}}`
			}
			if got := page.Lines[0].Changes; got != want {
				t.Errorf("%d: %s, want %s", i, got, want)
			}
		}
		in, err := signInWith(t.Context(), store, by, identity.WithNewAccount{User: u})
		if d := in.Last; err != nil || d == nil || d.IP != "192.0.2.1" || d.Browser != "Firefox/Linux" {
			t.Errorf("%+v, %v", d, err)
		}
		now = now.AddDate(2, 0, 0)
		if err := errors.Join(store.PassTime(t.Context()), store.Sweep(t.Context())); err != nil || store.Count(t, "devices") != 0 {
			t.Errorf("devices are kept for ever: %v", err)
		}
	})
}

func TestResetDeletesAllSecondFactors(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		p, codes := withApp(t, store, by)
		if _, err := store.Identity.SecondFactors.AddPasskey(t.Context(), by, identity.NewPasskey{Name: "Lost", CredentialID: "lost", Data: "{}"}); err != nil {
			t.Fatal(err)
		}
		waiting := half(t, store, by)
		if err := store.DeleteSecondFactor(t.Context(), by.UserID); err != nil {
			t.Fatal(err)
		}
		if f, err := store.Identity.SecondFactors.Factors(t.Context(), by.UserID); err != nil || f != (identity.Factors{}) {
			t.Errorf("%+v, %v", f, err)
		}
		if _, err := withCode(t.Context(), store, by, waiting, p.code(0)); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("a sign-in that waited goes on: %v", err)
		}
		if _, err := withCode(t.Context(), store, by, half(t, store, by), codes[0]); !errors.Is(err, access.ErrSignIn) {
			t.Errorf("a recovery code still works: %v", err)
		}
	})
}
