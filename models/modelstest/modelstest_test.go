package modelstest_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

func TestEachGivesAFreshDatabase(t *testing.T) {
	seen := map[string]bool{}
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			for range 2 {
				url := modelstest.URL(t, engine)
				if seen[url] {
					t.Errorf("%s was given out twice", url)
				}
				seen[url] = true
			}
		})
	}
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		if err := store.DB.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestARunSharesOneServer checks that the server has the template, and stops when the run
// does.
func TestARunSharesOneServer(t *testing.T) {
	modelstest.URL(t, modelstest.Postgres) // skips, or fails if it must not
	shared, err := modelstest.Share()
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	_, socket, _ := strings.Cut(shared.Env[len(shared.Env)-1], "=")
	store := modelstest.Connect(t, "postgres://console@/console_template?host="+socket)
	if _, err := store.Identity.Users.FirstOwner(t.Context()); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("looking for an owner: %v, want %v", err, access.ErrNotFound)
	}
	if left := shared.LeftOut(); len(left) > 0 {
		t.Errorf("left out: %q", left)
	}
	shared.Close()
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the server's folder: %v", err)
	}
}

func TestClusterStopsAndStarts(t *testing.T) {
	cluster := modelstest.StartCluster(t)
	store := modelstest.OpenEmpty(t, cluster.URL())
	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := store.DB.Ping(t.Context()); err == nil {
		t.Error("the stopped server still answers")
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	if err := store.DB.Ping(t.Context()); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}

func TestKeptClusterKeepsItsData(t *testing.T) {
	modelstest.SkipIfShort(t, "on PostgreSQL")
	dir := t.TempDir()
	if os.Geteuid() == 0 {
		// PostgreSQL runs as another user, to whom root's temporary folders are closed.
		var err error
		if dir, err = os.MkdirTemp("/tmp", "console-kept-"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
	}
	for _, want := range []error{access.ErrNotFound, nil} {
		cluster, err := modelstest.StartPersistentCluster(dir, "fsync=off")
		if errors.Is(err, modelstest.ErrNotInstalled) {
			modelstest.URL(t, modelstest.Postgres) // skips, or fails if it must not
		}
		if err != nil {
			t.Fatal(err)
		}
		store := modelstest.OpenEmpty(t, cluster.Database("postgres"))
		if _, err := store.Identity.Users.FirstOwner(t.Context()); !errors.Is(err, want) {
			t.Errorf("looking for the owner of the start before: %v, not %v", err, want)
		}
		if want != nil {
			modelstest.Owner(t, store)
		}
		if _, err := cluster.PID(); err != nil {
			t.Error(err)
		}
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	}
}
