package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"protocol.chat/console/models/access"
)

type sqliteDialect struct{ files *sqliteFiles }

// sqlitePragmas are set on every connection: an acknowledged change is on the disk (FULL);
// a write waits up to five seconds for another process's; and the log, which grows to the
// size of the largest transaction, is truncated afterwards. Two defaults stay. A checkpoint
// runs every 1,000 pages: the write that triggers it waits for it, so it should be small.
// And mmap is off: it would take 0.65 of the CPU for scattered pages, but 64 MB of it count
// as 260 MB of memory.
const sqlitePragmas = "&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)" +
	"&_pragma=foreign_keys(1)&_pragma=journal_size_limit(67108864)"

const (
	// writerPragmas: without immediate, a transaction that reads first and then writes
	// would fail if another process wrote in between. With 8 MB of cache, as before, an export
	// of a million groups took 27 MB more, and a bulk change was no faster. What a savepoint
	// goes back to is kept in memory: in a file it took a sixth of a change.
	writerPragmas = "_txlock=immediate&_pragma=cache_size(-2000)&_pragma=temp_store(MEMORY)"
	// readerPragmas: a cache takes nearly twice its size in memory, for each connection, so
	// it is 1 MB. Twice as much took 6 MB more for all of them and saved no measurable CPU, nor did
	// 4 or 8 MB, because the system caches the file's pages too. Reads sort little, and so need no
	// temporary files.
	readerPragmas = "_pragma=query_only(1)&_pragma=cache_size(-1000)&_pragma=temp_store(MEMORY)"
	// longPragmas: what is read from beginning to end, as exports do, is needed once.
	longPragmas = "_pragma=query_only(1)&_pragma=cache_size(-1000)&_pragma=temp_store(MEMORY)"
	// checkPragmas are for Ready, which reads one page, and for sqliteChanges, which reads none.
	checkPragmas = "_pragma=query_only(1)&_pragma=cache_size(-100)"
)

// sqliteReaders returns how many reads run at once: enough that a slow one doesn't hold up
// the others, and no more than there is memory for.
func sqliteReaders() int { return min(max(4, runtime.NumCPU()), 8) }

func (sqliteDialect) Name() string { return "sqlite" }

func (sqliteDialect) engine() string { return "SQLite " + sqlite3.SQLITE_VERSION }

func (d sqliteDialect) address() string { return "sqlite:" + d.files.path }

// open gives SQLite one connection that writes, because it has one writer, and
// a pool of connections that only read. An acknowledged change is on the disk.
func (d sqliteDialect) open(_ context.Context, config *gorm.Config) (handles, error) {
	var h handles
	if err := createPrivate(d.files.path); err != nil {
		return h, err
	}
	shared := new(atomic.Bool)
	write, err := openSQLite(d.files, writerPragmas, 1, shared)
	if err != nil {
		return h, err
	}
	read, err := openSQLite(d.files, readerPragmas, sqliteReaders(), nil)
	if err != nil {
		return h, err
	}
	if h.check, err = sqlitePool(d.files, checkPragmas, 1, nil); err != nil {
		return h, err
	}
	changes, err := sqliteConnector(d.files, checkPragmas, nil)
	if err != nil {
		return h, err
	}
	h.changes = &sqliteChanges{connector: changes}
	long, err := sqlitePool(d.files, longPragmas, longConns, nil)
	if err != nil {
		return h, err
	}
	if err := d.files.remember(); err != nil {
		return h, err
	}
	// GORM lets everybody wait for whoever prepares a statement first. If that one waits for the
	// only writing connection, and the transaction that has it for the statement, both wait for ever.
	writing := *config
	writing.PrepareStmt = false
	if h.Writer, err = openGORM(sqliteDialector{write}, &writing); err != nil {
		return h, err
	}
	h.turns = &turns{writer: h.Writer, shared: shared}
	h.transact = h.turns.run
	if h.Reader, err = openGORM(sqliteDialector{read}, config); err != nil {
		return h, err
	}
	h.reads = sqlSource{h.Reader.ConnPool, d.Placeholders}
	h.LongReader, err = openGORM(sqliteDialector{long}, config)
	h.longReads = sqlSource{h.LongReader.ConnPool, d.Placeholders}
	return h, err
}

// createPrivate creates a file and its folder, unless they are there, for their owner alone.
// SQLite would create a file that everyone on the machine can read.
func createPrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("the folder of the database can't be made: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("the SQLite file can't be opened: %w", err)
	}
	return file.Close()
}

