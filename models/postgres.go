package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"
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

// postgresConns is how many connections one program keeps, beside those for long reads.
const postgresConns = 16

// postgresSettings are for planning. No request reads a table whole, even where the
// planner hopes to find what it looks for near its beginning; rows far apart cost little
// more than others, as on any disk without a head; and no statement is worth a second
// process or being compiled, which take longer than it may.
const postgresSettings = "SET enable_seqscan = off; SET random_page_cost = 1.1; SET max_parallel_workers_per_gather = 0; SET jit = off"

// open connects by pgx, whose pool GORM shares. Statements are prepared, and planned
// once for any values, but for those that ask for more (pgxSource).
func (postgresDialect) open(url string, config *gorm.Config) (*gorm.DB, *gorm.DB, source, error) {
	db, reads, err := openPostgres(url, postgresConns, config)
	return db, db, reads, err
}

func (postgresDialect) openLong(url string, config *gorm.Config) (*gorm.DB, source, error) {
	return openPostgres(url, longConns, config)
}

func (postgresDialect) earliest(r reader, now time.Time) (time.Time, error) {
	theirs, err := collect(r, "SELECT clock_timestamp()", false, nil, whole[time.Time])
	if err == nil && theirs[0].Before(now) {
		return theirs[0], nil
	}
	return now, err
}

func (postgresDialect) logSize(string) int64 { return 0 }

// pingTimeout is how long a connection that was idle may take to show that it still leads
// to the database: after a partition an old one may be silent for good.
const pingTimeout = time.Second

func openPostgres(url string, conns int32, config *gorm.Config) (*gorm.DB, source, error) {
	settings, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, nil, fmt.Errorf("the PostgreSQL address can't be read: %w", err)
	}
	if settings.ConnConfig.ConnectTimeout == 0 {
		settings.ConnConfig.ConnectTimeout = 3 * time.Second
	}
	settings.MaxConns, settings.PingTimeout = conns, pingTimeout
	settings.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, postgresSettings)
		return err
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), settings)
	if err != nil {
		return nil, nil, fmt.Errorf("PostgreSQL can't be reached: %w", err)
	}
	own := *config
	own.PrepareStmt = false // pgx prepares each statement itself, once a connection
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: stdlib.OpenDBFromPool(pool)}), &own)
	if err != nil {
		pool.Close()
		return nil, nil, fmt.Errorf("PostgreSQL can't be reached: %w", err)
	}
	return db, pgxSource{pool}, nil
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

// contains finds terms of symbols alone, which have no trigrams, by the symbols.
func (postgresDialect) contains(table, term string) (c clauses) {
	c.where(table+".search LIKE ?", containing(term))
	if symbols := strings.Join(strings.Fields(term), ""); !strings.ContainsFunc(symbols, maybeAlnum) {
		c.where(table+".symbols @> string_to_array(?, NULL)", symbols)
	}
	return c
}

func (postgresDialect) lacks(table, term string) (c clauses) {
	c.where(table+".search NOT LIKE ?", containing(term))
	return c
}

// approaches asks the planner, which knows about how common a trigram is, what it would
// do without bounds. The groups of a contact it can only guess.
func (postgresDialect) approaches(r reader, l *sought, sql string, args []any) ([]approach, error) {
	if l.members != nil {
		return []approach{following, gathering, walking}, nil
	}
	lines, err := collect(r, "EXPLAIN "+sql, true, args, whole[string])
	plan := strings.Join(lines, "\n")
	switch {
	case !strings.Contains(plan, "Sort "):
		return []approach{walking, gathering, following}, err
	case strings.Contains(plan, l.table+"_search"), strings.Contains(plan, l.table+"_symbols"):
		if few(plan) && len(l.terms) == 1 && len(termWords(l.terms[0])) == 1 {
			return []approach{plainly, gathering, walking, following}, err
		}
		return []approach{gathering, walking, following}, err
	}
	return []approach{following, gathering, walking}, err
}

// few tells whether a plan finds fewer than a thousand rows by a word. Even if the
// planner, who has seen a hundred texts, mistakes one in fifty for one in a thousand,
// those are few enough, and the bound would cost more than the search. (Of phrases and
// of several words it multiplies what it knows, and may be wrong altogether.) Of symbols
// it keeps the common ones, so that what it takes for fewer than ten thousand is.
func few(plan string) bool {
	found := wordRows.FindStringSubmatch(plan)
	return found != nil && (len(found[2]) <= 3 || found[1] == "symbols" && len(found[2]) <= 4)
}

// wordRows finds how many rows a plan expects of an index of words.
var wordRows = regexp.MustCompile(`Bitmap Index Scan on \w+_(search|symbols) .*rows=(\d+)`)

func (postgresDialect) walk(l *sought, _ approach, down bool) (rows selection, most int, from string) {
	if l.walked != l.table {
		return l.stretch("memberships.contact_id", down), mostWalked,
			"(%s) AS memberships JOIN contacts ON contacts.id = memberships.contact_id"
	}
	return l.stretch(l.table+".*", down), mostWalked, "(%s) AS " + l.table
}

func (postgresDialect) keptOrder(order string) string { return " ORDER BY " + order }

// postgresGathered is how many matches PostgreSQL gathers, in 25 ms.
const postgresGathered = 20_000

// gather leaves the planner one index for words: else it may take another, and look at
// most rows for their words. Of a phrase the index has the words only; so these are
// gathered, and not tested for the phrase before the first is found that has it.
func (d postgresDialect) gather(l *sought, a approach) (rows selection, kept clauses, most int) {
	if a == following || len(l.terms) == 0 {
		for _, term := range l.terms {
			kept.add(d.contains(l.table, term))
		}
		return l.but(func(l *sought) { l.without, l.terms = nil, nil }).all(d), kept, postgresGathered
	}
	rows.from, kept = l.table, l.besides(d)
	for _, term := range l.terms {
		words := termWords(term)
		for _, word := range words {
			rows.add(d.contains(l.table, word))
		}
		if len(words) > 1 {
			kept.add(d.contains(l.table, term))
		}
	}
	return rows, kept, postgresGathered
}

// maybeAlnum tells whether PostgreSQL may take a character for a letter or a digit.
func maybeAlnum(r rune) bool { return isWord(r) || unicode.Is(unicode.Other_Alphabetic, r) }

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

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
