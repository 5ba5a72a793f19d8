package models

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// What the audit log says can be relied on: who writes to the database past the console
// can neither change, add, take away nor reorder lines unseen, as long as the keys are
// elsewhere. Each line has a MAC of all that it says. Soon after it was written, Seal
// gives it its place in a chain: a seal is a MAC of the seal before it, of its number,
// and of the line. How far the chain goes is kept beside it, so that its end is missed
// where it was cut off. (Who puts the whole database back to an earlier day is found out
// by a Head that was noted elsewhere; and a line that is taken away with its place in
// the tail before it is sealed, within a second, by nothing.)
//
// The chain begins with the first line that was written, or where older ones were deleted
// because nobody wanted them any more (retention.go).
//
// Lines are chained here and not in the transactions that write them, because those
// would have to wait for each other.

// sealBatch is how many lines are sealed in one transaction, for which SQLite's other
// writers wait some 10 ms, and how many are looked at in one query.
const sealBatch = 500

// proven is what a line's MAC is of: every column, each with its length before it,
// so that no two lines have the same text.
func (l *AuditLine) proven() string {
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

// proven is what a seal is a MAC of.
func (a auditSeal) proven(before, mac string) string {
	return fmt.Sprintf("seal %s %d %s %s", before, a.Number, a.LineID, mac)
}

// auditHead is the newest link of the chain as settings keep it; Number 0 where there is
// no chain yet.
type auditHead struct {
	Number int64
	Seal   string
	// Adopt is up to which line those are taken as they are that were written before
	// lines had a MAC; nobody once they are in the chain.
	Adopt string
}

const nobody = "-" // comes before every id

const headSetting = "audit_head"

var errHeadForged = errors.New("what is kept about the end of the audit log's chain is gone or was not written by the console: look with console audit verify")

// readHead is how far the chain goes. It is errHeadForged where the note of that is not
// the console's.
func (s *Store) readHead(tx *gorm.DB) (auditHead, error) {
	var found []setting
	if err := tx.Where("key = ?", headSetting).Find(&found).Error; err != nil {
		return auditHead{}, err
	}
	if len(found) == 0 {
		return s.noHead(tx)
	}
	words := strings.Fields(found[0].Value)
	if len(words) != 4 || !s.signed(headProven(words[:3]), words[3]) {
		return auditHead{}, errHeadForged
	}
	number, err := strconv.ParseInt(words[0], 10, 64)
	return auditHead{number, words[1], words[2]}, err
}

func headProven(words []string) string { return "head " + strings.Join(words, " ") }

// noHead is how far the chain goes before there is one.
func (s *Store) noHead(tx *gorm.DB) (auditHead, error) {
	var seals []auditSeal
	if err := tx.Limit(1).Find(&seals).Error; err != nil {
		return auditHead{}, err
	}
	begins, err := s.readBeginning(tx)
	if err == errBeginningForged || begins.Number > 0 || len(seals) > 0 {
		return auditHead{}, errHeadForged
	}
	if err != nil {
		return auditHead{}, err
	}
	first := selection{from: "audit_lines", columns: "coalesce(min(id), '~')", clauses: clauses{conditions: []string{"mac <> ''"}}}
	id, err := take(s.readerIn(tx), first, whole[string])
	return auditHead{Adopt: id}, err
}

func (s *Store) writeHead(tx *gorm.DB, h auditHead) error {
	words := []string{strconv.FormatInt(h.Number, 10), h.Seal, h.Adopt}
	row := setting{Key: headSetting, Value: strings.Join(append(words, s.sign(headProven(words))), " ")}
	return tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error
}

// Seal gives every line that has none its place in the chain. Any number of programs may
// ask for it at once. Lines from before there was a chain become part of it as they are.
func (s *Store) Seal(ctx context.Context) error { return s.health.sealed(s.seal(ctx)) }

func (s *Store) seal(ctx context.Context) error {
	for {
		var waiting []string // most often nothing does, and SQLite's one writer is left alone
		err := s.read.WithContext(ctx).Table("audit_tail").Limit(1).Pluck("line_id", &waiting).Error
		if err != nil || len(waiting) == 0 {
			return s.failed(ctx, err)
		}
		err = s.transaction(ctx, func(tx *gorm.DB) error {
			if err := s.dialect.lock(tx, "seal"); err != nil {
				return err
			}
			return s.sealBatch(tx)
		})
		if err != nil {
			return err
		}
	}
}

// sealBatch seals some lines, and adopts those of them that are old. The caller holds
// the lock.
func (s *Store) sealBatch(tx *gorm.DB) error {
	head, err := s.readHead(tx)
	if err != nil {
		return err
	}
	waiting, err := collect(s.readerIn(tx), "SELECT audit_tail.line_id, coalesce(audit_lines.mac, ''), audit_seals.number IS NOT NULL FROM audit_tail"+
		" LEFT JOIN audit_lines ON audit_lines.id = audit_tail.line_id LEFT JOIN audit_seals ON audit_seals.line_id = audit_tail.line_id"+
		" ORDER BY audit_tail.line_id LIMIT "+strconv.Itoa(sealBatch), false, nil, (*waitingLine).columns)
	if err != nil || len(waiting) == 0 {
		return err
	}
	if err := s.adopt(tx, waiting, head.Adopt); err != nil {
		return err
	}
	done, rows := make([]string, len(waiting)), make([]string, 0, len(waiting))
	for i, w := range waiting {
		if done[i] = w.id; w.sealed {
			continue
		}
		_, _ = s.keysFor(w.mac) // once somebody writes with a new key, the chain goes on with it
		// What was forged or taken away meanwhile is sealed too: it must not hold up the
		// others, and VerifyAudit finds it all the same.
		link := auditSeal{Number: head.Number + 1, LineID: w.id}
		link.Seal = s.sign(link.proven(head.Seal, w.mac))
		head.Number, head.Seal = link.Number, link.Seal
		rows = append(rows, fmt.Sprintf("%019d%-16s%s", link.Number, link.LineID, link.Seal))
	}
	each, values := s.dialect.each(rows)
	insert := "INSERT INTO audit_seals (number, line_id, seal) SELECT CAST(substr(value, 1, 19) AS bigint), substr(value, 20, 16), substr(value, 36) FROM " + each
	if err := s.exec(tx, insert, values); err != nil {
		return err
	}
	condition, ids := s.dialect.among("line_id", done)
	if err := s.exec(tx, "DELETE FROM audit_tail WHERE "+condition, ids); err != nil {
		return err
	}
	if len(waiting) < sealBatch || waiting[len(waiting)-1].id >= head.Adopt {
		head.Adopt = nobody
	}
	return s.writeHead(tx, head)
}

// exec carries out a statement with a list among its values, which GORM would spread.
func (s *Store) exec(tx *gorm.DB, sql string, args ...any) error {
	_, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, s.dialect.placeholders(sql), args...)
	return err
}

