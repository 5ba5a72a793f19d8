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

// ErrNoRow is what a read of one row answers where there is none.
var ErrNoRow = gorm.ErrRecordNotFound

// Dialect is what differs between the two engines: sqlite.go and postgres.go are
// the only files that tell them apart.
type Dialect interface {
	// Name is also the folder of its migrations.
	Name() string
	// engine is the name and the version of the engine, and address where the database
	// is, without what lets one in.
	engine() string
	address() string
	open(ctx context.Context, config *gorm.Config) (handles, error)
	// present returns an error if the open database is not where it was opened.
	present() error
	// writable is a statement that reads something and returns whether anything could be
	// written.
	writable() string
	// Earliest is the time by the clock of the database's server, if that has one of its
	// own and it is earlier than now.
	Earliest(r Reader, now time.Time) (time.Time, error)
	// logSize is how large the log of changes is that the program has to keep small.
	logSize() int64
	migration() (goose.Dialect, []goose.ProviderOption, error)
	// migrate runs up, which migrates, so that several starts at once end well.
	migrate(db *gorm.DB, up func() error) error
	// local is a statement to begin each transaction with, or "".
	local() string
	// Outage tells what is wrong with the database from a fault of ours, which is "".
	Outage(err error) access.Outage
	// again tells whether a transaction failed only because of another one.
	again(err error) bool
	// Lock makes other transactions that ask for the same name wait for this one.
	Lock(tx *gorm.DB, name string) error
	// Floor is the newest id of a table whose order by id must agree with its
	// order by row number; "" where there are no row numbers.
	Floor(tx *gorm.DB, table string) (string, error)
	// Placeholders gives a statement with ? for each value the engine's own marks.
	Placeholders(sql string) string
	// Among is the condition that a column has one of the values, and their argument.
	Among(column string, values []string) (condition string, arg any)
	// FirstMembers reads the first members of several groups, as MembersOf does
	// those of one.
	FirstMembers(groups []string, columns string, most int) (sql string, arg any)
	// estimate is about how many rows a list has: "groups", "groups_active",
	// "groups_archived" or "contacts". It is less than 0 where nobody knows.
	estimate(r Reader, list string) (int, error)
	// Each is a table of the values, in one column "value", and their argument.
	Each(values []string) (table string, arg any)
	// KeyShare ends a SELECT whose rows must not be deleted before the transaction ends.
	KeyShare() string
	// contains is the condition that a row of table has a term, as searchTerm gives it,
	// and lacks that it has not.
	contains(table, term string) Clauses
	lacks(table, term string) Clauses
	// approaches is how to look for what is sought, the best first. sql reads it all, as
	// far as a page of it.
	approaches(r Reader, l *SearchSpec, sql string, args []any) ([]strategy, error)
	// walk is the rows that walking or listing looks at, how many they are at most, and
	// the FROM, with %s in their place, that gives all their columns.
	walk(l *SearchSpec, a strategy, down bool) (rows Selection, most int, from string)
	// keptOrder is what a statement must say to leave walked rows in their order.
	keptOrder(order string) string
	// gather is the rows that gathering or following looks at, but their columns, what
	// of them is kept beside what l.lacking says, and how many they are at most.
	gather(l *SearchSpec, a strategy) (rows Selection, kept Clauses, most int)
	// Batch is how many rows one statement writes or names.
	Batch() int
	// SuspendIndexes drops what of the tables is cheaper to build once than to keep
	// up row by row, and answers the statements that build it again.
	SuspendIndexes(tx *gorm.DB, tables ...string) ([]string, error)
	// Settle is a statement that readies tables for reading after most of their rows
	// came at once.
	Settle(tables ...string) string
}

// handles are the ways to an open database.
type handles struct {
	Writer *gorm.DB // for changes, and for reads that must see the newest state
	Reader *gorm.DB // for reads; the same handle where the engine needs no other
	reads  source   // for reads that many wait for: see reader
	check  *sql.DB  // for Ready, which waits for nobody: one connection
	// LongReader and longReads are for reads that take long, on connections of their own, so
	// that they keep none from others.
	LongReader *gorm.DB
	longReads  source
}

// close closes all that is open.
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
	if h.check != nil {
		errs = append(errs, h.check.Close())
	}
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

// longConns is how many long reads run at once: the others wait for each other, and not
// the pages for them.
const longConns = 2

// limitPool keeps every connection that it allows: database/sql would close all
// but two of the idle ones.
func limitPool(pool *sql.DB, conns int) {
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
}

// openGORM has GORM work with what a dialector connects to.
func openGORM(d gorm.Dialector, config *gorm.Config) (*gorm.DB, error) {
	own := *config
	return gorm.Open(d, &own)
}

// suspend carries out the statements that a query gives as lift, and returns
// those that it gives as build.
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

// MembersOf reads the first members of one group: its id, and columns of contacts.
func MembersOf(columns string, most int) string {
	return "SELECT memberships.group_id, " + columns + " FROM memberships JOIN contacts ON contacts.id = memberships.contact_id" +
		" WHERE memberships.group_id = ? ORDER BY memberships.contact_id LIMIT " + strconv.Itoa(most)
}
