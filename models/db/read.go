package db

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

// Lists, searches, single groups and callers are read for every page and call, so these
// reads are written as SQL and scanned column by column. (Through GORM, a list ran at 0.3
// to 0.8 of the rate: make bench.) Changes and rare reads go through GORM.

// Reader reads rows for one request: outside a transaction (DB.Read, DB.ReadLong) or inside
// one (DB.ReadIn). Ctx is the request's.
type Reader struct {
	Ctx context.Context
	source
}

// source runs statements with ? in place of each value.
type source interface {
	// Query runs a statement. planned requests a plan for these very values, if the engine
	// would otherwise reuse a generic one.
	Query(ctx context.Context, sql string, planned bool, args []any) (Rows, error)
	// Together runs several statements and passes each result to its Read in turn, up to
	// the first error. It takes one round trip to a server.
	Together(ctx context.Context, statements ...Statement) error
	// reset drops the idle connections, if they may be dead.
	reset()
	close()
}

// Statement is an SQL statement, with ? for each of Args, and the function that reads its
// result.
type Statement struct {
	SQL  string
	Args []any
	Read func(Rows) error
}

// from passes a result to Read, unless there was an error, and closes it.
func (q Statement) from(found Rows, err error) error {
	if err != nil {
		return err
	}
	defer found.Close()
	return q.Read(found)
}

// Rows is a result, read row by row as sql.Rows is.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// Read returns a Reader outside a transaction, or in the one that ctx carries (DB.Atomic).
func (s *DB) Read(ctx context.Context) Reader {
	if around := aroundOf(ctx); around != nil {
		return s.ReadIn(around.tx.WithContext(ctx))
	}
	return Reader{ctx, s.reads}
}

// ReaderFor returns the handle with which GORM reads, as Read does.
func (s *DB) ReaderFor(ctx context.Context) *gorm.DB {
	if around := aroundOf(ctx); around != nil {
		return around.tx.WithContext(ctx)
	}
	return s.Reader.WithContext(ctx)
}

// ReadLong is Read for what takes long, on connections of their own.
func (s *DB) ReadLong(ctx context.Context) Reader { return Reader{ctx, s.longReads} }

// ReadIn returns a Reader of what the transaction sees.
func (s *DB) ReadIn(tx *gorm.DB) Reader {
	var from source = sqlSource{tx.Statement.ConnPool, s.Dialect.Placeholders}
	if p := pipelineOf(tx); p != nil {
		from = p
	}
	if s.seen != nil {
		from = watched{from, s.seen}
	}
	return Reader{tx.Statement.Context, s.logged(from)}
}

// sqlSource is a pool or a transaction of database/sql.
type sqlSource struct {
	pool         gorm.ConnPool
	placeholders func(sql string) string
}

func (s sqlSource) Query(ctx context.Context, sql string, _ bool, args []any) (Rows, error) {
	found, err := s.pool.QueryContext(ctx, s.placeholders(sql), args...)
	return sqlRows{found}, err
}

func (s sqlSource) Together(ctx context.Context, statements ...Statement) error {
	for _, q := range statements {
		if err := q.from(s.Query(ctx, q.SQL, false, q.Args)); err != nil {
			return err
		}
	}
	return nil
}

func (sqlSource) reset() {} // a file has no connection to lose

// close leaves the pool to GORM, whose it is.
func (sqlSource) close() {}

type sqlRows struct{ *sql.Rows }

// Close drops the error, which Err has returned already.
func (r sqlRows) Close() { _ = r.Rows.Close() }

// pgxSource is PostgreSQL without database/sql in between, which converts each value twice.
// Behind a pooler each transaction begins with pooledSettings.
type pgxSource struct {
	pool   *pgxpool.Pool
	pooled bool
}

func (s pgxSource) Query(ctx context.Context, sql string, planned bool, args []any) (Rows, error) {
	if s.pooled {
		answers, err := s.send(ctx, Statement{SQL: sql, Args: args})
		if err != nil {
			return nil, err
		}
		return batchQuery(answers)
	}
	if planned {
		args = append([]any{pgx.QueryExecModeCacheDescribe}, args...)
	}
	return s.pool.Query(ctx, numbered(sql), args...)
}

