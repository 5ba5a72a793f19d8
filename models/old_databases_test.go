package models_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/klauspost/compress/zstd"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/keys"
	"protocol.chat/console/models/modelstest"
)

// TestOldDatabasesOpen opens databases that earlier programs left, as .ci/fixture made them: 14
// groups, eight contacts, a user and a token, by commands and calls.
func TestOldDatabasesOpen(t *testing.T) {
	files, err := filepath.Glob("testdata/schemas/*.key")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are none: %v", err)
	}
	for _, file := range files {
		of := strings.TrimSuffix(file, ".key")
		for _, engine := range modelstest.Engines {
			t.Run(filepath.Base(of)+"/"+engine, func(t *testing.T) {
				t.Parallel()
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				ring, err := keys.ParseKeys(string(text))
				if err != nil {
					t.Fatal(err)
				}
				store := modelstest.Connect(t, unpacked(t, of, engine))
				if err := store.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := store.Audit.SetKeys(t.Context(), ring); err != nil {
					t.Fatal(err)
				}
				isWhole(t, store)
			})
		}
	}
}

// unpacked makes a database out of a packed one, and returns its URL.
func unpacked(t *testing.T, of, engine string) string {
	t.Helper()
	packed, err := os.ReadFile(of + "." + engine + ".zst")
	if err != nil {
		t.Fatal(err)
	}
	reader, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var content bytes.Buffer
	if _, err := reader.WriteTo(&content); err != nil {
		t.Fatal(err)
	}
	url := modelstest.EmptyURL(t, engine)
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		if err := os.WriteFile(path, content.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return url
	}
	conn, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.Exec(t.Context(), content.String()).Close(); err != nil {
		t.Fatal(err)
	}
	return url
}

// isWhole fails the test unless a migrated database has what was in it, and can be worked with.
func isWhole(t *testing.T, store *models.Store) {
	t.Helper()
	for table, want := range map[string]string{"groups": "14", "contacts": "8", "users": "1", "tokens": "1"} {
		if got, err := store.Strings(t.Context(), "SELECT CAST(count(*) AS text) FROM "+table); err != nil || got[0] != want {
			t.Errorf("%s has %v rows, want %s; %v", table, got, want, err)
		}
	}
	page, err := store.Groups(t.Context(), models.GroupQuery{Search: models.ParseSearch("広場", nil), Range: db.Range{Limit: 10}})
	if err != nil || len(page.Groups) != 1 || page.Groups[0].Description == nil || *page.Groups[0].Description != "Second" {
		t.Errorf("the search finds %+v, %v", page.Groups, err)
	}
	modelstest.Group(t, store, access.System("test"), "One more")
	if err := store.Audit.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if proof, err := store.Audit.VerifyAudit(t.Context(), ""); err != nil || proof.Broken != nil {
		t.Errorf("the activity is broken: %+v, %v", proof.Broken, err)
	}
}
