package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"protocol.chat/console/models/keys"
	"protocol.chat/console/models/modelstest"
)

func TestDoctor(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		store := modelstest.OpenURL(t, database)
		manyGroups(t, store, 1)
		said := mustRun(t, database, "", "doctor")
		for _, what := range []string{"database", "schema", "key", "clock", "readiness"} {
			if !strings.Contains(said, "ok  "+what+" ") {
				t.Errorf("%s isn't all right: %s", what, said)
			}
		}
		problem := func(words string, args ...string) {
			t.Helper()
			r := console(t, database, "", append([]string{"doctor"}, args...)...)
			if r.code != 1 || !strings.Contains(r.stdout, words) || !strings.Contains(r.stderr, "problems found: 1") {
				t.Errorf("exit %d, want %q in %s%s", r.code, words, r.stdout, r.stderr)
			}
		}
		problem("isn't encrypted: put a proxy with TLS in front", "-public-url", "http://console.example.com")
		secure := httptest.NewTLSServer(http.NotFoundHandler())
		t.Cleanup(secure.Close)
		problem("can't be reached from here", "-public-url", secure.URL)
		modelstest.Exec(t, store, "DELETE FROM goose_db_version WHERE version_id > 20")
		problem("back up, then run console migrate")
	})
}

func TestDoctorOnKeysAndFiles(t *testing.T) {
	url := modelstest.URL(t, modelstest.SQLite)
	manyGroups(t, modelstest.OpenURL(t, url), 1)
	file := strings.TrimPrefix(url, "sqlite:")
	doctor := func(key string) string {
		var out, problems strings.Builder
		env := map[string]string{"DATABASE_URL": url, keyVariable: key}
		run(context.Background(), []string{"doctor"}, func(name string) string { return env[name] }, nil, &out, &problems)
		return out.String()
	}
	for key, words := range map[string]string{
		"":                    "there is no key at " + filepath.Join(filepath.Dir(file), "console.key"),
		"nonsense":            "invalid CONSOLE_KEY",
		keys.NewKeys().Text(): "which is not among those given",
	} {
		if said := doctor(key); !strings.Contains(said, words) {
			t.Errorf("want %q in %s", words, said)
		}
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if said := doctor(modelstest.Keys.Text()); !strings.Contains(said, "run chmod 600 "+file) {
		t.Errorf("others can read the file: %s", said)
	}
	url = "sqlite:" + filepath.Join(t.TempDir(), "new", "console.db")
	if said := doctor(""); !strings.Contains(said, "will be created by console serve") || strings.Contains(said, "fix") {
		t.Errorf("before the first start: %s", said)
	}
	if _, err := os.Stat(strings.TrimPrefix(url, "sqlite:")); err == nil {
		t.Error("doctor made a database")
	}
}
