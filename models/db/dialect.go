package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"

	"protocol.chat/console/models/access"
)

// ErrNoRow is returned by a read of one row if there is none.
var ErrNoRow = gorm.ErrRecordNotFound

// Dialect is what differs between the two engines. Only the files named after an engine
// implement it.
type Dialect interface {
	// Name is "sqlite" or "postgres", and the folder of the engine's migrations.
	Name() string
	// engine returns the name and the version of the engine, and address where the database
	// is, without credentials.
	engine() string
	address() string
	open(ctx context.Context, config *gorm.Config) (handles, error)
	// checkFiles returns an error if the files of the open database were moved or deleted.
	checkFiles() error
	// trust sets whether the database holds what this process left there. If not, an
	// overwritten file is not written to.
	trust(ok bool)
	// writableQuery is a statement that reads something and returns whether the database accepts
	// changes.
	writableQuery() string
	// Earliest returns the time by the clock of the database's server, if there is one and
	// it is behind now; otherwise now.
	Earliest(r Reader, now time.Time) (time.Time, error)
	// logSize is the size in bytes of the log that the program has to keep small.
	logSize() int64
	// room is DB.Room.
	room(reserve int64) error
	migration() goose.Dialect
	// migrate runs up so that several processes that migrate at once all succeed.
	migrate(db *gorm.DB, up func() error) error
	// dump and restore do what DB.Dump and Restore promise.
	dump(ctx context.Context, s *DB, path string, read func(Reader) error) error
	restore(ctx context.Context, path string, check func(*DB) error) error
	// tables is a statement that returns the names of the tables.
	tables() string
	// traits is DB.Traits; size and sizeOf are how many bytes all takes, and how large a table is.
	traits(r Reader) ([]Trait, error)
	size(r Reader) (int64, error)
	sizeOf(r Reader, table string) (Size, error)
	// columns is a statement that returns the columns of the tables, in their order, without those
	// that are computed: table, name, type, and place in the primary key or 0.
	columns() string
	loader(ctx context.Context, s *DB) (Loader, error)
	// afterCopy are the statements that a database needs after all rows were inserted.
	afterCopy() []string
	// referenceCheck is a statement that returns the tables with broken references; "" if a Loader
	// can't leave any.
	referenceCheck() string
	// unlimited is a statement that lifts time limits from a transaction, or "".
	unlimited() string
	// beginStatement is a statement to begin each transaction with, or "".
	beginStatement() string
	// Outage returns the outage that an error of the database means; "" if it is a bug.
	Outage(err error) access.Outage
	// retryable reports whether a transaction failed only because of another one.
	retryable(err error) bool
	// Lock makes other transactions that lock the same name wait until this one ends.
	Lock(tx *gorm.DB, name string) error
	// TryLock takes the lock of a name until the transaction ends, and reports whether it was
	// free. An engine whose database one program serves has no such locks: it always is.
	TryLock(r Reader, name string) (bool, error)
	// Notify makes Listen of other programs call heard with the commit of the transaction.
	Notify(tx *gorm.DB, channel string) error
	// Listen calls heard for each Notify of a channel until ctx ends. It returns nil at once where
	// nothing can be heard: behind a pooler, and on an engine whose database one program serves.
	Listen(ctx context.Context, channel string, heard func()) error
	// Floor returns the newest id of a table whose ids and row numbers must have the same
	// order; "" if the engine has no row numbers.
	Floor(tx *gorm.DB, table string) (string, error)
	// Placeholders returns a statement with the engine's own placeholders in place of ?.
	Placeholders(sql string) string
	// Among returns the condition that a column has one of the values, and its argument.
	Among(column string, values []string) (condition string, arg any)
	// FirstMembers returns a statement for the first members of several groups, with the
	// columns of MembersOf, and its argument.
	FirstMembers(groups []string, columns string, most int) (sql string, arg any)
	// estimate returns about how many rows a list has: "groups", "groups_active",
	// "groups_archived" or "contacts". It is negative if unknown.
	estimate(r Reader, list string) (int, error)
	// Each returns a table of the values, in one column "value", and its argument.
	Each(values []string) (table string, arg any)
	// insert returns the statements that store rows.
	insert(i Insert) []Statement
	// EndingIn returns a FROM of the rows of a table whose search text ends in one of the
	// values, and its argument. It has a row twice if two values are equal.
	EndingIn(table string, values []string) (from string, arg any)
	// KeyShare ends a SELECT whose rows must not be deleted before the transaction ends.
	KeyShare() string
	// InOrder runs read, in a transaction, so that what it selects with a limit is taken from
	// the index that is in its order. The planner would rather sort all that there is if it
	// takes a table for small that has just been filled.
	InOrder(tx *gorm.DB, read func() error) error
	// ForUpdate ends a SELECT whose rows must not be changed before the transaction ends.
	ForUpdate() string
	// contains is the condition that a row of table has a normalized term, and lacks that
	// it has not.
	contains(table, term string) Clauses
	lacks(table, term string) Clauses
	// choose returns the strategies for a search, the best first. sql reads a page of all
	// that matches.
	choose(r Reader, l *SearchSpec, sql string, args []any) ([]strategy, error)
	// scan returns the rows that orderScan or indexScan examines, their maximum number, and
	// a FROM with all their columns, in which %s stands for the rows.
	scan(l *SearchSpec, a strategy, down bool) (rows Selection, most int, from string)
	// scanOrderBy returns the ORDER BY that keeps scanned rows in order, or "".
	scanOrderBy(order string) string
	// collect returns the rows that collectSort or membershipScan examines, without
	// columns; the conditions to test them by, except Without; and their maximum number.
	collect(l *SearchSpec, a strategy) (rows Selection, kept Clauses, most int)
	// Batch is how many rows one statement should write or name.
	Batch() int
	// Turn is how long a transaction of background work may take.
	Turn() time.Duration
	// SuspendIndexes drops what is cheaper to build once than to maintain row by row, and
	// triggers; it returns the statements that build them again.
	SuspendIndexes(tx *gorm.DB, tables ...string) ([]string, error)
	// Settle returns a statement that prepares tables for reading after a bulk load.
	Settle(tables ...string) string
}

