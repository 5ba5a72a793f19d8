package modelstest

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/models"
)

// Rows returns how many rows each table has in the database of a store that OpenURL opened.
func Rows(t testing.TB, store *models.Store) map[string]int {
	t.Helper()
	counts := map[string]int{}
	eachTable(t, store, func(db *sql.DB, name string) error {
		var n int
		err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+name).Scan(&n)
		counts[name] = n
		return err
	})
	return counts
}

// Content returns every row of each table as text, in no order that means anything, in the
// database of a store that OpenURL opened.
func Content(t testing.TB, store *models.Store) map[string]string {
	t.Helper()
	content := map[string]string{}
	eachTable(t, store, func(db *sql.DB, name string) error {
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+name)
		if err != nil {
			return err
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		var all []string
		for rows.Next() {
			values, places := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				places[i] = &values[i]
			}
			if err := rows.Scan(places...); err != nil {
				return err
			}
			all = append(all, fmt.Sprint(values))
		}
		slices.Sort(all)
		content[name] = strings.Join(all, "\n")
		return rows.Err()
	})
	return content
}

// eachTable calls fn for each table of the database of a store.
func eachTable(t testing.TB, store *models.Store, fn func(db *sql.DB, name string) error) {
	t.Helper()
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
			if err := fn(db, name); err != nil {
				return err
			}
		}
		return nil
	})
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
