package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"protocol.chat/console/models/backups"
	"protocol.chat/console/models/modelstest"
)

func TestBackupAndRestore(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		manyGroups(t, modelstest.OpenURL(t, database), 3)
		file := filepath.Join(t.TempDir(), "console.tar.zst")
		said := mustRun(t, database, "", "backup", file)
		if !strings.Contains(said, "Backed up 3 groups, 0 contacts and 0 messages to "+file) || !strings.Contains(said, "Keep a copy of CONSOLE_KEY elsewhere") {
			t.Errorf("backup says %q", said)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the backup is %v, %v", info, err)
		}
		if r := console(t, database, "", "backup", file); r.code != 1 || !strings.Contains(r.stderr, "exists already") {
			t.Errorf("over another file: exit %d, %q", r.code, r.stderr)
		}
		if r := console(t, database, "", "restore", file); r.code != 1 || !strings.Contains(r.stderr, "use an empty one") {
			t.Errorf("over a database: exit %d, %q", r.code, r.stderr)
		}
		streamed := mustRun(t, database, "", "backup", "-")
		for from, stdin := range map[string]string{file: "", "-": streamed} {
			elsewhere := modelstest.EmptyURL(t, engineOf(database))
			said := mustRun(t, elsewhere, stdin, "restore", from)
			if !strings.Contains(said, "Restored 3 groups, 0 contacts and 0 messages, as they were on ") || !strings.Contains(said, "console audit verify") {
				t.Errorf("restore says %q", said)
			}
			if said := mustRun(t, elsewhere, "", "audit", "verify"); !strings.Contains(said, "Activity log verified") {
				t.Errorf("the restored log: %q", said)
			}
		}
		if r := console(t, modelstest.EmptyURL(t, engineOf(database)), streamed[:len(streamed)/2], "restore", "-"); r.code != 1 || !strings.Contains(r.stderr, "isn't a complete backup") {
			t.Errorf("half a backup: exit %d, %q", r.code, r.stderr)
		}
	})
}

func engineOf(database string) string {
	if strings.HasPrefix(database, "sqlite:") {
		return modelstest.SQLite
	}
	return modelstest.Postgres
}

func TestWrongBackups(t *testing.T) {
	missing := "sqlite:" + filepath.Join(t.TempDir(), "none.db")
	for args, says := range map[string]string{
		"backup":                   "usage: console backup [FLAGS] FILE|-",
		"backup -every 1s folder":  "-every takes a time of at least 1m",
		"backup -every 24h -":      "-every takes a time of at least 1m and a folder",
		"backup -keep 0 file":      "a number from 1 on",
		"backup file":              "there is no database to back up",
		"restore nothing.tar.zst":  "can't open the backup",
		"restore":                  "usage: console restore [FLAGS] FILE|-",
		"restore -database x:y -":  "the database must be sqlite:FILE",
		"backup -database x:y out": "the database must be sqlite:FILE",
	} {
		if r := console(t, missing, "", strings.Fields(args)...); r.code == 0 || !strings.Contains(r.stderr, says) {
			t.Errorf("console %s: exit %d, %q, want %q", args, r.code, r.stderr, says)
		}
	}
	if _, err := os.Stat(strings.TrimPrefix(missing, "sqlite:")); err == nil {
		t.Error("a database was made to be backed up")
	}
}

// TestBackupsOfEachDay lets ten days pass in a moment.
func TestBackupsOfEachDay(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "notes.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old, young := filepath.Join(folder, backups.Unfinished+"1"), filepath.Join(folder, backups.Unfinished+"2")
	if err := errors.Join(os.Mkdir(old, 0o700), os.WriteFile(young, nil, 0o600), os.Chtimes(old, time.Time{}, time.Unix(1, 0)), os.Chtimes(young, time.Time{}, time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	tries := 0
	write := func(path string) error {
		if tries++; tries == 3 {
			return errors.New("the disk is full")
		}
		return os.WriteFile(path, nil, 0o600)
	}
	var said strings.Builder
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		c := newCommand(verb{name: "backup"}, nil, os.Getenv, nil, &said, &said)
		go func() { ended <- c.backUpEvery(ctx, 24*time.Hour, folder, 3, write) }()
		time.Sleep(10*24*time.Hour + time.Hour)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if tries != 11 || said.String() != "console: the disk is full\n" {
		t.Errorf("%d tries in ten days: %s", tries, said.String())
	}
	made, err := backupsIn(folder)
	if err != nil || len(made) != 3 {
		t.Errorf("%v are left, %v", made, err)
	}
	for path, stays := range map[string]bool{filepath.Join(folder, "notes.txt"): true, young: true, old: false} {
		if _, err := os.Stat(path); (err == nil) != stays {
			t.Errorf("%s is left: %v, want %v", path, err == nil, stays)
		}
	}
}
