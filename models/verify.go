package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"
)

// AuditProof is what VerifyAudit found.
type AuditProof struct {
	// First is the number of the first line that is kept: 1 where none were deleted by the
	// rule for how long activity is kept.
	First int64
	// DeletedBefore is the day up to which lines were deleted by that rule, and DeletedAt
	// when they were last, in Unix seconds; 0 where none were.
	DeletedBefore, DeletedAt int64
	// Incomparable says that the Head that was expected lies among the deleted lines, so
	// that nobody can tell any more whether the log went on from there.
	Incomparable bool
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
	floor    string    // as beginning.Floor
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
	for _, step := range []func(*gorm.DB) error{v.begin, v.chain, v.end, v.tail, v.strays} {
		if err := step(tx); err != nil || v.proof.Broken != nil {
			return err
		}
	}
	v.proof.Head = v.at.name()
	return nil
}

// begin goes to where the chain begins.
func (v *verifier) begin(tx *gorm.DB) error {
	b, err := v.s.readBeginning(tx)
	if errors.Is(err, errBeginningForged) {
		v.fault(0, "", "The note of how long activity is kept, and of where it begins, was deleted, changed, or put back to an earlier one.")
		return nil
	}
	v.at, v.floor = b.end(), b.Floor
	v.proof.First, v.proof.DeletedBefore, v.proof.DeletedAt = b.Number+1, b.DeletedBefore, b.DeletedAt
	v.proof.Incomparable = v.expect != "" && v.expected < b.Number
	if v.expected == b.Number {
		v.compare("")
	}
	return err
}

// compare looks whether the link that was looked at last is the one that is expected.
func (v *verifier) compare(lineID string) {
	if v.expect != "" && v.at.name() != v.expect {
		v.fault(0, lineID, "Entry %d is not the one you noted as %s. Either the note is mistyped, or the activity was rewritten.", v.at.Number, v.expect)
	}
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

// links reads some links of the chain after one, with their lines.
func (v *verifier) links(tx *gorm.DB, after int64, most int) ([]sealedLine, error) {
	const next = "SELECT number, line_id, seal, " + orNothing + " FROM (SELECT number, line_id, seal FROM audit_seals WHERE number > ? ORDER BY number LIMIT ?) AS part" +
		" LEFT JOIN audit_lines ON audit_lines.id = part.line_id ORDER BY number"
	return collect(v.s.readerIn(tx), next, false, []any{after, most}, (*sealedLine).columns)
}

// chain looks at one link after the other.
func (v *verifier) chain(tx *gorm.DB) error {
	from := int64(-1 << 62) // a number below 1 is wrong, and must be seen
	for {
		links, err := v.links(tx, from, sealBatch)
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
	case l.auditSeal.Number < next && v.proof.First > 1:
		v.fault(l.auditSeal.Number, l.ID, "The entry was put back after it had been deleted by the rule for how long activity is kept.")
	case l.auditSeal.Number != next:
		v.fault(next, "", "The entry %d is missing from the chain.", next)
	case l.ID == "":
		v.fault(next, l.auditSeal.LineID, "The line was deleted.")
	case l.MAC == "":
		v.fault(next, l.ID, "The line was not written by the console.")
	case !genuine:
		v.fault(next, l.ID, "The line was changed after it was written, or was not written by the console.")
	case l.ID < v.floor:
		v.fault(next, l.ID, putBackLine)
	case !sealed:
		v.fault(next, l.ID, "The line is not where it was sealed: the chain was changed or reordered.")
	default:
		v.at = auditHead{Number: l.auditSeal.Number, Seal: l.auditSeal.Seal}
		v.proof.Sealed++
		if v.expected == next {
			v.compare(l.ID)
		}
	}
}

// putBackLine is said of a line that is older than all that were left.
const putBackLine = "The line was put back after it had been deleted by the rule for how long activity is kept."

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
			case l.ID < v.floor:
				v.fault(0, from, putBackLine)
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
