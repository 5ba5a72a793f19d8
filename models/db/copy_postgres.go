package db

import (
	"context"

	"github.com/jackc/pgx/v5"
)

func (*postgresDialect) columns() string {
	return `SELECT relname::text, attname::text, format_type(atttypid, atttypmod), coalesce(array_position(indkey::smallint[], attnum), 0)
		FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
		LEFT JOIN pg_index ON indrelid = pg_class.oid AND indisprimary
		WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace ORDER BY relname, attnum`
}

// afterCopy makes the numbers that columns get by themselves go on after those that were inserted.
func (*postgresDialect) afterCopy() []string {
	return []string{`DO $$ DECLARE numbered record; BEGIN
		FOR numbered IN SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attidentity <> ''
			WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
		LOOP
			EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, %L), coalesce(max(%I), 1), max(%I) IS NOT NULL) FROM %I',
				quote_ident(numbered.relname), numbered.attname, numbered.attname, numbered.attname, numbered.relname);
		END LOOP;
	END $$`}
}

func (*postgresDialect) referenceCheck() string { return "" }

func (*postgresDialect) unlimited() string {
	return "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)"
}

// postgresLoader has a connection of its own, for COPY.
type postgresLoader struct {
	*postgresDialect
	conn *pgx.Conn
}

func (d *postgresDialect) loader(ctx context.Context, _ *DB) (Loader, error) {
	conn, err := pgx.ConnectConfig(ctx, d.conn.Copy())
	if err != nil {
		return nil, err
	}
	return postgresLoader{d, conn}, nil
}

func (l postgresLoader) Close() error { return l.conn.Close(context.Background()) }

func (l postgresLoader) Transaction(ctx context.Context, fn func(Load) error) error {
	return pgx.BeginFunc(ctx, l.conn, func(tx pgx.Tx) error {
		for _, begin := range []string{l.unlimited(), l.beginStatement(), "SET LOCAL maintenance_work_mem = '512MB'"} {
			if begin == "" {
				continue
			}
			if _, err := tx.Exec(ctx, begin); err != nil {
				return err
			}
		}
		return fn(postgresLoad{tx})
	})
}

type postgresLoad struct{ tx pgx.Tx }

// Exec leaves a statement without values as it is: a definition may have question marks.
func (l postgresLoad) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if len(args) > 0 {
		sql = numbered(sql)
	}
	done, err := l.tx.Exec(ctx, sql, args...)
	return done.RowsAffected(), err
}

func (l postgresLoad) Insert(ctx context.Context, table string, columns []string, rows [][]any) error {
	_, err := l.tx.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
	return err
}

func (l postgresLoad) Empty(ctx context.Context, table string) error {
	_, err := l.tx.Exec(ctx, `TRUNCATE "`+table+`"`)
	return err
}
