package models

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"gorm.io/gorm"
)

// AdoptedActivity is the action of accepting the log as it is found.
const AdoptedActivity Action = "activity.adopt"

// adoptedPrefix begins the MAC of a line that the console did not prove when it was
// written, but accepted later: it never becomes like the others.
const adoptedPrefix = "adopted "

func (l *AuditLine) adopted() bool { return strings.HasPrefix(l.MAC, adoptedPrefix) }

// provenBy is a line's MAC itself.
func provenBy(mac string) string { return strings.TrimPrefix(mac, adoptedPrefix) }

var errIntact = Conflict{Message: "The activity is as the console wrote it: there is nothing to adopt."}

// AdoptAudit accepts the audit log as it is found, after its end or its proofs were lost:
// an older copy of the database was put in place, say, or the log was tampered with, or is
// from before there was a chain. The chain is kept up to the first fault and goes on from
// there; lines that can't be proven are marked for ever, a line tells of it, and
// VerifyAudit too, for ever. It returns what was wrong. Errors: Denied, Conflict where
// nothing is.
func (s *Store) AdoptAudit(ctx context.Context, by Actor) (AuditFault, error) {
	var fault AuditFault
	var head auditHead
	err := s.write(ctx, by, KeepActivity, AdoptedActivity, func(tx *gorm.DB, line *AuditLine) error {
		if err := cmp.Or(s.dialect.lock(tx, "retention"), s.dialect.lock(tx, "seal")); err != nil {
			return err
		}
		v := verifier{s: s, r: s.readerIn(tx), note: func() (beginning, error) { return s.readBeginning(tx) }}
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
		before, err := s.readHead(tx)
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
	return fault, s.writeMark(auditMark{auditHead: head, Since: head.Number})
}

// adopt lets the chain end at head, and all other lines wait for their place in it.
func (s *Store) adopt(tx *gorm.DB, v *verifier, head auditHead, line *AuditLine) error {
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
	if err := s.adoptBeginning(tx, v, line); err != nil {
		return err
	}
	head.Rule = line.ID
	said := map[string]change{"fault": {v.proof.Broken.String(), nil}, "last_entry": {nil, head.Number}, "unproven_lines": {nil, unproven}}
	return cmp.Or(line.say(said), s.writeHead(tx, head))
}

// adoptLines marks the lines of the tail that the console can't prove, and returns how many.
func (s *Store) adoptLines(tx *gorm.DB) (int, error) {
	next := selection{columns: auditColumns, from: "audit_tail", joins: " JOIN audit_lines ON audit_lines.id = audit_tail.line_id", tail: " ORDER BY audit_lines.id"}
	all := 0
	for after := ""; ; {
		next.clauses = clauses{[]string{"audit_tail.line_id > ?"}, []any{after}}
		lines, err := first(s.readerIn(tx), next, sealBatch, (*AuditLine).columns)
		if err != nil {
			return all, err
		}
		var rows []string
		for i := range lines {
			l := &lines[i]
			if after = l.ID; !s.genuine(l) {
				rows = append(rows, l.ID+adoptedPrefix+s.sign(adoptedPrefix+l.proven()))
			}
		}
		each, values := s.dialect.each(rows)
		if err := s.exec(tx, "UPDATE audit_lines SET mac = substr(value, 17) FROM "+each+" WHERE audit_lines.id = substr(value, 1, 16)", values); err != nil {
			return all, err
		}
		if all += len(rows); len(lines) < sealBatch {
			return all, nil
		}
	}
}

// adoptBeginning makes the line the newest that the note of the beginning names. A note
// that is not the console's is begun anew, with all kept.
func (s *Store) adoptBeginning(tx *gorm.DB, v *verifier, line *AuditLine) error {
	b := v.noted
	if v.proof.First == 0 {
		b = beginning{One: 1, Kept: KeepForEver}
		if err := s.exec(tx, "DELETE FROM audit_retention"); err != nil {
			return err
		}
	}
	newest, err := newestOf(s.readerIn(tx), rulesIn("audit_lines"))
	if err != nil {
		return err
	}
	oldest, err := take(s.readerIn(tx), selection{columns: "coalesce(min(id), '')", from: "audit_lines"}, whole[string])
	if err != nil {
		return err
	}
	b.LineID, b.Floor = max(b.LineID, newest), min(b.Floor, oldest)
	b.tell(s, line)
	return s.writeBeginning(tx, b)
}
