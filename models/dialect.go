package models

import (
	"errors"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
)

// errRowMissing is what a read of one row answers where there is none.
var errRowMissing = gorm.ErrRecordNotFound

// dialect is what differs between the two engines: sqlite.go and postgres.go are
// the only files that tell them apart.
type dialect interface {
	// name is also the folder of its migrations.
	name() string
	// open gives a handle for changes and rare reads, one for reads that need not
	// see the newest state, and what reader asks.
	open(url string, config *gorm.Config) (db, read *gorm.DB, reads source, err error)
	// openLong gives what long reads use, on connections of their own.
	openLong(url string, config *gorm.Config) (*gorm.DB, source, error)
	// earliest is the time by the clock of the database's server, if that has one of its
	// own and it is earlier than now.
	earliest(r reader, now time.Time) (time.Time, error)
	// logSize is how large the log of changes is that the program has to keep small.
	logSize(url string) int64
	migration() (goose.Dialect, []goose.ProviderOption, error)
	// migratesAlone tells whether another start that migrates is waited for. Where
	// it is not, the one that comes second fails and must look again.
	migratesAlone() bool
	// unavailable tells the engine's being away from a fault of ours.
	unavailable(err error) bool
	// again tells whether a transaction failed only because of another one.
	again(err error) bool
	// lock makes other transactions that ask for the same name wait for this one.
	lock(tx *gorm.DB, name string) error
	// floor is the newest id of a table whose order by id must agree with its
	// order by row number; "" where there are no row numbers.
	floor(tx *gorm.DB, table string) (string, error)
	// placeholders gives a statement with ? for each value the engine's own marks.
	placeholders(sql string) string
	// among is the condition that a column has one of the values, and their argument.
	among(column string, values []string) (condition string, arg any)
	// firstMembers reads the first members of several groups, as firstMembers does
	// those of one.
	firstMembers(groups []string) (sql string, arg any)
	// estimate is about how many rows a list has: "groups", "groups_active",
	// "groups_archived" or "contacts". It is less than 0 where nobody knows.
	estimate(r reader, list string) (int, error)
	// each is a table of the values, in one column "value", and their argument.
	each(values []string) (table string, arg any)
	// keyShare ends a SELECT whose rows must not be deleted before the transaction ends.
	keyShare() string
	// contains is the condition that a row of table has a term, as searchTerm gives it,
	// and lacks that it has not.
	contains(table, term string) clauses
	lacks(table, term string) clauses
	// approaches is how to look for what is sought, the best first. sql reads it all, as
	// far as a page of it.
	approaches(r reader, l *sought, sql string, args []any) ([]approach, error)
	// walk is the rows that walking or listing looks at, how many they are at most, and
	// the FROM, with %s in their place, that gives all their columns.
	walk(l *sought, a approach, down bool) (rows selection, most int, from string)
	// keptOrder is what a statement must say to leave walked rows in their order.
	keptOrder(order string) string
	// gather is the rows that gathering or following looks at, but their columns, what
	// of them is kept beside what l.lacking says, and how many they are at most.
	gather(l *sought, a approach) (rows selection, kept clauses, most int)
	// batch is how many rows one statement writes or names.
	batch() int
	// suspendIndexes drops what of the tables is cheaper to build once than to keep
	// up row by row, and answers the statements that build it again.
	suspendIndexes(tx *gorm.DB, tables ...string) ([]string, error)
	// settle is a statement that readies tables for reading after most of their rows
	// came at once.
	settle(tables ...string) string
}

func dialectOf(url string) (dialect, error) {
	switch {
	case url == "sqlite:", url == "sqlite::memory:", strings.HasPrefix(url, "sqlite:") && strings.Contains(url, "?"):
	case strings.HasPrefix(url, "sqlite:"):
		return sqliteDialect{}, nil
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return postgresDialect{}, nil
	}
	return nil, errors.New("the database must be sqlite:FILE, with a plain path, or a postgres:// address")
}

// longConns is how many long reads run at once: the others wait for each other, and not
// the pages for them.
const longConns = 2

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
