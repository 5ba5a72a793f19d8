package modelstest

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/models"
)

// Rows returns how many rows each table has in the database of a store that OpenURL opened.
func Rows(t testing.TB, store *models.Store) map[string]int {
	t.Helper()
	var each []string
	for _, name := range tables(t, store) {
		each = append(each, "SELECT '"+name+"', count(*) FROM "+name)
	}
	counts := map[string]int{}
	err := forEach(t, store, strings.Join(each, " UNION ALL "), func(rows *sql.Rows) error {
		var name string
		var n int
		err := rows.Scan(&name, &n)
		counts[name] = n
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// Content returns every row of each table as text, in no order that means anything, in the
// database of a store that OpenURL opened.
func Content(t testing.TB, store *models.Store) map[string]string {
	t.Helper()
	content := map[string]string{}
	for _, name := range tables(t, store) {
		var all []string
		err := forEach(t, store, "SELECT * FROM "+name, func(rows *sql.Rows) error {
			columns, err := rows.Columns()
			values, places := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				places[i] = &values[i]
			}
			err = errors.Join(err, rows.Scan(places...))
			all = append(all, fmt.Sprint(values))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(all)
		content[name] = strings.Join(all, "\n")
	}
	return content
}

// tables returns the names of all tables of the database of a store.
func tables(t testing.TB, store *models.Store) []string {
	t.Helper()
	names := "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'"
	if asideOf(store).engine == SQLite {
		names = "SELECT group_concat(name, ' ') FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%\\_fts%' ESCAPE '\\' AND name NOT LIKE 'unindexed%'"
	}
	return strings.Fields(Value(t, store, names))
}

// forEach calls fn for each row that a statement reads from the database of a store.
func forEach(t testing.TB, store *models.Store, statement string, fn func(*sql.Rows) error) error {
	t.Helper()
	rows, err := asideOf(store).db.QueryContext(t.Context(), statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Value returns, as text, the first column of the first row that a statement reads from the
// database of a store that OpenURL opened.
func Value(t testing.TB, store *models.Store, statement string) string {
	t.Helper()
	var value any
	if err := asideOf(store).db.QueryRowContext(t.Context(), statement).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(value)
}

// List returns the values of a column of a table, one after the other, as text.
func List(t testing.TB, store *models.Store, table, column string) string {
	t.Helper()
	list := "group_concat(" + column + ")"
	if asideOf(store).engine == Postgres {
		list = "string_agg(" + column + "::text, ',')"
	}
	var values sql.NullString
	if err := asideOf(store).db.QueryRowContext(t.Context(), "SELECT "+list+" FROM "+table).Scan(&values); err != nil {
		t.Fatal(err)
	}
	return values.String
}
