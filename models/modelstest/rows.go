package modelstest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"protocol.chat/console/models"
)

// Rows returns how many rows each table has in the database of a store that OpenURL opened.
func Rows(t testing.TB, store *models.Store) map[string]int {
	t.Helper()
	counts := map[string]int{}
	query(t, store, func(db *sql.DB, engine string) error {
		tables := "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'"
		if engine == SQLite {
			tables = "SELECT group_concat(name, ' ') FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%_fts%'"
		}
		var names string
		if err := db.QueryRowContext(t.Context(), tables).Scan(&names); err != nil {
			return err
		}
		for name := range strings.FieldsSeq(names) {
			var n int
			if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+name).Scan(&n); err != nil {
				return err
			}
			counts[name] = n
		}
		return nil
	})
	return counts
}

// Value returns, as text, the first column of the first row that a statement reads from the
// database of a store that OpenURL opened.
func Value(t testing.TB, store *models.Store, statement string) string {
	t.Helper()
	var value any
	query(t, store, func(db *sql.DB, _ string) error {
		return db.QueryRowContext(t.Context(), statement).Scan(&value)
	})
	return fmt.Sprint(value)
}

// List returns the values of a column of a table, one after the other, as text.
func List(t testing.TB, store *models.Store, table, column string) string {
	t.Helper()
	var values sql.NullString
	query(t, store, func(db *sql.DB, engine string) error {
		list := "group_concat(" + column + ")"
		if engine == Postgres {
			list = "string_agg(" + column + "::text, ',')"
		}
		return db.QueryRowContext(t.Context(), "SELECT "+list+" FROM "+table).Scan(&values)
	})
	return values.String
}

// query opens the database of a store once more, for what no method of the store reads.
func query(t testing.TB, store *models.Store, ask func(db *sql.DB, engine string) error) {
	t.Helper()
	url, _ := opened.Load(store)
	driver, engine, address := "pgx", Postgres, fmt.Sprint(url)
	if file, ok := strings.CutPrefix(address, "sqlite:"); ok {
		driver, engine, address = "sqlite", SQLite, file
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := ask(db, engine); err != nil {
		t.Fatal(err)
	}
}
