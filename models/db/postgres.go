package db

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"protocol.chat/console/models/access"
)

type postgresDialect struct {
	url    string
	server postgresServer
	at     string // where it is, without credentials
	conn   *pgx.ConnConfig
	// reading lets the server be one that only reads.
	reading bool
}

func (*postgresDialect) Name() string { return "postgres" }

func (d *postgresDialect) engine() string {
	if d.server.Pooled {
		return "PostgreSQL " + d.server.Version + " behind a pooler"
	}
	return "PostgreSQL " + d.server.Version
}

func (d *postgresDialect) address() string { return d.at }

// PostgresConns is how many connections one program keeps, beside those for long reads.
const PostgresConns = 16

// postgresSettings tune the planner. No request should read a whole table, even if the
// planner hopes to stop early; random reads cost little more than sequential ones, as on
// any SSD; and no statement here is worth a parallel worker or JIT compilation.
func postgresSettings() map[string]string {
	return map[string]string{
		"enable_seqscan": "off", "random_page_cost": "1.1", "max_parallel_workers_per_gather": "0", "jit": "off",
	}
}

// pooledSettings are postgresSettings for one transaction. Behind a pooler a session is
// shared, and its settings would stay with anyone who has it next. Plans are for the very
// values.
const pooledSettings = "SELECT set_config('enable_seqscan', 'off', true), set_config('random_page_cost', '1.1', true)," +
	" set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true)," +
	" set_config('plan_cache_mode', 'force_custom_plan', true)"

// open connects by pgx, whose pool GORM shares. Statements are prepared, and planned once
// for any values, unless one asks for its own plan (pgxSource).
func (d *postgresDialect) open(ctx context.Context, config *gorm.Config) (h handles, err error) {
	settings, err := pgxpool.ParseConfig(d.url)
	if err != nil {
		return h, fmt.Errorf("the PostgreSQL address can't be read: %w", err)
	}
	if settings.ConnConfig.ConnectTimeout == 0 {
		settings.ConnConfig.ConnectTimeout = 3 * time.Second
	}
	if d.server, err = inspect(ctx, settings.ConnConfig); err != nil {
		return h, fmt.Errorf("PostgreSQL can't be reached: %w", err)
	}
	if err := d.server.refuse(d.reading); err != nil {
		return h, err
	}
	d.at = addressOf(settings.ConnConfig)
	d.configure(settings.ConnConfig)
	d.conn = settings.ConnConfig
	settings.PingTimeout = pingTimeout
	if h.Writer, h.reads, err = d.pool(settings.Copy(), PostgresConns, config); err == nil {
		h.LongReader, h.longReads, err = d.pool(settings.Copy(), longConns, config)
	}
	if err != nil {
		return handles{}, fmt.Errorf("PostgreSQL can't be reached: %w", errors.Join(err, h.close()))
	}
	h.Reader, h.readOnly = h.Writer, d.server.ReadOnly
	h.transact = func(ctx context.Context, fn func(tx *gorm.DB) error) error {
		return pipelined(ctx, h.Writer, d.beginStatement(), fn)
	}
	h.check = sql.OpenDB(stdlib.GetConnector(*settings.ConnConfig))
	limitPool(h.check, 1)
	h.migrations = d.unlimitedPool(settings.ConnConfig)
	return h, nil
}

// addressOf returns where a database is, without credentials.
func addressOf(config *pgx.ConnConfig) string {
	return "postgres://" + net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))) + "/" + config.Database
}

// pool opens a pool of conns connections, shared by GORM and a source.
func (d *postgresDialect) pool(settings *pgxpool.Config, conns int32, config *gorm.Config) (*gorm.DB, source, error) {
	settings.MaxConns = conns
	pool, err := pgxpool.NewWithConfig(context.Background(), settings)
	if err != nil {
		return nil, nil, err
	}
	own := *config
	own.PrepareStmt = false // pgx prepares each statement itself, once a connection
	db, err := openGORM(postgres.New(postgres.Config{Conn: stdlib.OpenDBFromPool(pool)}), &own)
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return db, pgxSource{pool, d.server.Pooled}, nil
}

// pingTimeout is how long an idle connection may take to prove that it is alive: after a
// network partition an old one may never reply.
const pingTimeout = time.Second

