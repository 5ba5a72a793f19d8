package handlers

import (
	"net/http"
	"strings"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/views"
)

// jobPages are the pages of jobs.
type jobPages struct{ *site }

// list shows the jobs, the newest first.
func (p jobPages) list(w http.ResponseWriter, r *http.Request) error {
	a := readAddress(r, "show", "after", "before")
	query := jobs.Query{Unfinished: a.one("show", "unfinished") != "", Range: a.page(0)}
	query.After, query.Before = a.cursors(plainCursor)
	page, err := fullPage(&query.Range, func() (page jobs.Page, more bool, err error) {
		page, err = p.store.Jobs.Jobs(r.Context(), query)
		return page, page.More, err
	})
	if err != nil {
		return err
	}
	list := views.JobList{At: views.JobsAt{After: query.After.String(), Before: query.Before.String()}, Jobs: page.Jobs, Notes: a.notes, Now: p.now(r)}
	if query.Unfinished {
		list.At.Show = "unfinished"
	}
	if n := len(page.Jobs); n > 0 {
		list.Previous, list.Next = neighbours(query.Range, page.More, page.Jobs[0].ID, page.Jobs[n-1].ID)
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: views.Jobs, Body: views.JobsPage(list)})
}

// plainCursor reports whether a cursor is that of a list by id.
func plainCursor(c db.Cursor) bool { return c.Value == "" }

// errorsShown is how many errors of a checked file one page shows.
const errorsShown = 50

// show shows a job and a page of its results.
func (p jobPages) show(w http.ResponseWriter, r *http.Request) error {
	job, err := p.store.Jobs.Job(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	a := readAddress(r, "outcome", "after", "before")
	query := jobs.ResultQuery{Outcome: readOutcome(a), Range: a.page(0)}
	query.After, query.Before = a.cursors(plainCursor)
	if job.State == jobs.Checked {
		query.Outcome, query.Limit = jobs.Unfit, errorsShown
	}
	page, err := fullPage(&query.Range, func() (page jobs.ResultPage, more bool, err error) {
		page, err = p.store.Jobs.Results(r.Context(), job.ID, query)
		return page, page.More, err
	})
	if err != nil {
		return err
	}
	d := views.JobDetail{
		Job: job, Outage: p.store.Jobs.Outage(job.ID), FileName: export.FileOf(job), By: by(r), Results: page.Results, Notes: a.notes, Now: p.now(r),
		At: views.JobAt{Outcome: query.Outcome, After: query.After.String(), Before: query.Before.String()},
	}
	if n := len(page.Results); n > 0 {
		d.Previous, d.Next = neighbours(query.Range, page.More, page.Results[0].ObjectID, page.Results[n-1].ObjectID)
	}
	if d.File, err = p.madeFile(r, job); err != nil {
		return err
	}
	if d.Undone, err = p.store.Jobs.Undone(r.Context(), job.ID); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, views.Page{Title: views.JobTitle(job), Body: views.JobPage(d)})
}

func readOutcome(a *address) jobs.Outcome {
	return jobs.Outcome(a.one("outcome", string(jobs.Changed), string(jobs.Skipped), string(jobs.Unfit)))
}

// cancel stops a job after the part that is being done.
func (p jobPages) cancel(w http.ResponseWriter, r *http.Request) error {
	job, err := p.store.Jobs.Cancel(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return redirect(w, r, views.JobURL(job.ID, views.JobAt{}))
}

// retry starts a job over what failed in another one.
func (p jobPages) retry(w http.ResponseWriter, r *http.Request) error {
	job, err := p.store.BulkChanges.RetryBulk(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return redirect(w, r, views.JobURL(job.ID, views.JobAt{}))
}

// undo takes back what a job changed: at once if that is little, or else by another job.
func (p jobPages) undo(w http.ResponseWriter, r *http.Request) error {
	undo, err := p.store.BulkChanges.TakeBack(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	to := views.JobURL(undo.ID, views.JobAt{})
	if !undo.Finished() {
		return redirect(w, r, to)
	}
	return p.done(w, r, next(r, to), views.Flash{Text: views.BulkDone(undo, p.now(r))})
}

// results sends a job's results as a CSV file.
func (p jobPages) results(w http.ResponseWriter, r *http.Request) error {
	job, err := p.store.Jobs.Job(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	format := export.Named("csv")
	columns, row := []string{"id", "name", "result", "reason", "explanation", "unchanged"}, resultRow
	if _, _, ok := models.ImportOf(job); ok {
		columns, row = importedColumns, importedRow
	}
	d := p.download(w, r, format, "job-"+job.ID, columns)
	defer d.Discard()
	if r.Method == http.MethodHead {
		return d.answer.End(nil) // with the head alone
	}
	for result, err := range p.store.Jobs.EachResult(r.Context(), job.ID, readOutcome(readAddress(r, "outcome"))) {
		if err == nil {
			err = d.Write(row(job, result)...)
		}
		if err != nil {
			return d.finish(err)
		}
	}
	return d.finish(nil)
}

func resultRow(job jobs.Job, r jobs.Result) []any {
	return []any{r.ObjectID, r.Name, string(r.Result), r.Reason, views.ReasonWords(r.Reason), strings.Join(models.Unchanged(job, r), "; ")}
}
