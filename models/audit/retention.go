package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Only a rule that an owner sets deletes lines of the audit log: sealed ones, from the
// start of the chain, and only as far as each is proven, so that no evidence of tampering
// is deleted. The chain then begins after the last deleted link, whose number and seal are
// stored with the rule and signed. Every change of the rule and every run of deletions has
// a line. The stored state names the newest of these lines, so that an older state can't be
// restored undetected.

// Retention is how long activity is kept: Forever, or a length of time as ISO 8601 writes
// it, "P1Y".
type Retention string

// Forever keeps everything. It is the default.
const Forever Retention = "forever"

// Retentions are all that can be chosen, the longest first.
var Retentions = []Retention{Forever, "P10Y", "P5Y", "P2Y", "P1Y", "P90D"}

// periods maps the retentions to calendar years and days, and to the words that earlier
// versions stored in the signed state and in audit lines.
var periods = map[Retention]struct {
	years, days int
	stored      string
}{
	Forever: {0, 0, "for ever"},
	"P10Y":  {10, 0, "10 years"},
	"P5Y":   {5, 0, "5 years"},
	"P2Y":   {2, 0, "2 years"},
	"P1Y":   {1, 0, "1 year"},
	"P90D":  {0, 90, "90 days"},
}

// ParseRetention returns the retention for a stored value, including those of earlier
// versions. It returns unknown values unchanged.
func ParseRetention(stored string) Retention {
	for r, p := range periods {
		if p.stored == stored {
			return r
		}
	}
	return Retention(stored)
}

// The actions of the retention rule: changing it, and deleting what is older.
const (
	ChangedRetention Action = "activity.retention"
	DeletedActivity  Action = "activity.delete"
)

// Known reports whether the retention can be chosen.
func (r Retention) Known() bool { return slices.Contains(Retentions, r) }

// Period returns the retention in calendar years or in days; both are 0 if it is Forever or
// not Known.
func (r Retention) Period() (years, days int) {
	p := periods[r]
	return p.years, p.days
}

// Cutoff returns the moment before which lines are deleted, the beginning of a day (UTC);
// the zero time if none are.
func (r Retention) Cutoff(now time.Time) time.Time {
	years, days := r.Period()
	if years == 0 && days == 0 {
		return time.Time{}
	}
	return now.UTC().Truncate(24*time.Hour).AddDate(-years, 0, -days)
}

// retentionState is the stored rule, with where the chain begins.
type retentionState struct {
	One       int       `gorm:"primaryKey"`
	Retention Retention `gorm:"column:kept"`
	// LineID is the newest line about a change of the rule or a run of deletions.
	LineID string
	// Number and Seal are the last link that was deleted; 0 and "" if none was.
	Number int64
	Seal   string
	// Floor is an id: all lines below it are deleted.
	Floor string
	// DeletedBefore is the latest day up to which lines were deleted, and DeletedAt when
	// that was last, in Unix seconds; 0 if none were.
	DeletedBefore, DeletedAt int64
	// Logged is the number up to which deletions have an audit line; it is less than Number
	// during a run.
	Logged int64 `gorm:"column:told"`
	Proof  string
}

// TableName returns the table of the one state.
func (retentionState) TableName() string { return "audit_retention" }

// macInput returns what the state's signature is of.
func (b retentionState) macInput() string {
	return fmt.Sprintf("beginning %q %s %d %s %s %d %d %d", b.Retention, b.LineID, b.Number, b.Seal, b.Floor, b.DeletedBefore, b.DeletedAt, b.Logged)
}

// errRetentionForged is returned if the state is forged or was rolled back to an earlier
// one.
var errRetentionForged = access.Conflict{Message: "The record of the retention policy, and of where the activity log begins, is not as the console wrote it. Verify the log."}

// RetentionKeeper deletes lines that are older than an owner wants to keep, and keeps what proves
// that nobody else did.
type RetentionKeeper struct {
	log     *Log
	changed chan struct{} // signals a new rule
}

