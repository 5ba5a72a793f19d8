package views

import (
	"slices"
	"strconv"
	"strings"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// Check is what was found about a part of the installation. Problem says how to solve what is
// wrong; "" if nothing is.
type Check struct{ What, Detail, Problem string }

// About is what Settings say about the installation.
type About struct {
	Version string
	Checks  []Check
	// Bytes are how many the database takes.
	Bytes int64
	Kept  []KeptSize
	// Activity is how long activity is kept.
	Activity audit.Retention
	Now      Clock
}

// KeptSize is something that grows, with its present size.
type KeptSize struct {
	db.Kept
	Size db.Size
}

// inOrder returns the checks, those with problems first.
func (a About) inOrder() []Check {
	return slices.SortedStableFunc(slices.Values(a.Checks), func(x, y Check) int {
		return strings.Compare(y.rank(), x.rank())
	})
}

func (c Check) rank() string { return strconv.FormatBool(c.Problem != "") }

// verdict says how many checks found a problem.
func (a About) verdict() string {
	problems := 0
	for _, c := range a.Checks {
		if c.Problem != "" {
			problems++
		}
	}
	if problems == 0 {
		return "No problems found."
	}
	return counted(problems, "problem", "problems", a.Now) + " found."
}

// size returns how many rows something has and, if that is known, how many bytes.
func (k KeptSize) size(now Clock) string {
	words := counted(k.Size.Rows, "row", "rows", now)
	switch {
	case k.Size.About:
		words = "about " + roughly(k.Size.Rows, now) + " rows"
	case k.Size.More:
		words = "more than " + words
	}
	if k.Size.Bytes > 0 {
		words += ", " + fileSize(k.Size.Bytes)
	}
	return words
}

// keptText says how long something is kept here.
func (a About) keptText(k db.Kept) string {
	if k.Since == "" {
		return keptFor(a.Activity)
	}
	return keptText(k)
}

// keptText says how long something is kept: "30 days after the change".
func keptText(k db.Kept) string {
	switch {
	case k.For > 0:
		return length(k.For) + " " + k.Since
	case k.Since == "":
		return "forever, or as long as owners choose"
	}
	return k.Since
}
