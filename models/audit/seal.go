package audit

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"protocol.chat/console/models/db"
)

// As long as the keys are kept elsewhere, nobody with only the database can change, add,
// remove or reorder lines undetected. Each line has a MAC of its content. Soon after, Seal
// gives it its place in a chain: a seal is a MAC of the previous seal, its own number and
// the line. The head records how far the chain goes, which reveals a truncation (head.go),
// and a mark outside the database reveals an older copy (mark.go). The one exception is a
// line that is removed together with its entry in the tail within the second before it is
// sealed.
//
// The chain begins with the first line, or after those that the retention rule deleted
// (retention.go). A broken log can only be accepted by an explicit decision, which is
// reported from then on (adopt.go). Personal data that are erased from lines (redact.go) leave
// the chain whole.
//
// Lines are chained here, not in the transactions that write them, because those would then
// have to run one at a time.

// sealBatch is the number of lines that are sealed in one transaction, during which
// SQLite's other writers wait about 10 ms, and that are read in one query.
const sealBatch = 500

// macInput returns what a line's MAC is of: every column, prefixed with its length, so that
// no two lines have the same text.
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

// macInput returns what a seal is a MAC of: before is the seal before it, mac the line's.
func (a auditSeal) macInput(before, mac string) string {
	return fmt.Sprintf("seal %s %d %s %s", before, a.Number, a.LineID, mac)
}

// Seal adds every unsealed line to the chain. Several processes may call it at once. It
// returns an error, and seals nothing, if the head is missing, forged, or behind the mark
// outside the database.
func (s *Log) Seal(ctx context.Context) error { return s.db.Health.Sealed(s.seal(ctx)) }

func (s *Log) seal(ctx context.Context) error {
	for {
		ctx, cancel := context.WithTimeout(db.Alone(ctx), db.PieceLimit)
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

// OldestUnsealed returns the id of the oldest line that is not sealed yet, or "".
func (s *Log) OldestUnsealed(ctx context.Context) (string, error) {
	waiting, err := db.First(s.db.Read(ctx), db.Selection{Columns: "line_id", From: "audit_tail", Tail: " ORDER BY line_id"}, 1, db.OneColumn[string])
	return strings.Join(waiting, ""), s.db.Failed(ctx, err)
}

// sealSome seals a batch of lines, and then raises the mark.
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

// sealBatch seals a batch of lines, and moves head to the last of them. The caller holds
// the lock.
func (s *Log) sealBatch(tx *gorm.DB, head *auditHead) error {
	// Each line is looked up by itself. PostgreSQL would merge a join with all seals there are, as
	// long as it takes a table that has just grown for small.
	const oldest = "SELECT line_id, coalesce((SELECT mac FROM audit_lines WHERE id = line_id), ''), coalesce((SELECT action FROM audit_lines WHERE id = line_id), '')," +
		" (SELECT number FROM audit_seals WHERE audit_seals.line_id = audit_tail.line_id) IS NOT NULL FROM audit_tail ORDER BY line_id LIMIT "
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
		_, _ = s.Keyring.KeysFor(plainMAC(w.mac)) // reads a new key that someone has written with, so that the chain continues with it
		// Forged and removed lines are sealed too, so that they don't block the others;
		// VerifyAudit still finds them.
		link := auditSeal{Number: head.Number + 1, LineID: w.id}
		link.Seal = s.Keyring.Sign(link.macInput(head.Seal, w.mac))
		head.Number, head.Seal = link.Number, link.Seal
		if w.action.changesRetention() {
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

// exec runs a statement with a list among its values, which GORM would expand.
func (s *Log) exec(tx *gorm.DB, sql string, args ...any) error {
	_, err := s.db.ExecIn(tx, sql, args...)
	return err
}

// waitingLine is an entry of the tail, whose line may be missing.
type waitingLine struct {
	id, mac string
	action  Action
	sealed  bool
}

func (w *waitingLine) columns() []any { return []any{&w.id, &w.mac, &w.action, &w.sealed} }
