package handlers

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"

	"protocol.chat/console/handlers/stream"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// importPages are the pages that upload a file of groups or of contacts. Its job's pages come after
// them: the columns (editImport), what would happen (jobPages.show), and the progress.
type importPages struct {
	*site
	rows models.ImportType
}

// new shows the form that uploads a file.
func (p importPages) new(w http.ResponseWriter, r *http.Request) error {
	return p.showNew(w, r, http.StatusOK, nil)
}

func (p importPages) showNew(w http.ResponseWriter, r *http.Request, status int, wrong access.Invalid) error {
	return p.render(w, r, status, views.Page{
		Title: views.ImportTitle(p.rows), Failed: len(wrong) > 0, Body: views.NewImport(views.ImportForm{Type: p.rows, Problems: wrong}),
	})
}

// create stores the file that is sent, and leads to the choice of its columns.
func (p importPages) create(w http.ResponseWriter, r *http.Request) error {
	job, err := p.upload(r)
	if invalid, ok := problems(err); ok {
		_, _ = io.Copy(io.Discard, r.Body) // browsers show the answer once they have sent all
		return p.showNew(w, r, http.StatusUnprocessableEntity, invalid)
	}
	if err != nil {
		return err
	}
	return redirect(w, r, views.MapImportURL(job.ID))
}

// upload stores the file of a request. Errors: Invalid about "file", and those of Imports.Upload.
func (p importPages) upload(r *http.Request) (jobs.Job, error) {
	file, err := uploadedFile(r)
	if err != nil {
		return jobs.Job{}, err
	}
	name := text.Cut(text.Straight(file.FileName()), text.MaxName)
	job, err := p.store.Imports.Upload(r.Context(), by(r), models.ImportUpload{Type: p.rows, Filename: name}, file)
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return job, access.Refused("file", "The file is larger than %d MB.", large.Limit>>20-1)
	}
	return job, err
}

// uploadedFile returns the file in a form that is sent, to be read while it arrives.
func uploadedFile(r *http.Request) (*multipart.Part, error) {
	form, err := r.MultipartReader()
	for err == nil {
		var part *multipart.Part
		if part, err = form.NextPart(); err == nil && part.FormName() == "file" && part.FileName() != "" {
			return part, nil
		}
	}
	if err == io.EOF || errors.Is(err, http.ErrNotMultipart) {
		return nil, access.MissingField("file", "Choose a file.")
	}
	return nil, errors.Join(errBadForm, err)
}

// example sends a small file that can be imported.
func (p importPages) example(w http.ResponseWriter, _ *http.Request) error {
	stream.Attachment(w.Header(), "text/csv; charset=utf-8", string(p.rows)+"-example.csv")
	_, err := io.WriteString(w, importExamples[p.rows])
	return err
}

// importExamples are files of a few rows.
var importExamples = map[models.ImportType]string{
	models.ImportGroups: "name,description\r\n" +
		"Plaza Hotel,Front desk and housekeeping\r\n" +
		"Grand Hotel,\"Rooms, keys and repairs\"\r\n",
	models.ImportContacts: "username,display_name,phone_number\r\n" +
		"hector,Hector Miller,+1 555 0100\r\n" +
		"madeline,Madeline Costa,\r\n",
}

// editImport shows the columns of an uploaded file, and what each is imported as.
func (p jobPages) editImport(w http.ResponseWriter, r *http.Request) error {
	file, err := p.store.Imports.Describe(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.showImport(w, r, http.StatusOK, file, nil)
}

func (p jobPages) showImport(w http.ResponseWriter, r *http.Request, status int, file models.ImportFile, wrong access.Invalid) error {
	return p.render(w, r, status, views.Page{
		Title: views.ImportTitle(file.Type), Failed: len(wrong) > 0,
		Body: views.MapImport(views.ImportMapping{ID: r.PathValue("id"), ImportFile: file, Problems: wrong, Now: p.now(r)}),
	})
}

// checkImport starts to check a file, and leads to what comes of that.
func (p jobPages) checkImport(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	options := models.ImportOptions{
		Mapping: r.PostForm["mapping"], Match: models.ImportMatch(r.PostForm.Get("match")), Mode: models.ImportMode(r.PostForm.Get("mode")),
	}
	job, err := p.store.Imports.Check(r.Context(), by(r), id, options)
	if invalid, ok := problems(err); ok {
		file, err := p.store.Imports.Describe(r.Context(), by(r), id)
		if err != nil {
			return err
		}
		file.Options = options
		return p.showImport(w, r, http.StatusUnprocessableEntity, file, invalid)
	}
	if err != nil {
		return err
	}
	return redirect(w, r, views.JobURL(job.ID, views.JobAt{}))
}

// startImport imports a checked file.
func (p jobPages) startImport(w http.ResponseWriter, r *http.Request) error {
	job, err := p.store.Imports.Start(r.Context(), by(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return redirect(w, r, views.JobURL(job.ID, views.JobAt{}))
}

// importedColumns are those of a file with what became of the rows of an import.
var importedColumns = []string{"line", "column", "name", "id", "result", "reason", "explanation"}

func importedRow(_ jobs.Job, r jobs.Result) []any {
	row := models.RowDetailOf(r.Detail)
	return []any{row.Line, row.Column, r.Name, row.ObjectID, string(r.Result), r.Reason, views.RowReason(r, row)}
}
