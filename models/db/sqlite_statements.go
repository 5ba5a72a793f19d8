package db

import (
	"container/list"
	"context"
	"database/sql/driver"
	"errors"
	"strings"
	"sync/atomic"

	sqlite3 "modernc.org/sqlite/lib"
)

// The bounds of the statements that a connection keeps prepared. A statement takes some
// kilobytes; those that write many rows at once are longer, and preparing them is little
// beside running them.
const (
	keptStatements  = 200
	keptStatementOf = 4 << 10 // bytes of SQL
)

// sqliteConn is what the driver's connections implement.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// preparedStatement is what the driver's prepared statements implement.
type preparedStatement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// writingConn is the connection that writes. It keeps statements prepared, which database/sql
// and GORM do for as long as a transaction lasts: preparing them anew took an eighth of a
// change. SQLite prepares them again by itself when the schema changes.
//
// It keeps the full-text indexes (see index). And it makes sure that a transaction is whole. Some errors roll back all of it, not just
// the statement; what came after would be committed statement by statement.
type writingConn struct {
	sqliteConn
	// shared reports whether the transaction that is open is that of several callers: a
	// statement that is interrupted would roll back what the others did.
	shared *atomic.Bool
	// broken is the error that rolled back the transaction that is open.
	broken error
	within bool

	kept   map[string]*list.Element // of *keptStatement
	recent list.List                // the most recently used first
}

type keptStatement struct {
	preparedStatement
	sql  string
	busy bool // its result is being read
}

func newWritingConn(conn sqliteConn, shared *atomic.Bool) *writingConn {
	return &writingConn{sqliteConn: conn, shared: shared, kept: map[string]*list.Element{}}
}

func (c *writingConn) Close() error {
	var errs []error
	for e := c.recent.Front(); e != nil; e = e.Next() {
		errs = append(errs, e.Value.(*keptStatement).Close())
	}
	clear(c.kept)
	c.recent.Init()
	return errors.Join(append(errs, c.sqliteConn.Close())...)
}

// BeginTx waits for other processes that write until the context of waitFor ends, if there
// is one.
func (c *writingConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if wait, ok := ctx.Value(waitKey{}).(context.Context); ok {
		ctx = wait
	}
	tx, err := c.sqliteConn.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	c.within, c.broken = true, nil
	return writingTx{tx, c}, nil
}

// writingTx commits only what is whole.
type writingTx struct {
	driver.Tx
	conn *writingConn
}

func (t writingTx) Commit() error {
	broken := t.conn.broken
	if broken == nil {
		broken = t.conn.index(context.Background())
	}
	t.conn.within, t.conn.broken = false, nil
	if broken != nil {
		_ = t.Tx.Rollback() // SQLite has done so already, mostly
		return broken
	}
	return t.Tx.Commit()
}

func (t writingTx) Rollback() error {
	broken := t.conn.broken
	t.conn.within, t.conn.broken = false, nil
	err := t.Tx.Rollback()
	if broken != nil {
		return nil // SQLite has done so already, mostly
	}
	return err
}

type waitKey struct{}

// waitFor returns a context that never ends, for a transaction that waits for its turn only
// until ctx ends.
func waitFor(ctx context.Context) context.Context {
	return context.WithValue(context.WithoutCancel(ctx), waitKey{}, ctx)
}

func (c *writingConn) ExecContext(ctx context.Context, sql string, args []driver.NamedValue) (driver.Result, error) {
	ctx, err := c.ready(ctx, sql)
	if err != nil {
		return nil, err
	}
	s, err := c.prepared(ctx, sql)
	if err != nil {
		return nil, c.failed(err)
	}
	if s == nil {
		result, err := c.sqliteConn.ExecContext(ctx, sql, args)
		return result, c.failed(err)
	}
	result, err := s.ExecContext(ctx, args)
	switch {
	case err != nil:
		c.forget(s)
	case !c.within:
		err = c.indexAlone(ctx)
	}
	return result, c.failed(err)
}

