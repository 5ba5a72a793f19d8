package db

import (
	"context"
	"log/slog"
	"regexp"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// LogQueries logs the statements of requests at debug level, each with how long it took
// until its result was read, and without its values, which may be secret. request returns
// the ID of the request that a context belongs to. Statements outside of requests are not
// logged: background tasks run several a second. Without a log, nil, it only adds up
// QueryTimes. Call it once, before the first request.
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
	q.ran(ctx, begin, func() string {
		sql, _ := fc()
		return explained.ReplaceAllString(sql, "$1")
	}, err)
}

// ran notes a statement that has run.
func (q *queryLog) ran(ctx context.Context, begin time.Time, sql func() string, err error) {
	took := time.Since(begin)
	if times, ok := ctx.Value(timesKey{}).(*QueryTimes); ok {
		times.add(took, sql)
	}
	q.write(ctx, took, sql, err)
}

func (q *queryLog) write(ctx context.Context, took time.Duration, sql func() string, err error) {
	if q.log == nil {
		return
	}
	id := q.request(ctx)
	if id == "" {
		return
	}
	attrs := []slog.Attr{slog.String("sql", sql()), slog.Duration("took", took), slog.String("request_id", id)}
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
	begin, text := time.Now(), func() string { return sql }
	found, err := s.source.Query(ctx, sql, planned, args)
	if err != nil {
		s.queries.ran(ctx, begin, text, err)
		return nil, err
	}
	return loggedRows{found, func(err error) { s.queries.ran(ctx, begin, text, err) }}, nil
}

// Together counts as one statement, the first, in QueryTimes.
func (s loggedSource) Together(ctx context.Context, statements ...Statement) error {
	begin := time.Now()
	err := s.source.Together(ctx, statements...)
	took := time.Since(begin)
	for i, q := range statements {
		text := func() string { return q.SQL }
		if times, ok := ctx.Value(timesKey{}).(*QueryTimes); ok && i == 0 {
			times.add(took, text)
		}
		s.queries.write(ctx, took, text, err)
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

// QueryTimes adds up how long the statements of a request took, if LogQueries was called.
type QueryTimes struct {
	mu      sync.Mutex
	n       int
	total   time.Duration
	slowest time.Duration
	sql     string // of the slowest
}

type timesKey struct{}

// WithQueryTimes returns a context whose statements are added to times.
func WithQueryTimes(ctx context.Context, times *QueryTimes) context.Context {
	return context.WithValue(ctx, timesKey{}, times)
}

func (t *QueryTimes) add(took time.Duration, sql func() string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n, t.total = t.n+1, t.total+took
	if took > t.slowest {
		t.slowest = took
		t.sql = ""
		if took >= slowStatement {
			t.sql = sql()
		}
	}
}

// slowStatement is how long a statement takes at least that QueryTimes remembers.
const slowStatement = 10 * time.Millisecond

// Attrs returns the times for the log, without values: how many statements, how long all of
// them and the slowest took in milliseconds, and that one.
func (t *QueryTimes) Attrs() []slog.Attr {
	t.mu.Lock()
	defer t.mu.Unlock()
	return []slog.Attr{
		slog.Int("queries", t.n), slog.Float64("queries_ms", Milliseconds(t.total)),
		slog.Float64("slowest_ms", Milliseconds(t.slowest)), slog.String("slowest", t.sql),
	}
}

// Milliseconds returns a time for the log, to the microsecond.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
