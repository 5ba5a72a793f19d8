package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"
)

// searched are the tables that have a full-text index. Triggers note in unindexed_… which rows
// the index doesn't have as they are.
var searched = []string{"groups", "contacts"}

// askUnindexed asks for each of the searched tables whether it has rows for its index.
var askUnindexed = "SELECT EXISTS (SELECT 1 FROM unindexed_" + strings.Join(searched, "), EXISTS (SELECT 1 FROM unindexed_") + ")"

// indexStatements bring the index of a table to where the table is.
func indexStatements(table string) []string {
	return []string{
		"INSERT INTO " + table + "_fts (" + table + "_fts, rowid, search) SELECT 'delete', seq, was FROM unindexed_" + table + " WHERE was IS NOT NULL",
		"INSERT INTO " + table + "_fts (rowid, search) SELECT seq, search FROM unindexed_" + table + " CROSS JOIN " + table + " USING (seq)",
		"DELETE FROM unindexed_" + table,
	}
}

// index brings the full-text indexes to where their tables are, which a transaction does once,
// at its end, or before it searches: an index writes what it has gathered whenever a savepoint
// begins, and merging the pieces is most of the work.
func (c *writingConn) index(ctx context.Context) error {
	waiting, err := c.unindexed(ctx)
	if err != nil {
		return c.failed(err)
	}
	for i, table := range searched {
		if !waiting[i] {
			continue
		}
		for _, sql := range indexStatements(table) {
			s, err := c.prepared(ctx, sql)
			if err == nil {
				_, err = s.ExecContext(ctx, nil)
			}
			if err != nil {
				return c.failed(err)
			}
		}
	}
	return nil
}

// indexAlone is index after a statement without a transaction.
func (c *writingConn) indexAlone(ctx context.Context) error {
	waiting, err := c.unindexed(ctx)
	if err != nil || !slices.Contains(waiting, true) {
		return err
	}
	tx, err := c.BeginTx(context.WithoutCancel(ctx), driver.TxOptions{})
	if err != nil {
		return err
	}
	return tx.Commit() // which does it
}

// unindexed reports, for each of the searched tables, whether it has rows for its index.
func (c *writingConn) unindexed(ctx context.Context) ([]bool, error) {
	waiting := make([]bool, len(searched))
	s, err := c.prepared(ctx, askUnindexed)
	if sqliteCode(err) == sqlite3.SQLITE_ERROR {
		return waiting, nil // the schema is older, and its triggers keep the indexes
	}
	if err != nil {
		return nil, err
	}
	found, err := s.QueryContext(ctx, nil)
	if err != nil {
		return nil, err
	}
	values := make([]driver.Value, len(searched))
	err = found.Next(values)
	for i, value := range values {
		waiting[i] = value == int64(1)
	}
	return waiting, errors.Join(err, found.Close())
}
