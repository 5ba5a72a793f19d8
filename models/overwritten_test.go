package models_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

// TestAnOverwrittenFileTakesNoChanges writes an older copy into the very file that the
// console has open.
func TestAnOverwrittenFileTakesNoChanges(t *testing.T) {
	url := modelstest.URL(t, modelstest.SQLite)
	store, shell := modelstest.OpenURL(t, url), modelstest.OpenURL(t, url)
	store.Audit.UseMarkFile(filepath.Join(t.TempDir(), "console.mark"))
	create := func(name string) error {
		_, err := store.CreateGroup(t.Context(), system, models.GroupChange{Name: &name}, nil)
		return err
	}
	seal := func() error { return store.Audit.Seal(t.Context()) }
	flush := func() []byte {
		if err := shell.Exec(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(strings.TrimPrefix(url, "sqlite:"))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	older := []byte(nil)
	for _, name := range []string{"First", "Second"} {
		if err := errors.Join(create(name), seal()); err != nil {
			t.Fatal(err)
		}
		if content := flush(); older == nil {
			older = content
		}
	}
	if err := os.WriteFile(strings.TrimPrefix(url, "sqlite:"), older, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(create("Third"), seal()); err == nil {
		t.Fatal("the older copy was not noticed")
	}
	if err := create("Fourth"); access.OutageOf(err) != access.Gone {
		t.Errorf("a change was taken: %v", err)
	}
	if err := store.DB.Ready(t.Context()); access.OutageOf(err) != access.Gone {
		t.Errorf("it is ready: %v", err)
	}
}

// unread is SQLite's error when it can't read a file: SQLITE_IOERR_FSTAT.
type unread struct{ error }

func (unread) Code() int { return 1802 }

// TestAMovedFileIsNotDamaged: what can't be read while the file is away says nothing about it.
func TestAMovedFileIsNotDamaged(t *testing.T) {
	url := modelstest.URL(t, modelstest.SQLite)
	store, file := modelstest.OpenURL(t, url), strings.TrimPrefix(url, "sqlite:")
	failed := func() access.Outage {
		return access.OutageOf(store.DB.Failed(t.Context(), unread{errors.New("disk I/O error")}))
	}
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	if outage := failed(); outage != access.Gone {
		t.Errorf("while the file is away, the outage is %q", outage)
	}
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	if err := store.DB.Ready(t.Context()); err != nil {
		t.Errorf("once the file is back: %v", err)
	}
	if outage := failed(); outage != access.Damaged {
		t.Errorf("while the file is there, the outage is %q", outage)
	}
}
