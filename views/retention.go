package views

import (
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// RetentionForm is what the form for how long activity is kept shows.
type RetentionForm struct {
	// Kept is what is chosen.
	Kept     audit.Retention
	Choices  []RetentionChoice
	Problems access.Invalid
}

// RetentionChoice is what it would do now to keep activity for so long.
type RetentionChoice struct {
	audit.Retention
	// Cutoff is the moment before which lines are deleted, and Older how many there are.
	Cutoff time.Time
	Older  db.Count
	Now    Clock
}

// hint says what the choice would delete.
func (c RetentionChoice) hint() string {
	switch {
	case c.Cutoff.IsZero():
		return "Nothing is ever deleted."
	case c.Older.N == 0:
		return "Nothing is that old."
	}
	return "Deletes " + c.lines() + " from before " + c.day() + "."
}

// lines are those that are older, in words.
func (c RetentionChoice) lines() string {
	if c.Older.More {
		return "more than " + counted(c.Older.N, "line", "lines", c.Now)
	}
	return counted(c.Older.N, "line", "lines", c.Now)
}

// consequence says what the choice deletes, now and later.
func (c RetentionChoice) consequence() string {
	verb := "are"
	if c.Older.N == 1 && !c.Older.More {
		verb = "is"
	}
	return capital(c.lines()) + " from before " + c.day() + " " + verb + " deleted now, and every line once it is " + retentionLabel(c.Retention) +
		" old. This can't be undone, and changes in them can't be put back any more."
}

func (c RetentionChoice) day() string { return fullDay(c.Cutoff, c.Now) }

// list is the list of what is older.
func (c RetentionChoice) list() templ.SafeURL {
	return ActivityURL(ActivityAt{To: c.Cutoff.AddDate(0, 0, -1).Format(time.DateOnly)})
}

// RetentionSaved says what holds from now on.
func RetentionSaved(c RetentionChoice) string {
	words := "Saved. Activity is kept " + keptFor(c.Retention) + "."
	if c.Older.N > 0 {
		words += " What is older is being deleted."
	}
	return words
}

// GoneActivity is said of a line that was deleted by the rule, and of the day up to which
// lines were.
func GoneActivity(before int64, now Clock) string {
	return "Activity from before " + day(before, now) + " was deleted by the rule for how long it is kept."
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

// kept is for how long activity is kept, for the head of its list.
func (l ActivityList) kept() string {
	if l.Kept == "" || l.Kept == audit.Forever {
		return "Everything that people and programs did here. Nobody can change it. It is kept forever."
	}
	return "What people and programs did here. Nobody can change it. It is kept " + keptFor(l.Kept) + "."
}

// begins says where a log begins of which the first lines were deleted by the rule.
func (p ActivityProof) begins(now Clock) string {
	return "The log begins with line " + thousands(int(p.First), now) + ". Those before it, from before " + day(p.DeletedBefore, now) +
		", were deleted by the rule for how long activity is kept, last on " + fullDay(now.local(p.DeletedAt), now) + "."
}

// day is the day that begins at a time. Rules go by days of UTC.
func day(at int64, now Clock) string { return fullDay(time.Unix(at, 0).UTC(), now) }