// readRetentionState returns the retention state, or errRetentionForged if it is not the
// console's newest.
func (s *RetentionKeeper) readRetentionState(tx *gorm.DB) (retentionState, error) {
	var found []retentionState
	if err := tx.Find(&found).Error; err != nil {
		return retentionState{}, err
	}
	b := retentionState{One: 1, Retention: Forever}
	if len(found) > 0 {
		if b = found[0]; len(found) > 1 || !s.log.Keyring.Signed(b.macInput(), b.Proof) {
			return b, errRetentionForged
		}
		b.Retention = ParseRetention(string(b.Retention)) // after the signature, which is of what is stored
	}
	newest, err := s.newestRule(tx)
	if err == nil && b.LineID < newest {
		err = errRetentionForged
	}
	return b, err
}

// ruleActions are those of the lines that change the retention state.
var ruleActions = []Action{ChangedRetention, DeletedActivity, AdoptedActivity}

func (a Action) changesRetention() bool { return slices.Contains(ruleActions, a) }

// newestRule returns the newest proven line that changes the retention state. It relies on
// no index or column that could be forged.
func (s *RetentionKeeper) newestRule(tx *gorm.DB) (string, error) {
	// The tail is read first: lines that are sealed meanwhile are then in the head.
	newest, err := newestOf(s.log.db.ReadIn(tx), rulesIn("audit_tail JOIN audit_lines ON audit_lines.id = audit_tail.line_id"))
	if err != nil {
		return "", err
	}
	head, err := s.log.ReadHead(tx)
	if err == nil && head.early {
		head.Rule, err = newestOf(s.log.db.ReadIn(tx), rulesIn("audit_lines"))
	}
	return max(newest, head.Rule), err
}

// rulesIn selects the newest line that changes the retention state.
func rulesIn(from string) db.Selection {
	return db.SelectFrom(from, "coalesce(max(audit_lines.id), '')", "audit_lines.action IN (?, ?, ?)", ruleActions[0], ruleActions[1], ruleActions[2])
}

func newestOf(r db.Reader, lines db.Selection) (string, error) {
	return db.Take(r, lines, db.OneColumn[string])
}

func (s *RetentionKeeper) saveRetentionState(tx *gorm.DB, b retentionState) error {
	b.Proof = s.log.Keyring.Sign(b.macInput())
	return tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&b).Error
}

// recordLine gives the line an id above the last one of the state, whichever console wrote
// that, and makes it the state's newest.
func (b *retentionState) recordLine(s *Log, line *Line) {
	line.ID = s.db.IDs.Next(s.db.Now(), b.LineID) // above that before it, whichever console wrote it
	line.SetObject("activity", "", "")
	b.LineID = line.ID
}

// Rule returns how long activity is kept, as stored: only VerifyAudit checks that the
// console wrote it.
func (s *RetentionKeeper) Rule(ctx context.Context) (Retention, error) {
	found, err := db.First(s.log.db.Read(ctx), db.Selection{Columns: "kept", From: "audit_retention"}, 1, db.OneColumn[string])
	return ParseRetention(append(found, string(Forever))[0]), s.log.db.Failed(ctx, err)
}

// LineDeletedBefore returns the day before which lines were deleted, in Unix seconds, if
// that includes a line with this id; otherwise 0.
func (s *RetentionKeeper) LineDeletedBefore(ctx context.Context, id string) (int64, error) {
	before, err := s.DeletedBefore(ctx)
	if err != nil || !text.ValidID(id) || text.IDTime(id).Unix() >= before {
		return 0, err
	}
	return before, nil
}

// DeletedBefore returns the day before which the rule has deleted activity, in Unix
// seconds; 0 if it has deleted none.
func (s *RetentionKeeper) DeletedBefore(ctx context.Context) (int64, error) {
	days, err := db.First(s.log.db.Read(ctx), db.Selection{Columns: "deleted_before", From: "audit_retention"}, 1, db.OneColumn[int64])
	return append(days, 0)[0], s.log.db.Failed(ctx, err)
}

