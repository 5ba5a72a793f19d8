package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
)

// dumpedPages is how many pages are copied before the next look at whether to stop.
const dumpedPages = 1000

// dump copies the file by SQLite's online backup. It does so within one transaction that
// reads, so that the copy is of one moment and isn't begun again whenever somebody writes;
// with a write-ahead log, that holds up no writer.
func (d sqliteDialect) dump(ctx context.Context, s *DB, path string, read func(Reader) error) error {
	if err := createPrivate(path); err != nil {
		return err
	}
	if err := d.copyTo(ctx, s, path); err != nil {
		return err
	}
	copied, err := Open(ctx, "sqlite:"+path)
	if err != nil {
		return err
	}
	return errors.Join(read(copied.Read(ctx)), copied.Close())
}

func (sqliteDialect) copyTo(ctx context.Context, s *DB, path string) error {
	pool, err := s.LongReader.DB()
	if err != nil {
		return err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it only read
	var tables int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&tables); err != nil {
		return err
	}
	return conn.Raw(func(driver any) error {
		source, ok := driver.(interface {
			NewBackup(to string) (*sqlite.Backup, error)
		})
		if !ok {
			return errors.New("the SQLite driver has no online backup")
		}
		backup, err := source.NewBackup("file:" + (&url.URL{Path: path}).EscapedPath())
		if err != nil {
			return err
		}
		for more := true; more && err == nil; {
			if more, err = backup.Step(dumpedPages); err == nil {
				err = ctx.Err()
			}
		}
		return errors.Join(err, backup.Finish())
	})
}

// restore moves the file to its place after it was found whole.
func (d sqliteDialect) restore(ctx context.Context, path string, check func(*DB) error) error {
	for _, suffix := range sqliteSuffixes() {
		if info, err := os.Stat(d.files.path + suffix); err == nil && info.Size() > 0 {
			return fmt.Errorf("%w (%s)", ErrNotEmpty, d.files.path+suffix)
		}
	}
	restored, err := Open(ctx, "sqlite:"+path)
	if err != nil {
		return err
	}
	faults, err := Collect(restored.Read(ctx), "PRAGMA quick_check(1)", false, nil, OneColumn[string])
	if err == nil && faults[0] != "ok" {
		err = fmt.Errorf("the SQLite file is damaged: %s", faults[0])
	}
	if err == nil {
		err = check(restored)
	}
	if err := errors.Join(err, restored.Close()); err != nil {
		return err
	}
	if err := os.Rename(path, d.files.path); err != nil {
		return err
	}
	return syncFiles(d.files.path, filepath.Dir(d.files.path))
}

// syncFiles waits until files, or the names in folders, are on the disk.
func syncFiles(paths ...string) error {
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		if err := errors.Join(file.Sync(), file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// tables leaves out SQLite's own and those that the search indexes keep their content in.
func (sqliteDialect) tables() string {
	return `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`
}
