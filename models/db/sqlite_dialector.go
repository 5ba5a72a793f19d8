package db

import (
	"errors"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteDialector teaches GORM the SQL of SQLite over modernc.org/sqlite's own driver. Of
// the existing dialectors, one brings an older fork of this driver, which parses a prepared
// statement each time it runs (1.2 to 1.6 times the CPU of every read), and the other
// compiles a second SQLite in C. Two drivers can't be linked: each registers the name
// "sqlite".
//
// It has no Migrator: only the migrations have the schema.
type sqliteDialector struct{ gorm.ConnPool }

func (sqliteDialector) Name() string { return "sqlite" }

func (d sqliteDialector) Initialize(db *gorm.DB) error {
	db.ConnPool = d.ConnPool
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{
		CreateClauses: []string{"INSERT", "VALUES", "ON CONFLICT", "RETURNING"},
		UpdateClauses: []string{"UPDATE", "SET", "FROM", "WHERE", "RETURNING"},
		DeleteClauses: []string{"DELETE", "FROM", "WHERE", "RETURNING"},
	})
	// A transaction that writes is alone, so it has no rows to lock.
	db.ClauseBuilders["FOR"] = func(clause.Clause, clause.Builder) {}
	return nil
}

func (sqliteDialector) Migrator(*gorm.DB) gorm.Migrator { return nil }

func (sqliteDialector) DataTypeOf(field *schema.Field) string { return string(field.DataType) }

// DefaultValueOf is what a batch of rows writes for a value that one of them leaves to the
// database: NULL, which gives a row its number.
func (sqliteDialector) DefaultValueOf(*schema.Field) clause.Expression {
	return clause.Expr{SQL: "NULL"}
}

func (sqliteDialector) BindVarTo(writer clause.Writer, _ *gorm.Statement, _ any) {
	_ = writer.WriteByte('?')
}

// QuoteTo quotes a name, or table.column.
func (sqliteDialector) QuoteTo(writer clause.Writer, name string) {
	_, _ = writer.WriteString(`"` + strings.ReplaceAll(name, ".", `"."`) + `"`)
}

// SavePoint begins a transaction within another one.
func (sqliteDialector) SavePoint(tx *gorm.DB, name string) error {
	return tx.Exec("SAVEPOINT " + name).Error
}

// RollbackTo goes back to a SavePoint.
func (sqliteDialector) RollbackTo(tx *gorm.DB, name string) error {
	return tx.Exec("ROLLBACK TO " + name).Error
}

func (sqliteDialector) Explain(sql string, vars ...any) string {
	return logger.ExplainSQL(sql, nil, `"`, vars...)
}

// Translate returns GORM's error for a violated constraint, and errMoved if the commit hook
// of guarded refused.
func (sqliteDialector) Translate(err error) error {
	var coded interface{ Code() int }
	if !errors.As(err, &coded) {
		return err
	}
	switch coded.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return gorm.ErrDuplicatedKey
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return gorm.ErrForeignKeyViolated
	case sqlite3.SQLITE_CONSTRAINT_COMMITHOOK:
		return errMoved
	}
	return err
}
