package handlers

import (
	"errors"
	"io"
	"net/http"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/views"
)

// errLarge ends an export at once that is for a job.
var errLarge = errors.New("the list is too large to be exported at once")

// exported sends a list as a file or, if it is large, starts a job that makes the file.
func (s *site) exported(w http.ResponseWriter, r *http.Request, l export.List) error {
	d := s.download(w, r, export.Named(l.Format), l.Name, l.Columns())
	defer d.Discard()
	begin := func(rows int) error {
		if rows > s.directExport {
			return errLarge
		}
		return nil
	}
	err := l.Rows(r.Context(), s.store, by(r), begin, d.Write)
	if !errors.Is(err, errLarge) {
		return d.finish(err)
	}
	job, err := s.store.Jobs.Start(r.Context(), by(r), l.Request())
	if err != nil {
		return err
	}
	return redirect(w, r, views.JobURL(job.ID, views.JobAt{}))
}

// chosenNow reports whether a form is that of a list with its selected rows: the format is asked
// for next.
func chosenNow(r *http.Request) bool { return r.PostForm.Get("action") == "export" }

// exportOptions are the formats as a form offers them.
func exportOptions() []views.ExportFormat {
	options := make([]views.ExportFormat, len(export.Formats))
	for i, f := range export.Formats {
		options[i] = views.ExportFormat{Name: f.Name, Label: f.Label, Hint: f.Hint}
	}
	return options
}

// exportFormat returns the name of the format that a form asks for. Errors: Invalid if there is no
// such format, or if part of the address isn't valid: a page says so, but a file would pass for what
// was asked.
func exportFormat(r *http.Request, a *address) (string, error) {
	format, known := export.Find(r.PostForm.Get("format"))
	if !known {
		return "", access.Invalid{{Field: "format", Code: access.Bad, Message: "Choose “csv”, “plain_csv”, “xlsx”, “json” or “ndjson”."}}
	}
	if len(a.notes) > 0 {
		return "", access.Invalid{{Code: access.Bad, Message: a.notes[0]}}
	}
	return format.Name, nil
}

// file sends the file that the job of an export made. It is a POST, as exports are.
func (p jobPages) file(w http.ResponseWriter, r *http.Request) error {
	job, err := p.store.Jobs.Job(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if _, exports := export.ListOf(job); !exports {
		return errNoPage
	}
	file, content, err := p.store.Jobs.Download(r.Context(), by(r), job)
	if err != nil {
		return err
	}
	answer := p.attachment(w, r, file.MediaType, file.Name)
	_, err = io.Copy(answer, content)
	return answer.End(err)
}

// madeFile returns the file of a job that exports, if its reader may have it.
func (p jobPages) madeFile(r *http.Request, job jobs.Job) (*jobs.File, error) {
	list, exports := export.ListOf(job)
	if !exports || by(r).CheckAll(list.Rights()...) != nil {
		return nil, nil
	}
	file, err := p.store.Jobs.Files.Of(r.Context(), job.ID)
	if errors.Is(err, access.ErrNotFound) {
		return nil, nil
	}
	return &file, err
}
