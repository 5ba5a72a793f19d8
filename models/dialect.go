package models

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/glebarez/sqlite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// errRowMissing is what a read of one row answers where there is none.
var errRowMissing = gorm.ErrRecordNotFound

// dialect is what differs between the two engines.
type dialect interface {
	// name is also the folder of its migrations.
	name() string
	// open gives a handle for changes and one for reads.
	open(url string, config *gorm.Config) (db, read *gorm.DB, err error)
	migration() (goose.Dialect, []goose.ProviderOption, error)
	// unavailable tells the engine's being away from a fault of ours.
	unavailable(err error) bool
	// again tells whether a transaction failed only because of another one.
	again(err error) bool
	// lock makes other transactions that ask for the same name wait for this one.
	lock(tx *gorm.DB, name string) error
	// floor is the newest id of a table whose order by id must agree with its
	// order by row number; "" where there are no row numbers.
	floor(tx *gorm.DB, table string) (string, error)
	// search limits a query on table to the rows that have every one of the
	// terms, each as searchTerm gives it. byID says that the rows are wanted in
	// the order of ids. It answers the query and the keyset of that order.
	search(db *gorm.DB, table string, terms []string, byID bool) (*gorm.DB, keyset, error)
	// without limits a query to the rows of table that don't have the term.
	without(db *gorm.DB, table, term string) *gorm.DB
	// suspendIndexes drops the tables' indexes, but for those of constraints, and
	// answers the statements that build them again.
	suspendIndexes(tx *gorm.DB, tables ...string) ([]string, error)
}

func dialectOf(url string) (dialect, error) {
	switch {
	case strings.HasPrefix(url, "sqlite:") && len(url) > len("sqlite:"):
		return sqliteDialect{}, nil
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return postgresDialect{}, nil
	}
	return nil, errors.New("the database must be sqlite:FILE or a postgres:// address")
}

type sqliteDialect struct{}

func (sqliteDialect) name() string { return "sqlite" }

// open gives SQLite one connection that writes, because it has one writer, and
// a pool of connections that only read. An acknowledged change is on the disk.
func (sqliteDialect) open(url string, config *gorm.Config) (*gorm.DB, *gorm.DB, error) {
	path := strings.TrimPrefix(url, "sqlite:")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, fmt.Errorf("the folder of the database can't be made: %w", err)
	}
	db, err := openSQLite(path, "_txlock=immediate", 1, config)
	if err != nil {
		return nil, nil, err
	}
	read, err := openSQLite(path, "_pragma=query_only(1)", max(4, runtime.NumCPU()), config)
	return db, read, err
}

func openSQLite(path, option string, conns int, config *gorm.Config) (*gorm.DB, error) {
	const pragmas = "&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
		"&_pragma=foreign_keys(1)&_pragma=cache_size(-8000)&_pragma=temp_store(MEMORY)"
	own := *config
	db, err := gorm.Open(sqlite.Open("file:"+(&url.URL{Path: path}).EscapedPath()+"?"+option+pragmas), &own)
	if err != nil {
		return nil, fmt.Errorf("the SQLite file %s can't be opened: %w", path, err)
	}
	return db, limitPool(db, conns)
}

// limitPool keeps every connection that it allows: database/sql would close all
// but two of the idle ones.
func limitPool(db *gorm.DB, conns int) error {
	pool, err := db.DB()
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return nil
}

func (sqliteDialect) migration() (goose.Dialect, []goose.ProviderOption, error) {
	return goose.DialectSQLite3, nil, nil
}

func (sqliteDialect) unavailable(err error) bool {
	var coded interface{ Code() int }
	if !errors.As(err, &coded) {
		return errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn)
	}
	const busy, locked, readOnly, ioError, full, cantOpen = 5, 6, 8, 10, 13, 14
	switch coded.Code() & 0xff {
	case busy, locked, readOnly, ioError, full, cantOpen:
		return true
	}
	return false
}

func (sqliteDialect) again(error) bool            { return false }
func (sqliteDialect) lock(*gorm.DB, string) error { return nil } // a transaction that writes is alone

func (sqliteDialect) floor(tx *gorm.DB, table string) (string, error) {
	var newest []string
	err := tx.Table(table).Select("id").Order("id DESC").Limit(1).Find(&newest).Error
	return strings.Join(newest, ""), err
}

