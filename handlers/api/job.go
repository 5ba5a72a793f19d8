package api

import (
	"context"
	"io"
	"net/http"
	"strings"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
)

// jobObject is a job as the API shows it.
type jobObject struct {
	ID      string     `json:"id"`
	Type    string     `json:"type"`
	State   jobs.State `json:"state"`
	Total   int        `json:"total"`
	Done    int        `json:"done"`
	Skipped int        `json:"skipped"`
	Failed  int        `json:"failed"`
	Note    *string    `json:"note"`
	Actor   jobActor   `json:"actor"`
	// Times are Unix seconds.
	CreatedAt     int64   `json:"created_at"`
	StartedAt     *int64  `json:"started_at"`
	FinishedAt    *int64  `json:"finished_at"`
	UndoOf        *string `json:"undo_of"`
	UndoableUntil *int64  `json:"undoable_until"`
	// File is the name of the file that it imports or makes; null for other jobs.
	File *string `json:"file"`
	// Rule is the name of the archive rule that started it, "" for a schedule of one group;
	// null for other jobs.
	Rule *string `json:"rule"`
	// Reason is why a job failed as a whole; null if it didn't.
	Reason *string `json:"reason"`
	// Expected is what an import would do; null before it is checked, and of other jobs.
	Expected *expectedObject `json:"expected"`
	rowObject
}

type jobActor struct {
	Type access.ActorKind `json:"type"`
	ID   *string          `json:"id"`
	Name string           `json:"name"`
}

func jobOf(j jobs.Job) jobObject {
	return jobObject{
		ID: j.ID, Type: j.Kind, State: j.State, Total: j.Total, Done: j.Done, Skipped: j.Skipped, Failed: j.Failed,
		Note: orNull(j.Note), Actor: jobActor{j.ActorKind, orNull(j.ActorID), j.ActorName},
		CreatedAt: j.CreatedAt, StartedAt: j.StartedAt, FinishedAt: j.FinishedAt,
		UndoOf: j.UndoOf, UndoableUntil: j.UndoableUntil, File: orNull(export.FileOf(j)), Rule: models.RuleOf(j), Reason: orNull(j.Reason), Expected: expectedOf(j), rowObject: rowOf(j.Detail),
	}
}

// resultObject is what became of a group or contact of a job.
type resultObject struct {
	// ID is that of the result: the group's, the contact's or, of an import, the row's.
	ID string `json:"id"`
	// GroupID and ContactID are null if the job is about the other, and for a row of an import
	// that made or changed none.
	GroupID   *string      `json:"group_id"`
	ContactID *string      `json:"contact_id"`
	Name      string       `json:"name"`
	Result    jobs.Outcome `json:"result"`
	Reason    *string      `json:"reason"`
	// Unchanged are the names of what the job could not change about it.
	Unchanged []string `json:"unchanged"`
	rowObject
}

// resultOf returns how the results of a job are shown.
func resultOf(j jobs.Job) func(r jobs.Result) resultObject {
	_, _, imports := models.ImportOf(j)
	return func(r jobs.Result) resultObject {
		o := resultObject{ID: r.ObjectID, Name: r.Name, Result: r.Result, Reason: orNull(r.Reason), Unchanged: append([]string{}, models.Unchanged(j, r)...)}
		object := &r.ObjectID
		if imports {
			object, o.rowObject = orNull(models.RowDetailOf(r.Detail).ObjectID), rowOf(r.Detail)
		}
		if strings.HasPrefix(j.Kind, "contacts.") {
			o.ContactID = object
		} else {
			o.GroupID = object
		}
		return o
	}
}

// jobCalls are the calls about jobs. What a job needs to be cancelled or undone, the store
// checks.
type jobCalls struct{ *api }

func (a jobCalls) list(r *http.Request, _ access.Actor) (result, error) {
	page, err := a.Store.Jobs.Jobs(r.Context(), jobs.Query{Range: queryOf(r).page(a.inFuture(r))})
	return listed(page.Jobs, page.More, jobOf), err
}

func (a jobCalls) show(r *http.Request, _ access.Actor) (result, error) {
	j, err := a.Store.Jobs.Job(r.Context(), r.PathValue("id"))
	return one(jobOf(j)), err
}

func (a jobCalls) cancel(r *http.Request, by access.Actor) (result, error) {
	j, key, err := once(a.api, r, by, func(ctx context.Context, id string) (jobs.Job, error) {
		return a.Store.Jobs.Cancel(ctx, by, id)
	})
	a.Store.Jobs.Wake()
	cancelled := one(jobOf(j))
	cancelled.replayed = key.Replayed
	return cancelled, err
}

func (a jobCalls) undo(r *http.Request, by access.Actor) (result, error) {
	j, key, err := once(a.api, r, by, func(ctx context.Context, id string) (jobs.Job, error) {
		return a.Store.BulkChanges.Undo(ctx, by, id)
	})
	a.Store.Jobs.Wake() // what woke before the transaction ended found no job
	return accepted(j, key), err
}

func (a jobCalls) results(r *http.Request, _ access.Actor) (result, error) {
	q, id := queryOf(r), r.PathValue("id")
	job, err := a.Store.Jobs.Job(r.Context(), id)
	if err != nil {
		return result{}, err
	}
	format, streams := q.values["format"]
	if !streams {
		page, err := a.Store.Jobs.Results(r.Context(), id, jobs.ResultQuery{Range: q.page(a.inFuture(r))})
		return listed(page.Results, page.More, resultOf(job)), err
	}
	f, known := resultFormats[format]
	if !known {
		q.invalid("format", "“format” must be csv or ndjson. Leave it out for a page in JSON.")
	}
	for _, key := range []string{"limit", "starting_after", "ending_before"} {
		if _, given := q.values[key]; given {
			q.invalid(key, "“%s” is for pages. Leave it out: “format” returns all results.", key)
		}
	}
	if err := q.check(); err != nil {
		return result{}, err
	}
	return result{status: http.StatusOK, kind: f.MediaType, stream: func(w io.Writer) error {
		file := export.NewWriter(w, f, []string{"id", "group_id", "contact_id", "name", "result", "reason", "unchanged", "line", "column", "message"})
		defer file.Discard()
		for found, err := range a.Store.Jobs.EachResult(r.Context(), id, "") {
			if err == nil {
				o := resultOf(job)(found)
				err = file.Write(o.ID, o.GroupID, o.ContactID, o.Name, string(o.Result), o.Reason, strings.Join(o.Unchanged, "; "), lineOf(o), o.Column, o.Message)
			}
			if err != nil {
				return err
			}
		}
		return file.Close()
	}}, nil
}

// lineOf returns the line of a result as a file has it.
func lineOf(o resultObject) *int64 {
	if o.Line == nil {
		return nil
	}
	return new(int64(*o.Line))
}

// resultFormats are the file formats of results. CSV has no byte order mark, which only Excel
// needs.
var resultFormats = map[string]export.Format{"csv": export.Named("plain_csv"), "ndjson": export.Named("ndjson")}