// CountBefore counts the lines from before a moment, up to MaxCounted.
func (s *RetentionKeeper) CountBefore(ctx context.Context, than time.Time) (db.Count, error) {
	n, err := db.CountUpTo(s.log.db.Read(ctx), db.SelectFrom("audit_lines", "1", "id < ?", text.FirstID(than)), db.MaxCounted)
	return n, s.log.db.Failed(ctx, err)
}

// SetRule sets how long activity is kept. Older lines are deleted soon after. Errors:
// Denied, Invalid, Conflict if the stored state was tampered with.
func (s *RetentionKeeper) SetRule(ctx context.Context, by access.Actor, kept Retention) error {
	if err := by.Check(access.ManageRetention); err != nil {
		return err
	}
	if !kept.Known() {
		return access.Refused("kept", "Choose how long activity is kept.")
	}
	err := s.log.Write(ctx, by, access.ManageRetention, ChangedRetention, func(tx *gorm.DB, line *Line) error {
		if err := s.log.db.Dialect.Lock(tx, "retention"); err != nil {
			return err
		}
		b, err := s.readRetentionState(tx)
		if err != nil {
			return err
		}
		if err := s.log.ConfirmClock(tx); err != nil {
			return err
		}
		if b.Retention == kept {
			return ErrNoAuditLine // the time is confirmed
		}
		changes := map[string]Change{"kept": {b.Retention, kept}}
		b.Retention = kept
		b.recordLine(s.log, line)
		return cmp.Or(line.SetChanges(changes), s.saveRetentionState(tx, b))
	})
	if err == nil {
		s.notify()
	}
	return err
}

// Changed returns a channel that receives a value when DeleteOld should
// run because the rule has changed.
func (s *RetentionKeeper) Changed() <-chan struct{} { return s.changed }

func (s *RetentionKeeper) notify() {
	select {
	case s.changed <- struct{}{}:
	default: // already signaled
	}
}

// deleter is the actor who deletes old lines.
const deleter = "the console"

// DeleteOld deletes the lines that are older than the rule allows, by TrustedTime,
// in short transactions until none are left or ctx ends. One line reports all that a run
// deleted; if a run is interrupted, the line of the next one includes it. Several processes
// may call it at once. It stops with an error if the log is not as the console wrote it.
func (s *RetentionKeeper) DeleteOld(ctx context.Context) error {
	now, err := s.log.TrustedTime(ctx)
	if err != nil {
		return err
	}
	for {
		began := time.Now()
		more, err := s.DeleteOldPiece(ctx, now)
		if err == nil && !more {
			err = s.checkClock(ctx, now)
		}
		if err != nil || !more {
			return err
		}
		// Half of the time is left to other writers.
		select {
		case <-time.After(time.Since(began)):
		case <-ctx.Done():
			return s.log.db.Failed(ctx, ctx.Err())
		}
	}
}

