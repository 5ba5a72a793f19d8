package views

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// UndoURL returns the address that undoes what the reader did.
func UndoURL() templ.SafeURL { return "/undo" }

// UndeleteGroupURL returns the address that undoes a deletion on hold.
func UndeleteGroupURL(id string) templ.SafeURL { return pathTo("/groups/", id, "/undelete", "") }

// HoldURL returns the address that sets for how long deletions are on hold.
func HoldURL() templ.SafeURL { return "/activity/hold" }

// UndoStep returns the form that undoes an act, by its line, and leads to a page.
func UndoStep(line string, to templ.SafeURL) *Undo {
	return &Undo{Action: string(UndoURL()), Fields: []Hidden{{Name: "step", Value: line}, {Name: "next", Value: string(to)}}}
}

// actOf returns what an act did, for the middle of a sentence: "archived Plaza Hotel".
func actOf(l audit.Line, now Clock) string {
	if l.Action == jobs.Started {
		return "the job “" + JobTitle(jobs.Job{Kind: l.ObjectName}) + "”"
	}
	before, object, after := Sentence(l, now)
	return before + text.Isolated(object) + after
}

// refusedUndo are the reasons why an act can't be undone, in words that follow what it did.
var refusedUndo = map[models.Refusal]string{
	models.ChangedSince:   "It has changed since.",
	models.NotPermitted:   "You no longer have permission to do that.",
	models.Gone:           "It no longer exists.",
	models.NotKept:        "The activity that recorded it is no longer kept.",
	models.TooLate:        "The time to undo it has passed.",
	models.MembersUnnamed: "The activity doesn't name all the members.",
}

// UndoneFlash returns the message about what was undone, or why it wasn't.
func UndoneFlash(u models.Undone, now Clock) Flash {
	act := actOf(u.Line, now)
	if u.Refused == models.AsBefore {
		return Flash{Kind: "info", Text: "Already undone: " + act + "."}
	}
	if u.Refused != "" {
		return Flash{Kind: "warn", Text: "Can't undo: " + act + ". " + refusedUndo[u.Refused]}
	}
	words := "Undone: " + act + "."
	if u.Job.Finished() {
		words = "Undone. " + BulkDone(u.Job, now)
	}
	if len(u.Kept) == 0 {
		return Flash{Text: words}
	}
	names := make([]string, len(u.Kept))
	for i, f := range u.Kept {
		names[i] = fieldName(f.Name)
	}
	return Flash{Kind: "warn", Text: words + " Changed since, so kept: " + lowerFirst(strings.Join(names, ", ")) + "."}
}

// Holds are for how long deletions can be on hold, as owners choose.
var Holds = []time.Duration{0, models.DefaultHold, time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, models.MaxHold}

// holdLength returns for how long a deletion is on hold: "60 seconds", "1 day".
func holdLength(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day && d%day == 0:
		return counted(int(d/day), "day", "days", Clock{})
	case d >= time.Hour && d%time.Hour == 0:
		return counted(int(d/time.Hour), "hour", "hours", Clock{})
	case d > time.Minute && d%time.Minute == 0:
		return counted(int(d/time.Minute), "minute", "minutes", Clock{})
	}
	return counted(int(d/time.Second), "second", "seconds", Clock{})
}

// holdLabel returns a choice of the hold.
func holdLabel(d time.Duration) string {
	if d == 0 {
		return "Not at all"
	}
	return "For " + holdLength(d)
}

// HoldForm is the form for the hold of deletions.
type HoldForm struct {
	// Hold is the present one.
	Hold time.Duration
}

// choices returns the choices, with the present one.
func (f HoldForm) choices() []time.Duration {
	for i, d := range Holds {
		if d == f.Hold {
			return Holds
		}
		if d > f.Hold {
			return append(append(append([]time.Duration{}, Holds[:i]...), f.Hold), Holds[i:]...)
		}
	}
	return append(Holds, f.Hold)
}

func holdValue(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// HoldSaved returns the message after the hold was saved.
func HoldSaved(d time.Duration) string {
	if d == 0 {
		return "Saved. Groups are deleted at once."
	}
	return "Saved. Deleted groups can be restored for " + holdLength(d) + "."
}

// GroupDeleted returns the message after a group was deleted.
func GroupDeleted(name string, hold time.Duration) string {
	if hold == 0 {
		return text.Isolated(name) + " deleted."
	}
	return "Deleting " + text.Isolated(name) + " in " + holdLength(hold) + "."
}

// deletes returns the sentences before a deletion of "the group and its conversation", and whether
// it can be undone.
func deletes(what string, hold time.Duration) string {
	if hold == 0 {
		return "This permanently deletes " + what + " with all messages. Contacts are kept. You can't undo this."
	}
	return "This deletes " + what + " with all messages. Contacts are kept. You can undo this for " + holdLength(hold) + "; after that it's permanent."
}
