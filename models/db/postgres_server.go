package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresServer is what a connection finds out about its server.
type postgresServer struct {
	// Version is the server's, such as "17.2".
	Version string
	// Pooled reports that a pooler such as PgBouncer stands in between: the next
	// transaction may run in another session. Such a pooler makes up the process id that
	// cancellations are sent to.
	Pooled bool

	Encoding          string
	Standby, ReadOnly bool
	// Path is the search_path, and Schema the first of it that exists.
	Path, Schema string
	// Trigrams is the schema of pg_trgm, quoted, or ""; Visible, that it is in the
	// search_path; Available and Creating, that it can be installed, and by this user.
	Trigrams                     string
	Visible, Available, Creating bool
}

const inspectServer = `SELECT pg_backend_pid(), current_setting('server_version'), current_setting('server_encoding'),
	pg_is_in_recovery(), current_setting('transaction_read_only') = 'on',
	current_setting('search_path'), coalesce(current_schema(), ''),
	coalesce((SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'pg_trgm'), ''),
	EXISTS (SELECT 1 FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
		WHERE extname = 'pg_trgm' AND nspname = ANY (current_schemas(true))),
	EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'),
	has_database_privilege(current_database(), 'CREATE')`

// inspect connects once and reads the server's properties.
func inspect(ctx context.Context, config *pgx.ConnConfig) (s postgresServer, err error) {
	config = config.Copy()
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // prepares nothing
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return s, err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // it was only opened to inspect the server
	}()
	var pid uint32
	err = conn.QueryRow(ctx, inspectServer).Scan(&pid, &s.Version, &s.Encoding, &s.Standby, &s.ReadOnly,
		&s.Path, &s.Schema, &s.Trigrams, &s.Visible, &s.Available, &s.Creating)
	s.Pooled = pid != conn.PgConn().PID()
	return s, err
}

// refuse returns why the console can't work there and what to do, or nil. Who only reads can do so
// on a standby.
func (s postgresServer) refuse(reading bool) error {
	switch {
	case s.Encoding != "UTF8":
		return fmt.Errorf("the database is encoded in %s, and the console needs UTF8: make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", s.Encoding)
	case s.Standby && !reading:
		return errors.New("the server is a standby, which only reads: give the address of the primary, or of all with target_session_attrs=read-write")
	case s.ReadOnly && !reading:
		return errors.New("the database is read-only: default_transaction_read_only is on for it, for its user or for the server")
	case s.Schema == "":
		return fmt.Errorf("no schema of the search_path %s exists: make one with CREATE SCHEMA", s.Path)
	case reading && s.Trigrams == "":
		return errors.New("the database has no schema of the console: its primary needs console migrate first")
	case s.Trigrams == "" && !s.Available:
		return errors.New("the server lacks the extension pg_trgm: install PostgreSQL's contrib modules there")
	case s.Trigrams == "" && !s.Creating:
		return errors.New("the database lacks the extension pg_trgm, and this user can't add it: have the database's owner run CREATE EXTENSION pg_trgm")
	case s.Trigrams != "" && !s.Visible && s.Pooled:
		return fmt.Errorf("the extension pg_trgm is in the schema %s, which is not in the search_path: "+
			"behind a pooler, set it with ALTER ROLE … SET search_path = %s, %s", s.Trigrams, s.Path, s.Trigrams)
	}
	return nil
}
