package audit

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
)

// AuditProof is what VerifyAudit found.
type AuditProof struct {
	// First is the number of the first line that is kept: 1 if the retention rule has
	// deleted none.
	First int64
	// DeletedBefore is the day up to which that rule deleted lines, and DeletedAt when it
	// last did, in Unix seconds; 0 if it did not.
	DeletedBefore, DeletedAt int64
	// Incomparable reports whether the expected Head is among the deleted lines, so that it
	// can't be compared.
	Incomparable bool
	// Sealed is how many lines are in the chain and in order, up to the first fault.
	Sealed int64
	// Tail is how many lines wait for their place in the chain.
	Tail int64
	// Broken is the first fault, or nil.
	Broken *AuditFault
	// Adoptions is how often the log was accepted as it was found, by AdoptAudit, and
	// Adopted how many of its lines could not be proven then.
	Adoptions, Adopted int64
	// HasMark reports whether there is a mark outside the database. Marked is the number of
	// its link, and MarkedSince of the link at which it was begun.
	HasMark             bool
	Marked, MarkedSince int64
	// Head identifies the end of the chain, as NUMBER:START. A copy kept elsewhere can be
	// passed to a later VerifyAudit. It is "" if the log is broken, or has no chain yet.
	Head string

	before string // the seal before First
}

// verifyLimit is how long one check may take; it does not end with the request.
const verifyLimit = time.Hour

// VerifyAudit reads the whole log and returns whether it is as the console wrote it.
// Concurrent callers share the result of one check. expect is an earlier Head, or "".
// Errors: Invalid.
func (s *Log) VerifyAudit(ctx context.Context, expect string) (AuditProof, error) {
	expected, err := parseHead(expect)
	if err != nil {
		return AuditProof{}, err
	}
	check := s.checks.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(s.life, verifyLimit)
		defer cancel()
		return s.verify(ctx)
	})
	select {
	case <-ctx.Done():
		return AuditProof{}, s.db.Failed(ctx, ctx.Err())
	case done := <-check:
		proof := done.Val.(AuditProof)
		if done.Err == nil && expect != "" {
			done.Err = s.compare(ctx, &proof, expected, expect)
		}
		return proof, s.db.Failed(ctx, done.Err)
	}
}

