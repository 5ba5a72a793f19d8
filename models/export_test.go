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

// ClearPiece clears one piece and answers whether there was one.
func (s *Store) ClearPiece(ctx context.Context) (bool, error) {
	_, more, err := s.clearOne(ctx, progress{})
	return more, err
}

// Fill says n things in a conversation.
func (s *Store) Fill(ctx context.Context, conversationID string, n int) error {
	return s.db.WithContext(ctx).Exec(`WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ?)
		INSERT INTO messages (id, conversation_id, message, created_at)
		SELECT substr(?, 1, 10) || (100000 + i), ?, 'Hello.', 0 FROM numbers`, n, conversationID, conversationID).Error
}

// Rows are the numbers of rows that deletions are about.
type Rows struct{ Groups, Memberships, Counted, Conversations, Messages, Clearings int }

// Rows counts them, in one moment; Counted is what all groups' counts come to.
func (s *Store) Rows(ctx context.Context) (rows Rows, err error) {
	err = s.read.WithContext(ctx).Raw(`SELECT (SELECT count(*) FROM groups) AS groups,
		(SELECT count(*) FROM memberships) AS memberships, (SELECT coalesce(sum(contacts_count), 0) FROM groups) AS counted,
		(SELECT count(*) FROM conversations) AS conversations, (SELECT count(*) FROM messages) AS messages,
		(SELECT count(*) FROM clearings) AS clearings`).Scan(&rows).Error
	return rows, err
}

// MigrateTo migrates up to a version.
func (s *Store) MigrateTo(ctx context.Context, version int64) error {
	provider, err := s.migrator()
	if err == nil {
		_, err = provider.UpTo(ctx, version)
	}
	return err
}

// Exec carries out a statement.
func (s *Store) Exec(ctx context.Context, sql string) error {
	return s.db.WithContext(ctx).Exec(sql).Error
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
