package models_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

// wantOutage fails the test unless an error and Ready report this outage; "" is none.
func wantOutage(t *testing.T, store *models.Store, err error, want access.Outage) {
	t.Helper()
	if got := access.OutageOf(err); got != want || errors.Is(err, access.ErrUnavailable) != (want != "") {
		t.Errorf("the outage is %q, want %q: %v", got, want, err)
	}
	wantReady(t, store, want)
}

func wantReady(t *testing.T, store *models.Store, want access.Outage) {
	t.Helper()
	if err := store.DB.Ready(t.Context()); access.OutageOf(err) != want || (err == nil) != (want == "") {
		t.Errorf("Ready reports %v, want %q", err, want)
	}
}

func createGroup(t *testing.T, store *models.Store, name string) error {
	t.Helper()
	_, err := store.CreateGroup(t.Context(), access.System("test"), models.GroupChange{Name: &name}, nil)
	return err
}

// sqliteFile returns a fresh database and its file.
func sqliteFile(t *testing.T) (url, file string) {
	t.Helper()
	url = modelstest.URL(t, modelstest.SQLite)
	return url, strings.TrimPrefix(url, "sqlite:")
}

func TestMovedFilesTakeNoChanges(t *testing.T) {
	for name, move := range map[string]func(file string) error{
		"deleted":      os.Remove,
		"moved":        func(file string) error { return os.Rename(file, file+".away") },
		"log deleted":  func(file string) error { return os.Remove(file + "-wal") },
		"index erased": func(file string) error { return os.Remove(file + "-shm") },
		"replaced": func(file string) error {
			return errors.Join(copyFile(file, file+".copy"), os.Rename(file+".copy", file))
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, file := sqliteFile(t)
			store := modelstest.Connect(t, url)
			if err := store.Audit.SetKeys(t.Context(), modelstest.Keys); err != nil {
				t.Fatal(err)
			}
			wantOutage(t, store, createGroup(t, store, "Before"), "")
			if err := move(file); err != nil {
				t.Fatal(err)
			}
			wantOutage(t, store, createGroup(t, store, "After"), access.Gone)
			if _, err := store.Identity.Users.HasOwner(t.Context()); err != nil {
				t.Errorf("what is open can't be read: %v", err)
			}
			if _, err := os.Stat(file); name == "deleted" && err == nil {
				t.Error("another file was made in its place")
			}
		})
	}
}

func TestFilesThatArePutBackGoOn(t *testing.T) {
	url, file := sqliteFile(t)
	store := modelstest.OpenURL(t, url)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(file+suffix, file+suffix+".away"); err != nil {
			t.Fatal(err)
		}
	}
	wantOutage(t, store, createGroup(t, store, "Away"), access.Gone)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Rename(file+suffix+".away", file+suffix); err != nil {
			t.Fatal(err)
		}
	}
	wantReady(t, store, "")
	wantOutage(t, store, createGroup(t, store, "Back"), "")
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}

func TestFullSQLite(t *testing.T) {
	url, _ := sqliteFile(t)
	store := modelstest.OpenURL(t, url)
	if err := store.Exec(t.Context(), "PRAGMA max_page_count = 1"); err != nil { // which is as many as there are
		t.Fatal(err)
	}
	var err error
	for i := 0; err == nil && i < 100; i++ {
		_, err = store.CreateGroup(t.Context(), access.System("test"), models.GroupChange{Name: new("Plaza"), Description: new(strings.Repeat("long ", 1000))}, nil)
	}
	wantOutage(t, store, err, access.Full)
	wantReady(t, store, access.Full) // and goes on to
	if err := store.Exec(t.Context(), "PRAGMA max_page_count = 100000"); err != nil {
		t.Fatal(err)
	}
	wantReady(t, store, "")
	wantOutage(t, store, createGroup(t, store, "Room"), "")
	if left, err := store.Strings(t.Context(), "SELECT key FROM settings WHERE length(value) > 1000"); len(left) > 0 || err != nil {
		t.Errorf("the trial has left %q, %v", left, err)
	}
}

