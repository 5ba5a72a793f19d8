package audit

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"protocol.chat/console/models/db"
)

// What the audit log says can be relied on: who writes to the database past the console
// can neither change, add, take away nor reorder lines unseen, as long as the keys are
// elsewhere. Each line has a MAC of all that it says. Soon after it was written, Seal
// gives it its place in a chain: a seal is a MAC of the seal before it, of its number,
// and of the line. How far the chain goes is kept beside it from the database's first
// moment on (head.go), so that its end is missed if it was cut off, and outside the
// database too (mark.go), so that an older copy of it is. (A line that is taken away with
// its place in the tail before it is sealed, within a second, is missed by nothing.)
//
// The chain begins with the first line that was written, or where older ones were deleted
// because nobody wanted them any more (retention.go). A log that is not in order is taken
// for one again by an explicit decision only, of which it tells for ever (adopt.go).
//
// Lines are chained here and not in the transactions that write them, because those
// would have to wait for each other.

// sealBatch is how many lines are sealed in one transaction, for which SQLite's other
// writers wait some 10 ms, and how many are looked at in one query.
const sealBatch = 500

// macInput is what a line's MAC is of: every column, each with its length before it,
// so that no two lines have the same text.
func (l *Line) macInput() string {
	var b strings.Builder
	for _, column := range []string{
		l.ID, strconv.FormatInt(l.CreatedAt, 10), string(l.ActorKind), l.ActorID, l.ActorName, l.UserID, string(l.Action),
		l.ObjectKind, l.ObjectID, l.ObjectName, l.Changes, l.IP, l.UserAgent, l.RequestID,
	} {
		b.WriteString(strconv.Itoa(len(column)))
		b.WriteByte(':')
		b.WriteString(column)
	}
	return "line " + b.String()
}

// auditSeal is a link of the chain.
type auditSeal struct {
	Number int64
	LineID string
	Seal   string
}

// macInput is what a seal is a MAC of.
func (a auditSeal) macInput(before, mac string) string {
	return fmt.Sprintf("seal %s %d %s %s", before, a.Number, a.LineID, mac)
}

// Seal gives every line that has none its place in the chain. Any number of programs may
// ask for it at once. It fails, and seals nothing, if the head is gone, or goes less far
// than the mark that is kept outside the database.
func (s *Log) Seal(ctx context.Context) error { return s.db.Health.Sealed(s.seal(ctx)) }

func (s *Log) seal(ctx context.Context) error {
	for {
		ctx, cancel := context.WithTimeout(ctx, db.PieceLimit)
		waiting, err := s.OldestUnsealed(ctx)
		// Most often nothing waits, and SQLite's one writer is left alone.
		if err == nil && (waiting != "" || !s.Mark.compared()) {
			err = s.sealSome(ctx)
		}
		cancel()
		if err != nil || waiting == "" {
			return err
		}
	}
}

// OldestUnsealed returns the first line that waits for its place in the chain, or "".
func (s *Log) OldestUnsealed(ctx context.Context) (string, error) {
	waiting, err := db.First(s.db.Read(ctx), db.Selection{Columns: "line_id", From: "audit_tail", Tail: " ORDER BY line_id"}, 1, db.OneColumn[string])
	return strings.Join(waiting, ""), s.db.Failed(ctx, err)
}

// sealSome seals some lines, and then notes outside the database how far the chain goes.
func (s *Log) sealSome(ctx context.Context) error {
	var head auditHead
	err := s.db.Transaction(ctx, func(tx *gorm.DB) error {
		err := s.db.Dialect.Lock(tx, "seal")
		if err != nil {
			return err
		}
		if head, err = s.ReadHead(tx); err != nil {
			return err
		}
		if err := s.compareMark(tx, head); err != nil {
			return err
		}
		return s.sealBatch(tx, &head)
	})
	if err != nil {
		return err
	}
	return s.raiseMark(head)
}

// sealBatch seals some lines, and moves head to the last of them. The caller holds the lock.
func (s *Log) sealBatch(tx *gorm.DB, head *auditHead) error {
	const oldest = "SELECT audit_tail.line_id, coalesce(audit_lines.mac, ''), coalesce(audit_lines.action, ''), audit_seals.number IS NOT NULL FROM audit_tail" +
		" LEFT JOIN audit_lines ON audit_lines.id = audit_tail.line_id LEFT JOIN audit_seals ON audit_seals.line_id = audit_tail.line_id" +
		" ORDER BY audit_tail.line_id LIMIT "
	waiting, err := db.Collect(s.db.ReadIn(tx), oldest+strconv.Itoa(sealBatch), false, nil, (*waitingLine).columns)
	if err != nil || len(waiting) == 0 {
		return err
	}
	if head.early {
		if head.Rule, err = newestOf(s.db.ReadIn(tx), rulesIn("audit_lines")); err != nil {
			return err
		}
	}
	done, rows := make([]string, len(waiting)), make([]string, 0, len(waiting))
	for i, w := range waiting {
		if done[i] = w.id; w.sealed {
			continue
		}
		_, _ = s.Keyring.KeysFor(provenBy(w.mac)) // once somebody writes with a new key, the chain goes on with it
		// What was forged or taken away meanwhile is sealed too: it must not hold up the
		// others, and VerifyAudit finds it all the same.
		link := auditSeal{Number: head.Number + 1, LineID: w.id}
		link.Seal = s.Keyring.Sign(link.macInput(head.Seal, w.mac))
		head.Number, head.Seal = link.Number, link.Seal
		if w.action.tellsRule() {
			head.Rule = max(head.Rule, w.id)
		}
		rows = append(rows, fmt.Sprintf("%019d%-16s%s", link.Number, link.LineID, link.Seal))
	}
	each, values := s.db.Dialect.Each(rows)
	insert := "INSERT INTO audit_seals (number, line_id, seal) SELECT CAST(substr(value, 1, 19) AS bigint), substr(value, 20, 16), substr(value, 36) FROM " + each
	if err := s.exec(tx, insert, values); err != nil {
		return err
	}
	condition, ids := s.db.Dialect.Among("line_id", done)
	if err := s.exec(tx, "DELETE FROM audit_tail WHERE "+condition, ids); err != nil {
		return err
	}
	return s.writeHead(tx, *head)
}

// exec carries out a statement with a list among its values, which GORM would spread.
func (s *Log) exec(tx *gorm.DB, sql string, args ...any) error {
	_, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, s.db.Dialect.Placeholders(sql), args...)
	return err
}

// waitingLine is a line of the tail, whose row may be gone.
type waitingLine struct {
	id, mac string
	action  Action
	sealed  bool
}

func (w *waitingLine) columns() []any { return []any{&w.id, &w.mac, &w.action, &w.sealed} }
