package views

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
)

// ImportForm is what the form that uploads a file shows.
type ImportForm struct {
	Type     models.ImportType
	Problems access.Invalid
}

// ImportMapping is what the page with the columns of a file shows. ID is its job's.
type ImportMapping struct {
	ID string
	models.ImportFile
	Problems access.Invalid
	Now      Clock
}

// The addresses of imports. A file is uploaded where its rows are listed; the rest are pages of
// its job.

// ImportURL returns the address that imports groups or contacts.
func ImportURL(t models.ImportType) templ.SafeURL { return templ.SafeURL("/" + string(t) + "/import") }

// ImportExampleURL returns the address of a file that can be imported.
func ImportExampleURL(t models.ImportType) templ.SafeURL { return ImportURL(t) + "/example" }

// MapImportURL returns the address of the columns of an uploaded file.
func MapImportURL(id string) templ.SafeURL { return pathTo("/jobs/", id, "/import", "") }

// StartImportURL returns the address that imports a checked file.
func StartImportURL(id string) templ.SafeURL { return pathTo("/jobs/", id, "/start", "") }

// ImportTitle returns the title of the pages that import groups or contacts.
func ImportTitle(t models.ImportType) string { return "Import " + string(t) }

// listOfImport returns the list that an import belongs to, and its name.
func listOfImport(t models.ImportType) (templ.SafeURL, string) {
	if t == models.ImportContacts {
		return ContactsURL(ContactsAt{}), Contacts
	}
	return GroupsURL(GroupsAt{}), Groups
}

// columnNames returns the columns that a file can have, as it names them.
func columnNames(t models.ImportType) string {
	fields := t.Fields()
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}

// summary returns what is known of the file: "groups.csv · 12.3 MB · CSV with semicolons, UTF-8".
func (m ImportMapping) summary() string {
	var parts []string
	if m.Filename != "" {
		parts = append(parts, m.Filename)
	}
	format := "NDJSON"
	if m.Format == "csv" {
		format = "CSV with " + delimiterWords[m.Delimiter]
	}
	return strings.Join(append(parts, fileSize(m.Size), format+", "+encodingWords[m.Encoding]), " · ")
}

var delimiterWords = map[string]string{",": "commas", ";": "semicolons", "\t": "tabs"}

var encodingWords = map[string]string{"utf-8": "UTF-8", "utf-16le": "UTF-16", "utf-16be": "UTF-16", "windows-1252": "Windows-1252"}

// mapped returns what the column at i is imported as, or "".
func (m ImportMapping) mapped(i int) string {
	if i < len(m.Options.Mapping) {
		return m.Options.Mapping[i]
	}
	return ""
}

// fieldOption returns the label of a field as a choice.
func fieldOption(f models.ImportField) string {
	if f.Name == "id" {
		return "ID"
	}
	return capitalize(f.Label)
}

// samples returns the first values of a column, in one line.
func samples(c models.ImportColumn) string { return strings.Join(c.Samples, " · ") }

// matchWords are the ways to match, in words.
var matchWords = map[models.ImportMatch]string{
	models.MatchID: "ID", models.MatchName: "Name", models.MatchUsername: "Username",
}

var matchHints = map[models.ImportMatch]string{
	models.MatchID: "Also matches what an earlier import created from the same ID.", models.MatchName: "Rows whose name several groups have are errors.",
}

// modeOption is a choice of what becomes of a file with errors.
type modeOption struct {
	Value       models.ImportMode
	Label, Hint string
}

func modeOptions(now Clock) []modeOption {
	return []modeOption{
		{models.BestEffort, "Skip them and import the other rows", ""},
		{models.AllOrNothing, "Import nothing", "All rows are imported, or none. Up to " + thousands(models.MaxWholeRows, now) + " rows."},
	}
}

// importJobTitle returns what a job does that imports rows of a type, or undoes that.
func importJobTitle(j jobs.Job, t models.ImportType) string {
	if j.Kind == t.Kind() {
		return ImportTitle(t)
	}
	return "Undo an import"
}

