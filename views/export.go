package views

import (
	"fmt"
	"strings"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// ExportFormat is a format of files as a form offers it.
type ExportFormat struct{ Name, Label, Hint string }

// matching returns words for a search that limits what is exported; "" for none.
func matching(search string) string {
	if search == "" {
		return ""
	}
	return " matching “" + text.Isolated(search) + "”"
}

// exportedOnly is matching for a number of all; "" for selected rows.
func exportedOnly(search string, ids []string) string {
	if search == "" || ids != nil {
		return ""
	}
	return "; only those" + matching(search)
}

// JobFileURL returns the address of the file that a job made.
func JobFileURL(id string) templ.SafeURL { return pathTo("/jobs/", id, "/file", "") }

// exports reports whether a job makes a file, and changes nothing.
func exports(j jobs.Job) bool { return strings.HasSuffix(j.Kind, ".export") }

// exportProgress is jobProgress for an export: "12,400 of 1,000,000 rows · about 3 min left".
func exportProgress(j jobs.Job, now Clock) string {
	if j.Finished() || !j.Counted {
		return counted(j.Done, "row", "rows", now)
	}
	words := thousands(j.Done, now) + " of " + counted(j.Total, "row", "rows", now)
	if left := timeLeft(j, now); left >= time.Minute {
		words += " · about " + length(left) + " left"
	}
	return words
}

// fileSize returns a size in bytes as people say it: "12.3 MB".
func fileSize(bytes int64) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 1_000_000:
		return fmt.Sprintf("%.0f KB", float64(bytes)/1e3)
	case bytes < 1_000_000_000:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
}

// exported returns what is exported: the selected rows or, if ids is nil, all.
func exported(ids []string, one, many, all string, now Clock) string {
	if ids == nil {
		return all
	}
	return counted(len(ids), "selected "+one, "selected "+many, now)
}
