package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
)

// sqliteChanges reports whether a file was changed, through any connection of any process: see
// https://www.sqlite.org/pragma.html#pragma_data_version. It asks on a connection of its own, which
// never writes, and without package database/sql, which would take longer than SQLite.
type sqliteChanges struct {
	connector driver.Connector

	mu      sync.Mutex
	conn    driver.Conn // nil before the first use and after a failure
	ask     driver.StmtQueryContext
	version int64  // what SQLite last said, which means something on this connection only
	n       uint64 // how many changes were noticed
	closed  bool
}

// last returns the number of the last change, and whether that is known: it isn't on PostgreSQL,
// whose changes are nil. What is read afterwards is as new as that change.
func (c *sqliteChanges) last() (uint64, bool) {
	if c == nil {
		return 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	version, err := c.read()
	if err != nil {
		_ = c.disconnect()
		return 0, false
	}
	if version != c.version {
		c.version = version
		c.n++
	}
	return c.n, true
}

func (c *sqliteChanges) read() (int64, error) {
	if err := c.connect(); err != nil {
		return 0, err
	}
	found, err := c.ask.QueryContext(context.Background(), nil)
	if err != nil {
		return 0, err
	}
	var row [1]driver.Value
	err = errors.Join(found.Next(row[:]), found.Close())
	version, ok := row[0].(int64)
	if err == nil && !ok {
		err = errors.New("the SQLite driver returns no version of the data")
	}
	return version, err
}

// connect connects unless that was done. Versions of two connections can't be compared, so it counts as
// a change.
func (c *sqliteChanges) connect() error {
	if c.closed {
		return driver.ErrBadConn
	}
	if c.conn != nil {
		return nil
	}
	c.n++
	conn, err := c.connector.Connect(context.Background())
	if err != nil {
		return err
	}
	c.conn = conn
	prepared, err := conn.Prepare("PRAGMA data_version")
	if err != nil {
		return err
	}
	var ok bool
	if c.ask, ok = prepared.(driver.StmtQueryContext); !ok {
		return errors.New("the SQLite driver can't run a statement within a context")
	}
	return nil
}

func (c *sqliteChanges) disconnect() error {
	if c.conn == nil {
		return nil
	}
	err := c.conn.Close()
	c.conn = nil
	return err
}

// close closes the connection for good.
func (c *sqliteChanges) close() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return c.disconnect()
}
