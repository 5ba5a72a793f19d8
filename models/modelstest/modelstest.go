// Package modelstest gives tests a real, fresh, migrated database of each
// engine, and sample data to fill it with.
//
// With go test -short, PostgreSQL, browsers and what takes long are left out
// (Short); never with CI=true in the environment.
//
// Each is what most tests want. A SQLite database is a file in the test's own
// folder; a PostgreSQL database lives in a throwaway cluster that cmd/testrun
// starts for all packages of a run. Without it the first test to need one starts
// one for its process, with which it goes away.
package modelstest

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/keys"
)

// The engines, by the names that subtests carry.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Engines are all that the console runs on, for tests that need more than Each provides.
var Engines = []string{SQLite, Postgres}

// Keys are those of every test database.
var Keys = keys.NewKeys()

// Each runs test once on every engine, each time on a fresh database. The engines run beside
// each other, after the caller has returned.
func Each(t *testing.T, test func(t *testing.T, store *models.Store)) {
	t.Helper()
	EachSerially(t, func(t *testing.T, store *models.Store) {
		t.Parallel()
		test(t, store)
	})
}

// EachSerially is Each with one engine after the other, before the caller returns: for a test
// that changes something of the whole process.
func EachSerially(t *testing.T, test func(t *testing.T, store *models.Store)) {
	t.Helper()
	for _, engine := range Engines {
		t.Run(engine, func(t *testing.T) { test(t, Open(t, engine)) })
	}
}

// Open opens a fresh, migrated database of the engine and closes it when the
// test ends.
func Open(t testing.TB, engine string) *models.Store {
	t.Helper()
	return OpenURL(t, URL(t, engine))
}

// OpenURL opens the migrated database at url, as a second instance of the console would,
// and closes it when the test ends. It then fails the test if the database has a secret
// that the test is known to have used: see Secrets.
func OpenURL(t testing.TB, url string) *models.Store {
	t.Helper()
	store := Connect(t, url)
	if used, again := ledgers.LoadOrStore(url, &Secrets{}); !again {
		t.Cleanup(func() {
			used.(*Secrets).search(t, url)
			ledgers.Delete(url)
		})
	}
	if err := store.Audit.SetKeys(t.Context(), Keys); err != nil {
		t.Fatal(err)
	}
	aside, err := openAside(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		opened.Delete(store)
		_ = aside.db.Close()
	})
	opened.Store(store, aside)
	return store
}

// Second opens the database of a store that OpenURL opened once more, with now for its
// clock: ids made by one instance never go back.
func Second(t testing.TB, store *models.Store, now time.Time) *models.Store {
	t.Helper()
	second := OpenURL(t, asideOf(store).url)
	second.DB.Now = func() time.Time { return now }
	return second
}

// aside is a way into a store's database past the store. It connects when it is first used.
type aside struct {
	url, engine string
	db          *sql.DB
}

// opened are the stores that OpenURL opened, with the way past each of them.
var opened sync.Map

func openAside(url string) (aside, error) {
	a, driver, address := aside{url: url, engine: Postgres}, "pgx", url
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		a.engine, driver, address = SQLite, "sqlite", file
	}
	var err error
	a.db, err = sql.Open(driver, address)
	return a, err
}

// asideOf returns the way past a store, which has no database if OpenURL didn't open it.
func asideOf(store *models.Store) aside {
	a, _ := opened.Load(store)
	known, _ := a.(aside)
	return known
}

// Exec runs a statement in the database of a store that OpenURL opened, for what no method
// of the store does.
func Exec(t testing.TB, store *models.Store, statement string) {
	t.Helper()
	if _, err := asideOf(store).db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// OpenEmpty opens a database that has no schema yet, and migrates it.
func OpenEmpty(t testing.TB, url string) *models.Store {
	t.Helper()
	store := Connect(t, url)
	if err := errors.Join(store.Migrate(t.Context()), store.Audit.SetKeys(t.Context(), Keys)); err != nil {
		t.Fatal(err)
	}
	return store
}

// Connect opens the database at url as it is: perhaps without a schema, and without keys.
func Connect(t testing.TB, url string) *models.Store {
	t.Helper()
	store, err := models.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return store
}

// URL makes a fresh, migrated database of the engine that lasts as long as
// the test, and returns where it is. If PostgreSQL is not wanted (Short) or not
// installed it skips the test; in CI (CI=true) it fails the test instead.
func URL(t testing.TB, engine string) string {
	t.Helper()
	if engine == Postgres {
		return postgresURL(t, template)
	}
	return sqliteURL(t)
}

// EmptyURL is URL for a database without a schema.
func EmptyURL(t testing.TB, engine string) string {
	t.Helper()
	if engine == Postgres {
		return postgresURL(t, "template0")
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "console.db")
}

func sqliteURL(t testing.TB) string {
	t.Helper()
	template, err := sqliteTemplate()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "console.db")
	if err := os.WriteFile(file, template, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + file
}

// sqliteTemplate is the content of a migrated database without rows: to write
// it down takes a fraction of the time the migrations do.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "console-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)

	file := filepath.Join(dir, "console.db")
	if err := migrate("sqlite:" + file); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

func postgresURL(t testing.TB, template string) string {
	t.Helper()
	SkipIfShort(t, "on PostgreSQL")
	shared, err := sharedCluster()
	if errors.Is(err, ErrNotInstalled) {
		skip(t)
	}
	if err != nil {
		t.Fatal(err)
	}
	return shared.database(t, template)
}

func skip(t testing.TB) {
	t.Helper()
	LeaveOut(t, "not run on PostgreSQL: its initdb is neither in PATH nor in the usual places")
}

// Short reports whether go test -short asks for the short run: SQLite alone, no
// browser, and nothing that takes long. In CI (CI=true) there is none: nothing may
// be left out there.
func Short() bool { return testing.Short() && !inCI() }

// SkipIfShort skips the test in the short run. what completes the sentence
// "not run …", as "in a browser" does.
func SkipIfShort(t testing.TB, what string) {
	t.Helper()
	if Short() {
		t.Skip("not run " + what + ": -short")
	}
}

// Rounds returns how often a test repeats what is random, or how much it takes of what is
// only many: usually few, and nightly many (with NIGHTLY=1 in the environment).
func Rounds(usually, nightly int) int {
	if os.Getenv("NIGHTLY") == "1" {
		return nightly
	}
	return usually
}

// Slow marks a test that takes seconds: the short run skips it.
func Slow(t testing.TB) {
	t.Helper()
	SkipIfShort(t, "because it is slow")
}

func inCI() bool { return os.Getenv("CI") == "true" }
