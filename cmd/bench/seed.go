package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/jackc/pgx/v5"

	"protocol.chat/console/models/modelstest"
)

// engine keeps seeded databases, and copies one for each measurement, so that each begins
// with the same data, whatever earlier ones wrote.
type engine interface {
	name() string
	// seeded reports whether there is a complete database of this many groups.
	seeded(ctx context.Context, size int) (bool, error)
	// empty is the address of a new database to be seeded.
	empty(ctx context.Context, size int) (string, error)
	// keep makes the database that was empty and is seeded now the kept one.
	keep(ctx context.Context, size int) error
	// copy is the address of a fresh copy of the kept database.
	copy(ctx context.Context, size int) (string, error)
	// pid is the engine's own first process, 0 if it has none.
	pid() int
	close() error
}

// database returns a fresh copy of the database of a size, which it seeds first
// if that has not been done.
func (b *bench) database(ctx context.Context, e engine, size int) (string, error) {
	done, err := e.seeded(ctx, size)
	if err != nil {
		return "", err
	}
	if !done {
		if err := b.seed(ctx, e, size); err != nil {
			return "", err
		}
	}
	say("%s, %s groups: copying the database", e.name(), thousands(size))
	return e.copy(ctx, size)
}

func (b *bench) seed(ctx context.Context, e engine, size int) error {
	say("%s, %s groups: seeding, once", e.name(), thousands(size))
	url, err := e.empty(ctx, size)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, b.console, "seed", "-groups", strconv.Itoa(size), "-contacts", strconv.Itoa(size/5), "-database", url)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("console seed: %w", err)
	}
	return e.keep(ctx, size)
}

// sqlite keeps a file for each size.
type sqlite struct{ dir string }

func (s sqlite) name() string { return modelstest.SQLite }
func (s sqlite) pid() int     { return 0 }
func (s sqlite) close() error { return s.remove("copy") }

func (s sqlite) file(name string) string { return filepath.Join(s.dir, "sqlite-"+name+".db") }

func (s sqlite) remove(name string) error {
	var errs []error
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(s.file(name) + end); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s sqlite) seeded(_ context.Context, size int) (bool, error) {
	_, err := os.Stat(s.file(strconv.Itoa(size)))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (s sqlite) empty(context.Context, int) (string, error) {
	return "sqlite:" + s.file("unfinished"), s.remove("unfinished")
}

func (s sqlite) keep(_ context.Context, size int) error {
	return os.Rename(s.file("unfinished"), s.file(strconv.Itoa(size)))
}

func (s sqlite) copy(_ context.Context, size int) (string, error) {
	if err := s.remove("copy"); err != nil {
		return "", err
	}
	from, err := os.Open(s.file(strconv.Itoa(size)))
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := os.OpenFile(s.file("copy"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	// Synced before anything is measured, so that writing it back is no load.
	return "sqlite:" + s.file("copy"), errors.Join(err, to.Sync(), to.Close())
}

// postgres keeps a database for each size in a server of its own.
type postgres struct {
	cluster *modelstest.Cluster
	first   int // the process
	version int // as the server counts: 150014 is 15.14
}

// production are the settings of a small production server, not of a test's: what is
// acknowledged is on the disk.
var production = []string{
	"fsync=on",
	"synchronous_commit=on",
	"full_page_writes=on",
	"shared_buffers=512MB",
	"effective_cache_size=1536MB",
	"work_mem=8MB",
	"maintenance_work_mem=256MB",
	"max_connections=100",
	"max_wal_size=4GB",
	"checkpoint_timeout=15min",
	"random_page_cost=1.1",
}

// openPostgres starts the server. The error is modelstest.ErrNotInstalled if
// there is none.
func openPostgres(ctx context.Context, data string) (engine, error) {
	cluster, err := modelstest.StartPersistentCluster(filepath.Join(data, "postgres"), production...)
	if err != nil {
		return nil, err
	}
	p := postgres{cluster: cluster}
	p.first, err = cluster.PID()
	if err == nil {
		err = p.on(ctx, "postgres", func(c *pgx.Conn) error {
			return c.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&p.version)
		})
	}
	if err != nil {
		return nil, errors.Join(err, cluster.Close())
	}
	return p, nil
}

func (p postgres) name() string { return modelstest.Postgres }
func (p postgres) pid() int     { return p.first }
func (p postgres) close() error { return p.cluster.Close() }

func kept(size int) string { return "groups_" + strconv.Itoa(size) }

func (p postgres) seeded(ctx context.Context, size int) (done bool, err error) {
	err = p.on(ctx, "postgres", func(c *pgx.Conn) error {
		return c.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", kept(size)).Scan(&done)
	})
	return done, err
}

func (p postgres) empty(ctx context.Context, _ int) (string, error) {
	err := p.exec(ctx, "postgres", "DROP DATABASE IF EXISTS unfinished WITH (FORCE)", "CREATE DATABASE unfinished")
	return p.cluster.Database("unfinished"), err
}

// keep leaves the database as autovacuum would in time; otherwise it would come
// in the middle of a measurement.
func (p postgres) keep(ctx context.Context, size int) error {
	if err := p.exec(ctx, "unfinished", "VACUUM (ANALYZE)"); err != nil {
		return err
	}
	return p.exec(ctx, "postgres", "ALTER DATABASE unfinished RENAME TO "+kept(size), "CHECKPOINT")
}

func (p postgres) copy(ctx context.Context, size int) (string, error) {
	create := "CREATE DATABASE copy TEMPLATE " + kept(size)
	if p.version >= 150000 {
		create += " STRATEGY FILE_COPY" // the only way before; through the log it takes several times as long
	}
	err := p.exec(ctx, "postgres", "DROP DATABASE IF EXISTS copy WITH (FORCE)", create, "CHECKPOINT")
	return p.cluster.Database("copy"), err
}

func (p postgres) exec(ctx context.Context, database string, statements ...string) error {
	return p.on(ctx, database, func(c *pgx.Conn) error {
		for _, sql := range statements {
			if _, err := c.Exec(ctx, sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	})
}

func (p postgres) on(ctx context.Context, database string, do func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, p.cluster.Database(database))
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	return do(c)
}
