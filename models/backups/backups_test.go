package backups_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"protocol.chat/console/models"
	"protocol.chat/console/models/backups"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

// each runs a test on each engine, with a store and where an empty database can be restored.
func each(t *testing.T, test func(t *testing.T, store *models.Store, engine string)) {
	for _, engine := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, modelstest.Open(t, engine), engine)
		})
	}
}

// write returns a backup.
func write(t *testing.T, store *models.Store) []byte {
	t.Helper()
	var file bytes.Buffer
	folder := t.TempDir()
	if _, err := backups.Write(t.Context(), store.DB, folder, &file); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	return file.Bytes()
}

// TestABackupIsOfOneMoment makes backups while groups are created one after the other. Each
// has the first of them, whole, and none of those after them.
func TestABackupIsOfOneMoment(t *testing.T) {
	each(t, func(t *testing.T, store *models.Store, engine string) {
		by := modelstest.Owner(t, store)
		contact := modelstest.Contact(t, store, by, "anna")
		refs := models.Refs(contact.ID)
		enough, ended := make(chan struct{}), make(chan error)
		go func() {
			for n := 1; ; n++ {
				select {
				case <-enough:
					ended <- nil
					return
				default:
				}
				if _, err := store.CreateGroup(t.Context(), by, models.GroupChange{Name: new(fmt.Sprint("Group ", n)), Contacts: &refs}, nil); err != nil {
					ended <- err
					return
				}
			}
		}()
		before := 0
		for range modelstest.Rounds(2, 20) {
			url := modelstest.EmptyURL(t, engine)
			m, err := backups.Restore(t.Context(), url, bytes.NewReader(write(t, store)))
			if err != nil {
				t.Fatal(err)
			}
			there := modelstest.OpenURL(t, url)
			rows := modelstest.Rows(t, there)
			if rows["groups"] < before || int64(rows["groups"]) != m.Rows["groups"] {
				t.Errorf("%d groups after %d, and the manifest says %d", rows["groups"], before, m.Rows["groups"])
			}
			before = rows["groups"]
			if rows["memberships"] != before || rows["conversations"] != before+1 || rows["events"] != before+1 {
				t.Errorf("%d groups have %v", before, rows)
			}
			if last := modelstest.Value(t, there, "SELECT count(DISTINCT name) FROM groups"); last != fmt.Sprint(before) {
				t.Errorf("%s names of %d groups", last, before)
			}
		}
		close(enough)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		url := modelstest.EmptyURL(t, engine)
		if _, err := backups.Restore(t.Context(), url, bytes.NewReader(write(t, store))); err != nil {
			t.Fatal(err)
		}
		there := modelstest.OpenURL(t, url)
		if was, is := modelstest.Content(t, store), modelstest.Content(t, there); !maps.Equal(was, is) {
			for table := range was {
				if was[table] != is[table] {
					t.Errorf("%s is\n%.300s\nand was\n%.300s", table, is[table], was[table])
				}
			}
		}
		if proof, err := there.Audit.VerifyAudit(t.Context(), ""); err != nil || proof.Broken != nil {
			t.Errorf("the restored log: %+v %v", proof, err)
		}
		if _, err := there.CreateGroup(t.Context(), by, models.GroupChange{Name: new("After")}, nil); err != nil {
			t.Errorf("the restored database takes no change: %v", err)
		}
	})
}

// TestADamagedBackupIsRefused cuts backups off and changes bytes of them.
func TestADamagedBackupIsRefused(t *testing.T) {
	each(t, func(t *testing.T, store *models.Store, engine string) {
		modelstest.Group(t, store, modelstest.Owner(t, store), "Plaza Hotel")
		whole := write(t, store)
		url := modelstest.EmptyURL(t, engine)
		refused := func(what string, file []byte) {
			t.Helper()
			if _, err := backups.Restore(t.Context(), url, bytes.NewReader(file)); err == nil {
				t.Fatalf("a backup %s was restored", what)
			}
			if path, isSQLite := strings.CutPrefix(url, "sqlite:"); isSQLite {
				left, err := os.ReadDir(filepath.Dir(path))
				if err != nil || len(left) > 0 {
					t.Fatalf("after one %s, %v is there: %v", what, left, err)
				}
			}
		}
		for _, length := range []int{0, 1, 100, len(whole) / 2, len(whole) - 1} {
			refused(fmt.Sprintf("of %d of %d bytes", length, len(whole)), whole[:length])
		}
		for at := 0; at < len(whole); at += len(whole) / 20 {
			file := bytes.Clone(whole)
			file[at] ^= 0x10
			if bytes.Equal(unpacked(file), unpacked(whole)) {
				continue // some bits say nothing, such as those that fill a byte up
			}
			refused(fmt.Sprintf("with another byte %d", at), file)
		}
		refused("that is another file", []byte("name,description\nPlaza Hotel,\n"))
		if _, err := backups.Restore(t.Context(), url, bytes.NewReader(whole)); err != nil {
			t.Errorf("the whole one: %v", err)
		}
		if _, err := backups.Restore(t.Context(), url, bytes.NewReader(whole)); !errors.Is(err, db.ErrNotEmpty) {
			t.Errorf("a second one: %v, want %v", err, db.ErrNotEmpty)
		}
	})
}

func TestABackupIsRestoredOnItsEngine(t *testing.T) {
	whole := write(t, modelstest.Open(t, modelstest.SQLite))
	_, err := backups.Restore(t.Context(), "postgres://nobody@127.0.0.1:1/none", bytes.NewReader(whole))
	if err == nil || !strings.Contains(err.Error(), "this is a backup of SQLite 3") {
		t.Errorf("got %v", err)
	}
	missing := filepath.Join(t.TempDir(), "none")
	if _, err := backups.Write(t.Context(), modelstest.Open(t, modelstest.SQLite).DB, missing, &bytes.Buffer{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("into a folder that isn't there: %v", err)
	}
}

// unpacked returns what a backup decompresses to, or nil.
func unpacked(file []byte) []byte {
	reader, err := zstd.NewReader(nil)
	if err != nil {
		return nil
	}
	defer reader.Close()
	content, err := reader.DecodeAll(file, nil)
	if err != nil {
		return nil
	}
	return content
}
