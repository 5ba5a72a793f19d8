package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/keys"
	"protocol.chat/console/models/modelstest"
)

// withKeyFile runs a command line whose keys are in a file, unless variable has them.
func withKeyFile(t *testing.T, database, file, variable string, args ...string) result {
	t.Helper()
	var stdout, stderr strings.Builder
	getenv := func(name string) string {
		return map[string]string{"DATABASE_URL": database, "CONSOLE_KEY_FILE": file, keyVariable: variable}[name]
	}
	code := run(t.Context(), args, getenv, strings.NewReader(""), &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

// seedOf is the seed of Ada's app, as somebody with these keys reads it.
func seedOf(t *testing.T, database string, keys keys.Keys) (string, error) {
	t.Helper()
	store := modelstest.Connect(t, database)
	if err := store.Audit.SetKeys(t.Context(), keys); err != nil {
		return "", err
	}
	u, err := store.Identity.Users.UserByEmail(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	key, err := store.Identity.SecondFactors.NewTOTP(t.Context(), u.Actor())
	return key.Secret, err
}

func TestRotatingTheKey(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		file := filepath.Join(t.TempDir(), "console.key")
		first := keys.NewKeys()
		if err := writeKeys(file, first); err != nil {
			t.Fatal(err)
		}
		if err := writeKeys(file, first); err == nil {
			t.Error("a key file was written over")
		}
		store := modelstest.Connect(t, database)
		if err := store.Audit.SetKeys(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		modelstest.Owner(t, store)
		seed, err := seedOf(t, database, first)
		if err != nil {
			t.Fatal(err)
		}
		r := withKeyFile(t, database, file, "", "key", "rotate")
		if r.code != 0 || !strings.Contains(r.stdout, "re-encrypted: 1.") || strings.Contains(r.stdout, "pck_") {
			t.Fatalf("%+v", r)
		}
		info, err := os.Stat(file)
		text, readErr := os.ReadFile(file)
		if err != nil || readErr != nil || info.Mode().Perm() != 0o600 {
			t.Fatal(info.Mode(), err, readErr)
		}
		both, err := keys.ParseKeys(string(text))
		if err != nil || !strings.HasSuffix(both.Text(), first.Text()) || both.Text() == first.Text() {
			t.Fatalf("the file has %s, %v", both, err)
		}
		if got, err := seedOf(t, database, both); err != nil || got != seed {
			t.Errorf("the seed is %q, %v", got, err)
		}
		newest, err := keys.ParseKeys(strings.Fields(both.Text())[0])
		if err != nil {
			t.Fatal(err)
		}
		if got, err := seedOf(t, database, newest); err != nil || got != seed {
			t.Errorf("by the new key alone the seed is %q, %v", got, err)
		}
		if _, err := seedOf(t, database, first); err == nil || !strings.Contains(err.Error(), "give it the same key file") {
			t.Errorf("the old key alone: %v", err)
		}
		if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
			t.Errorf("beside the key file there is %v, %v", entries, err)
		}
	})
}

// TestARunningConsoleTakesUpANewKey: it reads the file again once it meets the key.
func TestARunningConsoleTakesUpANewKey(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		file := filepath.Join(t.TempDir(), "console.key")
		c := newCommand(verb{name: "serve"}, nil, func(name string) string {
			return map[string]string{"DATABASE_URL": database, "CONSOLE_KEY_FILE": file}[name]
		}, nil, nil, nil)
		c.database()
		if _, err := c.parse(); err != nil {
			t.Fatal(err)
		}
		running, err := c.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer running.Close()
		modelstest.Owner(t, running)
		ada, err := running.Identity.Users.UserByEmail(t.Context(), "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		before, err := running.Identity.SecondFactors.NewTOTP(t.Context(), ada.Actor())
		if err != nil {
			t.Fatal(err)
		}
		if err := running.Audit.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r := withKeyFile(t, database, file, "", "key", "rotate"); r.code != 0 || !strings.Contains(r.stdout, "reload this key file automatically") {
			t.Fatalf("%+v", r)
		}
		if after, err := running.Identity.SecondFactors.NewTOTP(t.Context(), ada.Actor()); err != nil || after != before {
			t.Errorf("the running console reads %v, not %v: %v", after, before, err)
		}
		if _, err := running.Identity.Users.CreateUser(t.Context(), access.System("test"), identity.NewUser{Email: "bea@example.com", Name: "Bea", Role: access.Editor, Password: "a password of many words"}); err != nil {
			t.Fatal(err)
		}
		if err := running.Audit.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		if proof, err := running.Audit.VerifyAudit(t.Context(), ""); err != nil || proof.Broken != nil {
			t.Errorf("the log: %v, %v", proof.Broken, err)
		}
		keys, err := readKeys(file)
		if err != nil {
			t.Fatal(err)
		}
		newest := strings.Fields(keys.String())[1]
		if page, err := running.Audit.Activity(t.Context(), audit.ActivityQuery{Range: db.Range{Limit: 1}}); err != nil || !strings.HasPrefix(page.Lines[0].MAC, newest+":") {
			t.Errorf("it goes on with another key than %s: %v, %v", newest, page.Lines, err)
		}
	})
}

