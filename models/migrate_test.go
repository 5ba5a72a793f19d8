package models_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// fuse is a context that ends when it is looked at for the nth time, as each statement does
// several times.
type fuse struct {
	context.Context
	end  context.CancelFunc
	left atomic.Int64
}

func newFuse(ctx context.Context, n int64) *fuse {
	f := new(fuse)
	f.Context, f.end = context.WithCancel(ctx)
	f.left.Store(n)
	return f
}

func (f *fuse) Done() <-chan struct{} {
	f.burn()
	return f.Context.Done()
}

func (f *fuse) Err() error {
	f.burn()
	return f.Context.Err()
}

func (f *fuse) burn() {
	if f.left.Add(-1) == 0 {
		f.end()
	}
}

// TestAnInterruptedMigrationContinues ends the migration of an empty database over and over, each
// time a little later: every migration is done whole or not at all, and in the end the schema is that
// of an undisturbed one. The places are a sample; with
// NIGHTLY=1 they are many, several a statement.
func TestAnInterruptedMigrationContinues(t *testing.T) {
	step := int64(modelstest.Rounds(300, 7))
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			want := schema(t, modelstest.Connect(t, modelstest.URL(t, engine)))
			store := modelstest.Connect(t, modelstest.EmptyURL(t, engine))
			tries, version, left := 0, int64(-1), step
			for {
				f := newFuse(t.Context(), left)
				err := store.Migrate(f)
				f.end()
				if err == nil {
					break
				}
				if left += step; schemaVersion(t, store) != version {
					version, left = schemaVersion(t, store), step
				}
				if tries++; tries > 100_000 {
					t.Fatal(err)
				}
			}
			t.Logf("interrupted %d times", tries)
			if tries < 8 {
				t.Errorf("it was interrupted %d times only", tries)
			}
			if got := schema(t, store); got != want {
				t.Errorf("the schema is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func schemaVersion(t *testing.T, store *models.Store) int64 {
	t.Helper()
	has, err := store.SchemaVersion(t.Context())
	if err != nil {
		return 0 // nothing yet
	}
	return has
}

// schema describes the tables, indexes and triggers of a database.
func schema(t *testing.T, store *models.Store) string {
	t.Helper()
	query := "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1"
	if store.DB.Dialect.Name() == modelstest.Postgres {
		query = `SELECT 'column ' || table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
			FROM information_schema.columns WHERE table_schema = 'public'
			UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
			UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
			UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
			ORDER BY 1`
	}
	lines, err := store.Strings(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// TestAnUpToDateDatabaseStartsAtOnce: a start waits for nobody who migrates or writes if there is
// nothing to do, and still finds what is missing.
func TestAnUpToDateDatabaseStartsAtOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		err := store.DB.Transaction(t.Context(), func(tx *gorm.DB) error {
			// SQLite's only connection that writes is taken.
			if err := errors.Join(tx.Exec("UPDATE settings SET value = value").Error, store.DB.Dialect.Lock(tx, "migrate")); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			return store.Migrate(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Exec(t.Context(), "DELETE FROM settings WHERE key = 'fold'"); err != nil {
			t.Fatal(err)
		}
		if err := store.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if folds, err := store.Strings(t.Context(), "SELECT value FROM settings WHERE key = 'fold'"); err != nil || len(folds) != 1 {
			t.Errorf("after the next start the setting is %q, %v", folds, err)
		}
		if err := store.Exec(t.Context(), "DELETE FROM goose_db_version WHERE version_id = 2"); err != nil {
			t.Fatal(err)
		}
		if err := store.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "missing") {
			t.Errorf("without one migration: %v", err)
		}
	})
}
