// Package db is the database: one open SQLite file or PostgreSQL database, its schema, its
// transactions, and the reads that every page waits for. It is the only package that tells
// the two engines apart (Dialect; sqlite.go and postgres.go).
//
// Changes go through GORM, in Transaction. Lists, searches and single rows are written as
// SQL and scanned column by column (read.go). Lists are read by keyset (page.go). A search
// is bounded: it must not look at more rows than there is time for (search.go):
//
//	strategy         what it looks at                     when it is complete
//	unbounded        whatever the engine's plan says      always; only if little matches
//	orderScan        rows in the order of the list        the page is full, or the order ends
//	indexScan        matches of an index, by id           the page is full, or the index ends
//	collectSort      whatever matches, then sorts it      there were fewer than the bound
//	membershipScan   matches of all but the words, sorted there were fewer than the bound
//
// Strategies are tried in the order that the engine proposes. If none is complete, the page
// is marked as partial.
package db

import (
	"context"
	"errors"
	"time"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"protocol.chat/console/models/text"
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	// Now is the clock, time.Now by default. Tests may set it before the first use.
	Now func() time.Time
	// Dialect is what the engine does in its own way.
	Dialect Dialect
	// IDs makes the ids of new rows.
	IDs text.IDs
	// Counts caches the totals of lists until the next change.
	Counts Cache[string, Count]
	// Migrations are those written in Go. Set them before Migrate.
	Migrations []*goose.Migration
	// Health records recent failures, for Ready.
	Health health

	handles
	queries *queryLog                 // or nil: see LogQueries
	totals  Cache[string, Count]      // of lists too long to count
	chosen  Cache[string, []strategy] // for searches, by their statements
}

// How long results are cached. A revoked token must be useless within a second; a total
// shown as "about" may be some seconds old.
const (
	KeepAnswers = time.Second
	keepTotals  = 10 * time.Second
)

// Open opens the database at url: "sqlite:path/to/file" or a PostgreSQL URL as pgx takes
// it. It creates a missing SQLite file and its folder, and does not migrate. It returns an
// error if the database can't be reached.
func Open(ctx context.Context, url string) (*DB, error) {
	d := &DB{Now: time.Now}
	d.Counts.Keep, d.totals.Keep, d.chosen.Keep = KeepAnswers, keepTotals, keepApproaches
	var err error
	if d.Dialect, err = dialectOf(url); err != nil {
		return nil, err
	}
	config := gorm.Config{
		PrepareStmt:            true,
		PrepareStmtMaxSize:     500,
		SkipDefaultTransaction: true,
		TranslateError:         true,
		Logger:                 logger.Discard,
		NowFunc:                func() time.Time { return d.Now() },
	}
	if d.handles, err = d.Dialect.open(ctx, &config); err != nil {
		return nil, err
	}
	if err := d.Ping(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}