func TestARotationThatWasCutShort(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		file := filepath.Join(t.TempDir(), "console.key")
		first := keys.NewKeys()
		store := modelstest.Connect(t, database)
		if err := store.Audit.SetKeys(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		modelstest.Owner(t, store)
		seed, err := seedOf(t, database, first)
		if err != nil {
			t.Fatal(err)
		}
		begun := first.Rotated() // the file was written, and then the power went
		if err := writeKeys(file, begun); err != nil {
			t.Fatal(err)
		}
		if r := withKeyFile(t, database, file, "", "key", "rotate"); r.code != 0 || !strings.Contains(r.stdout, "re-encrypted: 1.") {
			t.Fatalf("%+v", r)
		}
		if text, err := os.ReadFile(file); err != nil || !strings.HasSuffix(string(text), "\n"+begun.Text()) {
			t.Errorf("the file has another key: %v", err)
		}
		if got, err := seedOf(t, database, begun); err != nil || got != seed {
			t.Errorf("the seed is %q, %v", got, err)
		}
	})
}

func TestRotatingAKeyOfTheEnvironment(t *testing.T) {
	database := modelstest.URL(t, modelstest.SQLite)
	first := keys.NewKeys().Text()
	missing := filepath.Join(t.TempDir(), "none")
	r := withKeyFile(t, database, missing, first, "key", "rotate")
	if r.code != 1 || !strings.Contains(r.stderr, "console key rotate -print") {
		t.Errorf("%+v", r)
	}
	r = withKeyFile(t, database, missing, first, "key", "rotate", "-print")
	if r.code != 0 || strings.Count(r.stdout, "pck_") != 2 || !strings.Contains(r.stdout, strings.TrimSpace(first)) {
		t.Fatalf("%+v", r)
	}
	if r = withKeyFile(t, database, missing, r.stdout, "key", "rotate"); r.code != 0 || !strings.Contains(r.stdout, "Restart every console") {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("a key file was made")
	}
}

// TestNoStrayKeyIsMade: a database that was opened with a key is not opened with a new one,
// and none is left behind where it was tried.
func TestNoStrayKeyIsMade(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		modelstest.Owner(t, modelstest.OpenURL(t, database))
		for _, forget := range []string{"", "DELETE FROM settings WHERE key = 'key'"} {
			if forget != "" {
				modelstest.Exec(t, modelstest.OpenURL(t, database), forget)
			}
			elsewhere := filepath.Join(t.TempDir(), "data", "console.key")
			for _, args := range [][]string{{"user", "list"}, {"audit", "verify"}, {"serve", "-listen", "127.0.0.1:0"}, {"key", "rotate"}} {
				r := withKeyFile(t, database, elsewhere, "", args...)
				if r.code != 1 || !strings.Contains(r.stderr, "no key file at "+elsewhere) {
					t.Errorf("%s: %+v", args, r)
				}
			}
			if entries, err := os.ReadDir(filepath.Dir(elsewhere)); err == nil {
				t.Errorf("there is %v", entries)
			}
		}
	})
}

// TestWhereTheMarkIs: beside the key, under the database's name.
func TestWhereTheMarkIs(t *testing.T) {
	for _, tc := range [][5]string{
		{"sqlite:data/console.db", "", "", "", "data/console.db.mark"},
		{"sqlite:data/console.db", "/run/key", "", "", "/run/console.db.mark"},
		{"sqlite:data/console.db", "", "/var/mark", "", "/var/mark"},
		{"sqlite:two/x.db", "", "", modelstest.Keys.Text(), "two/x.db.mark"},
		{"postgres://console:secret@db.example:6432/staff", "", "", modelstest.Keys.Text(), "data/db.example-6432-staff.mark"},
		{"postgres://console@/staff?host=/run/pg&search_path=other", "", "", "", "data/run-pg-5432-staff-other.mark"},
	} {
		c := newCommand(verb{name: "serve"}, nil, func(name string) string {
			return map[string]string{"DATABASE_URL": tc[0], "CONSOLE_KEY_FILE": tc[1], "CONSOLE_MARK_FILE": tc[2], keyVariable: tc[3]}[name]
		}, nil, nil, nil)
		c.database()
		if _, err := c.parse(); err != nil {
			t.Fatal(err)
		}
		if got := c.markPath(); got != tc[4] {
			t.Errorf("%s: %s", tc, got)
		}
	}
}
