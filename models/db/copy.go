package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// Table is a table of the schema that holds what users or the program have stored.
type Table struct {
	Name string
	// Columns are those that the engine doesn't compute, without seq.
	Columns []Column
	// Numbered reports whether the table has row numbers in a column seq, which must ascend
	// with the ids.
	Numbered bool
	// order is what to sort by, so that rows come in the same order each time.
	order string
}

// Column is a column of a table. Kind is text, integer, boolean or bytes.
type Column struct{ Name, Kind string }

// RowNumber is the column with the row numbers of a table.
const RowNumber = "seq"

// copyTable marks a database as a copy that is not finished, and has its progress.
const copyTable = "console_copy"

// derivedTables have what the schema or its triggers put there.
var derivedTables = []string{versionTable, "totals", "unindexed_groups", "unindexed_contacts", copyTable}

// foreignTables begins the names of the tables that Litestream makes in a file that it replicates.
const foreignTables = "_litestream_"

// columnKinds are the types of both engines by what Go reads from them.
var columnKinds = map[string]string{
	"text": "text", "integer": "integer", "bigint": "integer", "boolean": "boolean", "blob": "bytes", "bytea": "bytes",
}

// Tables returns the tables whose rows make up the database, by their names.
func (s *DB) Tables(r Reader) (map[string]Table, error) {
	type column struct {
		table, name, kind string
		key               int // its place in the primary key, or 0
	}
	found, err := Collect(r, s.Dialect.columns(), false, nil, func(c *column) []any { return []any{&c.table, &c.name, &c.kind, &c.key} })
	if err != nil {
		return nil, err
	}
	tables, keys := map[string]Table{}, map[string]map[int]string{}
	for _, c := range found {
		if slices.Contains(derivedTables, c.table) || strings.HasPrefix(c.table, foreignTables) {
			continue
		}
		t := tables[c.table]
		t.Name = c.table
		kind, known := columnKinds[c.kind]
		switch {
		case !known:
			return nil, fmt.Errorf("the column %s.%s has the unknown type %s", c.table, c.name, c.kind)
		case c.name == RowNumber:
			t.Numbered = true
		default:
			t.Columns = append(t.Columns, Column{c.name, kind})
		}
		tables[c.table] = t
		if c.key > 0 {
			if keys[c.table] == nil {
				keys[c.table] = map[int]string{}
			}
			keys[c.table][c.key] = `"` + c.name + `"`
		}
	}
	for name, t := range tables {
		var key []string
		for _, place := range slices.Sorted(maps.Keys(keys[name])) {
			key = append(key, keys[name][place])
		}
		if t.order = strings.Join(key, ", "); t.order == "" {
			t.order = t.list() // all of a row, if nothing less is unique
		}
		tables[name] = t
	}
	return tables, nil
}

// list returns the columns as SQL.
func (t Table) list() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = `"` + c.Name + `"`
	}
	return strings.Join(names, ", ")
}

