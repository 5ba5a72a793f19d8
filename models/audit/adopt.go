package audit

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// AdoptedActivity is the action of accepting the log as it is.
const AdoptedActivity Action = "activity.adopt"

// adoptedPrefix begins the MAC of a line that could not be proven and was accepted, so that
// it stays distinguishable.
const adoptedPrefix = "adopted "

func (l *Line) adopted() bool { return strings.HasPrefix(l.MAC, adoptedPrefix) }

// plainMAC returns a line's MAC without adoptedPrefix.
func plainMAC(mac string) string { return strings.TrimPrefix(mac, adoptedPrefix) }

var errIntact = access.Conflict{Message: "The activity log is as the console wrote it, so there is nothing to adopt."}

// AdoptAudit accepts the audit log as it is, after its end or its proofs were lost: because
// an older copy of the database was restored, because it was tampered with, or because it
// is older than the chain. It keeps the chain up to the first fault, from where it
// continues. Lines that can't be proven stay marked, and both a line and VerifyAudit report
// the adoption from then on. It returns the fault. Errors: Denied, and Conflict if there is
// no fault.
func (s *Log) AdoptAudit(ctx context.Context, by access.Actor) (AuditFault, error) {
	var fault AuditFault
	var head auditHead
	s.db.Trust(true) // whoever adopts it has checked it
	err := s.Write(ctx, by, access.ManageRetention, AdoptedActivity, func(tx *gorm.DB, line *Line) error {
		if err := cmp.Or(s.db.Dialect.Lock(tx, "retention"), s.db.Dialect.Lock(tx, "seal")); err != nil {
			return err
		}
		v := verifier{s: s, r: s.db.ReadIn(tx), readState: func() (retentionState, error) { return s.Retention.readRetentionState(tx) }}
		if err := v.begin(tx); err != nil {
			return err
		}
		if err := v.walk(); err != nil {
			return err
		}
		if v.proof.Broken == nil {
			return errIntact
		}
		mark, _, err := s.readMark()
		if err != nil && !errors.Is(err, errMarkForged) {
			return err
		}
		before, err := s.ReadHead(tx)
		if err != nil && !errors.Is(err, errHeadForged) {
			return err
		}
		fault, head = *v.proof.Broken, v.at
		head.Adoptions = max(before.Adoptions, mark.Adoptions) + 1
		return s.adopt(tx, &v, head, line)
	})
	if err != nil {
		return fault, err
	}
	return fault, s.writeMark(AuditMark{auditHead: head, Since: head.Number})
}

// adopt ends the chain at head, and puts all other lines into the tail.
func (s *Log) adopt(tx *gorm.DB, v *verifier, head auditHead, line *Line) error {
	if err := s.exec(tx, "DELETE FROM audit_seals WHERE number > ? OR number < ?", head.Number, max(v.proof.First, 1)); err != nil {
		return err
	}
	for _, statement := range []string{
		"DELETE FROM audit_tail",
		"INSERT INTO audit_tail (line_id) SELECT id FROM audit_lines WHERE NOT EXISTS (SELECT 1 FROM audit_seals WHERE line_id = audit_lines.id)",
	} {
		if err := s.exec(tx, statement); err != nil {
			return err
		}
	}
	unproven, err := s.adoptLines(tx)
	if err != nil {
		return err
	}
	if err := s.adoptRetentionState(tx, v, line); err != nil {
		return err
	}
	head.Rule = line.ID
	changes := v.proof.Broken.changes()
	changes["last_entry"], changes["unproven_lines"] = Change{nil, head.Number}, Change{nil, unproven}
	return cmp.Or(line.SetChanges(changes), s.writeHead(tx, head))
}

// adoptLines marks the lines of the tail that the console can't prove, and returns how
// many.
func (s *Log) adoptLines(tx *gorm.DB) (int, error) {
	next := db.Selection{Columns: lineColumns, From: "audit_tail", Joins: " JOIN audit_lines ON audit_lines.id = audit_tail.line_id", Tail: " ORDER BY audit_lines.id"}
	v := verifier{s: s, r: s.db.ReadIn(tx)}
	all := 0
	for after := ""; ; {
		next.Clauses = db.Clauses{Conditions: []string{"audit_tail.line_id > ?"}, Args: []any{after}}
		lines, err := db.First(s.db.ReadIn(tx), next, sealBatch, (*Line).columns)
		if err != nil {
			return all, err
		}
		var rows []string
		for i := range lines {
			l := &lines[i]
			after = l.ID
			unchanged, err := v.unchanged(l, 0)
			if err != nil {
				return all, err
			}
			if !unchanged {
				rows = append(rows, l.ID+adoptedPrefix+s.Keyring.Sign(adoptedPrefix+l.macInput()))
			}
		}
		each, values := s.db.Dialect.Each(rows)
		if err := s.exec(tx, "UPDATE audit_lines SET mac = substr(value, 17) FROM "+each+" WHERE audit_lines.id = substr(value, 1, 16)", values); err != nil {
			return all, err
		}
		if all += len(rows); len(lines) < sealBatch {
			return all, nil
		}
	}
}

// adoptRetentionState makes line the newest that the retention state names. A forged state is
// replaced by one that keeps everything.
func (s *Log) adoptRetentionState(tx *gorm.DB, v *verifier, line *Line) error {
	b := v.state
	if v.proof.First == 0 {
		b = retentionState{One: 1, Retention: Forever}
		if err := s.exec(tx, "DELETE FROM audit_retention"); err != nil {
			return err
		}
	}
	newest, err := newestOf(s.db.ReadIn(tx), rulesIn("audit_lines"))
	if err != nil {
		return err
	}
	oldest, err := db.Take(s.db.ReadIn(tx), db.Selection{Columns: "coalesce(min(id), '')", From: "audit_lines"}, db.OneColumn[string])
	if err != nil {
		return err
	}
	b.LineID, b.Floor = max(b.LineID, newest), min(b.Floor, oldest)
	b.recordLine(s, line)
	return s.Retention.saveRetentionState(tx, b)
}