func (sqliteDialect) Earliest(_ Reader, now time.Time) (time.Time, error) { return now, nil }

func (d sqliteDialect) logSize() int64 {
	info, err := os.Stat(d.files.path + "-wal")
	if err != nil {
		return 0 // there is none if nothing was written
	}
	return info.Size()
}

// sqliteConnector makes connections to a file that must exist. shared is as in guarded.
func sqliteConnector(files *sqliteFiles, pragmas string, shared *atomic.Bool) (driver.Connector, error) {
	connector, err := sqlite.NewConnector("file:" + (&url.URL{Path: files.path}).EscapedPath() + "?mode=rw&" + pragmas + sqlitePragmas)
	return guarded{connector, files, shared}, err
}

// sqlitePool returns a pool of connections that are made when they are needed: each reads the whole
// schema. The file must exist: a deleted one must not be created anew. shared is as in guarded.
func sqlitePool(files *sqliteFiles, pragmas string, conns int, shared *atomic.Bool) (*sql.DB, error) {
	connector, err := sqliteConnector(files, pragmas, shared)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	limitPool(pool, conns)
	return pool, nil
}

// openSQLite is sqlitePool with one connection made.
func openSQLite(files *sqliteFiles, pragmas string, conns int, shared *atomic.Bool) (*sql.DB, error) {
	pool, err := sqlitePool(files, pragmas, conns, shared)
	if err != nil {
		return nil, err
	}
	err = readSchema(pool)
	// Two starts that switch a new file to WAL at once don't wait for each other.
	for wait := time.Millisecond; sqliteCode(err) == sqlite3.SQLITE_BUSY && wait < 5*time.Second; wait *= 2 {
		time.Sleep(wait)
		err = readSchema(pool)
	}
	if err != nil {
		return nil, fmt.Errorf("the SQLite file %s can't be opened: %w", files.path, errors.Join(err, pool.Close()))
	}
	return pool, nil
}

// readSchema makes SQLite open all its files.
func readSchema(pool *sql.DB) error {
	var n int
	return pool.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&n)
}

// sqliteCode returns the primary code of SQLite's error, or 0.
func sqliteCode(err error) int {
	var coded interface{ Code() int }
	if !errors.As(err, &coded) {
		return 0
	}
	return coded.Code() & 0xff
}

func (sqliteDialect) migration() goose.Dialect { return goose.DialectSQLite3 }

// Outage goes by SQLite's primary result codes: https://www.sqlite.org/rescode.html
func (sqliteDialect) Outage(err error) access.Outage {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM:
		return access.Busy
	case sqlite3.SQLITE_FULL:
		return access.Full
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR:
		return access.Damaged
	case sqlite3.SQLITE_READONLY:
		return access.ReadOnly
	case sqlite3.SQLITE_CANTOPEN:
		return access.Gone
	}
	if errors.Is(err, errMoved) || errors.Is(err, errOverwritten) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn) {
		return access.Gone
	}
	return ""
}

// Batch is the size beyond which there is little to gain (250 memberships take 0.86 of the
// CPU of 100; 1,000 take 0.8). Each size is a prepared statement of its own.
func (sqliteDialect) Batch() int { return 250 }

// Turn keeps others from waiting for the one connection that writes.
func (sqliteDialect) Turn() time.Duration { return 50 * time.Millisecond }

func (sqliteDialect) retryable(error) bool        { return false }
func (sqliteDialect) Lock(*gorm.DB, string) error { return nil } // a transaction that writes is alone

func (sqliteDialect) InOrder(_ *gorm.DB, read func() error) error { return read() }

func (sqliteDialect) TryLock(Reader, string) (bool, error) { return true, nil }

func (sqliteDialect) Floor(tx *gorm.DB, table string) (string, error) {
	newest := "SELECT max(id) AS id FROM " + table
	if table == "groups" { // those on hold have row numbers too
		newest = "SELECT max(id) FROM (" + newest + " UNION ALL SELECT max(id) FROM held_groups)"
	}
	var id sql.NullString
	err := tx.Raw(newest).Scan(&id).Error
	return id.String, err
}

func (sqliteDialect) Placeholders(sql string) string { return sql }

func (sqliteDialect) Notify(*gorm.DB, string) error { return nil }