// waitingLine is a line of the tail, whose row may be gone.
type waitingLine struct {
	id, mac string
	sealed  bool
}

func (w *waitingLine) columns() []any { return []any{&w.id, &w.mac, &w.sealed} }

// adopt signs those of the lines that have no MAC and come before an id.
func (s *Store) adopt(tx *gorm.DB, waiting []waitingLine, before string) error {
	var ids []string
	for _, w := range waiting {
		if w.mac == "" && w.id < before {
			ids = append(ids, w.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	condition, arg := s.dialect.among("audit_lines.id", ids)
	query := selectFrom("audit_lines", auditColumns, condition, arg)
	lines, err := collect(s.readerIn(tx), query.sql(), true, query.args, (*AuditLine).columns)
	if err != nil {
		return err
	}
	macs, rows := make(map[string]string, len(lines)), make([]string, len(lines))
	for i := range lines {
		macs[lines[i].ID] = s.sign(lines[i].proven())
		rows[i] = lines[i].ID + macs[lines[i].ID]
	}
	for i := range waiting {
		if mac, ok := macs[waiting[i].id]; ok {
			waiting[i].mac = mac
		}
	}
	each, values := s.dialect.each(rows)
	return s.exec(tx, "UPDATE audit_lines SET mac = substr(value, 17) FROM "+each+" WHERE audit_lines.id = substr(value, 1, 16)", values)
}
