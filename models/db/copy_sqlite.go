package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
)

// columns leaves out what tables leaves out, and computed columns.
func (d sqliteDialect) columns() string {
	return `SELECT "table".name, "column".name, lower("column".type), "column".pk FROM (` + d.tables() + `) AS "table"
		JOIN pragma_table_xinfo("table".name) AS "column" WHERE "column".hidden = 0 ORDER BY "table".name, "column".cid`
}

func (sqliteDialect) afterCopy() []string { return nil }

func (sqliteDialect) referenceCheck() string {
	return `SELECT DISTINCT "table" FROM pragma_foreign_key_check`
}

func (sqliteDialect) unlimited() string { return "" }

// loaderPragmas are for one connection that writes everything: the disk needs to have it only
// when the log is moved into the file, which is seldom.
var loaderPragmas = []string{"PRAGMA foreign_keys = OFF", "PRAGMA cache_size = -131072", "PRAGMA synchronous = NORMAL", "PRAGMA wal_autocheckpoint = 16384"}

// sqliteLoader has the connection that writes.
type sqliteLoader struct {
	conn  *sql.Conn
	batch int
}

func (d sqliteDialect) loader(ctx context.Context, s *DB) (Loader, error) {
	pool, err := s.Writer.DB()
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, pragma := range loaderPragmas {
		if _, err := conn.ExecContext(ctx, pragma); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return sqliteLoader{conn, d.Batch()}, nil
}

// Close drops the connection, whose settings no other may get.
func (l sqliteLoader) Close() error {
	if err := l.conn.Raw(func(any) error { return driver.ErrBadConn }); !errors.Is(err, driver.ErrBadConn) {
		return err
	}
	return nil
}

func (l sqliteLoader) Transaction(ctx context.Context, fn func(Load) error) error {
	tx, err := l.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(sqliteLoad{tx, l.batch}); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

type sqliteLoad struct {
	tx    *sql.Tx
	batch int
}

func (l sqliteLoad) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	done, err := l.tx.ExecContext(ctx, sql, args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// Insert writes whole batches with one prepared statement, and the rest with another.
func (l sqliteLoad) Insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	row := "(" + strings.Repeat("?, ", len(columns)-1) + "?)"
	into := `INSERT INTO "` + table + `" ("` + strings.Join(columns, `", "`) + `") VALUES `
	for size := min(l.batch, len(rows)); size > 0; size = len(rows) {
		stmt, err := l.tx.PrepareContext(ctx, into+row+strings.Repeat(", "+row, size-1))
		if err != nil {
			return err
		}
		args := make([]any, 0, size*len(columns))
		for ; len(rows) >= size && err == nil; rows = rows[size:] {
			args = args[:0]
			for _, row := range rows[:size] {
				args = append(args, row...)
			}
			_, err = stmt.ExecContext(ctx, args...)
		}
		if err := errors.Join(err, stmt.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (l sqliteLoad) Empty(ctx context.Context, table string) error {
	_, err := l.tx.ExecContext(ctx, `DELETE FROM "`+table+`"`)
	return err
}
