package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pressly/goose/v3"
)

// Migrate brings the schema to the newest version, and then calls derive, which brings what
// the program derives from other columns to its newest version; derived reports whether that
// has been done. If several programs start at once, one does both and the others wait for it.
// It returns an error if the schema is newer than the program, or the database is an
// unfinished copy.
func (s *DB) Migrate(ctx context.Context, derived func(Reader) (bool, error), derive func() error) error {
	provider, err := s.Migrator()
	if err != nil {
		return err
	}
	if s.migrated(ctx, provider, derived) {
		return nil
	}
	err = s.Dialect.migrate(s.Writer.WithContext(ctx), func() error {
		if err := s.refuseCopy(ctx); err != nil {
			return err
		}
		has, knows, err := provider.GetVersions(ctx)
		if err == nil && has > knows {
			return fmt.Errorf("%w: it has version %d, and this program knows them up to %d; start the newer program, or restore a copy of the database from before it", errNewerSchema, has, knows)
		}
		if err == nil {
			_, err = provider.Up(ctx)
		}
		if err == nil {
			err = derive()
		}
		return err
	})
	return s.Failed(ctx, err)
}

// versionTable is where goose keeps the versions that a database has.
const versionTable = "goose_db_version"

// migrated reports whether Migrate has nothing to do and none of its errors to return, as at most
// starts. It is read by three statements on a connection that there is; goose takes new ones. What it
// can't read is for Migrate to find out.
func (s *DB) migrated(ctx context.Context, provider *goose.Provider, derived func(Reader) (bool, error)) bool {
	tables, err := Collect(s.Read(ctx), s.Dialect.tables(), false, nil, OneColumn[string])
	if err != nil || slices.Contains(tables, copyTable) || !slices.Contains(tables, versionTable) {
		return false
	}
	has, err := Collect(s.Read(ctx), "SELECT version_id FROM "+versionTable+" WHERE is_applied ORDER BY version_id", false, nil, OneColumn[int64])
	if err != nil || !slices.Equal(has, versions(provider)) {
		return false
	}
	done, err := derived(s.Read(ctx))
	return err == nil && done
}

// versions returns those that a database has after all migrations, in order: goose begins with 0.
func versions(provider *goose.Provider) []int64 {
	all := []int64{0}
	for _, source := range provider.ListSources() {
		all = append(all, source.Version)
	}
	slices.Sort(all)
	return all
}

// Migrator returns the provider of the engine's migrations, those in Go included.
func (s *DB) Migrator() (*goose.Provider, error) {
	pool, err := s.Writer.DB()
	if err != nil {
		return nil, err
	}
	if s.migrations != nil {
		pool = s.migrations
	}
	files, err := fs.Sub(migrations, "migrations/"+s.Dialect.Name())
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(s.Dialect.migration(), pool, files, goose.WithGoMigrations(s.Migrations...))
}

//go:embed migrations
var migrations embed.FS

var errNewerSchema = errors.New("the schema of the database is newer than the program")
