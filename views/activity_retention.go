package views

import (
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// RetentionForm is what the Retention page shows.
type RetentionForm struct {
	// Kept is the selected period.
	Kept     audit.Retention
	Choices  []RetentionChoice
	Problems access.Invalid
	Hold     HoldForm
}

// RetentionChoice is a retention period, with what it would delete now.
type RetentionChoice struct {
	audit.Retention
	// Cutoff is the time before which entries are deleted, and Older is how many there are.
	Cutoff time.Time
	Older  db.Count
	Now    Clock
}

// hint returns what the choice would delete.
func (c RetentionChoice) hint() string {
	switch {
	case c.Cutoff.IsZero():
		return "Nothing is ever deleted."
	case c.Older.N == 0:
		return "No entries affected."
	}
	return "Deletes " + c.entries() + " from before " + c.day() + "."
}

// entries returns how many entries are older, in words.
func (c RetentionChoice) entries() string {
	if c.Older.More {
		return "more than " + counted(c.Older.N, "entry", "entries", c.Now)
	}
	return counted(c.Older.N, "entry", "entries", c.Now)
}

// consequence returns what the choice deletes, now and later.
func (c RetentionChoice) consequence() string {
	verb := "are"
	if c.Older.N == 1 && !c.Older.More {
		verb = "is"
	}
	return capitalize(c.entries()) + " from before " + c.day() + " " + verb + " deleted now, and every entry once it's " + retentionLabel(c.Retention) +
		" old. This can't be undone, and the changes they record can no longer be reverted."
}

func (c RetentionChoice) day() string { return fullDay(c.Cutoff, c.Now) }

// list returns the address of the list of older entries.
func (c RetentionChoice) list() templ.SafeURL {
	return ActivityURL(ActivityAt{To: c.Cutoff.AddDate(0, 0, -1).Format(time.DateOnly)})
}

// RetentionSaved returns the message after retention was saved.
func RetentionSaved(c RetentionChoice) string {
	words := "Saved. Activity is kept " + keptFor(c.Retention) + "."
	if c.Older.N > 0 {
		words += " Older entries are being deleted."
	}
	return words
}

// ActivityDeleted returns the sentence on an entry that was deleted under the retention policy;
// before is the day up to which entries were deleted.
func ActivityDeleted(before int64, now Clock) string {
	return "Activity from before " + day(before, now) + " was deleted under the retention policy."
}

// retentionLabel returns a retention as people read it: "1 year", "forever".
func retentionLabel(r audit.Retention) string {
	switch years, days := r.Period(); {
	case years > 0:
		return counted(years, "year", "years", Clock{})
	case days > 0:
		return counted(days, "day", "days", Clock{})
	}
	return string(r)
}

// keptFor returns a retention as it follows "kept": "for 1 year", "forever".
func keptFor(r audit.Retention) string {
	if r == audit.Forever {
		return retentionLabel(r)
	}
	return "for " + retentionLabel(r)
}

// RetentionUnchanged says that the retention stays as it is.
func RetentionUnchanged(r audit.Retention) string {
	return "Nothing changed. Activity is kept " + keptFor(r) + "."
}

// description returns the sentence under the list's heading.
func (l ActivityList) description() string {
	if l.Kept == "" || l.Kept == audit.Forever {
		return "A tamper-evident log of everything done by users and API tokens. Kept forever."
	}
	return "A tamper-evident log of what users and API tokens did. Kept " + keptFor(l.Kept) + "."
}

// startText returns the sentence on where a log starts whose first entries were deleted.
func (p ActivityProof) startText(now Clock) string {
	return "The log starts at entry " + thousands(int(p.First), now) + ". Earlier entries, from before " + day(p.DeletedBefore, now) +
		", were deleted under the retention policy, most recently on " + fullDay(now.local(p.DeletedAt), now) + "."
}

// day returns the day that starts at a time. Retention goes by days in UTC.
func day(at int64, now Clock) string { return fullDay(time.Unix(at, 0).UTC(), now) }