// importType returns what a job imports, or what the import that it undoes did; "" for another job.
func importType(j jobs.Job) models.ImportType {
	for _, t := range models.ImportTypes {
		if strings.HasPrefix(j.Kind, t.Kind()) {
			return t
		}
	}
	return ""
}

func isImport(j jobs.Job) bool { return importType(j) != "" }

// waits reports whether a job waits for what somebody decides.
func waits(j jobs.Job) bool { return j.State == jobs.Uploaded || j.State == jobs.Checked }

// importFigure is a number of rows that a check found.
type importFigure struct {
	Label string
	N     int
}

// importFigures returns what an import would do, in numbers.
func (d JobDetail) importFigures() []importFigure {
	figures := make([]importFigure, len(models.ImportExpects))
	for i, what := range models.ImportExpects {
		figures[i] = importFigure{expectWords[what], d.Expected[what]}
	}
	return figures
}

var expectWords = map[string]string{
	models.ImportCreates: "Create", models.ImportUpdates: "Update", models.ImportUnchanged: "Unchanged",
	models.ImportSkips: "Skip", models.ImportFails: "Errors",
}

// toImport returns how many rows an import would write.
func (d JobDetail) toImport() int {
	return d.Expected[models.ImportCreates] + d.Expected[models.ImportUpdates]
}

// canImport reports whether to offer to start the import.
func (d JobDetail) canImport() bool {
	return d.toImport() > 0 && d.By.May(d.Needs) && !d.refusesErrors()
}

// refusesErrors reports whether the file can't be imported because of its errors.
func (d JobDetail) refusesErrors() bool {
	_, options, _ := models.ImportOf(d.Job)
	return options.Mode == models.AllOrNothing && d.Failed > 0
}

// refused reports whether the job is an import that ended before its file was checked.
func (d JobDetail) refused() bool {
	return isImport(d.Job) && d.StartedAt == nil && !d.Counted && d.Finished()
}

// importLabel returns the label of the button that starts the import: "Import 9,982 rows".
func (d JobDetail) importLabel() string {
	return "Import " + counted(d.toImport(), "row", "rows", d.Now)
}

// importProgress returns how far an import is that was not started yet.
func importProgress(j jobs.Job, now Clock) string {
	switch {
	case j.State == jobs.Uploaded:
		return "Nothing is imported yet"
	case !j.Counted && !j.Finished():
		return counted(j.Total, "row", "rows", now) + " checked so far"
	}
	return counted(j.Total, "row", "rows", now) + " checked"
}

// rowURL returns the page of the group or contact that a row of an import is about, or "".
func rowURL(j jobs.Job, row models.RowDetail) templ.SafeURL {
	switch {
	case row.ObjectID == "":
		return ""
	case importType(j) == models.ImportContacts:
		return ContactURL(row.ObjectID)
	}
	return GroupURL(row.ObjectID)
}

// rowOutcome returns what became of a row, in words. An undone import has none to tell apart.
func rowOutcome(j jobs.Job, r jobs.Result, row models.RowDetail) string {
	switch _, _, imports := models.ImportOf(j); {
	case !imports || r.Result != jobs.Changed:
		return outcomeWords[r.Result]
	case row.Created:
		return "Created"
	}
	return "Updated"
}

// RowReason returns why a row was not imported, in words; "" if it was.
func RowReason(r jobs.Result, row models.RowDetail) string {
	if row.Message != "" {
		return row.Message
	}
	return ReasonWords(r.Reason)
}

// fileFailure returns what was wrong with a file, and where: "Line 12: A quote is never closed."
func fileFailure(detail string) string {
	row := models.RowDetailOf(detail)
	if row.Line == 0 || row.Message == "" {
		return row.Message
	}
	return "Line " + strconv.Itoa(row.Line) + ": " + row.Message
}