func (c *writingConn) QueryContext(ctx context.Context, sql string, args []driver.NamedValue) (driver.Rows, error) {
	ctx, err := c.ready(ctx, sql)
	if err != nil {
		return nil, err
	}
	s, err := c.prepared(ctx, sql)
	if err != nil {
		return nil, c.failed(err)
	}
	query := c.sqliteConn.QueryContext
	if s != nil {
		query = func(ctx context.Context, _ string, args []driver.NamedValue) (driver.Rows, error) {
			return s.QueryContext(ctx, args)
		}
	}
	found, err := query(ctx, sql, args)
	rows, ok := found.(sqliteRows)
	switch {
	case err != nil && s != nil:
		c.forget(s)
		return nil, c.failed(err)
	case err != nil:
		return nil, c.failed(err)
	case !ok:
		return nil, errors.Join(errors.New("the SQLite driver's rows have no types"), found.Close())
	case s != nil:
		s.busy = true
	}
	return &writingRows{rows, c, s}, nil
}

// ready returns the context to run a statement with, or why it may not be run.
func (c *writingConn) ready(ctx context.Context, sql string) (context.Context, error) {
	if c.within && c.broken != nil {
		return ctx, c.broken
	}
	if c.within && c.shared.Load() {
		ctx = context.WithoutCancel(ctx) // database/sql has looked at it just before
	}
	if c.within && strings.Contains(sql, "_fts") {
		return ctx, c.index(ctx)
	}
	return ctx, nil
}

// failed notes an error that has rolled back the transaction, or may have.
func (c *writingConn) failed(err error) error {
	if err == nil || !c.within {
		return err
	}
	switch sqliteCode(err) {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_INTERRUPT,
		sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL:
		c.broken = err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		c.broken = err // the driver's word for an interruption
	}
	return err
}

// prepared returns the prepared statement of an SQL text, or nil if it is to be run without.
func (c *writingConn) prepared(ctx context.Context, sql string) (*keptStatement, error) {
	if e, ok := c.kept[sql]; ok {
		s := e.Value.(*keptStatement)
		if s.busy {
			return nil, nil
		}
		c.recent.MoveToFront(e)
		return s, nil
	}
	if !worthKeeping(sql) {
		return nil, nil
	}
	made, err := c.sqliteConn.PrepareContext(ctx, sql)
	if err != nil {
		return nil, err
	}
	statement, ok := made.(preparedStatement)
	if !ok {
		return nil, errors.Join(errors.New("the SQLite driver's statements take no contexts"), made.Close())
	}
	s := &keptStatement{preparedStatement: statement, sql: sql}
	c.kept[sql] = c.recent.PushFront(s)
	for e := c.recent.Back(); c.recent.Len() > keptStatements && e != nil; {
		before := e.Prev()
		if old := e.Value.(*keptStatement); !old.busy {
			c.forget(old)
		}
		e = before
	}
	return s, nil
}

// worthKeeping reports whether a statement reads or changes rows, and isn't long.
func worthKeeping(sql string) bool {
	if len(sql) > keptStatementOf {
		return false
	}
	verb, _, _ := strings.Cut(sql, " ")
	switch verb {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH":
		return true
	}
	return false
}

// forget closes a statement. What is wrong with it was said when it ran.
func (c *writingConn) forget(s *keptStatement) {
	if e, ok := c.kept[s.sql]; ok && e.Value == s {
		delete(c.kept, s.sql)
		c.recent.Remove(e)
		_ = s.Close()
	}
}

// sqliteRows is what the driver's results implement.
type sqliteRows interface {
	driver.Rows
	driver.RowsColumnTypeDatabaseTypeName
	driver.RowsColumnTypeLength
	driver.RowsColumnTypeNullable
	driver.RowsColumnTypePrecisionScale
	driver.RowsColumnTypeScanType
}

// writingRows is a result of writingConn. statement may be nil.
type writingRows struct {
	sqliteRows
	conn      *writingConn
	statement *keptStatement
}

func (r *writingRows) Next(dest []driver.Value) error {
	err := r.sqliteRows.Next(dest)
	if err != nil {
		_ = r.conn.failed(err) // io.EOF among them, which it doesn't mind
	}
	return err
}

func (r *writingRows) Close() error {
	err := r.sqliteRows.Close()
	if r.statement != nil {
		r.statement.busy = false
		if err != nil {
			r.conn.forget(r.statement)
		}
	}
	return r.conn.failed(err)
}