// handles are the connections to an open database.
type handles struct {
	Writer *gorm.DB // for changes, and for reads that must see the newest state
	Reader *gorm.DB // for reads; the same handle if the engine needs no other
	// transact runs a function in one transaction.
	transact func(ctx context.Context, fn func(tx *gorm.DB) error) error
	turns    *turns  // of SQLite's writers; nil on PostgreSQL
	reads    source  // for hot reads: see Reader
	check    *sql.DB // for Ready: one connection of its own
	// migrations are connections for Migrate; nil if it takes those of Writer.
	migrations *sql.DB
	changes    *sqliteChanges // for Current; nil on PostgreSQL
	// LongReader and longReads are for reads that take long. They have connections of their
	// own, so that others don't wait for them.
	LongReader *gorm.DB
	longReads  source
	// readOnly is for a server that takes no changes: see OpenToRead.
	readOnly bool
}

// close closes all connections.
func (h handles) close() error {
	var errs []error
	for _, db := range []*gorm.DB{h.Writer, h.Reader, h.LongReader} {
		if db == nil {
			continue
		}
		pool, err := db.DB()
		if err == nil {
			err = pool.Close()
		}
		errs = append(errs, err)
	}
	for _, reads := range []source{h.reads, h.longReads} {
		if reads != nil {
			reads.close()
		}
	}
	for _, pool := range []*sql.DB{h.check, h.migrations} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	errs = append(errs, h.changes.close())
	return errors.Join(errs...)
}

func dialectOf(url string) (Dialect, error) {
	scheme, rest, _ := strings.Cut(url, ":")
	switch {
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return &postgresDialect{url: url}, nil
	case scheme != "sqlite", rest == "", rest == ":memory:", strings.Contains(rest, "?"):
		return nil, errors.New("the database must be sqlite:FILE, with a plain path, or a postgres:// address")
	case strings.HasPrefix(rest, "~"):
		return nil, fmt.Errorf("~ is not read here: write the path of the home folder in sqlite:%s", rest)
	case strings.HasPrefix(rest, "//") && !strings.HasPrefix(rest, "///"):
		path := strings.TrimPrefix(rest, "//")
		return nil, fmt.Errorf("%s names no file: write sqlite:%s for one below this folder, or sqlite:/%s for one below /", url, path, path)
	}
	return sqliteDialect{files: &sqliteFiles{path: rest}}, nil
}

// longConns is how many long reads run at once, so that pages never wait for them.
const longConns = 4

// limitPool keeps every connection that it allows: database/sql would close all but two of
// the idle ones.
func limitPool(pool *sql.DB, conns int) {
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
}

// openGORM opens GORM over a dialector with a copy of config.
func openGORM(d gorm.Dialector, config *gorm.Config) (*gorm.DB, error) {
	own := *config
	return gorm.Open(d, &own)
}

// suspend runs the statements that a query returns as lift, and returns those that it
// returns as build.
func suspend(tx *gorm.DB, query string, tables []string) ([]string, error) {
	var found []struct{ Lift, Build string }
	if err := tx.Raw(query, tables).Scan(&found).Error; err != nil {
		return nil, err
	}
	var build []string
	for _, f := range found {
		if err := tx.Exec(f.Lift).Error; err != nil {
			return nil, err
		}
		build = append(build, f.Build)
	}
	return build, nil
}

// MembersOf returns a statement for the first members of one group, its argument: the
// group's id, and columns of contacts.
func MembersOf(columns string, most int) string {
	return "SELECT memberships.group_id, " + columns + " FROM memberships JOIN contacts ON contacts.id = memberships.contact_id" +
		" WHERE memberships.group_id = ? ORDER BY memberships.contact_id LIMIT " + strconv.Itoa(most)
}
