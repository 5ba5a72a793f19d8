package db

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

// Later returns tx for a statement whose result nobody waits for. PostgreSQL gets it with the
// next statement or with the COMMIT, in one round trip; an error of it is that one's. How many
// rows it changes is not known. SQLite runs it at once.
func Later(tx *gorm.DB) *gorm.DB {
	p := pipelineOf(tx)
	if p == nil {
		return tx
	}
	later := tx.WithContext(tx.Statement.Context)
	later.Statement.ConnPool = queueing{p}
	return later
}

// Flush sends what Later has queued, and returns its errors.
func Flush(tx *gorm.DB) error {
	if p := pipelineOf(tx); p != nil {
		return p.flush(tx.Statement.Context)
	}
	return nil
}

// Send sends what Later has queued without waiting for it, so that the server is at work while
// the program prepares what comes next. An error of it is that of the next statement.
func Send(tx *gorm.DB) error {
	if p := pipelineOf(tx); p != nil {
		return p.ahead(tx.Statement.Context)
	}
	return nil
}

// pipelineOf returns the pipeline of a transaction, or nil on SQLite.
func pipelineOf(tx *gorm.DB) *pipeline {
	switch pool := tx.Statement.ConnPool.(type) {
	case *pipeline:
		return pool
	case queueing:
		return pool.pipeline
	}
	return nil
}

// pipeline is a transaction on PostgreSQL that saves round trips: its BEGIN goes with the first
// statement, what was queued with the next one, and all that is left with the COMMIT. If a
// statement fails, the server leaves out those that were sent after it, the COMMIT among them.
//
// It is what GORM runs statements on (gorm.ConnPool), and a source. Only what GORM itself reads
// needs a round trip beside what is queued, as its rows must be those of database/sql.
type pipeline struct {
	ctx   context.Context
	pool  *sql.Conn
	conn  *pgx.Conn // that of pool
	gorm  *gorm.DB
	begun bool // BEGIN was sent

	queued   *pgx.Batch
	preamble int              // how many statements a transaction begins with
	sent     pgx.BatchResults // of what was sent and not waited for, or nil
	unread   int              // how many these are
}

// pipelined runs fn in a transaction on a connection of writer.
func pipelined(ctx context.Context, writer *gorm.DB, beginStatement string, fn func(tx *gorm.DB) error) (err error) {
	all, err := writer.DB()
	if err != nil {
		return err
	}
	pool, err := all.Conn(ctx)
	if err != nil {
		return err
	}
	p := &pipeline{ctx: ctx, pool: pool, gorm: writer, queued: &pgx.Batch{}}
	defer func() { // also after a panic
		_ = p.Rollback() // of what was not committed; what failed before counts
		_ = pool.Close()
	}()
	err = pool.Raw(func(conn any) error {
		c, ok := conn.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("%T is no connection of pgx", conn)
		}
		p.conn = c.Conn()
		return nil
	})
	if err != nil {
		return err
	}
	p.queued.Queue("BEGIN")
	if beginStatement != "" {
		p.queued.Queue(beginStatement)
	}
	p.preamble = p.queued.Len()
	tx := writer.WithContext(ctx)
	tx.Statement.ConnPool = p
	if err := fn(tx); err != nil {
		return err
	}
	return p.Commit()
}

// Commit commits, unless nothing was asked for.
func (p *pipeline) Commit() (err error) {
	if !p.begun && p.queued.Len() == p.preamble {
		return nil
	}
	defer func(began time.Time) {
		p.gorm.Logger.Trace(p.ctx, began, func() (string, int64) { return "COMMIT", -1 }, err)
	}(time.Now())
	answers, err := p.send(p.ctx, Statement{SQL: "COMMIT"})
	if err != nil {
		return err
	}
	done, err := answers.Exec()
	err = cmp.Or(err, answers.Close())
	if err == nil && done.String() == "ROLLBACK" {
		err = pgx.ErrTxCommitRollback
	}
	return err
}

// Rollback rolls back what was not committed. It waits for the server for rollbackTime at most:
// a connection that still has a transaction is dropped. One that database/sql has dropped already,
// because a statement of GORM found it broken, is being closed meanwhile and can't be looked at.
func (p *pipeline) Rollback() error {
	p.queued = &pgx.Batch{}
	err := p.pool.Raw(func(any) error {
		_ = p.receive() // what went wrong is rolled back
		if p.conn == nil || p.conn.IsClosed() || p.conn.PgConn().TxStatus() == 'I' {
			return nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), rollbackTime)
		defer cancel()
		_, err := p.conn.Exec(ctx, "ROLLBACK")
		return err
	})
	if errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}

const rollbackTime = time.Second

