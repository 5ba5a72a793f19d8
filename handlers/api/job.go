package api

import (
	"context"
	"encoding/csv"
	"io"
	"net/http"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
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
	// Reason is why a job failed as a whole; null if it didn't.
	Reason *string `json:"reason"`
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
		UndoOf: j.UndoOf, UndoableUntil: j.UndoableUntil, Reason: orNull(j.Reason),
	}
}

// resultObject is what became of a group of a job.
type resultObject struct {
	GroupID string       `json:"group_id"`
	Name    string       `json:"name"`
	Result  jobs.Outcome `json:"result"`
	Reason  *string      `json:"reason"`
}

func resultOf(r jobs.Result) resultObject {
	return resultObject{r.ObjectID, r.Name, r.Result, orNull(r.Reason)}
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
		return a.Store.Undo(ctx, by, id)
	})
	a.Store.Jobs.Wake() // what woke before the transaction ended found no job
	return accepted(j, key), err
}

func (a jobCalls) results(r *http.Request, _ access.Actor) (result, error) {
	q, id := queryOf(r), r.PathValue("id")
	format, streams := q.values["format"]
	if !streams {
		page, err := a.Store.Jobs.Results(r.Context(), id, jobs.ResultQuery{Range: q.page(a.inFuture(r))})
		return listed(page.Results, page.More, resultOf), err
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
	_, err := a.Store.Jobs.Job(r.Context(), id)
	return result{status: http.StatusOK, kind: f.kind, stream: func(w io.Writer) error {
		write, flush := f.writer(w)
		for found, err := range a.Store.Jobs.EachResult(r.Context(), id, "") {
			if err == nil {
				err = write(resultOf(found))
			}
			if err != nil {
				return err
			}
		}
		return flush()
	}}, err
}

// resultFormat is a file format of results: writer returns what writes one, and what ends the
// file.
type resultFormat struct {
	kind   string
	writer func(w io.Writer) (write func(resultObject) error, flush func() error)
}

var resultFormats = map[string]resultFormat{
	"csv":    {"text/csv; charset=utf-8; header=present", writeCSV},
	"ndjson": {"application/x-ndjson", writeNDJSON},
}

func writeNDJSON(w io.Writer) (write func(resultObject) error, flush func() error) {
	return func(o resultObject) error {
		line, err := encode(o)
		if err == nil {
			_, err = w.Write(line)
		}
		return err
	}, func() error { return nil }
}

func writeCSV(w io.Writer) (write func(resultObject) error, flush func() error) {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	_ = out.Write([]string{"group_id", "name", "result", "reason"}) // Error returns what went wrong
	return func(o resultObject) error {
			return out.Write([]string{o.GroupID, text.Cell(o.Name), string(o.Result), text.Deref(o.Reason)})
		}, func() error {
			out.Flush()
			return out.Error()
		}
}
