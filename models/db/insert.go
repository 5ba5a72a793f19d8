package db

import (
	"slices"
	"strings"

	"gorm.io/gorm"
)

// Insert are rows of a table to be stored by few statements, whatever their number.
type Insert struct {
	Table   string
	Columns []string
	// Rows have a value for each column: a string, or an int64. A column has one type.
	Rows [][]any
	// OnConflict ends the statement, beginning with a space, or is "".
	OnConflict string
}

// InsertLater stores rows as Later does. GORM would take several times as long to put the same
// statement together.
func (s *DB) InsertLater(tx *gorm.DB, i Insert) error {
	if len(i.Rows) == 0 {
		return nil
	}
	for _, q := range s.Dialect.insert(i) {
		if _, err := s.ExecIn(Later(tx), q.SQL, q.Args...); err != nil {
			return err
		}
	}
	return nil
}

// into begins the statement.
func (i Insert) into() string {
	return "INSERT INTO " + i.Table + " (" + strings.Join(i.Columns, ", ") + ") "
}

// insertedInStatement is how many rows one statement has where each number of them is a prepared
// statement of its own.
const insertedInStatement = 50

// written returns the statement for some rows with their values written out.
func (i Insert) written(rows [][]any) Statement {
	row := "(?" + strings.Repeat(", ?", len(i.Columns)-1) + ")"
	sql := i.into() + "VALUES " + row + strings.Repeat(", "+row, len(rows)-1) + i.OnConflict
	return Statement{SQL: sql, Args: slices.Concat(rows...)}
}

func (sqliteDialect) insert(i Insert) (statements []Statement) {
	for rows := range slices.Chunk(i.Rows, insertedInStatement) {
		statements = append(statements, i.written(rows))
	}
	return statements
}

// insert passes each column as one value, so that any number of rows makes the same statement.
func (*postgresDialect) insert(i Insert) []Statement {
	if len(i.Rows) == 1 {
		return []Statement{i.written(i.Rows)}
	}
	types, lists := make([]string, len(i.Columns)), make([]any, len(i.Columns))
	for c := range i.Columns {
		if _, text := i.Rows[0][c].(string); text {
			types[c], lists[c] = "?::text[]", column[string](i.Rows, c)
		} else {
			types[c], lists[c] = "?::bigint[]", column[int64](i.Rows, c)
		}
	}
	return []Statement{{SQL: i.into() + "SELECT * FROM unnest(" + strings.Join(types, ", ") + ")" + i.OnConflict, Args: lists}}
}

// column returns the values of a column.
func column[T any](rows [][]any, c int) []T {
	values := make([]T, len(rows))
	for i, row := range rows {
		values[i] = row[c].(T)
	}
	return values
}
