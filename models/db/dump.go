package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Dump copies all of the database, as it is at one moment, to the file at path, in the
// engine's own form: a file of SQLite, or what PostgreSQL's pg_dump writes. Others read and
// write meanwhile. It passes a Reader of the same moment to read.
func (s *DB) Dump(ctx context.Context, path string, read func(r Reader) error) error {
	return s.Dialect.dump(ctx, s, path, read)
}

// Restore fills the database at url, which must be empty, with a file that Dump wrote on the
// same engine. check says whether the restored database is as it should be; if it isn't, a
// SQLite file does not get its place. Errors: ErrNotEmpty, and what check returns.
func Restore(ctx context.Context, url, path string, check func(d *DB) error) error {
	dialect, err := dialectOf(url)
	if err != nil {
		return err
	}
	return dialect.restore(ctx, path, check)
}

// ErrNotEmpty refuses to restore into a database that exists.
var ErrNotEmpty = errors.New("there is a database already: use an empty one, or move that one away first")

// RestoreFolder returns the folder where a file for Restore should be, so that it can get its
// place without being copied again, and makes it if it is missing.
func RestoreFolder(url string) (string, error) {
	file, isSQLite := strings.CutPrefix(url, "sqlite:")
	if !isSQLite {
		return os.TempDir(), nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", fmt.Errorf("the folder of the database can't be made: %w", err)
	}
	return filepath.Dir(file), nil
}

// EngineOf returns the name of the engine at url: "sqlite" or "postgres".
func EngineOf(url string) (string, error) {
	dialect, err := dialectOf(url)
	if err != nil {
		return "", err
	}
	return dialect.Name(), nil
}

// RowCounts returns how many rows each table has.
func (s *DB) RowCounts(r Reader) (map[string]int64, error) {
	tables, err := Collect(r, s.Dialect.tables(), false, nil, OneColumn[string])
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int64, len(tables))
	for _, table := range tables {
		n, err := Collect(r, `SELECT count(*) FROM "`+table+`"`, false, nil, OneColumn[int64])
		if err != nil {
			return nil, err
		}
		counts[table] = n[0]
	}
	return counts, nil
}

// SchemaVersion returns the number of the newest migration that the database has.
func SchemaVersion(r Reader) (int64, error) {
	versions, err := Collect(r, "SELECT max(version_id) FROM "+versionTable, false, nil, OneColumn[int64])
	if err != nil {
		return 0, err
	}
	return versions[0], nil
}

// KnownVersion returns the number of the newest migration that the program has.
func (s *DB) KnownVersion() (int64, error) {
	provider, err := s.Migrator()
	if err != nil {
		return 0, err
	}
	return slices.Max(versions(provider)), nil
}