// checkClock returns an error if the clock is ahead of the time seen and would delete more.
func (s *RetentionKeeper) checkClock(ctx context.Context, now time.Time) error {
	kept, err := s.Rule(ctx)
	if err != nil || !kept.Cutoff(s.log.db.Now()).After(kept.Cutoff(now)) {
		return err
	}
	return fmt.Errorf("the clock says %s, but the console has seen time pass until %s only: activity is deleted by that. If the clock is right, an owner confirms it by saving how long activity is kept again",
		s.log.db.Now().UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
}

// DeleteOldPiece deletes up to sealBatch lines, and reports whether there are more. The
// last piece of a run writes the run's audit line.
func (s *RetentionKeeper) DeleteOldPiece(ctx context.Context, now time.Time) (more bool, err error) {
	ctx, cancel := context.WithTimeout(db.Alone(ctx), db.PieceLimit)
	defer cancel()
	err = s.log.Record(ctx, access.System(deleter), DeletedActivity, func(tx *gorm.DB, line *Line) error {
		if err := s.log.db.Dialect.Lock(tx, "retention"); err != nil {
			return err
		}
		b, err := s.readRetentionState(tx)
		if err != nil {
			return err
		}
		s.log.db.IDs.Above(b.Floor)
		var old []string
		before, cutoff := b, b.Retention.Cutoff(now)
		if !cutoff.IsZero() {
			if old, more, err = s.oldLines(tx, &b, cutoff); err != nil {
				return err
			}
		}
		if len(old) > 0 {
			if err := s.deletePiece(tx, &b, before.Number, old, cutoff); err != nil {
				return err
			}
		}
		switch {
		case more:
			return ErrNoAuditLine // the last piece has the line of all
		case b.Logged == b.Number:
			return ErrNothing
		}
		return cmp.Or(line.SetChanges(b.unloggedDeletions()), s.endRun(tx, b, line))
	})
	return more, err
}

// unloggedDeletions returns the changes that a run's line reports.
func (b retentionState) unloggedDeletions() map[string]Change {
	return map[string]Change{
		"lines": {b.Number - b.Logged, nil}, "first_entry": {b.Logged + 1, nil}, "last_entry": {b.Number, nil},
		"from_before": {nil, time.Unix(b.DeletedBefore, 0).UTC().Format(time.DateOnly)},
	}
}

// endRun ends a run with its line.
func (s *RetentionKeeper) endRun(tx *gorm.DB, b retentionState, line *Line) error {
	b.recordLine(s.log, line)
	b.Logged = b.Number
	return s.saveRetentionState(tx, b)
}

// oldLines returns the ids of up to sealBatch lines at the start of the chain that are
// older than cutoff, and whether there are more. It moves b to the last of them. It stops
// at the first newer line: lines behind one that a wrong clock dated later wait for it.
func (s *RetentionKeeper) oldLines(tx *gorm.DB, b *retentionState, cutoff time.Time) (ids []string, more bool, err error) {
	v := verifier{s: s.log, r: s.log.db.ReadIn(tx), at: b.end()}
	links, err := v.links(b.Number, b.Number+linkBatch)
	if err != nil {
		return nil, false, err
	}
	end := text.FirstID(cutoff)
	for i := range links {
		if links[i].auditSeal.LineID >= end {
			break
		}
		if more = len(ids) == sealBatch; more {
			break
		}
		if err := v.link(&links[i]); err != nil {
			return nil, false, err
		}
		if v.proof.Broken != nil {
			return nil, false, fmt.Errorf("the audit log is not as the console wrote it, and nothing more of it is deleted: %s", v.proof.Broken)
		}
		ids = append(ids, links[i].ID)
	}
	b.Number, b.Seal = v.at.Number, v.at.Seal
	return ids, more, nil
}

// end returns the link that the chain begins after.
func (b retentionState) end() auditHead { return auditHead{Number: b.Number, Seal: b.Seal} }

// The statements that delete old lines and their links.
const (
	DeleteLines = "DELETE FROM audit_lines WHERE "
	DeleteSeals = "DELETE FROM audit_seals WHERE number > ? AND number <= ?"
)

// deletePiece deletes lines with their links, after the link from and up to b.
func (s *RetentionKeeper) deletePiece(tx *gorm.DB, b *retentionState, from int64, ids []string, cutoff time.Time) error {
	b.DeletedBefore, b.DeletedAt = max(b.DeletedBefore, cutoff.Unix()), s.log.db.Now().Unix()
	if err := s.saveRetentionState(tx, *b); err != nil { // first, because triggers keep what comes after it
		return err
	}
	condition, arg := s.log.db.Dialect.Among("id", ids)
	if err := s.log.exec(tx, DeleteLines+condition, arg); err != nil {
		return err
	}
	if err := s.log.exec(tx, DeleteSeals, from, b.Number); err != nil {
		return err
	}
	oldest := db.SelectFrom("audit_lines", "id", "id >= ?", b.Floor)
	oldest.Tail = " ORDER BY id"
	left, err := db.First(s.log.db.ReadIn(tx), oldest, 1, db.OneColumn[string])
	if err != nil {
		return err
	}
	b.Floor = max(b.Floor, slices.Min(append(left, text.FirstID(cutoff))))
	return s.saveRetentionState(tx, *b)
}
