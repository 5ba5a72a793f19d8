package modelstest_test

import (
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// TestPostgresIsInstalled is where `make test` learns what it could not run.
func TestPostgresIsInstalled(t *testing.T) {
	modelstest.URL(t, modelstest.Postgres)
}

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
		if err := store.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestClusterStopsAndStarts(t *testing.T) {
	cluster := modelstest.StartCluster(t)
	store := modelstest.OpenURL(t, cluster.URL())
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := store.Ping(t.Context()); err == nil {
		t.Error("the stopped server still answers")
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	if err := store.Ping(t.Context()); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}