func TestDamagedSQLite(t *testing.T) {
	url, file := sqliteFile(t)
	store := modelstest.Connect(t, url)
	if err := errors.Join(store.Audit.SetKeys(t.Context(), modelstest.Keys), createGroup(t, store, "Plaza"), store.Close()); err != nil {
		t.Fatal(err)
	}
	pages := pagesOf(t, file, "groups")
	damage(t, file, pages[0]*4096, 4096)
	store = modelstest.Connect(t, url)
	now := time.Now()
	store.DB.Now = func() time.Time { return now }
	wantReady(t, store, "")
	_, err := store.Groups(t.Context(), models.GroupQuery{})
	wantOutage(t, store, err, access.Damaged)
	now = now.Add(time.Hour)
	wantReady(t, store, "")

	_, other := sqliteFile(t)
	damage(t, other, 0, 4096)
	if _, err := models.Open(t.Context(), "sqlite:"+other); err == nil || !strings.Contains(err.Error(), "not a database") {
		t.Errorf("a file that is no database opens: %v", err)
	}
}

// pagesOf returns the numbers, from 0, of the root pages of a table and its indexes.
func pagesOf(t *testing.T, file, table string) (pages []int64) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT rootpage - 1 FROM sqlite_schema WHERE tbl_name = ? AND rootpage > 0 ORDER BY type DESC", table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		pages = append(pages, 0)
		if err := rows.Scan(&pages[len(pages)-1]); err != nil {
			t.Fatal(err)
		}
	}
	return pages
}

// damage overwrites a part of a file.
func damage(t *testing.T, file string, at int64, size int) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte(strings.Repeat("\xa5", size)), at)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedPostgres(t *testing.T) {
	cluster := modelstest.StartCluster(t)
	store := modelstest.OpenEmpty(t, cluster.URL())
	if err := createGroup(t, store, "Plaza"); err != nil {
		t.Fatal(err)
	}
	paths, err := store.Strings(t.Context(), "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('groups')")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(store.Exec(t.Context(), "CHECKPOINT"), cluster.Stop()); err != nil {
		t.Fatal(err)
	}
	damage(t, paths[0], 0, 8192)
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	if err := store.DB.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = store.Groups(t.Context(), models.GroupQuery{})
	wantOutage(t, store, err, access.Damaged)
}

// TestBusy checks that a lock held by others is waited for, and then reported as an outage.
func TestBusy(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			url := modelstest.URL(t, engine)
			driver, address, begin := "sqlite", "file:"+strings.TrimPrefix(url, "sqlite:")+"?_txlock=immediate", "SELECT 1"
			if engine == modelstest.Postgres {
				url += "&lock_timeout=100ms"
				driver, address, begin = "pgx", url, "LOCK TABLE groups IN ACCESS EXCLUSIVE MODE"
			}
			store := modelstest.OpenURL(t, url)
			if engine == modelstest.SQLite {
				if err := store.Exec(t.Context(), "PRAGMA busy_timeout = 50"); err != nil {
					t.Fatal(err)
				}
			}
			db, err := sql.Open(driver, address)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			tx, err := db.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(begin); err != nil {
				t.Fatal(err)
			}
			if err := createGroup(t, store, "Waits"); access.OutageOf(err) != access.Busy {
				t.Errorf("the lock of another: %v", err)
			}
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
			wantReady(t, store, "")
			wantOutage(t, store, createGroup(t, store, "Goes on"), "")
		})
	}
}

