package views

import (
	"strings"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
)

// JobsAt is a page of the list of jobs, as its address has it.
type JobsAt struct {
	// Show is "" for all jobs, or "unfinished".
	Show string
	// After and Before are cursors; at most one is given.
	After, Before string
}

// JobAt is a page of a job's results, as its address has it.
type JobAt struct {
	// Outcome is "" for all results.
	Outcome jobs.Outcome
	// After and Before are cursors; at most one is given.
	After, Before string
}

// The addresses of jobs.

// JobsURL returns the address of the list of jobs.
func JobsURL(at JobsAt) templ.SafeURL {
	return withParams("/jobs", "show", at.Show, "after", at.After, "before", at.Before)
}

// JobURL returns the address of a job.
func JobURL(id string, at JobAt) templ.SafeURL {
	return withParams(pathTo("/jobs/", id, "", ""), "outcome", string(at.Outcome), "after", at.After, "before", at.Before)
}

// JobResultsURL returns the address of a file with a job's results.
func JobResultsURL(id string, outcome jobs.Outcome) templ.SafeURL {
	return withParams(pathTo("/jobs/", id, "/results", ""), "outcome", string(outcome))
}

func CancelJobURL(id string) templ.SafeURL { return pathTo("/jobs/", id, "/cancel", "") }
func RetryJobURL(id string) templ.SafeURL  { return pathTo("/jobs/", id, "/retry", "") }
func UndoJobURL(id string) templ.SafeURL   { return pathTo("/jobs/", id, "/undo", "") }

// JobList is what the list of jobs shows.
type JobList struct {
	At             JobsAt
	Jobs           []jobs.Job
	Next, Previous string
	Notes          []string
	Now            Clock
}

func (l JobList) paging() paging {
	var p paging
	if l.Next != "" {
		p.Next = JobsURL(JobsAt{Show: l.At.Show, After: l.Next})
	}
	if l.Previous != "" {
		p.Previous = JobsURL(JobsAt{Show: l.At.Show, Before: l.Previous})
	}
	return p
}

// JobDetail is what a job's page shows.
type JobDetail struct {
	jobs.Job
	// FileName is that of the file that it imports or makes; "" for other jobs.
	FileName string
	By       access.Actor
	At       JobAt
	// Results are a page of those that the job has so far.
	Results        []jobs.Result
	Next, Previous string
	// File is what the job made, if its reader may have it; or nil.
	File *jobs.File
	// Outage is why the job can't go on at the moment, or "".
	Outage access.Outage
	// Undone is the newest job that undoes this one, or the zero Job.
	Undone jobs.Job
	Notes  []string
	Now    Clock
}

func (d JobDetail) paging() paging {
	var p paging
	if d.Next != "" {
		p.Next = JobURL(d.ID, JobAt{Outcome: d.At.Outcome, After: d.Next})
	}
	if d.Previous != "" {
		p.Previous = JobURL(d.ID, JobAt{Outcome: d.At.Outcome, Before: d.Previous})
	}
	return p
}

// live says that the page hears of the job until it has ended.
func (d JobDetail) live() Live {
	if d.Finished() {
		return Live{}
	}
	return Live{On: "job", IDs: []string{d.ID}}
}

// live says that the list hears of the jobs that have not ended.
func (l JobList) live() Live {
	var unfinished []string
	for _, j := range l.Jobs {
		if !j.Finished() {
			unfinished = append(unfinished, j.ID)
		}
	}
	if len(unfinished) == 0 {
		return Live{}
	}
	return Live{On: "job", IDs: unfinished}
}

// followed returns the attributes of a link to the page that it is on, which live.js follows when what
// the page shows has changed. That leaves the history and messages alone.
func followed(trigger string) templ.Attributes {
	return templ.Attributes{"hx-boost": "true", "hx-trigger": trigger, "hx-push-url": "false", "hx-select-oob": "", "data-live-follow": true}
}

// canCancel reports whether to offer to cancel the job.
func (d JobDetail) canCancel() bool {
	return !d.Finished() && d.State != jobs.Cancelling && d.By.May(d.Needs)
}

// stands returns why the job stands still, in words; "" if it doesn't.
func (d JobDetail) stands() string {
	if d.Finished() || exports(d.Job) || d.Outage != access.Full && d.Outage != access.ReadOnly {
		return ""
	}
	title, _ := OutageWords(d.Outage)
	return title + ". The job continues by itself once that is resolved."
}

