package audit

import (
	"fmt"
	"strings"
)

// AuditFault is the first place at which the log is not as the console wrote it. views has
// its sentence.
type AuditFault struct {
	Kind FaultKind
	// Number is the place in the chain, or 0 if the fault has none.
	Number int64
	// LineID is the line's id, or "".
	LineID string
	// Seen is the entry that the mark is about, of MarkDiffers.
	Seen int64
	// Last is the entry that the log ends with, of MarkDiffers, or ended with, of EndMissing.
	Last int64
}

// FaultKind is what is wrong, as a stable code for programs.
type FaultKind string

// The kinds of faults.
const (
	// EntryMissing: a number is missing from the chain.
	EntryMissing FaultKind = "entry_missing"
	// EntryRestored: an entry that retention had deleted is in the chain again.
	EntryRestored FaultKind = "entry_restored"

	// LineDeleted: an entry has no line any more.
	LineDeleted FaultKind = "line_deleted"
	// LineForeign: a line has no proof, as those that something else wrote.
	LineForeign FaultKind = "line_foreign"
	// LineForged: a line does not fit its proof.
	LineForged FaultKind = "line_forged"
	// LineRestored: a line that retention had deleted is there again.
	LineRestored FaultKind = "line_restored"
	// LineMoved: a line is not the one that was sealed at its place.
	LineMoved FaultKind = "line_moved"
	// LineStray: a line has no place in the chain, and does not wait for one.
	LineStray FaultKind = "line_stray"

	// PendingDeleted: a line that waited for its place is gone.
	PendingDeleted FaultKind = "pending_deleted"
	// PendingForged: a line that waits for its place does not fit its proof.
	PendingForged FaultKind = "pending_forged"

	// EndMissing: the chain ends before its end.
	EndMissing FaultKind = "end_missing"
	// EndDiffers: the chain has another end than it had.
	EndDiffers FaultKind = "end_differs"
	// EndForged: what says where the chain ends is gone or changed.
	EndForged FaultKind = "end_forged"
	// RetentionForged: what says how long lines are kept is gone, changed, or an earlier one.
	RetentionForged FaultKind = "retention_forged"

	// MarkForged: the mark outside the database is changed.
	MarkForged FaultKind = "mark_forged"
	// MarkDiffers: the log does not continue the mark outside the database.
	MarkDiffers FaultKind = "mark_differs"

	// HeadBeyond: the log ends before the expected Head.
	HeadBeyond FaultKind = "checkpoint_beyond"
	// HeadDiffers: the log has another entry at the expected Head.
	HeadDiffers FaultKind = "checkpoint_differs"
)

// String returns the fault as it stands in logs.
func (f AuditFault) String() string {
	parts := []string{string(f.Kind)}
	if f.Number != 0 {
		parts = append(parts, fmt.Sprint("entry ", f.Number))
	}
	if f.LineID != "" {
		parts = append(parts, "line "+f.LineID)
	}
	return strings.Join(parts, ", ")
}

// The fields of the line that records an adoption: the fault's kind and place.
const (
	FaultField      = "fault"
	faultEntryField = "fault_entry"
	faultLineField  = "fault_line"
	seenEntryField  = "seen_entry"
)

// changes returns the fault as the line of its adoption says it.
func (f AuditFault) changes() map[string]Change {
	changes := map[string]Change{FaultField: {Before: f.Kind, After: nil}}
	if f.Number != 0 {
		changes[faultEntryField] = Change{Before: f.Number, After: nil}
	}
	if f.LineID != "" {
		changes[faultLineField] = Change{Before: f.LineID, After: nil}
	}
	if f.Seen != 0 {
		changes[seenEntryField] = Change{Before: f.Seen, After: nil}
	}
	return changes
}