// send sends what is queued and then more in one batch, and returns the results of the latter.
func (p *pipeline) send(ctx context.Context, more ...Statement) (pgx.BatchResults, error) {
	if err := p.receive(); err != nil {
		return nil, err
	}
	batch, before := p.queued, p.queued.Len()
	p.queued, p.begun = &pgx.Batch{}, true
	for _, q := range more {
		batch.Queue(q.SQL, q.Args...)
	}
	answers := p.conn.SendBatch(ctx, batch)
	if err := p.skip(answers, before); err != nil {
		return nil, err
	}
	return answers, nil
}

// skip reads n results that nobody waits for, and closes them all after an error.
func (p *pipeline) skip(answers pgx.BatchResults, n int) error {
	for range n {
		if _, err := answers.Exec(); err != nil {
			_ = answers.Close() // the same error
			return p.translated(err)
		}
	}
	return nil
}

// ahead sends what is queued, and leaves its results for receive.
func (p *pipeline) ahead(ctx context.Context) error {
	if err := p.receive(); err != nil || p.queued.Len() == 0 {
		return err
	}
	p.sent, p.unread = p.conn.SendBatch(ctx, p.queued), p.queued.Len()
	p.queued, p.begun = &pgx.Batch{}, true
	return nil
}

// receive waits for what was sent ahead.
func (p *pipeline) receive() error {
	sent := p.sent
	if p.sent = nil; sent == nil {
		return nil
	}
	if err := p.skip(sent, p.unread); err != nil {
		return err
	}
	return sent.Close()
}

// translated returns GORM's error for a violated constraint.
func (p *pipeline) translated(err error) error {
	if translator, ok := p.gorm.Dialector.(gorm.ErrorTranslator); ok {
		return translator.Translate(err)
	}
	return err
}

// flush sends what is queued.
func (p *pipeline) flush(ctx context.Context) error {
	if p.queued.Len() == 0 {
		return p.receive()
	}
	answers, err := p.send(ctx)
	if err != nil {
		return err
	}
	return answers.Close()
}

// ExecContext runs a statement. One without arguments may be several in one text, which can't be
// sent in a batch.
func (p *pipeline) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	switch {
	case strings.HasPrefix(query, "SAVEPOINT "):
		return p.queue(query, args), nil
	case strings.HasPrefix(query, "ROLLBACK TO "):
		_ = p.flush(ctx) // this takes back what fails, or fails too
	}
	if len(args) == 0 || p.queued.Len() == 0 {
		if err := p.flush(ctx); err != nil {
			return nil, err
		}
		done, err := p.conn.Exec(ctx, query, args...)
		return driver.RowsAffected(done.RowsAffected()), err
	}
	answers, err := p.send(ctx, Statement{SQL: query, Args: args})
	if err != nil {
		return nil, err
	}
	done, err := answers.Exec()
	err = cmp.Or(err, answers.Close())
	return driver.RowsAffected(done.RowsAffected()), err
}

func (p *pipeline) queue(query string, args []any) sql.Result {
	p.queued.Queue(query, args...)
	return driver.RowsAffected(0)
}

// QueryContext runs a statement for GORM.
func (p *pipeline) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := p.flush(ctx); err != nil {
		return nil, err
	}
	return p.pool.QueryContext(ctx, query, args...)
}

// QueryRowContext is QueryContext for one row. After an error of what was queued, the server
// refuses it.
func (p *pipeline) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	_ = p.flush(ctx)
	return p.pool.QueryRowContext(ctx, query, args...)
}

// PrepareContext prepares a statement on the connection of the transaction.
func (p *pipeline) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := p.flush(ctx); err != nil {
		return nil, err
	}
	return p.pool.PrepareContext(ctx, query)
}

// Query runs a statement as a source does.
func (p *pipeline) Query(ctx context.Context, query string, _ bool, args []any) (Rows, error) {
	query = numbered(query)
	if p.queued.Len() == 0 {
		if err := p.receive(); err != nil {
			return nil, err
		}
		return p.conn.Query(ctx, query, args...)
	}
	answers, err := p.send(ctx, Statement{SQL: query, Args: args})
	if err != nil {
		return nil, err
	}
	return batchQuery(answers)
}

// Together runs several statements as a source does.
func (p *pipeline) Together(ctx context.Context, statements ...Statement) error {
	all := make([]Statement, len(statements))
	for i, q := range statements {
		all[i] = Statement{SQL: numbered(q.SQL), Args: q.Args}
	}
	answers, err := p.send(ctx, all...)
	if err != nil {
		return err
	}
	for _, q := range statements {
		if err := q.from(answers.Query()); err != nil {
			_ = answers.Close() // the same error
			return err
		}
	}
	return answers.Close()
}

func (p *pipeline) reset() {}

// close leaves the connection to pipelined.
func (p *pipeline) close() {}

// queueing is a pipeline for Later.
type queueing struct{ *pipeline }

// ExecContext queues a statement.
func (p queueing) ExecContext(_ context.Context, query string, args ...any) (sql.Result, error) {
	return p.queue(query, args), nil
}