// TestReadyHasItsOwnConnection checks Ready while all other connections are taken.
func TestReadyHasItsOwnConnection(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		release := store.HoldConnections(t)
		defer release()
		start := time.Now()
		wantReady(t, store, "")
		if took := time.Since(start); took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestReadOnlyPostgres(t *testing.T) {
	cluster := modelstest.StartCluster(t)
	store := modelstest.OpenEmpty(t, cluster.URL())
	for _, to := range []string{"on", "off"} {
		conn, err := pgx.Connect(t.Context(), cluster.URL()+"&default_transaction_read_only=off")
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Exec(t.Context(), "ALTER SYSTEM SET default_transaction_read_only = "+to)
		if err := errors.Join(err, conn.Close(t.Context()), cluster.Stop(), cluster.Start(), store.DB.Ping(t.Context())); err != nil {
			t.Fatal(err)
		}
		want := map[string]access.Outage{"on": access.ReadOnly, "off": ""}[to]
		wantOutage(t, store, createGroup(t, store, "Plaza"), want)
		if to == "on" {
			if _, err := models.Open(t.Context(), cluster.URL()); err == nil || !strings.Contains(err.Error(), "default_transaction_read_only") {
				t.Errorf("it starts on what it can't write to: %v", err)
			}
		}
	}
}

// sqliteError is an error as the driver of SQLite has them.
type sqliteError int

func (e sqliteError) Error() string { return fmt.Sprint("code ", int(e)) }
func (e sqliteError) Code() int     { return int(e) }

func TestOutagesOfBothEngines(t *testing.T) {
	lite, full := modelstest.Open(t, modelstest.SQLite), modelstest.Open(t, modelstest.Postgres)
	for code, want := range map[int]access.Outage{
		5: access.Busy, 517: access.Busy, 6: access.Busy, 15: access.Busy, 8: access.ReadOnly, 10: access.Damaged, 522: access.Damaged,
		11: access.Damaged, 267: access.Damaged, 26: access.Damaged, 13: access.Full, 14: access.Gone, 1: "", 19: "", 2067: "",
	} {
		if got := lite.Outage(fmt.Errorf("read: %w", sqliteError(code))); got != want {
			t.Errorf("SQLite's %d is %q, want %q", code, got, want)
		}
	}
	for code, want := range map[string]access.Outage{
		"55P03": access.Busy, "25P03": access.Busy, "25P04": access.Busy, "57014": access.Busy, "40P01": access.Busy, "53300": access.Busy, "53200": access.Busy,
		"53100": access.Full, "57P01": access.Gone, "57P02": access.Gone, "57P03": access.Gone, "08006": access.Gone, "08P01": access.Gone, "28P01": access.Gone,
		"3D000": access.Gone, "25006": access.ReadOnly, "58030": access.Damaged, "58P01": access.Damaged, "XX001": access.Damaged, "XX002": access.Damaged,
		"XX000": "", "23505": "", "42P01": "", "22P02": "",
	} {
		if got := full.Outage(fmt.Errorf("read: %w", &pgconn.PgError{Code: code})); got != want {
			t.Errorf("PostgreSQL's %s is %q, want %q", code, got, want)
		}
	}
	if got := full.Outage(fmt.Errorf("read: %w", io.ErrUnexpectedEOF)); got != access.Gone {
		t.Errorf("a connection that broke is %q", got)
	}
}

// TestUnsealedIsNotReady checks that a chain that can't be continued is an outage of its
// own.
func TestUnsealedIsNotReady(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		if err := errors.Join(createGroup(t, store, "Plaza"), store.Audit.Seal(t.Context())); err != nil {
			t.Fatal(err)
		}
		before, err := store.Strings(t.Context(), "SELECT value FROM settings WHERE key = 'audit_head'")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(store.Exec(t.Context(), "UPDATE settings SET value = 'forged' WHERE key = 'audit_head'"), createGroup(t, store, "Ritz")); err != nil {
			t.Fatal(err)
		}
		if err := store.Audit.Seal(t.Context()); err == nil {
			t.Error("it goes on with a chain that is not its own")
		}
		wantReady(t, store, access.Unsealed)
		if err := errors.Join(store.Exec(t.Context(), "UPDATE settings SET value = '"+before[0]+"' WHERE key = 'audit_head'"), store.Audit.Seal(t.Context())); err != nil {
			t.Fatal(err)
		}
		wantReady(t, store, "")
	})
}
