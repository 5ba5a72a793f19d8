package models

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// Watch calls see with every statement that reads, as the database gets it.
func (s *Store) Watch(see func(sql string, values []any)) error {
	watch := func(db *gorm.DB) { see(db.Statement.SQL.String(), db.Statement.Vars) }
	callbacks := s.read.Callback()
	for _, err := range []error{
		callbacks.Query().After("gorm:query").Register("test:watch", watch),
		callbacks.Row().After("gorm:row").Register("test:watch", watch),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// Explain is the plan of a statement, a step a line.
func (s *Store) Explain(ctx context.Context, sql string, values []any) (string, error) {
	pool, err := s.read.DB()
	if err != nil {
		return "", err
	}
	explain := "EXPLAIN "
	if s.dialect.name() == "sqlite" {
		explain = "EXPLAIN QUERY PLAN "
	}
	rows, err := pool.QueryContext(ctx, explain+sql, values...)
	if err != nil {
		return "", fmt.Errorf("%s: %w", sql, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	var plan strings.Builder
	for rows.Next() {
		row := make([]any, len(columns))
		for i := range row {
			row[i] = new(any)
		}
		if err := rows.Scan(row...); err != nil {
			return "", err
		}
		fmt.Fprintln(&plan, *row[len(row)-1].(*any)) // SQLite tells the step last, after its place in the tree
	}
	return plan.String(), rows.Err()
}

// ReadForever runs a query that only ctx ends.
func (s *Store) ReadForever(ctx context.Context) error {
	var n int64
	endless := "WITH RECURSIVE rows (n) AS (SELECT 1 UNION ALL SELECT n FROM rows) SELECT count(*) FROM rows"
	return s.failed(ctx, s.read.WithContext(ctx).Raw(endless).Scan(&n).Error)
}
