package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
)

// ClearPiece clears one piece and reports whether there was one.
func (s *Store) ClearPiece(ctx context.Context) (bool, error) {
	_, more, err := s.Deletions.clearOne(ctx, progress{})
	return more, err
}

// DeleteOldPiece deletes one piece of old activity, and reports whether there are more.
func (s *Store) DeleteOldPiece(ctx context.Context) (bool, error) {
	return s.Audit.Retention.DeleteOldPiece(ctx, s.DB.Now())
}

// PassTime makes the store believe its clock, as if it had run all the while.
func (s *Store) PassTime(ctx context.Context) error {
	s.Agree()
	return s.Audit.ConfirmClock(s.DB.Writer.WithContext(ctx))
}

// Agree lets the clock of the database's server say what the console's does.
func (s *Store) Agree() {
	if _, done := s.DB.Dialect.(agreeing); !done {
		s.DB.Dialect = agreeing{s.DB.Dialect}
	}
}

// agreeing is an engine whose server's clock says what the console's does.
type agreeing struct{ db.Dialect }

func (agreeing) Earliest(_ db.Reader, now time.Time) (time.Time, error) { return now, nil }

// DeletingLines returns the statements that delete a piece of activity.
func (s *Store) DeletingLines() []db.Seen {
	condition, arg := s.DB.Dialect.Among("id", []string{"0Va1000000000001", "0Va1000000000002"})
	return []db.Seen{
		{SQL: s.DB.Dialect.Placeholders(audit.DeleteLines + condition), Values: []any{arg}},
		{SQL: s.DB.Dialect.Placeholders(audit.DeleteSeals), Values: []any{0, 2}},
	}
}

// Fill says n things in a conversation.
func (s *Store) Fill(ctx context.Context, conversationID string, n int) error {
	return s.DB.Writer.WithContext(ctx).Exec(`WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ?)
		INSERT INTO messages (id, conversation_id, message, created_at)
		SELECT substr(?, 1, 10) || (100000 + i), ?, 'Hello.', 0 FROM numbers`, n, conversationID, conversationID).Error
}

// Rows are the numbers of rows that deletions are about.
type Rows struct{ Groups, Memberships, Counted, Conversations, Messages, Clearings int }

// Rows counts them, in one transaction; Counted is what all groups' counts come to.
func (s *Store) Rows(ctx context.Context) (rows Rows, err error) {
	err = s.DB.Reader.WithContext(ctx).Raw(`SELECT (SELECT count(*) FROM groups) AS groups,
		(SELECT count(*) FROM memberships) AS memberships, (SELECT coalesce(sum(contacts_count), 0) FROM groups) AS counted,
		(SELECT count(*) FROM conversations) AS conversations, (SELECT count(*) FROM messages) AS messages,
		(SELECT count(*) FROM clearings) AS clearings`).Scan(&rows).Error
	return rows, err
}

// MigrateTo migrates up to a version.
func (s *Store) MigrateTo(ctx context.Context, version int64) error {
	provider, err := s.DB.Migrator()
	if err == nil {
		_, err = provider.UpTo(ctx, version)
	}
	return err
}

// SchemaVersion returns the version that the schema has.
func (s *Store) SchemaVersion(ctx context.Context) (int64, error) {
	return db.SchemaVersion(s.DB.Read(ctx))
}

// ForgetMark makes the store go by what the file of its mark says, as after a new start.
func (s *Store) ForgetMark() { s.Audit.Mark.Last, s.Audit.Mark.Done = audit.AuditMark{}, false }

// EarlyHead writes the head as the version before did, which kept less.
func (s *Store) EarlyHead(ctx context.Context) error {
	conn := s.DB.Writer.WithContext(ctx)
	h, err := s.Audit.ReadHead(conn)
	words := []string{strconv.FormatInt(h.Number, 10), h.Seal, "-"}
	value := strings.Join(append(words, s.Audit.Keyring.Sign(audit.HeadMACInput(words))), " ")
	return errors.Join(err, conn.Model(&db.Setting{}).Where("key = ?", audit.HeadSetting).Update("value", value).Error)
}

// Exec runs a statement.
func (s *Store) Exec(ctx context.Context, sql string) error {
	return s.DB.Writer.WithContext(ctx).Exec(sql).Error
}