func (sqliteDialect) Listen(context.Context, string, func()) error { return nil }

func (d sqliteDialect) Among(column string, values []string) (string, any) {
	each, list := d.Each(values)
	return column + " IN (SELECT value FROM " + each + ")", list
}

// Each binds all values as one, so that any number of them makes the same statement.
func (sqliteDialect) Each(values []string) (string, any) {
	list, _ := json.Marshal(append([]string{}, values...)) // strings always marshal
	return "json_each(?) AS each", string(list)
}

// FirstMembers passes each group's first members on as a list, which is how SQLite can
// limit a join for each row.
func (d sqliteDialect) FirstMembers(groups []string, columns string, most int) (string, any) {
	table, ids := d.Each(groups)
	return "SELECT each.value, " + columns + " FROM " + table + " CROSS JOIN json_each((SELECT json_group_array(contact_id) FROM (" +
		"SELECT contact_id FROM memberships WHERE group_id = each.value ORDER BY contact_id LIMIT " + strconv.Itoa(most) + "))) AS member" +
		" CROSS JOIN contacts ON contacts.id = member.value", ids
}

// estimate is exact: triggers maintain it.
func (sqliteDialect) estimate(r Reader, list string) (int, error) {
	n, err := Collect(r, "SELECT n FROM totals WHERE list = ?", false, []any{list}, OneColumn[int])
	if err != nil || len(n) == 0 {
		return 0, err
	}
	return n[0], nil
}

// recount corrects the totals of a table after its triggers were dropped.
var recount = map[string]string{
	"groups": `UPDATE totals SET n = CASE list WHEN 'groups' THEN (SELECT count(*) FROM groups)
		WHEN 'groups_active' THEN (SELECT count(*) FROM groups WHERE archived_at IS NULL)
		ELSE (SELECT count(*) FROM groups WHERE archived_at IS NOT NULL) END WHERE list <> 'contacts'`,
	"contacts": "UPDATE totals SET n = (SELECT count(*) FROM contacts) WHERE list = 'contacts'",
}

func (sqliteDialect) KeyShare() string  { return "" } // a transaction that writes is alone
func (sqliteDialect) ForUpdate() string { return "" }

// New indexes are sorted in a file, or they would be in memory whole.
const (
	sortInFile   = "PRAGMA temp_store = FILE"
	sortInMemory = "PRAGMA temp_store = MEMORY" // as in writerPragmas
)

// migrate retries: of several processes that migrate at once, all but the first fail.
func (sqliteDialect) migrate(writer *gorm.DB, up func() error) (err error) {
	const tries = 10
	if err := writer.Exec(sortInFile).Error; err != nil {
		return err
	}
	defer func() { err = errors.Join(err, writer.Exec(sortInMemory).Error) }()
	for range tries {
		if err = up(); err == nil || errors.Is(err, errNewerSchema) {
			break
		}
	}
	return err
}

func (d sqliteDialect) checkFiles() error { return d.files.checkFiles() }

func (d sqliteDialect) room(reserve int64) error {
	return RoomIn(filepath.Dir(d.files.path), reserve)
}

func (d sqliteDialect) trust(ok bool) { d.files.distrusted.Store(!ok) }

func (sqliteDialect) beginStatement() string { return "" }

func (sqliteDialect) writableQuery() string { return "SELECT count(*) >= 0 FROM sqlite_schema" }

// SuspendIndexes reads the definitions from the database: only the migrations have the
// schema.
func (sqliteDialect) SuspendIndexes(tx *gorm.DB, tables ...string) ([]string, error) {
	build, err := suspend(tx, `SELECT 'DROP ' || type || ' ' || name AS lift, sql AS build FROM sqlite_master
		WHERE tbl_name IN ? AND type IN ('index', 'trigger') AND sql IS NOT NULL`, tables)
	for _, table := range searched {
		command := "INSERT INTO " + table + "_fts (" + table + "_fts) VALUES "
		// What rebuilding leaves unmerged, the next changes would merge: their log would be three times as long.
		build = append(build, command+"('rebuild')", command+"('optimize')", "DELETE FROM unindexed_"+table, recount[table])
	}
	return slices.Concat([]string{sortInFile}, build, []string{sortInMemory}), err
}

// Settle moves everything from the write-ahead log into the file.
func (sqliteDialect) Settle(...string) string { return "PRAGMA wal_checkpoint(TRUNCATE)" }