// fewMatches is how many matches SQLite collects and sorts. Of more than these,
// every short stretch of any order has some, and walking the order is quicker.
const fewMatches = 2000

// search asks the full-text index, which lists matches by row number, the order
// of ids. In other orders it sorts them, unless they are many.
func (d sqliteDialect) search(db *gorm.DB, table string, terms []string, byID bool) (*gorm.DB, keyset, error) {
	index := table + "_fts"
	match := make([]string, len(terms))
	for i, term := range terms {
		match[i] = `"` + strings.ReplaceAll(term, `"`, `""`) + `"`
	}
	expression := strings.Join(match, " AND ")
	if !byID {
		var found int64
		fresh := db.Session(&gorm.Session{NewDB: true})
		some := fresh.Table(index).Select("1").Where(index+" MATCH ?", expression).Limit(fewMatches + 1)
		if err := fresh.Table("(?)", some).Count(&found).Error; err != nil {
			return nil, keyset{}, err
		}
		if found > fewMatches {
			for _, term := range terms {
				db = db.Where("instr("+table+".search, ?) > 0", term)
			}
			return db, idKeyset(table), nil
		}
	}
	db = db.Table(index+" CROSS JOIN "+table+" ON "+table+".seq = "+index+".rowid").Where(index+" MATCH ?", expression)
	return db, keyset{
		columns: []string{index + ".rowid"},
		below:   "<= (SELECT seq FROM " + table + " WHERE id < ? ORDER BY id DESC LIMIT 1)",
		above:   ">= (SELECT seq FROM " + table + " WHERE id > ? ORDER BY id LIMIT 1)",
	}, nil
}

func (sqliteDialect) without(db *gorm.DB, table, term string) *gorm.DB {
	return db.Where("instr("+table+".search, ?) = 0", term)
}

type postgresDialect struct{}

func (postgresDialect) name() string { return "postgres" }

// postgresConns is how many connections one program keeps.
const postgresConns = 16

// open connects by pgx. Plans are made for the values at hand: a plan for any
// search word would be the wrong one for common words or for rare ones.
func (postgresDialect) open(url string, config *gorm.Config) (*gorm.DB, *gorm.DB, error) {
	settings, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, nil, fmt.Errorf("the PostgreSQL address can't be read: %w", err)
	}
	if settings.ConnectTimeout == 0 {
		settings.ConnectTimeout = 3 * time.Second
	}
	settings.RuntimeParams["plan_cache_mode"] = "force_custom_plan"
	db, err := gorm.Open(postgres.New(postgres.Config{Conn: stdlib.OpenDB(*settings)}), config)
	if err != nil {
		return nil, nil, fmt.Errorf("PostgreSQL can't be reached: %w", err)
	}
	return db, db, limitPool(db, postgresConns)
}

func (postgresDialect) migration() (goose.Dialect, []goose.ProviderOption, error) {
	locker, err := lock.NewPostgresSessionLocker()
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
		strings.Contains(fmt.Sprint(err), "conn closed") || strings.Contains(fmt.Sprint(err), "unexpected EOF")
}

func (postgresDialect) again(err error) bool {
	var refused *pgconn.PgError
	const deadlock, serialization = "40P01", "40001"
	return errors.As(err, &refused) && (refused.Code == deadlock || refused.Code == serialization)
}

func (postgresDialect) lock(tx *gorm.DB, name string) error {
	return tx.Exec("SELECT pg_advisory_xact_lock(hashtext(?))", name).Error
}

func (postgresDialect) floor(*gorm.DB, string) (string, error) { return "", nil }

// search leaves the plan to the planner, which knows how common a trigram is.
func (postgresDialect) search(db *gorm.DB, table string, terms []string, _ bool) (*gorm.DB, keyset, error) {
	for _, term := range terms {
		db = db.Where(table+".search LIKE ?", "%"+likeEscaper.Replace(term)+"%")
	}
	return db, idKeyset(table), nil
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (postgresDialect) without(db *gorm.DB, table, term string) *gorm.DB {
	return db.Where("strpos("+table+".search, ?) = 0", term)
}
