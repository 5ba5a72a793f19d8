package db

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// dump runs pg_dump on the snapshot that read sees.
func (d *postgresDialect) dump(ctx context.Context, s *DB, path string, read func(Reader) error) error {
	if err := createPrivate(path); err != nil {
		return err
	}
	return s.Snapshot(ctx, func(r Reader) error {
		snapshots, err := Collect(r, "SELECT pg_export_snapshot()", false, nil, OneColumn[string])
		if err != nil {
			return err
		}
		_, err = d.client(ctx, "pg_dump", "--format=custom", "--compress=0", "--no-owner", "--no-privileges",
			"--snapshot="+snapshots[0], "--schema="+quoted(d.server.Schema), "--extension=pg_trgm", "--file="+path)
		if err != nil {
			return err
		}
		return read(r)
	})
}

// restore runs pg_restore, which fills the database in one transaction.
func (d *postgresDialect) restore(ctx context.Context, path string, check func(*DB) error) error {
	if err := d.expectEmpty(ctx); err != nil {
		return err
	}
	contents, err := d.client(ctx, "pg_restore", "--list", path)
	if err != nil {
		return err
	}
	list := filepath.Join(filepath.Dir(path), "contents")
	if err := os.WriteFile(list, withoutSchemas(contents), 0o600); err != nil {
		return err
	}
	config, err := pgx.ParseConfig(d.url)
	if err != nil {
		return fmt.Errorf("the PostgreSQL address can't be read: %w", err)
	}
	if _, err := d.client(ctx, "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges",
		"--use-list="+list, "--dbname="+config.Database, path); err != nil {
		return err
	}
	restored, err := Open(ctx, d.url)
	if err != nil {
		return err
	}
	if err = check(restored); err == nil {
		err = restored.Writer.WithContext(ctx).Exec("ANALYZE").Error // so that the first plans are good
	}
	return errors.Join(err, restored.Close())
}

// expectEmpty returns ErrNotEmpty if the schema has tables, and why the server can't be
// used.
func (d *postgresDialect) expectEmpty(ctx context.Context) error {
	config, err := pgx.ParseConfig(d.url)
	if err != nil {
		return fmt.Errorf("the PostgreSQL address can't be read: %w", err)
	}
	if d.server, err = inspect(ctx, config); err != nil {
		return fmt.Errorf("PostgreSQL can't be reached: %w", err)
	}
	if err := d.server.refuse(false); err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("PostgreSQL can't be reached: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var tables int
	err = conn.QueryRow(ctx, "SELECT count(*) FROM ("+d.tables()+") AS tables", pgx.QueryExecModeExec).Scan(&tables)
	if err == nil && tables > 0 {
		err = fmt.Errorf("%w (%d tables in schema %s)", ErrNotEmpty, tables, d.server.Schema)
	}
	return err
}

// withoutSchemas leaves the schemas out of the contents of a dump: the database has them.
func withoutSchemas(contents []byte) []byte {
	var kept bytes.Buffer
	lines := bufio.NewScanner(bytes.NewReader(contents))
	for lines.Scan() {
		if !strings.Contains(lines.Text(), " SCHEMA - ") && !strings.Contains(lines.Text(), " COMMENT - SCHEMA ") {
			kept.Write(append(lines.Bytes(), '\n'))
		}
	}
	return kept.Bytes()
}

// client runs one of PostgreSQL's programs against the database and returns what it prints.
func (d *postgresDialect) client(ctx context.Context, program string, args ...string) ([]byte, error) {
	environment, err := clientEnvironment(d.url)
	if err != nil {
		return nil, err
	}
	var problems bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env, cmd.Stderr = append(os.Environ(), environment...), &problems
	printed, err := cmd.Output()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, fmt.Errorf("%s isn't installed here: install PostgreSQL's client programs, of the server's version or newer", program)
	case err != nil:
		return nil, fmt.Errorf("%s failed: %s", program, strings.TrimSpace(problems.String()))
	}
	return printed, nil
}

// clientVariables are the settings of an address that PostgreSQL's programs have too.
var clientVariables = map[string]string{
	"sslmode": "PGSSLMODE", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "sslrootcert": "PGSSLROOTCERT",
	"sslnegotiation": "PGSSLNEGOTIATION", "target_session_attrs": "PGTARGETSESSIONATTRS", "connect_timeout": "PGCONNECT_TIMEOUT",
}

// clientEnvironment returns where the database is for PostgreSQL's programs, which don't
// know every setting that an address can have here. Nobody else can read a process's
// environment, as they could its arguments.
// https://www.postgresql.org/docs/current/libpq-envars.html
func clientEnvironment(address string) ([]string, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("the PostgreSQL address can't be read: %w", err)
	}
	hosts, ports := []string{config.Host}, []string{strconv.Itoa(int(config.Port))}
	for _, other := range config.Fallbacks {
		if port := strconv.Itoa(int(other.Port)); other.Host != hosts[len(hosts)-1] || port != ports[len(ports)-1] {
			hosts, ports = append(hosts, other.Host), append(ports, port)
		}
	}
	environment := []string{
		"PGHOST=" + strings.Join(hosts, ","), "PGPORT=" + strings.Join(ports, ","), "PGUSER=" + config.User,
		"PGPASSWORD=" + config.Password, "PGDATABASE=" + config.Database,
	}
	_, query, _ := strings.Cut(address, "?")
	given, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("the PostgreSQL address can't be read: %w", err)
	}
	for name, variable := range clientVariables {
		if given.Has(name) {
			environment = append(environment, variable+"="+given.Get(name))
		}
	}
	options := []string{config.RuntimeParams["options"]}
	for _, name := range slices.Sorted(maps.Keys(config.RuntimeParams)) {
		if name != "options" && name != "application_name" {
			options = append(options, "-c "+name+"="+strings.NewReplacer(`\`, `\\`, " ", `\ `).Replace(config.RuntimeParams[name]))
		}
	}
	if all := strings.TrimSpace(strings.Join(options, " ")); all != "" {
		environment = append(environment, "PGOPTIONS="+all)
	}
	return environment, nil
}

// quoted returns a name for the patterns of pg_dump, in which it stands for itself.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (*postgresDialect) tables() string {
	return "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace ORDER BY relname"
}
