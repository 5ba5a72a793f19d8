package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Migrate brings the schema to the newest version, and then calls derive, which brings what
// the program derives from other columns to its newest version. If several programs start at
// once, one does both and the others wait for it. It returns an error if the schema is newer
// than the program, or the database is an unfinished copy.
func (s *DB) Migrate(ctx context.Context, derive func() error) error {
	provider, err := s.Migrator()
	if err != nil {
		return err
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