func (*postgresDialect) Earliest(r Reader, now time.Time) (time.Time, error) {
	times, err := Collect(r, "SELECT clock_timestamp()", false, nil, OneColumn[time.Time])
	if err == nil && times[0].Before(now) {
		return times[0], nil
	}
	return now, err
}

func (*postgresDialect) logSize() int64 { return 0 }

// configure adapts connections to the server. Through a pooler, statements are described
// and not prepared, unless the URL says otherwise: the next server may not know a prepared
// statement.
func (d *postgresDialect) configure(config *pgx.ConnConfig) {
	if d.server.Pooled {
		if !strings.Contains(d.url, "default_query_exec_mode") {
			config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
		}
		return
	}
	maps.Copy(config.RuntimeParams, postgresSettings())
	if d.server.Trigrams != "" && !d.server.Visible {
		config.RuntimeParams["search_path"] = d.server.Path + ", " + d.server.Trigrams
	}
}

func (*postgresDialect) migration() goose.Dialect { return goose.DialectPostgres }

// unlimitedPool returns connections for migrations, without the server's time limits; nil behind a
// pooler, which passes no such settings on. They are no connections of others whose limits are
// lifted for a while: nobody can restore those after an interruption, when database/sql closes the
// connection beside whoever still uses it.
func (d *postgresDialect) unlimitedPool(config *pgx.ConnConfig) *sql.DB {
	if d.server.Pooled {
		return nil
	}
	config = config.Copy()
	config.RuntimeParams["lock_timeout"], config.RuntimeParams["statement_timeout"] = "0", "0"
	pool := sql.OpenDB(stdlib.GetConnector(*config))
	pool.SetMaxIdleConns(0) // migrations are rare
	return pool
}

// migrate waits for others by a lock that ends with its transaction; the lock of a session
// would stay behind in a pooler. No time limit of the server may end the wait.
func (d *postgresDialect) migrate(db *gorm.DB, up func() error) error {
	return db.Transaction(func(tx *gorm.DB) error {
		for _, limit := range []string{"lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"} {
			if err := tx.Exec("SELECT set_config(?, '0', true)", limit).Error; err != nil {
				return err
			}
		}
		if err := d.Lock(tx, "migrate"); err != nil {
			return err
		}
		return up()
	})
}

func (d *postgresDialect) beginStatement() string {
	if d.server.Pooled {
		return pooledSettings
	}
	return ""
}

func (*postgresDialect) checkFiles() error { return nil }

func (*postgresDialect) trust(bool) {} // after a failover the last entries may be missing

func (*postgresDialect) writableQuery() string {
	return "SELECT current_setting('transaction_read_only') = 'off'"
}

// postgresOutages are by SQLSTATE or by its class:
// https://www.postgresql.org/docs/current/errcodes-appendix.html
var postgresOutages = map[string]access.Outage{
	"08": access.Gone, // connection exceptions, a pooler's refusals
	"28": access.Gone, // the user is not let in any more
	"53": access.Busy, // too many connections, out of memory
	"57": access.Gone, // the server stops, or starts
	"58": access.Damaged,

	"25006": access.ReadOnly, // a standby after a failover, too
	"25P03": access.Busy,     // idle_in_transaction_session_timeout
	"25P04": access.Busy,     // transaction_timeout
	"3D000": access.Gone,     // there is no such database any more
	"40001": access.Busy,     // others changed the same, again and again
	"40P01": access.Busy,
	"53100": access.Full,
	"55006": access.Busy,
	"55P03": access.Busy, // lock_timeout
	"57014": access.Busy, // statement_timeout
	"XX001": access.Damaged,
	"XX002": access.Damaged,
}

func (*postgresDialect) room(int64) error { return nil } // the server's disk is its own

func (*postgresDialect) Outage(err error) access.Outage {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && len(refused.Code) == 5 {
		return cmp.Or(postgresOutages[refused.Code], postgresOutages[refused.Code[:2]])
	}
	var connect *pgconn.ConnectError
	var network net.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &connect):
		return access.Gone
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded):
		return access.Busy
	case errors.As(err, &network), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(err.Error(), "conn closed"):
		return access.Gone
	}
	return ""
}

