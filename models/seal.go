package models

import (
	"context"
	"database/sql"
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
	if len(seals) > 0 {
		return auditHead{}, errHeadForged
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
func (s *Store) Seal(ctx context.Context) error {
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

// AuditProof is what VerifyAudit found.
type AuditProof struct {
	// Sealed is how many lines are in the chain and in order, up to the first that is not.
	Sealed int64
	// Tail is how many lines wait for their place in the chain.
	Tail int64
	// Broken is what is wrong first, or nil.
	Broken *AuditFault
	// Head names the end of the chain, as NUMBER:START. Who notes it elsewhere can have it
	// looked for later. It is "" where the log is broken, or has no chain yet.
	Head string
}

// AuditFault is the first place at which the log is not as the console wrote it.
type AuditFault struct {
	// Number is the place in the chain, or 0 where it is not about one place.
	Number int64
	// LineID is the line, or "".
	LineID string
	// What is a sentence that says what is wrong.
	What string
}

// String says where and what the fault is.
func (f AuditFault) String() string {
	switch {
	case f.Number != 0 && f.LineID != "":
		return fmt.Sprintf("entry %d, line %s: %s", f.Number, f.LineID, f.What)
	case f.Number != 0:
		return fmt.Sprintf("entry %d: %s", f.Number, f.What)
	case f.LineID != "":
		return fmt.Sprintf("line %s: %s", f.LineID, f.What)
	}
	return f.What
}

// headShown is how many characters of a seal a Head has.
const headShown = 16

// name is the head as AuditProof.Head has it.
func (h auditHead) name() string {
	if h.Number == 0 {
		return ""
	}
	_, mac, _ := strings.Cut(h.Seal, ":")
	return fmt.Sprintf("%d:%s", h.Number, cut(mac, headShown))
}

// VerifyAudit reads the whole log, and tells whether it is as the console wrote it.
// expect is a Head that was noted earlier, or "". Errors: Invalid.
func (s *Store) VerifyAudit(ctx context.Context, expect string) (AuditProof, error) {
	v := verifier{s: s, expect: expect}
	if expect != "" {
		number, start, _ := strings.Cut(expect, ":")
		var err error
		if v.expected, err = strconv.ParseInt(number, 10, 64); err != nil || v.expected < 1 || len(start) != headShown {
			return AuditProof{}, bad("expect", "What is expected must look like 1042:Zm9vYmFyYmF6cXV4, as an earlier check printed it.")
		}
	}
	// One moment of the log, though lines are written and sealed meanwhile.
	moment := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	err := s.read.WithContext(ctx).Transaction(v.verify, moment)
	return v.proof, s.failed(ctx, err)
}

// verifier walks along the chain.
type verifier struct {
	s        *Store
	proof    AuditProof
	at       auditHead // the link that was looked at last
	adopt    string    // as auditHead.Adopt
	expect   string
	expected int64
}

// fault notes what is wrong, and ends the walk.
func (v *verifier) fault(number int64, lineID, what string, args ...any) {
	if v.proof.Broken == nil {
		v.proof.Broken = &AuditFault{number, lineID, fmt.Sprintf(what, args...)}
	}
}

func (v *verifier) verify(tx *gorm.DB) error {
	var tail int64
	if err := tx.Table("audit_tail").Count(&tail).Error; err != nil {
		return err
	}
	v.proof.Tail = tail
	for _, step := range []func(*gorm.DB) error{v.chain, v.end, v.tail, v.strays} {
		if err := step(tx); err != nil || v.proof.Broken != nil {
			return err
		}
	}
	v.proof.Head = v.at.name()
	return nil
}

// sealedLine is a link of the chain with its line, whose ID is "" where it is gone.
type sealedLine struct {
	auditSeal
	AuditLine
}

func (l *sealedLine) columns() []any {
	return append([]any{&l.auditSeal.Number, &l.auditSeal.LineID, &l.auditSeal.Seal}, l.AuditLine.columns()...)
}

// orNothing reads a line's columns where there may be no line.
const orNothing = "coalesce(id, ''), coalesce(created_at, 0), coalesce(actor_kind, ''), coalesce(actor_id, ''), coalesce(actor_name, ''), " +
	"coalesce(user_id, ''), coalesce(action, ''), coalesce(object_kind, ''), coalesce(object_id, ''), coalesce(object_name, ''), " +
	"coalesce(changes, ''), coalesce(ip, ''), coalesce(user_agent, ''), coalesce(request_id, ''), coalesce(mac, '')"

// chain looks at one link after the other.
func (v *verifier) chain(tx *gorm.DB) error {
	const next = "SELECT number, line_id, seal, " + orNothing + " FROM (SELECT number, line_id, seal FROM audit_seals WHERE number > ? ORDER BY number LIMIT ?) AS part" +
		" LEFT JOIN audit_lines ON audit_lines.id = part.line_id ORDER BY number"
	from := int64(-1 << 62) // a number below 1 is wrong, and must be seen
	for {
		links, err := collect(v.s.readerIn(tx), next, false, []any{from, sealBatch}, (*sealedLine).columns)
		if err != nil {
			return err
		}
		for i := range links {
			if v.link(&links[i]); v.proof.Broken != nil {
				return nil
			}
		}
		if len(links) < sealBatch {
			return nil
		}
		from = v.at.Number
	}
}

// link looks at the link after v.at.
func (v *verifier) link(l *sealedLine) {
	next := v.at.Number + 1
	sealed := v.s.signed(l.auditSeal.proven(v.at.Seal, l.MAC), l.auditSeal.Seal)
	switch genuine := v.s.genuine(&l.AuditLine); {
	case l.auditSeal.Number != next:
		v.fault(next, "", "The entry %d is missing from the chain.", next)
	case l.ID == "":
		v.fault(next, l.auditSeal.LineID, "The line was deleted.")
	case l.MAC == "":
		v.fault(next, l.ID, "The line was not written by the console.")
	case !genuine:
		v.fault(next, l.ID, "The line was changed after it was written, or was not written by the console.")
	case !sealed:
		v.fault(next, l.ID, "The line is not where it was sealed: the chain was changed or reordered.")
	default:
		v.at = auditHead{Number: l.auditSeal.Number, Seal: l.auditSeal.Seal}
		v.proof.Sealed++
		if v.expected == l.auditSeal.Number && v.at.name() != v.expect {
			v.fault(0, l.ID, "Entry %d is not the one you noted as %s. Either the note is mistyped, or the activity was rewritten.", next, v.expect)
		}
	}
}

func (s *Store) genuine(l *AuditLine) bool { return s.signed(l.proven(), l.MAC) }

// end looks whether the chain goes as far as it went.
func (v *verifier) end(tx *gorm.DB) error {
	head, err := v.s.readHead(tx)
	v.adopt, head.Adopt = head.Adopt, ""
	switch {
	case errors.Is(err, errHeadForged):
		v.fault(0, "", "The note of where the chain ends was deleted or changed.")
	case err != nil:
		return err
	case head != v.at && head.Number > v.at.Number:
		v.fault(v.at.Number+1, "", "The end of the chain is cut off: it went on to the entry %d.", head.Number)
	case head != v.at:
		v.fault(v.at.Number, "", "The chain does not end as it did: its last seal was changed, or entries were added to it.")
	case v.expected > v.at.Number:
		v.fault(v.at.Number+1, "", "The chain ends before the entry noted as %s.", v.expect)
	}
	return nil
}

// tail looks at the lines that wait for their place in the chain.
func (v *verifier) tail(tx *gorm.DB) error {
	const next = "SELECT 0, line_id, '', " + orNothing + " FROM (SELECT line_id FROM audit_tail WHERE line_id > ? ORDER BY line_id LIMIT ?) AS part" +
		" LEFT JOIN audit_lines ON audit_lines.id = part.line_id ORDER BY line_id"
	for from := ""; ; {
		lines, err := collect(v.s.readerIn(tx), next, false, []any{from, sealBatch}, (*sealedLine).columns)
		if err != nil {
			return err
		}
		for i := range lines {
			l := &lines[i]
			from = l.auditSeal.LineID
			switch {
			case l.ID == "":
				v.fault(0, from, "A line was deleted before it was sealed.")
			case l.MAC == "" && from < v.adopt: // from before there was a chain
			case !v.s.genuine(&l.AuditLine):
				v.fault(0, from, "A line that is not sealed yet was changed, or was not written by the console.")
			}
		}
		if len(lines) < sealBatch || v.proof.Broken != nil {
			return nil
		}
	}
}

// strays looks for lines that have a place neither in the chain nor in the tail.
func (v *verifier) strays(tx *gorm.DB) error {
	var ids []string
	err := tx.Raw("SELECT id FROM audit_lines WHERE NOT EXISTS (SELECT 1 FROM audit_seals WHERE line_id = audit_lines.id)" +
		" AND NOT EXISTS (SELECT 1 FROM audit_tail WHERE line_id = audit_lines.id) ORDER BY id LIMIT 1").Scan(&ids).Error
	if err == nil && len(ids) > 0 {
		v.fault(0, ids[0], "The line was written past the console: it has no place in the chain.")
	}
	return err
}
