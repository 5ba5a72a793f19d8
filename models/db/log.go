package db

import (
	"context"
	"log/slog"
	"regexp"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// LogQueries logs the statements of requests at debug level, each with how long it took
// until its result was read, and without its values, which may be secret. request returns
// the ID of the request that a context belongs to. Statements outside of requests are not
// logged: background tasks run several a second. Call it before the first request.
func (s *DB) LogQueries(log *slog.Logger, request func(context.Context) string) {
	s.queries = &queryLog{Interface: logger.Discard, log: log, request: request}
	for _, handle := range []*gorm.DB{s.Writer, s.Reader, s.LongReader} {
		if handle != nil {
			handle.Logger = s.queries
		}
	}
	s.reads, s.longReads = s.logged(s.reads), s.logged(s.longReads)
}

// logged returns a source that logs what it runs, if LogQueries was called.
func (s *DB) logged(from source) source {
	if s.queries == nil {
		return from
	}
	return loggedSource{from, s.queries}
}

// queryLog writes the lines of LogQueries. GORM calls Trace after each of its statements.
type queryLog struct {
	logger.Interface
	log     *slog.Logger
	request func(context.Context) string
}

func (q *queryLog) LogMode(logger.LogLevel) logger.Interface { return q }

// ParamsFilter keeps the values out of what GORM logs.
func (q *queryLog) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}

// explained is how GORM's PostgreSQL dialect writes a placeholder without a value: $1$.
var explained = regexp.MustCompile(`(\$\d+)\$`)

func (q *queryLog) Trace(ctx context.Context, begin time.Time, fc func() (string, int64), err error) {
	sql, _ := fc()
	q.write(ctx, begin, explained.ReplaceAllString(sql, "$1"), err)
}

func (q *queryLog) write(ctx context.Context, begin time.Time, sql string, err error) {
	id := q.request(ctx)
	if id == "" {
		return
	}
	attrs := []slog.Attr{slog.String("sql", sql), slog.Duration("took", time.Since(begin)), slog.String("request_id", id)}
	if err != nil {
		attrs = append(attrs, slog.Any("err", err))
	}
	q.log.LogAttrs(ctx, slog.LevelDebug, "query", attrs...)
}

// loggedSource logs the statements that don't go through GORM.
type loggedSource struct {
	source
	queries *queryLog
}

func (s loggedSource) Query(ctx context.Context, sql string, planned bool, args []any) (Rows, error) {
	begin := time.Now()
	found, err := s.source.Query(ctx, sql, planned, args)
	if err != nil {
		s.queries.write(ctx, begin, sql, err)
		return nil, err
	}
	return loggedRows{found, func(err error) { s.queries.write(ctx, begin, sql, err) }}, nil
}

func (s loggedSource) Together(ctx context.Context, statements ...Statement) error {
	begin := time.Now()
	err := s.source.Together(ctx, statements...)
	for _, q := range statements {
		s.queries.write(ctx, begin, q.SQL, err)
	}
	return err
}

// loggedRows is a result that tells when it has been read.
type loggedRows struct {
	Rows
	read func(error)
}

func (r loggedRows) Close() {
	r.Rows.Close()
	r.read(r.Err())
}