// EachRow passes the values of each row of a table to fn: nil, string, int64, bool or
// []byte. ordered requests the same order each time.
func EachRow(r Reader, t Table, ordered bool, fn func(row []any) error) error {
	sql := "SELECT " + t.list() + ` FROM "` + t.Name + `"`
	if ordered {
		sql += " ORDER BY " + t.order
	}
	found, err := r.Query(r.Ctx, sql, false, nil)
	if err != nil {
		return err
	}
	defer found.Close()
	places := make([]any, len(t.Columns))
	for found.Next() {
		row := make([]any, len(t.Columns))
		for i := range row {
			places[i] = &row[i]
		}
		if err := found.Scan(places...); err != nil {
			return err
		}
		for i, c := range t.Columns {
			if row[i], err = valueOf(row[i], c.Kind); err != nil {
				return fmt.Errorf("%s.%s: %w", t.Name, c.Name, err)
			}
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	return found.Err()
}

// valueOf returns a value as EachRow passes it, whatever the driver made of it.
func valueOf(value any, kind string) (any, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		if kind == "text" {
			return v, nil
		}
		if kind == "bytes" {
			return []byte(v), nil
		}
	case []byte:
		if kind == "bytes" {
			return v, nil
		}
		if kind == "text" {
			return string(v), nil
		}
	case int64:
		if kind == "integer" {
			return v, nil
		}
		if kind == "boolean" {
			return v != 0, nil
		}
	case int32:
		return int64(v), nil
	case bool:
		return v, nil
	}
	return nil, fmt.Errorf("a value of type %T where there should be %s", value, kind)
}

// Loader fills a database that nobody else uses, on one connection and without checking
// references.
type Loader interface {
	// Transaction runs fn in one transaction.
	Transaction(ctx context.Context, fn func(Load) error) error
	Close() error
}

// Load is a transaction of a Loader.
type Load interface {
	// Exec runs a statement, with ? for each value, and returns how many rows it changed.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	// Insert adds rows to a table.
	Insert(ctx context.Context, table string, columns []string, rows [][]any) error
	// Empty deletes all rows of a table.
	Empty(ctx context.Context, table string) error
}

// Loader returns a Loader of the database.
func (s *DB) Loader(ctx context.Context) (Loader, error) { return s.Dialect.loader(ctx, s) }

// BeginCopy marks an empty database as an unfinished copy of source, or returns the state of
// the one that it is already, "" for one without. run is then the one that may go on with it.
// Until EndCopy, no console opens the database. Errors: ErrNotEmpty.
func (s *DB) BeginCopy(ctx context.Context, source, run string) (state string, err error) {
	s.copying = true
	err = s.Writer.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := s.Dialect.Lock(tx, "migrate"); err != nil { // no console makes its schema meanwhile
			return err
		}
		tables, err := Collect(s.ReadIn(tx), s.Dialect.tables(), false, nil, OneColumn[string])
		switch {
		case err != nil:
			return err
		case len(tables) == 0:
			err := tx.Exec("CREATE TABLE " + copyTable + " (source text NOT NULL, run text NOT NULL, state text NOT NULL)").Error
			if err == nil {
				err = tx.Exec("INSERT INTO "+copyTable+" VALUES (?, ?, '')", source, run).Error
			}
			return err
		case !slices.Contains(tables, copyTable):
			return fmt.Errorf("%w (%s has %d tables)", ErrNotEmpty, s.Address(), len(tables))
		}
		var before struct{ Source, State string }
		if err := tx.Raw("SELECT source, state FROM " + copyTable).Scan(&before).Error; err != nil {
			return err
		}
		if before.Source != source {
			return fmt.Errorf("%s has an unfinished copy of %s: finish that one, or empty the database", s.Address(), before.Source)
		}
		state = before.State
		return tx.Exec("UPDATE "+copyTable+" SET run = ?", run).Error
	})
	return state, s.Failed(ctx, err)
}

// SuspendAll drops the indexes, triggers and references of tables, and with empty the rows
// that migrations made. It keeps the state that stateOf makes of the statements that build
// them again.
func (s *DB) SuspendAll(ctx context.Context, tables []string, empty bool, stateOf func(build []string) string) error {
	return s.Failed(ctx, s.Writer.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		build, err := s.Dialect.SuspendIndexes(tx, tables...)
		for i := 0; empty && err == nil && i < len(tables); i++ {
			err = tx.Exec(`DELETE FROM "` + tables[i] + `"`).Error
		}
		if err == nil {
			err = tx.Exec("UPDATE "+copyTable+" SET state = ?", stateOf(build)).Error
		}
		return err
	}))
}

// errTakenOver ends a copy that another one goes on with.
var errTakenOver = errors.New("another console copy goes on with this copy")

// SaveCopy keeps the state of a copy, unless another run has taken it over. It comes first in its
// transaction.
func SaveCopy(ctx context.Context, l Load, run, state string) error {
	changed, err := l.Exec(ctx, "UPDATE "+copyTable+" SET state = ? WHERE run = ?", state, run)
	if err == nil && changed != 1 {
		err = errTakenOver
	}
	return err
}

// EndCopy makes a copy a database as any other.
func (s *DB) EndCopy(ctx context.Context, l Load) error {
	for _, statement := range append(s.Dialect.afterCopy(), "DROP TABLE "+copyTable) {
		if _, err := l.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// errUnfinishedCopy refuses to open what console copy has not finished.
var errUnfinishedCopy = errors.New("this database is an unfinished copy of another: run console copy again, which goes on with it, or empty it")

// refuseCopy returns errUnfinishedCopy if the database is one, and its copy isn't run here.
func (s *DB) refuseCopy(ctx context.Context) error {
	if s.copying {
		return nil
	}
	tables, err := Collect(s.Read(ctx), s.Dialect.tables(), false, nil, OneColumn[string])
	if err == nil && slices.Contains(tables, copyTable) {
		err = errUnfinishedCopy
	}
	return err
}

// BrokenReferences returns the tables whose rows refer to rows that are not there, if the
// engine hasn't checked that.
func (s *DB) BrokenReferences(r Reader) ([]string, error) {
	check := s.Dialect.referenceCheck()
	if check == "" {
		return nil, nil
	}
	return Collect(r, check, false, nil, OneColumn[string])
}

// Unlimit lifts the server's time limits from the transaction of a Reader.
func (s *DB) Unlimit(r Reader) error {
	statement := s.Dialect.unlimited()
	if statement == "" {
		return nil
	}
	found, err := r.Query(r.Ctx, statement, false, nil)
	if err == nil {
		found.Close()
	}
	return err
}