// Explain returns the plan of a statement for its values, a step a line.
func (s *Store) Explain(ctx context.Context, seen db.Seen) (string, error) {
	pool, err := s.DB.Reader.DB()
	if err != nil {
		return "", err
	}
	if s.DB.Dialect.Name() == "sqlite" {
		return explain(ctx, pool, "EXPLAIN QUERY PLAN "+seen.SQL, seen.Values)
	}
	return explain(ctx, pool, "EXPLAIN "+seen.SQL, seen.Values)
}

// ExplainRun carries a statement out and is PostgreSQL's plan with what each step did;
// on SQLite it is "".
func (s *Store) ExplainRun(ctx context.Context, seen db.Seen) (string, error) {
	pool, err := s.DB.Reader.DB()
	if err != nil || s.DB.Dialect.Name() == "sqlite" {
		return "", err
	}
	return explain(ctx, pool, "EXPLAIN (ANALYZE, TIMING OFF) "+seen.SQL, seen.Values)
}

// ExplainReused returns PostgreSQL's plan of a statement for any values.
func (s *Store) ExplainReused(ctx context.Context, seen db.Seen) (string, error) {
	pool, err := s.DB.Reader.DB()
	if err != nil {
		return "", err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	for _, sql := range []string{"SET plan_cache_mode = force_generic_plan", "PREPARE probe AS " + seen.SQL} {
		if _, err := conn.ExecContext(ctx, sql); err != nil {
			return "", err
		}
	}
	plan, err := explain(ctx, conn, "EXPLAIN EXECUTE probe"+literals(seen.Values), nil)
	_, again := conn.ExecContext(ctx, "DEALLOCATE probe")
	_, reset := conn.ExecContext(ctx, "RESET plan_cache_mode")
	return plan, errors.Join(err, again, reset)
}

// literals returns values as a list in SQL.
func literals(values []any) string {
	var all []string
	for _, v := range values {
		if list, ok := v.([]string); ok {
			v = "{" + strings.Join(list, ",") + "}"
		}
		all = append(all, "'"+strings.ReplaceAll(fmt.Sprint(v), "'", "''")+"'")
	}
	if len(all) == 0 {
		return ""
	}
	return "(" + strings.Join(all, ", ") + ")"
}

type querier interface {
	QueryContext(ctx context.Context, sql string, args ...any) (*sql.Rows, error)
}

func explain(ctx context.Context, in querier, statement string, values []any) (string, error) {
	rows, err := in.QueryContext(ctx, statement, values...)
	if err != nil {
		return "", fmt.Errorf("%s: %w", statement, err)
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
		fmt.Fprintln(&plan, *row[len(row)-1].(*any)) // SQLite returns the step last, after its place in the tree
	}
	return plan.String(), rows.Err()
}

// ReadForever runs a query that only ctx ends.
func (s *Store) ReadForever(ctx context.Context) error {
	var n int64
	endless := "WITH RECURSIVE rows (n) AS (SELECT 1 UNION ALL SELECT n FROM rows) SELECT count(*) FROM rows"
	return s.DB.Failed(ctx, s.DB.Reader.WithContext(ctx).Raw(endless).Scan(&n).Error)
}

// GiveFactor gives a user an app for codes and a passkey, as if they had set them up.
func (s *Store) GiveFactor(ctx context.Context, userID string) error {
	db := s.DB.Writer.WithContext(ctx)
	return errors.Join(
		db.Exec("INSERT INTO totps (user_id, secret, step, created_at, confirmed_at) VALUES (?, 'x', 0, 1, 1)", userID).Error,
		db.Exec("INSERT INTO passkeys (id, user_id, credential_id, name, data, created_at) VALUES (?, ?, ?, 'Key', '{}', 1)",
			s.DB.IDs.Next(s.DB.Now(), ""), userID, userID).Error,
	)
}

// Strings returns the values of the first column that a statement reads.
func (s *Store) Strings(ctx context.Context, sql string) (values []string, err error) {
	return values, s.DB.Writer.WithContext(ctx).Raw(sql).Scan(&values).Error
}

// Columns returns the names of a table's columns.
func (s *Store) Columns(ctx context.Context, table string) ([]string, error) {
	rows, err := s.DB.Writer.WithContext(ctx).Table(table).Limit(0).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	return names, errors.Join(err, rows.Err())
}

// NameTaken asks what CreateGroup asks about a name.
func (s *Store) NameTaken(ctx context.Context, name string) (bool, error) {
	var names sameNames
	r := s.DB.Read(ctx)
	err := r.Together(ctx, names.read(name, ""))
	return names.active != nil, err
}

// CountGroups counts the groups that a query finds, without listing them.
func (s *Store) CountGroups(ctx context.Context, q GroupQuery) (db.Count, error) {
	return s.countFound(s.DB.Read(ctx), q)
}

// CountContacts returns CountGroups for contacts.
func (s *Store) CountContacts(ctx context.Context, q ContactQuery) (db.Count, error) {
	page, err := s.resolveContacts(s.DB.Read(ctx), q)
	if err != nil {
		return db.Count{}, err
	}
	return s.ContactsCount(ctx, page)
}

// Count is how many rows a table has.
func (s *Store) Count(t interface {
	Context() context.Context
	Fatal(...any)
}, table string,
) (n int64) {
	if err := s.DB.Writer.WithContext(t.Context()).Table(table).Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

// Statements counts the statements of any kind that run.
func (s *Store) Statements(run func()) (n int) {
	counted := func(*gorm.DB) { n++ }
	for _, db := range []*gorm.DB{s.DB.Writer, s.DB.Reader} {
		c := db.Callback()
		for _, err := range []error{
			c.Query().Before("gorm:query").Replace("test:count", counted), c.Create().Before("gorm:create").Replace("test:count", counted),
			c.Update().Before("gorm:update").Replace("test:count", counted), c.Delete().Before("gorm:delete").Replace("test:count", counted),
			c.Row().Before("gorm:row").Replace("test:count", counted), c.Raw().Before("gorm:raw").Replace("test:count", counted),
		} {
			if err != nil {
				panic(err)
			}
		}
		if s.DB.Writer == s.DB.Reader {
			break
		}
	}
	run()
	return n
}

// HashNothing keeps all passwords from being hashed until the function that it returns is
// called.
func HashNothing() (release func()) {
	for range cap(identity.Hashing) {
		identity.Hashing <- struct{}{}
	}
	return func() {
		for range cap(identity.Hashing) {
			<-identity.Hashing
		}
	}
}

// HashSlots returns how many passwords are hashed at once.
func HashSlots() int { return cap(identity.Hashing) }

// DeleteSecondFactor takes all second factors from a user.
func (s *Store) DeleteSecondFactor(ctx context.Context, userID string) error {
	return s.DB.Transaction(ctx, func(tx *gorm.DB) error {
		_, err := identity.DeleteSecondFactor(tx, userID)
		return err
	})
}

// Outage returns what kind of outage an error of the engine is.
func (s *Store) Outage(err error) access.Outage { return s.DB.Dialect.Outage(err) }

// HoldConnections takes every connection that the store keeps for its work until the
// function that it returns is called.
func (s *Store) HoldConnections(t interface {
	Context() context.Context
	Fatal(...any)
},
) (release func()) {
	var held []*sql.Conn
	for _, conn := range []*gorm.DB{s.DB.Writer, s.DB.Reader} {
		pool, err := conn.DB()
		if err != nil {
			t.Fatal(err)
		}
		most := pool.Stats().MaxOpenConnections
		if s.DB.Writer == s.DB.Reader {
			most = db.PostgresConns / 2 // twice the same
		}
		for range most {
			conn, err := pool.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, conn)
		}
	}
	return func() {
		for _, conn := range held {
			_ = conn.Close()
		}
	}
}

// Settings returns the values of a setting of PostgreSQL where reader reads and where write
// writes.
func (s *Store) Settings(ctx context.Context, name string) (reading, writing []string, err error) {
	const query = "SELECT current_setting(?)"
	if reading, err = db.Collect(s.DB.Read(ctx), query, false, []any{name}, db.OneColumn[string]); err != nil {
		return nil, nil, err
	}
	err = s.DB.Transaction(ctx, func(tx *gorm.DB) error {
		writing, err = db.Collect(s.DB.ReadIn(tx), query, false, []any{name}, db.OneColumn[string])
		return err
	})
	return reading, writing, err
}

// PlainCode returns a code for what someone typed.
func PlainCode(typed string) string { return identity.PlainCode(typed) }

// AccountKeyOf returns what failed sign-ins are counted under for the key of an address.
func AccountKeyOf(emailKey string) string { return identity.AccountKeyOf(emailKey) }

// OldHash returns a password's hash as older versions stored it: of the very bytes.
func OldHash(ctx context.Context, password string) (string, error) {
	return identity.HashOf(ctx, password)
}

// CheckPassword compares a password with a hash.
func CheckPassword(ctx context.Context, hash, password string) error {
	_, _, err := identity.CheckPassword(ctx, hash, password)
	return err
}
