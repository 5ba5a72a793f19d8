package models_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// database makes a database of a server, and runs statements in it.
func database(t *testing.T, cluster *modelstest.Cluster, name, options string, statements ...string) (url string) {
	t.Helper()
	run(t, cluster.URL(), "CREATE DATABASE "+name+" "+options)
	run(t, cluster.Database(name), statements...)
	return cluster.Database(name)
}

func run(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// TestUnsuitablePostgresIsRefused checks that the error says what to do.
func TestUnsuitablePostgresIsRefused(t *testing.T) {
	cluster := modelstest.StartCluster(t)
	run(t, cluster.URL(), "CREATE ROLE guest LOGIN", "CREATE DATABASE others TEMPLATE template0")
	for url, says := range map[string]string{
		database(t, cluster, "latin", "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"):                 "encoded in LATIN1, and the console needs UTF8",
		database(t, cluster, "ascii", "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"):              "encoded in SQL_ASCII, and the console needs UTF8",
		database(t, cluster, "still", "", "ALTER DATABASE still SET default_transaction_read_only = on"): "the database is read-only: default_transaction_read_only",
		cluster.Database("others") + "&search_path=nowhere":                                              "no schema of the search_path nowhere exists",
		strings.Replace(cluster.Database("others"), "console@", "guest@", 1):                             "have the database's owner run CREATE EXTENSION pg_trgm",
	} {
		store, err := models.Open(t.Context(), url)
		if err == nil {
			_ = store.Close()
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", url, err, says)
		}
	}
}

// TestStandbyIsRefused checks a server in recovery.
func TestStandbyIsRefused(t *testing.T) {
	cluster := modelstest.StartCluster(t)
	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Follow(); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := models.Open(t.Context(), cluster.URL()); err == nil || !strings.Contains(err.Error(), "is a standby, which only reads") {
		t.Errorf("a standby is told as %v", err)
	}
}

// TestTwoConsolesInOneDatabase checks that two schemas share pg_trgm and nothing else.
func TestTwoConsolesInOneDatabase(t *testing.T) {
	cluster := modelstest.StartCluster(t)
	url := database(t, cluster, "shared", "", "CREATE SCHEMA extensions", "CREATE SCHEMA second",
		"CREATE EXTENSION pg_trgm SCHEMA extensions")
	first, second := modelstest.OpenEmpty(t, url), modelstest.OpenEmpty(t, url+"&search_path=second")
	if err := createGroup(t, second, "Plaza Hotel"); err != nil {
		t.Fatal(err)
	}
	for store, want := range map[*models.Store]int{first: 0, second: 1} {
		page, err := store.Groups(t.Context(), models.GroupQuery{Search: models.ParseSearch("plaza", nil)})
		if err != nil || len(page.Groups) != want {
			t.Errorf("%d groups, want %d: %v", len(page.Groups), want, err)
		}
		if err := store.Migrate(t.Context()); err != nil {
			t.Errorf("the second start: %v", err)
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		if err := store.Exec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (90001, true)"); err != nil {
			t.Fatal(err)
		}
		versions, err := store.Strings(t.Context(), "SELECT CAST(max(version_id) AS text) FROM goose_db_version WHERE version_id < 90001")
		if err != nil {
			t.Fatal(err)
		}
		says := fmt.Sprintf("it has version 90001, and this program knows them up to %s;", versions[0])
		if err := store.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("a newer schema is told as %v, want %q", err, says)
		}
	})
}

// TestMigrationWaitsLongerThanOthers checks that a migration ignores lock_timeout.
func TestMigrationWaitsLongerThanOthers(t *testing.T) {
	cluster := modelstest.StartCluster(t)
	url := cluster.URL() + "&lock_timeout=1ms"
	done := make(chan error)
	for range 3 {
		go func() {
			store, err := models.Open(context.Background(), url)
			if err == nil {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				err = store.Migrate(ctx)
				_ = store.Close()
			}
			done <- err
		}()
	}
	for range 3 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
