package models

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"gorm.io/gorm"
)

// Lists, searches, one group, and who calls: these reads are behind every page
// and every call, so they are written as SQL and scanned column by column. (Through
// GORM a list came to 0.3 of the rate of one by hand, so to 0.8: make bench.) This file
// is how they reach the database. Every change, and every read that few wait for, goes through
// GORM itself.

// reader asks the database for rows, for one request: outside a transaction
// (Store.reader) or inside one (Store.readerIn).
type reader struct {
	ctx context.Context
	source
}

// source runs statements in which values stand as ?.
type source interface {
	// query runs a statement. planned asks for a plan for these very values, where
	// the engine would else reuse one that was made for any.
	query(ctx context.Context, sql string, planned bool, args []any) (rows, error)
	// together runs several statements and has their answers read one after the
	// other, up to the first error. It is one trip to an engine that is elsewhere.
	together(ctx context.Context, questions ...question) error
	// reset drops the connections that are idle, if they may be cut off.
	reset()
	close()
}

// question is a statement with who reads its answer.
type question struct {
	sql  string
	args []any
	read func(rows) error
}

// from reads an answer, unless there is none.
func (q question) from(found rows, err error) error {
	if err != nil {
		return err
	}
	defer found.Close()
	return q.read(found)
}

// rows is an answer, read row by row.
type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

func (s *Store) reader(ctx context.Context) reader { return reader{ctx, s.reads} }

// readerIn reads what the transaction sees.
func (s *Store) readerIn(tx *gorm.DB) reader {
	return reader{tx.Statement.Context, sqlSource{tx.Statement.ConnPool, s.dialect.placeholders}}
}

// sqlSource is a pool or a transaction of database/sql.
type sqlSource struct {
	pool         gorm.ConnPool
	placeholders func(sql string) string
}

func (s sqlSource) query(ctx context.Context, sql string, _ bool, args []any) (rows, error) {
	found, err := s.pool.QueryContext(ctx, s.placeholders(sql), args...)
	return sqlRows{found}, err
}

func (s sqlSource) together(ctx context.Context, questions ...question) error {
	for _, q := range questions {
		if err := q.from(s.query(ctx, q.sql, false, q.args)); err != nil {
			return err
		}
	}
	return nil
}

func (sqlSource) reset() {} // a file is not cut off

// close leaves the pool to GORM, whose it is.
func (sqlSource) close() {}

type sqlRows struct{ *sql.Rows }

// Close drops the error, which Err has told already.
func (r sqlRows) Close() { _ = r.Rows.Close() }

// pgxSource is PostgreSQL without database/sql between, which converts each value
// twice. What is pooled has its settings in each transaction: see pooledSettings.
type pgxSource struct {
	pool   *pgxpool.Pool
	pooled bool
}

func (s pgxSource) query(ctx context.Context, sql string, planned bool, args []any) (rows, error) {
	if s.pooled {
		answers, err := s.send(ctx, question{sql: sql, args: args})
		if err != nil {
			return nil, err
		}
		found, err := answers.Query()
		return batchRows{found, answers}, err
	}
	if planned {
		args = append([]any{pgx.QueryExecModeCacheDescribe}, args...)
	}
	return s.pool.Query(ctx, numbered(sql), args...)
}

func (s pgxSource) together(ctx context.Context, questions ...question) (err error) {
	answers, err := s.send(ctx, questions...)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, answers.Close()) }()
	for _, q := range questions {
		if err := q.from(answers.Query()); err != nil {
			return err
		}
	}
	return nil
}

// send sends all in one batch, which is one transaction.
func (s pgxSource) send(ctx context.Context, questions ...question) (pgx.BatchResults, error) {
	var batch pgx.Batch
	if s.pooled {
		batch.Queue(pooledSettings)
	}
	for _, q := range questions {
		batch.Queue(numbered(q.sql), q.args...)
	}
	answers := s.pool.SendBatch(ctx, &batch)
	if s.pooled {
		if _, err := answers.Exec(); err != nil {
			return nil, errors.Join(err, answers.Close())
		}
	}
	return answers, nil
}

// batchRows are an answer of a batch that ends with it.
type batchRows struct {
	pgx.Rows
	batch pgx.BatchResults
}

// Close drops the error, which Err has told already.
func (r batchRows) Close() {
	r.Rows.Close()
	_ = r.batch.Close()
}
func (s pgxSource) reset() { s.pool.Reset() }

func (s pgxSource) close() { s.pool.Close() }

// numbered is a statement with $1, $2, … in place of each ?.
func numbered(sql string) string {
	var b strings.Builder
	b.Grow(len(sql) + 16)
	for n := 1; ; n++ {
		before, after, found := strings.Cut(sql, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		sql = after
	}
}

// collect reads every row of an answer; columns are where one row's values go.
func collect[T any](r reader, sql string, planned bool, args []any, columns func(*T) []any) ([]T, error) {
	found, err := r.query(r.ctx, sql, planned, args)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	return scan(found, columns)
}

func scan[T any](found rows, columns func(*T) []any) (values []T, err error) {
	for found.Next() {
		values = append(values, *new(T))
		if err := found.Scan(columns(&values[len(values)-1])...); err != nil {
			return nil, err
		}
	}
	return values, found.Err()
}

// clauses are conditions that are put together.
type clauses struct {
	conditions []string
	args       []any
}

// where adds a condition, in which values stand as ?.
func (c *clauses) where(condition string, args ...any) { c.add(clauses{[]string{condition}, args}) }

func (c *clauses) add(more clauses) {
	c.conditions = slices.Concat(c.conditions, more.conditions)
	c.args = slices.Concat(c.args, more.args)
}

// selection is a SELECT that is put together in parts.
type selection struct {
	columns, from string
	joins         string
	clauses
	// tail is what follows the conditions.
	tail string
	// planned says that how best to find the rows depends on the values.
	planned bool
}

// selectFrom reads columns of the rows of a table that a condition names, in which
// values stand as ?.
func selectFrom(table, columns, condition string, args ...any) selection {
	return selection{columns: columns, from: table, clauses: clauses{[]string{condition}, args}}
}

// sql is the statement as far as it was put together.
func (q *selection) sql() string {
	all := "SELECT " + q.columns + " FROM " + q.from + q.joins
	if len(q.conditions) > 0 {
		all += " WHERE " + strings.Join(q.conditions, " AND ")
	}
	return all + q.tail
}

// first reads the first rows in no order.
func first[T any](r reader, q selection, limit int, columns func(*T) []any) ([]T, error) {
	return collect(r, q.sql()+" LIMIT "+strconv.Itoa(limit), q.planned, q.args, columns)
}

// take reads one row, or answers errRowMissing.
func take[T any](r reader, q selection, columns func(*T) []any) (T, error) {
	found, err := first(r, q, 1, columns)
	if err != nil || len(found) == 0 {
		return *new(T), cmp.Or(err, errRowMissing)
	}
	return found[0], nil
}

// whole is where the only column of a row goes.
func whole[T any](value *T) []any { return []any{value} }