// canRetry reports whether to offer to retry what failed.
func (d JobDetail) canRetry() bool {
	return models.Retriable(d.Job) && d.By.May(d.Needs)
}

// canUndo reports whether to offer to undo the job: not while another job does.
func (d JobDetail) canUndo() bool {
	return d.CanUndo(d.Now.Time) && d.By.May(d.Needs) && (d.Undone.ID == "" || d.Undone.Finished() && d.Undone.State != jobs.Done)
}

// announcement returns what screen readers announce about a job that has ended.
func (d JobDetail) announcement() string {
	if !d.Finished() {
		return ""
	}
	return stateWords[d.State] + ": " + jobProgress(d.Job, d.Now)
}

// current returns the attribute of the link to what is shown.
func current(shown bool) templ.Attributes {
	if !shown {
		return nil
	}
	return templ.Attributes{"aria-current": "true"}
}

// outcome is a choice of results.
type outcome struct {
	Words string
	Value jobs.Outcome
	N     int
}

// outcomes returns the choices of results, with their numbers.
func (d JobDetail) outcomes() []outcome {
	return []outcome{
		{"All", "", d.Done + d.Skipped + d.Failed},
		{"Done", jobs.Changed, d.Done},
		{"Skipped", jobs.Skipped, d.Skipped},
		{"Failed", jobs.Unfit, d.Failed},
	}
}

// jobTitles are the kinds of jobs in words.
var jobTitles = map[string]string{
	models.BulkArchive.Kind():        "Archive groups",
	models.BulkRestore.Kind():        "Restore groups",
	models.BulkDelete.Kind():         "Delete groups",
	models.BulkAddContacts.Kind():    "Add members to groups",
	models.BulkRemoveContacts.Kind(): "Remove members from groups",
	models.BulkUpdate.Kind():         "Edit groups",
	models.UndoKind:                  "Undo a job",
	models.ExportGroupsKind:          "Export groups",
	models.ExportContactsKind:        "Export contacts",
	models.ExportMembersKind:         "Export members",
	models.ExportActivityKind:        "Export activity",

	models.BulkDeleteContacts.Kind():   "Delete contacts",
	models.BulkAddToGroups.Kind():      "Add contacts to groups",
	models.BulkRemoveFromGroups.Kind(): "Remove contacts from groups",
	models.UndoContactsKind:            "Undo a job",
}

// JobTitle returns what a job does, in words: "Archive groups", "Undo: archive groups".
func JobTitle(j jobs.Job) string {
	if of := models.UndoneKind(j); of != "" {
		return "Undo: " + lowerFirst(JobTitle(jobs.Job{Kind: of}))
	}
	if t := importType(j); t != "" {
		return importJobTitle(j, t)
	}
	if words, known := jobTitles[j.Kind]; known {
		return words
	}
	return capitalize(strings.NewReplacer(".", " ", "_", " ").Replace(j.Kind))
}

var stateWords = map[jobs.State]string{
	jobs.Uploaded: "Uploaded", jobs.Checking: "Checking", jobs.Checked: "Ready to import",
	jobs.Queued: "Waiting", jobs.Running: "Running", jobs.Cancelling: "Cancelling",
	jobs.Stopped: "Cancelled", jobs.Done: "Finished", jobs.Failed: "Failed",
}

// stateClass returns the class of a state's pill.
func stateClass(s jobs.State) string {
	return map[jobs.State]string{jobs.Done: "good", jobs.Failed: "bad", jobs.Stopped: "warn", jobs.Cancelling: "warn"}[s]
}

// failureWords are the reasons for which a job failed, in words.
var failureWords = map[string]string{
	jobs.ActorGone: "Whoever started it was disabled, or their API token was revoked or expired.",
	jobs.RightLost: "Whoever started it no longer has permission to do this.",
	jobs.DiskFull:  "The server's disk is full, so the file wasn't made. Free up space, then try again.",
	jobs.Expired:   "Nobody imported the file within 24 hours, so it was deleted.",
	jobs.Broken:    "Something went wrong on the server several times. The log has the details.",
}

// failure returns why a job failed, in words.
func failure(j jobs.Job) string {
	if words, known := failureWords[j.Reason]; known {
		return words
	}
	if words := fileFailure(j.Detail); words != "" {
		return words
	}
	return j.Reason
}

var outcomeWords = map[jobs.Outcome]string{jobs.Changed: "Done", jobs.Skipped: "Skipped", jobs.Unfit: "Failed"}

func outcomeClass(o jobs.Outcome) string {
	return map[jobs.Outcome]string{jobs.Changed: "good", jobs.Unfit: "bad"}[o]
}

