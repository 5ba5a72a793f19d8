package db

import (
	"context"
	"errors"
	"sync/atomic"
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
	// Reserve is how many bytes of the disk Room leaves free. Tests may set it.
	Reserve int64

	// ChangedLately reports whether a user or token has changed something since a time, for
	// ReadList. Package audit sets it.
	ChangedLately func(r Reader, id string, since time.Time) (bool, error)

	handles
	replica *replica // or nil: see UseReplica

	reconnected atomic.Int64 // when Reconnect last did, in Unix nanoseconds

	queries *queryLog             // or nil: see LogQueries
	seen    seeFunc               // or nil: see WatchTransactions
	totals  Cache[string, Count]  // of lists too long to count
	chosen  Cache[string, choice] // for searches, by their statements

	copying   bool          // by BeginCopy
	snapshots chan struct{} // holds one value for each that is being read
}

// How long results are cached. A revoked token must stop working within a second; an
// approximate total may be some seconds old.
const (
	CacheTTL  = time.Second
	totalsTTL = 10 * time.Second
)

// Open opens the database at url: "sqlite:path/to/file" or a PostgreSQL URL as pgx takes
// it. It creates a missing SQLite file and its folder, and does not migrate. It returns an
// error if the database can't be reached.
func Open(ctx context.Context, url string) (*DB, error) {
	dialect, err := dialectOf(url)
	if err != nil {
		return nil, err
	}
	return open(ctx, dialect)
}

// OpenToRead is Open for what only reads, which can be done on a standby, too: see ReadOnly.
func OpenToRead(ctx context.Context, url string) (*DB, error) {
	dialect, err := dialectOf(url)
	if err != nil {
		return nil, err
	}
	if d, ok := dialect.(*postgresDialect); ok {
		d.reading = true
	}
	return open(ctx, dialect)
}

// ReadOnly reports whether the database takes no changes.
func (s *DB) ReadOnly() bool { return s.readOnly }

func open(ctx context.Context, dialect Dialect) (*DB, error) {
	d := &DB{Dialect: dialect, Now: time.Now, Reserve: Reserve, snapshots: make(chan struct{}, snapshotConns)}
	d.Counts.TTL, d.totals.TTL, d.chosen.TTL = CacheTTL, totalsTTL, strategyTTL
	config := gorm.Config{
		DisableAutomaticPing:   true, // Ping follows
		PrepareStmt:            true,
		PrepareStmtMaxSize:     500,
		SkipDefaultTransaction: true,
		TranslateError:         true,
		Logger:                 logger.Discard,
		NowFunc:                func() time.Time { return d.Now() },
	}
	var err error
	if d.handles, err = d.Dialect.open(ctx, &config); err != nil {
		return nil, err
	}
	if err := d.Ping(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Ping returns an error, mostly Unavailable, if the database can't be reached. Ready checks
// whether it can be worked with.
func (s *DB) Ping(ctx context.Context) error {
	return s.Failed(ctx, s.Reader.WithContext(ctx).Exec("SELECT 1").Error)
}

// Close closes every connection.
func (s *DB) Close() error { return errors.Join(s.replica.close(), s.handles.close()) }

// Engine returns the name and the version of the engine.
func (s *DB) Engine() string { return s.Dialect.engine() }

// Address returns where the database is, without credentials.
func (s *DB) Address() string { return s.Dialect.address() }

// Reconnect drops the connections, which may be dead after the database could not be reached. Once
// a second is enough: many tasks ask for it, and each would drop the new ones of the others.
func (s *DB) Reconnect() {
	now, last := time.Now().UnixNano(), s.reconnected.Load()
	if now-last < int64(time.Second) || !s.reconnected.CompareAndSwap(last, now) {
		return
	}
	s.reads.reset()
	s.longReads.reset()
}

// LogSize returns the size of SQLite's write-ahead log in bytes; 0 on PostgreSQL, which
// limits its own.
func (s *DB) LogSize() int64 { return s.Dialect.logSize() }