func (s pgxSource) Together(ctx context.Context, statements ...Statement) (err error) {
	answers, err := s.send(ctx, statements...)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, answers.Close()) }()
	for _, q := range statements {
		if err := q.from(answers.Query()); err != nil {
			return err
		}
	}
	return nil
}

// send sends all statements in one batch, which is one transaction.
func (s pgxSource) send(ctx context.Context, statements ...Statement) (pgx.BatchResults, error) {
	var batch pgx.Batch
	if s.pooled {
		batch.Queue(pooledSettings)
	}
	for _, q := range statements {
		batch.Queue(numbered(q.SQL), q.Args...)
	}
	answers := s.pool.SendBatch(ctx, &batch)
	if s.pooled {
		if _, err := answers.Exec(); err != nil {
			return nil, errors.Join(err, answers.Close())
		}
	}
	return answers, nil
}

// batchQuery returns the only result of a batch, or closes it.
func batchQuery(answers pgx.BatchResults) (Rows, error) {
	found, err := answers.Query()
	if err != nil {
		_ = answers.Close() // the same error
		return nil, err
	}
	return batchRows{found, answers}, nil
}

// batchRows is a result that closes its batch too.
type batchRows struct {
	pgx.Rows
	batch pgx.BatchResults
}

// Close drops the error, which Err has returned already.
func (r batchRows) Close() {
	r.Rows.Close()
	_ = r.batch.Close()
}

func (s pgxSource) reset() { s.pool.Reset() }

func (s pgxSource) close() { s.pool.Close() }

// numbered returns a statement with $1, $2, … in place of each ?.
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

// Collect reads every row of a statement's result. columns returns the destinations of one
// row's values; planned is as in source.Query.
func Collect[T any](r Reader, sql string, planned bool, args []any, columns func(*T) []any) ([]T, error) {
	found, err := r.Query(r.Ctx, sql, planned, args)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	return Scan(found, columns)
}

// Scan is Collect for a result that the caller closes.
func Scan[T any](found Rows, columns func(*T) []any) (values []T, err error) {
	for found.Next() {
		values = append(values, *new(T))
		if err := found.Scan(columns(&values[len(values)-1])...); err != nil {
			return nil, err
		}
	}
	return values, found.Err()
}

// Clauses are conditions to be joined by AND, and the values of their placeholders.
type Clauses struct {
	Conditions []string
	Args       []any
}

// Where adds a condition with ? in place of each value.
func (c *Clauses) Where(condition string, args ...any) { c.Add(Clauses{[]string{condition}, args}) }

// Add adds conditions with their values.
func (c *Clauses) Add(more Clauses) {
	c.Conditions = slices.Concat(c.Conditions, more.Conditions)
	c.Args = slices.Concat(c.Args, more.Args)
}

// Selection is a SELECT in parts. Joins, if any, begins with a space.
type Selection struct {
	Columns, From string
	Joins         string
	Clauses
	// Tail follows the conditions, beginning with a space: ORDER BY, say.
	Tail string
	// Planned reports whether the best plan depends on the values.
	Planned bool
}

// SelectFrom returns a Selection of the rows of a table that match a condition, with ? in
// place of each value.
func SelectFrom(table, columns, condition string, args ...any) Selection {
	return Selection{Columns: columns, From: table, Clauses: Clauses{[]string{condition}, args}}
}

// SQL returns the statement.
func (q *Selection) SQL() string {
	all := "SELECT " + q.Columns + " FROM " + q.From + q.Joins
	if len(q.Conditions) > 0 {
		all += " WHERE " + strings.Join(q.Conditions, " AND ")
	}
	return all + q.Tail
}

// First reads up to limit rows, in the order of q's Tail.
func First[T any](r Reader, q Selection, limit int, columns func(*T) []any) ([]T, error) {
	return Collect(r, q.SQL()+" LIMIT "+strconv.Itoa(limit), q.Planned, q.Args, columns)
}

// Take reads one row, or returns ErrNoRow.
func Take[T any](r Reader, q Selection, columns func(*T) []any) (T, error) {
	found, err := First(r, q, 1, columns)
	if err != nil || len(found) == 0 {
		return *new(T), cmp.Or(err, ErrNoRow)
	}
	return found[0], nil
}

// OneColumn is the columns argument of Collect, First and Take for rows of one value.
func OneColumn[T any](value *T) []any { return []any{value} }