// skipWords are the reasons for which a group stays as it is, in words.
var skipWords = map[string]string{
	models.AlreadyArchived:    "Already archived",
	models.Exempt:             "Exempt from rules",
	models.NotArchived:        "Not archived",
	models.ChangedMeanwhile:   "Changed in the meantime",
	models.GoneMeanwhile:      "Deleted",
	models.NothingToChange:    "Nothing to change",
	models.DescriptionTooLong: "The description would be too long",
	models.AlreadyMember:      "Already a member",
	models.NotMember:          "Not a member",
	models.TooManyGroups:      "In more than 1,000 groups. Use “Remove from all groups” on the contact's page.",
	models.GroupsGone:         "The groups were deleted",
	models.PartlyUndone:       "Undone in part",
	models.BlankRow:           "Blank row",
	models.UsernameTaken:      "The username is taken",
}

// ReasonWords returns why a group stayed as it is, in words; an unknown reason as it is.
func ReasonWords(reason string) string {
	if words, known := skipWords[reason]; known {
		return words
	}
	return reason
}

// unchangedShown is how many names a result shows of what was left as it is.
const unchangedShown = 10

// leftAsIs returns the names of what a job could not change about an object.
func leftAsIs(unchanged []string, now Clock) string {
	names := make([]string, 0, unchangedShown)
	for _, name := range unchanged[:min(len(unchanged), unchangedShown)] {
		names = append(names, text.Isolated(name))
	}
	words := "Not changed back: " + strings.Join(names, ", ")
	if more := len(unchanged) - len(names); more > 0 {
		words += " and " + thousands(more, now) + " more"
	}
	return words
}

// resultURL returns the page of an object of a job.
func resultURL(j jobs.Job, id string) templ.SafeURL {
	if strings.HasPrefix(j.Kind, "contacts.") {
		return ContactURL(id)
	}
	return GroupURL(id)
}

// jobProgress returns how far a job is: "12,400 of 1,000,000 · 0 failed · about 3 min left".
func jobProgress(j jobs.Job, now Clock) string {
	if exports(j) {
		return exportProgress(j, now)
	}
	if isImport(j) && j.StartedAt == nil {
		return importProgress(j, now)
	}
	if !j.Counted && !j.Finished() {
		if j.Total == 0 {
			return "Not started yet"
		}
		one, many := bulkNoun(j.Kind)
		return counted(j.Total, one, many, now) + " found so far"
	}
	words := thousands(j.Total-j.Remaining(), now) + " of " + thousands(j.Total, now)
	if j.Skipped > 0 {
		words += " · " + thousands(j.Skipped, now) + " skipped"
	}
	if j.Failed > 0 {
		words += " · " + thousands(j.Failed, now) + " failed"
	}
	if left := timeLeft(j, now); left >= time.Minute {
		words += " · about " + length(left) + " left"
	}
	return words
}

// timeLeft returns how long a job still takes at the speed that it had so far; 0 if that
// can't be told.
func timeLeft(j jobs.Job, now Clock) time.Duration {
	dealt := j.Total - j.Remaining()
	if j.State != jobs.Running || dealt == 0 || j.StartedAt == nil {
		return 0
	}
	return now.Sub(time.Unix(*j.StartedAt, 0)) / time.Duration(dealt) * time.Duration(j.Remaining())
}

// bulkPast is what a kind of job did to its objects.
var bulkPast = map[string]string{
	models.BulkArchive.Kind(): "archived", models.BulkRestore.Kind(): "restored", models.BulkDelete.Kind(): "deleted",
	models.UndoKind: "changed back", models.UndoContactsKind: "changed back",
	models.BulkAddToGroups.Kind(): "added to groups", models.BulkRemoveFromGroups.Kind(): "removed from groups",
}

// BulkDone returns the message about a job that was done at once: "12 groups archived. 3 skipped."
func BulkDone(j jobs.Job, now Clock) string {
	did, known := bulkPast[j.Kind]
	if !known {
		did = "changed"
	}
	if isImport(j) && j.UndoOf != nil {
		did = "deleted or changed back"
	}
	one, many := bulkNoun(j.Kind)
	words := counted(j.Done, one, many, now) + " " + did + "."
	if j.Skipped > 0 {
		words += " " + thousands(j.Skipped, now) + " skipped."
	}
	if j.Failed > 0 {
		words += " " + thousands(j.Failed, now) + " failed."
	}
	return words
}
