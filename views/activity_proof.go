package views

import (
	"fmt"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// ActivityProof is what the page for verifying the activity log shows.
type ActivityProof struct {
	audit.AuditProof
	// Expect is an earlier checkpoint, or "".
	Expect   string
	Problems access.Invalid
	Now      Clock
}

// verifiedText returns the sentence on a log that is verified.
func (p ActivityProof) verifiedText() string {
	if p.Expect != "" && !p.Incomparable {
		return "No entries have been changed, removed or reordered, and the log continues from your checkpoint."
	}
	return "No entries have been changed, removed or reordered."
}

// checkpointText returns the sentence on the server's own checkpoint.
func (p ActivityProof) checkpointText() string {
	if !p.HasMark {
		return "This server hasn't stored a checkpoint of its own yet. Only a checkpoint you saved elsewhere can detect a database restored from an older copy."
	}
	return fmt.Sprintf("The log continues from entry %s, the checkpoint this server keeps outside the database.", thousands(int(p.Marked), p.Now))
}

// adoptionText returns the warning that the log was once accepted without verification.
func (p ActivityProof) adoptionText() string {
	times := "once"
	if p.Adoptions > 1 {
		times = thousands(int(p.Adoptions), p.Now) + " times"
	}
	return fmt.Sprintf("The log was accepted without verification %s, with the command console audit adopt. Entries that couldn't be verified then: %s.", times, thousands(int(p.Adopted), p.Now))
}

func (p ActivityProof) title() string {
	if p.Broken != nil {
		return "Activity log not verified"
	}
	return "Activity log verified"
}

// faultWords are the kinds of faults of the activity log. {entry} is “Entry 12”.
var faultWords = map[audit.FaultKind]string{
	audit.EntryMissing:    "{entry} is missing.",
	audit.EntryRestored:   "{entry} was put back after it had been deleted under the retention policy.",
	audit.LineDeleted:     "{entry} was deleted.",
	audit.LineForeign:     "{entry} wasn't written by the console.",
	audit.LineForged:      "{entry} was changed after it was written, or wasn't written by the console.",
	audit.LineRestored:    "{entry} was put back after it had been deleted under the retention policy.",
	audit.LineMoved:       "{entry} isn't where it was: entries were changed or reordered.",
	audit.LineStray:       "{entry} wasn't written by the console: it has no place in the log.",
	audit.PendingDeleted:  "A pending entry was deleted.",
	audit.PendingForged:   "A pending entry was changed, or wasn't written by the console.",
	audit.EndMissing:      "{entry} is missing: the end of the log was cut off.",
	audit.EndDiffers:      "{entry} isn't the end that the log had: it was changed, or entries were added.",
	audit.EndForged:       "The record of where the log ends was deleted or changed.",
	audit.RetentionForged: "The record of the retention policy, and of where the log begins, was deleted, changed, or replaced by an earlier one.",
	audit.MarkForged:      "The checkpoint this server keeps outside the database was changed.",
	audit.MarkDiffers:     "The log doesn't continue from the checkpoint this server keeps outside the database: its end was cut off, or an older copy of the database was restored.",
	audit.HeadBeyond:      "The log ends before your checkpoint.",
	audit.HeadDiffers:     "{entry} isn't the one of your checkpoint. Either the checkpoint is mistyped, or the log was rewritten.",
}

// FaultText returns what is wrong with the activity log.
func FaultText(f audit.AuditFault, now Clock) string {
	entry := "An entry"
	if f.Number != 0 {
		entry = "Entry " + thousands(int(f.Number), now)
	}
	words := strings.ReplaceAll(faultWords[f.Kind], "{entry}", entry)
	switch {
	case f.Seen != 0:
		words += fmt.Sprintf(" The checkpoint is at entry %s, and the log ends at entry %s.", thousands(int(f.Seen), now), thousands(int(f.Last), now))
	case f.Last != 0:
		words += fmt.Sprintf(" It went on to entry %s.", thousands(int(f.Last), now))
	}
	return words
}
