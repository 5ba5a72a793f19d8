package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

type postgresDialect struct{}

func (postgresDialect) name() string { return "postgres" }

// postgresConns is how many connections one program keeps.
const postgresConns = 16

// open connects by pgx, whose pool GORM shares. Statements are prepared, and planned
// once for any values, but for those that ask for more (pgxSource).
func (postgresDialect) open(url string, config *gorm.Config) (*gorm.DB, *gorm.DB, source, error) {
	settings, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("the PostgreSQL address can't be read: %w", err)
	}
	if settings.ConnConfig.ConnectTimeout == 0 {
		settings.ConnConfig.ConnectTimeout = 3 * time.Second
	}
	settings.MaxConns = postgresConns
	pool, err := pgxpool.NewWithConfig(context.Background(), settings)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("PostgreSQL can't be reached: %w", err)
	}
	own := *config
	own.PrepareStmt = false // pgx prepares each statement itself, once a connection
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: stdlib.OpenDBFromPool(pool)}), &own)
	if err != nil {
		pool.Close()
		return nil, nil, nil, fmt.Errorf("PostgreSQL can't be reached: %w", err)
	}
	return db, db, pgxSource{pool}, nil
}

func (postgresDialect) migration() (goose.Dialect, []goose.ProviderOption, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600)) // each second, for ten minutes
	return goose.DialectPostgres, []goose.ProviderOption{goose.WithSessionLocker(locker)}, err
}

func (postgresDialect) unavailable(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		// Connection, resources, operator: https://www.postgresql.org/docs/current/errcodes-appendix.html
		switch refused.Code[:2] {
		case "08", "53", "57":
			return true
		}
		return refused.Code == "25006" // read only: a standby after a failover
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.Timeout(err) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, io.ErrUnexpectedEOF) || err != nil && strings.Contains(err.Error(), "conn closed")
}

// batch saves round trips; the protocol allows 65,535 parameters.
func (postgresDialect) batch() int { return 1000 }

func (postgresDialect) again(err error) bool {
	var refused *pgconn.PgError
	const deadlock, serialization = "40P01", "40001"
	return errors.As(err, &refused) && (refused.Code == deadlock || refused.Code == serialization)
}

func (postgresDialect) lock(tx *gorm.DB, name string) error {
	return tx.Exec("SELECT pg_advisory_xact_lock(hashtext(?))", name).Error
}

func (postgresDialect) floor(*gorm.DB, string) (string, error) { return "", nil }

func (postgresDialect) placeholders(sql string) string { return numbered(sql) }

func (postgresDialect) among(column string, values []string) (string, any) {
	return column + " = ANY(?)", values
}

func (postgresDialect) each(values []string) (string, any) {
	return "unnest(?::text[]) AS each (value)", values
}

// firstMembers joins by LATERAL: a join of all at once is estimated by the largest
// groups, and then reads all contacts or is planned anew each time.
func (d postgresDialect) firstMembers(groups []string) (string, any) {
	wanted, ids := d.each(groups)
	return "SELECT part.* FROM " + wanted + ", LATERAL (" + strings.Replace(firstMembers(ShownContacts), "?", "each.value", 1) + ") AS part", ids
}

// estimate is what the last VACUUM or ANALYZE found. The lists have the names of
// tables and of partial indexes.
func (postgresDialect) estimate(r reader, list string) (int, error) {
	n, err := collect(r, "SELECT reltuples FROM pg_class WHERE oid = ?::regclass", false, []any{list}, whole[float64])
	if err != nil {
		return 0, err
	}
	return int(n[0]), nil
}

func (postgresDialect) keyShare() string { return " FOR KEY SHARE" }

// search leaves the plan to the planner, which knows how common a trigram is. Terms
// of symbols alone have no trigrams; they are found by the symbols themselves.
func (postgresDialect) search(_ reader, q *selection, table string, terms []string, _ bool) (keyset, error) {
	q.planned = true
	for _, term := range terms {
		q.where(table+".search LIKE ?", containing(term))
		if symbols := strings.Join(strings.Fields(term), ""); !strings.ContainsFunc(symbols, maybeAlnum) {
			q.where(table+".symbols @> string_to_array(?, NULL)", symbols)
		}
	}
	return idKeyset(table), nil
}

// maybeAlnum tells whether PostgreSQL may take a character for a letter or a digit.
func maybeAlnum(r rune) bool { return isWord(r) || unicode.Is(unicode.Other_Alphabetic, r) }

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (postgresDialect) without(q *selection, table, term string) {
	q.where(table+".search NOT LIKE ?", containing(term))
}

// containing is the pattern of all that has a term in it.
func containing(term string) string { return "%" + likeEscaper.Replace(term) + "%" }

func (postgresDialect) migratesAlone() bool { return true }

// suspendIndexes drops foreign keys too: to check them all at once is a join.
func (postgresDialect) suspendIndexes(tx *gorm.DB, tables ...string) ([]string, error) {
	keys, err := suspend(tx, `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS lift,
		format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS build
		FROM pg_constraint WHERE conrelid::regclass::text IN ? AND contype = 'f'`, tables)
	if err != nil {
		return nil, err
	}
	indexes, err := suspend(tx, `SELECT 'DROP INDEX ' || indexrelid::regclass AS lift, pg_get_indexdef(indexrelid) AS build
		FROM pg_index WHERE indrelid::regclass::text IN ? AND NOT indisunique`, tables)
	build := slices.Concat([]string{"SET LOCAL maintenance_work_mem = '512MB'"}, indexes, keys)
	return build, err
}

// settle lets indexes be read without the table, and the planner know it.
func (postgresDialect) settle(tables ...string) string {
	return "VACUUM (ANALYZE) " + strings.Join(tables, ", ")
}