// Turn lets jobs write large parts: others don't wait for them.
func (*postgresDialect) Turn() time.Duration { return 500 * time.Millisecond }

// Batch saves round trips; the protocol allows 65,535 parameters.
func (*postgresDialect) Batch() int { return 1000 }

func (*postgresDialect) retryable(err error) bool {
	var refused *pgconn.PgError
	const deadlock, serialization = "40P01", "40001"
	return errors.As(err, &refused) && (refused.Code == deadlock || refused.Code == serialization)
}

func (*postgresDialect) Lock(tx *gorm.DB, name string) error {
	return tx.Exec("SELECT pg_advisory_xact_lock(hashtext(?))", name).Error
}

func (*postgresDialect) InOrder(tx *gorm.DB, read func() error) error {
	const sorts = "SELECT set_config('enable_sort', ?, true)"
	err := Later(tx).Exec(sorts, "off").Error
	if err == nil {
		err = read()
	}
	if err == nil {
		err = Later(tx).Exec(sorts, "on").Error
	}
	return err
}

func (*postgresDialect) TryLock(r Reader, name string) (bool, error) {
	free, err := Collect(r, "SELECT pg_try_advisory_xact_lock(hashtext(?))", false, []any{name}, OneColumn[bool])
	return err == nil && free[0], err
}

func (*postgresDialect) Floor(*gorm.DB, string) (string, error) { return "", nil }

func (*postgresDialect) Placeholders(sql string) string { return numbered(sql) }

func (*postgresDialect) Among(column string, values []string) (string, any) {
	return column + " = ANY(?)", values
}

func (*postgresDialect) Each(values []string) (string, any) {
	return "unnest(?::text[]) AS each (value)", values
}

// FirstMembers joins by LATERAL: one join for all groups is estimated by the largest, and
// then reads all contacts or is planned anew each time.
func (d *postgresDialect) FirstMembers(groups []string, columns string, most int) (string, any) {
	table, ids := d.Each(groups)
	return "SELECT part.* FROM " + table + ", LATERAL (" + strings.Replace(MembersOf(columns, most), "?", "each.value", 1) + ") AS part", ids
}

// estimate is what the last VACUUM or ANALYZE found. The lists have the names of tables and
// of partial indexes.
func (*postgresDialect) estimate(r Reader, list string) (int, error) {
	n, err := Collect(r, "SELECT reltuples FROM pg_class WHERE oid = ?::regclass", false, []any{list}, OneColumn[float64])
	if err != nil {
		return 0, err
	}
	return int(n[0]), nil
}

func (*postgresDialect) KeyShare() string  { return " FOR KEY SHARE" }
func (*postgresDialect) ForUpdate() string { return " FOR UPDATE" }

// SuspendIndexes drops foreign keys too: checking them all at once is a join. Triggers need
// not be dropped.
func (*postgresDialect) SuspendIndexes(tx *gorm.DB, tables ...string) ([]string, error) {
	keys, err := suspend(tx, `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS lift,
		format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS build
		FROM pg_constraint WHERE conrelid::regclass::text IN ? AND contype = 'f'`, tables)
	if err != nil {
		return nil, err
	}
	indexes, err := suspend(tx, `SELECT 'DROP INDEX ' || indexrelid::regclass AS lift, pg_get_indexdef(indexrelid) AS build
		FROM pg_index WHERE indrelid::regclass::text IN ? AND NOT indisunique`, tables)
	if err != nil {
		return nil, err
	}
	triggers, err := suspend(tx, `SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', tgrelid::regclass, tgname) AS lift,
		format('ALTER TABLE %s ENABLE TRIGGER %I', tgrelid::regclass, tgname) AS build
		FROM pg_trigger WHERE tgrelid::regclass::text IN ? AND NOT tgisinternal`, tables)
	build := slices.Concat([]string{"SET LOCAL maintenance_work_mem = '512MB'"}, indexes, keys, triggers)
	return build, err
}

// Settle lets indexes be read without the table, and gives the planner statistics.
func (*postgresDialect) Settle(tables ...string) string {
	return "VACUUM (ANALYZE) " + strings.Join(tables, ", ")
}
