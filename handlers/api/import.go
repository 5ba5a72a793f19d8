package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/jobs"
)

// importCalls are the calls that import files. The body of the first is the file, which is
// stored while it arrives.
type importCalls struct{ *api }

func (a importCalls) create(r *http.Request, by access.Actor) (result, error) {
	q := queryOf(r)
	upload := models.ImportUpload{Type: models.ImportType(cmp.Or(q.values["type"], string(models.ImportGroups))), Filename: q.values["filename"]}
	options := models.ImportOptions{Match: models.ImportMatch(q.values["match"]), Mode: models.ImportMode(q.values["mode"]), Names: q.entries("map")}
	switch {
	case !slices.Contains(models.ImportTypes, upload.Type):
		q.invalid("type", "“type” must be groups or contacts.")
	case options.Match != "" && !slices.Contains(upload.Type.Matches(), options.Match):
		q.invalid("match", "“match” must be %s or %s for %s.", upload.Type.Matches()[0], upload.Type.Matches()[1], upload.Type)
	case options.Mode != "" && !slices.Contains(models.ImportModes, options.Mode):
		q.invalid("mode", "“mode” must be best_effort or all_or_nothing.")
	}
	in := &input{problems: q.problems}
	key := in.idempotencyKey(r, []byte(r.URL.RawQuery)) // the file comes to it when it was read
	if err := in.problems.OrNil(); err != nil {
		return result{}, err
	}
	if kind := r.Header.Get("Content-Type"); strings.HasPrefix(kind, "multipart/") || r.Header.Get("Content-Encoding") != "" {
		return result{}, errNoFile
	}
	if callOf(r).dryRun {
		f, err := a.Store.Imports.Recognise(by, upload, options, r.Body)
		return result{status: http.StatusOK, body: importFileOf(f)}, bodyError(r, err)
	}
	job, err := a.Store.Imports.Send(r.Context(), by, upload, options, key, r.Body)
	return accepted(job, key), bodyError(r, err)
}

func (a importCalls) start(r *http.Request, by access.Actor) (result, error) {
	j, key, err := once(a.api, r, by, func(ctx context.Context, id string) (jobs.Job, error) {
		return a.Store.Imports.Start(ctx, by, id)
	})
	a.Store.Jobs.Wake() // what woke before the transaction ended found no job
	return accepted(j, key), err
}

// bodyError returns what is wrong with a body that was read by the store.
func bodyError(r *http.Request, err error) error {
	_, large := errors.AsType[*http.MaxBytesError](err)
	_, known := errors.AsType[access.Invalid](err)
	switch {
	case err == nil, known, errors.Is(err, access.ErrDenied), errors.Is(err, access.ErrUnavailable), r.Context().Err() != nil:
		return err
	case large:
		return fileTooLarge(callOf(r).route.maxBody())
	}
	return err
}

// importFileObject is what was recognised of a file.
type importFileObject struct {
	Type      models.ImportType    `json:"type"`
	Format    string               `json:"format"`
	Encoding  string               `json:"encoding"`
	Delimiter *string              `json:"delimiter"`
	Size      int64                `json:"size"`
	Match     models.ImportMatch   `json:"match"`
	Columns   []importColumnObject `json:"columns"`
}

type importColumnObject struct {
	Name string `json:"name"`
	// Field is what the column is imported as; null if it is left out.
	Field   *string  `json:"field"`
	Samples []string `json:"samples"`
}

func importFileOf(f models.ImportFile) importFileObject {
	o := importFileObject{f.Type, f.Format, f.Encoding, orNull(f.Delimiter), f.Size, f.Options.Match, []importColumnObject{}}
	for i, c := range f.Columns {
		o.Columns = append(o.Columns, importColumnObject{c.Name, orNull(f.Options.Mapping[i]), append([]string{}, c.Samples...)})
	}
	return o
}

// expectedObject is what a checked import would do.
type expectedObject struct {
	Create    int `json:"create"`
	Update    int `json:"update"`
	Unchanged int `json:"unchanged"`
	Skip      int `json:"skip"`
	Error     int `json:"error"`
}

func expectedOf(j jobs.Job) *expectedObject {
	if j.Expected == nil {
		return nil
	}
	n := j.Expected
	return &expectedObject{n[models.ImportCreates], n[models.ImportUpdates], n[models.ImportUnchanged], n[models.ImportSkips], n[models.ImportFails]}
}

// rowObject is where in a file something is wrong, and what; all null if nothing is.
type rowObject struct {
	Line    *int    `json:"line"`
	Column  *string `json:"column"`
	Message *string `json:"message"`
}

func rowOf(detail string) rowObject {
	d := models.RowDetailOf(detail)
	o := rowObject{Column: orNull(d.Column), Message: orNull(d.Message)}
	if d.Line > 0 {
		o.Line = &d.Line
	}
	return o
}