// parseHead returns the number of a Head; 0 if none is given.
func parseHead(expect string) (int64, error) {
	if expect == "" {
		return 0, nil
	}
	number, start, _ := strings.Cut(expect, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 1 || len(start) != headShown {
		return 0, access.Refused("expect", "The checkpoint must look like 1042:Zm9vYmFyYmF6cXV4, as an earlier check returned it.")
	}
	return n, nil
}

// compare looks for the expected link in a chain that is in order.
func (s *Log) compare(ctx context.Context, proof *AuditProof, number int64, expect string) error {
	if proof.Broken != nil {
		return nil
	}
	link := auditHead{Number: number, Seal: proof.before} // as it is if the chain begins after it
	if number >= proof.First {
		found, err := db.First(s.db.ReadLong(ctx), db.SelectFrom("audit_seals", "seal", "number = ?", number), 1, db.OneColumn[string])
		if err != nil {
			return err
		}
		link.Seal = strings.Join(found, "")
	}
	if link.Seal == "" {
		b, err := s.Retention.readRetentionState(s.db.LongReader.WithContext(ctx))
		if err != nil {
			return err
		}
		proof.First = max(proof.First, b.Number+1) // the rule has deleted it since
	}
	switch {
	case number < proof.First-1 || link.Seal == "" && number < proof.First:
		proof.Incomparable = true
		return nil
	case link.Seal == "":
		proof.Broken, proof.Head = &AuditFault{Kind: HeadBeyond, Number: number}, ""
	case link.Name() != expect:
		proof.Broken, proof.Head = &AuditFault{Kind: HeadDiffers, Number: number}, ""
	}
	return nil
}

// verify checks the log, again if it was adopted meanwhile.
func (s *Log) verify(ctx context.Context) (AuditProof, error) {
	for {
		v := verifier{s: s, r: s.db.ReadLong(ctx), readState: func() (retentionState, error) {
			return s.Retention.readRetentionState(s.db.LongReader.WithContext(ctx))
		}}
		moment := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
		if err := s.db.LongReader.WithContext(ctx).Transaction(v.begin, moment); err != nil {
			return v.proof, err
		}
		if err := v.walk(); err != nil || v.proof.Broken == nil {
			return v.proof, err
		}
		if head, err := s.ReadHead(s.db.LongReader.WithContext(ctx)); err != nil || head.Adoptions == v.head.Adoptions {
			return v.proof, nil // a head that can't be read is among the faults
		}
	}
}

// verifier reads the chain in batches, so that it holds nothing in the database for long.
// It goes as far as the head did when it began.
type verifier struct {
	s         *Log
	r         db.Reader
	readState func() (retentionState, error) // reads the retention state again
	proof     AuditProof
	head      auditHead      // where it stops
	at        auditHead      // the last link that was checked
	state     retentionState // as last read
	rule      string         // the newest line so far that changes the retention state
	redaction redaction      // the last that was read
	endFault  *AuditFault
}

// fault records what is wrong, and ends the walk.
func (v *verifier) fault(f AuditFault) {
	if v.proof.Broken == nil {
		v.proof.Broken = &f
	}
}

// begin reads, in one transaction, where the chain begins and how far it goes.
func (v *verifier) begin(tx *gorm.DB) error {
	mark, marked, err := v.s.readMark() // before the head, which may go on meanwhile
	forged := errors.Is(err, errMarkForged)
	if err != nil && !forged {
		return err
	}
	v.proof.HasMark, v.proof.Marked, v.proof.MarkedSince = marked, mark.Number, mark.Since
	if v.head, err = v.s.ReadHead(tx); errors.Is(err, errHeadForged) {
		v.end(AuditFault{Kind: EndForged})
		v.head.Number = math.MaxInt64 // all that there is
	} else if err != nil {
		return err
	}
	v.proof.Adoptions = v.head.Adoptions
	if v.state, err = v.s.Retention.readRetentionState(tx); errors.Is(err, errRetentionForged) {
		v.fault(AuditFault{Kind: RetentionForged})
		return nil
	}
	if err != nil && !errors.Is(err, errHeadForged) {
		return err
	}
	v.start(v.state)
	tail, err := db.Take(v.s.db.ReadIn(tx), db.Selection{Columns: "count(*)", From: "audit_tail"}, db.OneColumn[int64])
	if v.proof.Tail = tail; err != nil {
		return err
	}
	last, err := db.Take(v.s.db.ReadIn(tx), db.Selection{Columns: "coalesce(max(number), 0)", From: "audit_seals"}, db.OneColumn[int64])
	if err != nil {
		return err
	}
	if last > v.head.Number {
		v.end(AuditFault{Kind: EndDiffers, Number: v.head.Number})
	}
	if forged {
		v.end(AuditFault{Kind: MarkForged})
		return nil
	}
	return v.compareMark(tx, mark, marked)
}

// compareMark compares the head with the mark, if there is one.
func (v *verifier) compareMark(tx *gorm.DB, mark AuditMark, marked bool) error {
	follows, err := v.s.follows(tx, v.head, mark)
	if err != nil && !errors.Is(err, errHeadForged) {
		return err
	}
	if marked && !follows {
		v.end(AuditFault{Kind: MarkDiffers, Seen: mark.Number, Last: v.head.Number})
	}
	return nil
}

// end records a fault of the end of the chain, which counts if there is none before.
func (v *verifier) end(f AuditFault) {
	if v.endFault == nil {
		v.endFault = &f
	}
}

// start goes to where the chain begins.
func (v *verifier) start(b retentionState) {
	v.state, v.at, v.proof.before = b, b.end(), b.Seal
	v.proof.First, v.proof.DeletedBefore, v.proof.DeletedAt = b.Number+1, b.DeletedBefore, b.DeletedAt
}

// walk checks the whole log, up to the first fault.
func (v *verifier) walk() error {
	for _, step := range []func() error{v.chain, v.ends, v.tail, v.strays} {
		if v.proof.Broken != nil {
			return nil
		}
		if err := step(); err != nil {
			return err
		}
	}
	if v.proof.Broken == nil {
		v.proof.Head = v.at.Name()
	}
	return nil
}

// sealedLine is a link of the chain with its line, whose ID is "" if it is missing.
type sealedLine struct {
	auditSeal
	Line
}

func (l *sealedLine) columns() []any {
	return append([]any{&l.auditSeal.Number, &l.auditSeal.LineID, &l.auditSeal.Seal}, l.Line.columns()...)
}

// optionalColumns reads a line's columns if there may be no line.
const optionalColumns = "coalesce(id, ''), coalesce(created_at, 0), coalesce(actor_kind, ''), coalesce(actor_id, ''), coalesce(actor_name, ''), " +
	"coalesce(user_id, ''), coalesce(action, ''), coalesce(object_kind, ''), coalesce(object_id, ''), coalesce(object_name, ''), " +
	"coalesce(changes, ''), coalesce(ip, ''), coalesce(user_agent, ''), coalesce(request_id, ''), coalesce(mac, '')"

// linkBatch is how many links are read in one query: one more than are deleted in one
// transaction, which shows whether there are others.
const linkBatch = sealBatch + 1

// links returns the first linkBatch links of the chain after one and up to another, with
// their lines.
func (v *verifier) links(after, last int64) ([]sealedLine, error) {
	const next = "SELECT number, line_id, seal, " + optionalColumns + " FROM (SELECT number, line_id, seal FROM audit_seals WHERE number > ? AND number <= ? ORDER BY number LIMIT ?) AS part" +
		" LEFT JOIN audit_lines ON audit_lines.id = part.line_id ORDER BY number"
	return db.Collect(v.r, next, false, []any{after, last, linkBatch}, (*sealedLine).columns)
}

// chain checks one link after the other.
func (v *verifier) chain() error {
	from := int64(-1 << 62) // a number below 1 is wrong, and must be seen
	for {
		links, err := v.links(from, v.head.Number)
		if err != nil {
			return err
		}
		var deleted int64 // up to which links have been deleted since they were read
		for i := range links {
			if links[i].auditSeal.Number > v.at.Number+1 {
				if err := v.skipDeleted(); err != nil {
					return err
				}
				deleted = v.at.Number
			}
			if number := links[i].auditSeal.Number; number > 0 && number <= deleted {
				continue
			}
			if err := v.link(&links[i]); err != nil || v.proof.Broken != nil {
				return err
			}
		}
		if len(links) < linkBatch {
			return v.skipDeleted()
		}
		from = v.at.Number
	}
}

// skipDeleted continues from the current start of the chain, if the retention rule has
// deleted the next link since the check began.
func (v *verifier) skipDeleted() error {
	b, err := v.readState()
	if err != nil || b.Number <= v.at.Number {
		if errors.Is(err, errRetentionForged) || errors.Is(err, errHeadForged) {
			err = nil // reported at the end of the walk
		}
		return err
	}
	v.proof.Sealed = 0
	v.start(b)
	return nil
}

// link checks the link after v.at.
func (v *verifier) link(l *sealedLine) error {
	next := v.at.Number + 1
	sealed := v.s.Keyring.Signed(l.auditSeal.macInput(v.at.Seal, l.MAC), l.auditSeal.Seal)
	unchanged, err := v.unchanged(&l.Line, l.auditSeal.Number)
	if err != nil {
		return err
	}
	switch {
	case l.auditSeal.Number < next && v.proof.First > 1:
		v.fault(AuditFault{Kind: EntryRestored, Number: l.auditSeal.Number, LineID: l.ID})
	case l.auditSeal.Number != next:
		v.fault(AuditFault{Kind: EntryMissing, Number: next})
	case l.ID == "":
		v.fault(AuditFault{Kind: LineDeleted, Number: next, LineID: l.auditSeal.LineID})
	case l.MAC == "":
		v.fault(AuditFault{Kind: LineForeign, Number: next, LineID: l.ID})
	case !unchanged:
		v.fault(AuditFault{Kind: LineForged, Number: next, LineID: l.ID})
	case l.ID < v.state.Floor:
		v.fault(AuditFault{Kind: LineRestored, Number: next, LineID: l.ID})
	case !sealed:
		v.fault(AuditFault{Kind: LineMoved, Number: next, LineID: l.ID})
	default:
		v.at = auditHead{Number: l.auditSeal.Number, Seal: l.auditSeal.Seal}
		v.proof.Sealed++
		return v.record(&l.Line)
	}
	return nil
}

// record notes what a line that is in order says of the log, and compares others with it.
func (v *verifier) record(l *Line) error {
	if l.Action.changesRetention() {
		v.rule = max(v.rule, l.ID)
	}
	if l.adopted() {
		v.proof.Adopted++
	}
	return v.restored(l)
}

// genuine reports whether the console wrote the line, or accepted it as it was found.
func (s *Log) genuine(l *Line) bool {
	if l.adopted() {
		return s.Keyring.Signed(adoptedPrefix+l.macInput(), plainMAC(l.MAC))
	}
	return s.Keyring.Signed(l.macInput(), l.MAC)
}

// ends checks that the chain goes as far as the head.
func (v *verifier) ends() error {
	switch {
	case v.at.Number > v.head.Number: // the rule has deleted more than was to be checked
	case v.head.Number > v.at.Number && v.head.Number < math.MaxInt64:
		v.fault(AuditFault{Kind: EndMissing, Number: v.at.Number + 1, Last: v.head.Number})
	case v.endFault == nil && !v.head.at(v.at):
		v.fault(AuditFault{Kind: EndDiffers, Number: v.at.Number})
	}
	if v.proof.Broken == nil {
		v.proof.Broken = v.endFault
	}
	return nil
}

// tail checks the lines that wait for their place in the chain.
func (v *verifier) tail() error {
	const next = "SELECT 0, line_id, '', " + optionalColumns + " FROM (SELECT line_id FROM audit_tail WHERE line_id > ? ORDER BY line_id LIMIT ?) AS part" +
		" LEFT JOIN audit_lines ON audit_lines.id = part.line_id ORDER BY line_id"
	for from := ""; ; {
		lines, err := db.Collect(v.r, next, false, []any{from, sealBatch}, (*sealedLine).columns)
		if err != nil {
			return err
		}
		for i := range lines {
			l := &lines[i]
			from = l.auditSeal.LineID
			unchanged, err := v.unchanged(&l.Line, 0)
			if err != nil {
				return err
			}
			switch {
			case l.ID == "":
				v.fault(AuditFault{Kind: PendingDeleted, LineID: from})
			case l.ID < v.state.Floor:
				v.fault(AuditFault{Kind: LineRestored, LineID: from})
			case !unchanged:
				v.fault(AuditFault{Kind: PendingForged, LineID: from})
			}
			if err := v.record(&l.Line); err != nil {
				return err
			}
		}
		if len(lines) < sealBatch || v.proof.Broken != nil {
			return v.rules()
		}
	}
}

// rules checks that the retention state names the newest line about it.
func (v *verifier) rules() error {
	if v.state.LineID >= v.rule {
		return nil
	}
	b, err := v.readState() // it may have changed during the check
	if errors.Is(err, errRetentionForged) || err == nil && b.LineID < v.rule {
		v.fault(AuditFault{Kind: RetentionForged})
		return nil
	}
	return err
}

// strays looks for lines that are neither in the chain nor in the tail.
func (v *verifier) strays() error {
	const (
		part = "SELECT id FROM audit_lines WHERE id > ? ORDER BY id LIMIT "
		in   = "SELECT coalesce(max(id), ''), coalesce(min(CASE WHEN EXISTS (SELECT 1 FROM audit_seals WHERE line_id = part.id)" +
			" OR EXISTS (SELECT 1 FROM audit_tail WHERE line_id = part.id) THEN NULL ELSE id END), ''), count(*) FROM (" + part
	)
	for from := ""; ; {
		found, err := db.Collect(v.r, in+strconv.Itoa(strayBatch)+") AS part", false, []any{from}, (*strays).columns)
		if err != nil {
			return err
		}
		if stray := found[0].first; stray != "" {
			v.fault(AuditFault{Kind: LineStray, LineID: stray})
		}
		if from = found[0].last; found[0].lines < strayBatch || v.proof.Broken != nil {
			return nil
		}
	}
}

// strayBatch is how many lines one query checks.
const strayBatch = 5000

// strays is what was found in a part of the lines: its last line, and the first without a
// place.
type strays struct {
	last, first string
	lines       int
}

func (s *strays) columns() []any { return []any{&s.last, &s.first, &s.lines} }
