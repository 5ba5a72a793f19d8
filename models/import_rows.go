package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/sheet"
	"protocol.chat/console/models/text"
)

// What an import does to a row, for Job.Expected, and why it doesn't, as stable codes.
const (
	ImportCreates   = "create"
	ImportUpdates   = "update"
	ImportUnchanged = "unchanged"
	ImportSkips     = "skip"
	ImportFails     = "error"

	BlankRow       = "blank_row"
	RepeatedRow    = "repeated_row"
	NoID           = "id_missing"
	InvalidValue   = "invalid_value"
	UnknownContact = "unknown_contact"
	AmbiguousName  = "ambiguous_name"
	TooManyRows    = "too_many_rows"
	UsernameTaken  = "username_taken"
	RowFailed      = "row_failed"
)

// ImportExpects are what Job.Expected of an import counts, in the order of pages.
var ImportExpects = []string{ImportCreates, ImportUpdates, ImportUnchanged, ImportSkips, ImportFails}

// RowDetail is more about a row of an import, or about why all of it failed.
type RowDetail struct {
	// Line and Column are where it is in the file. Column is the name of one, or "".
	Line   int    `json:"line,omitempty"`
	Column string `json:"column,omitempty"`
	// Message is a sentence about what is wrong, or "".
	Message string `json:"message,omitempty"`
	// ObjectID is the group or contact that the row is about, if there is one.
	ObjectID string `json:"object_id,omitempty"`
	// Created says that the import made it.
	Created bool `json:"created,omitempty"`

	// At is the first byte of the row.
	At int64 `json:"at"`
}

// RowDetailOf reads the detail of a result or a job; it is zero if there is none.
func RowDetailOf(detail string) (d RowDetail) {
	_ = json.Unmarshal([]byte(detail), &d) // other kinds have other details
	return d
}

func (d RowDetail) String() string {
	b, _ := json.Marshal(d) // strings and numbers always marshal
	return string(b)
}

// importRow is a row of a file, with the values of its fields.
type importRow struct {
	object jobs.Object
	detail RowDetail
	values map[string]string
	blank  bool
	bad    *sheet.Error
	size   int
}

// rowID returns the id of a row as an object of its job. It has the form of an id.
func rowID(number int) string { return fmt.Sprintf("%0*d", text.IDLength, number) }

func (spec importSpec) row(number int, r sheet.Row) importRow {
	row := importRow{object: jobs.Object{ID: rowID(number)}, detail: RowDetail{Line: r.Line, At: r.Offset}, blank: r.Blank(), bad: r.Err, size: r.Size()}
	if row.bad != nil {
		return row
	}
	row.values = make(map[string]string, len(spec.Options.Mapping))
	for i, cell := range r.Cells {
		if field := spec.Options.Mapping[i]; field != "" && cell.Given {
			row.values[field] = cell.Text
		}
	}
	row.object.Name = text.Cut(row.values[spec.Type.title()], text.MaxName)
	return row
}

// title returns the field that a row is called by.
func (t ImportType) title() string {
	if t == ImportContacts {
		return "username"
	}
	return "name"
}

// planBytes is about how many bytes of rows are looked at together.
const planBytes = 2 << 20

// gather looks at the next rows of an import, and finds out what it would do to them. The
// checkpoint is the place and the number of a row.
func (s *Imports) gather(ctx context.Context, job jobs.Job, after string, limit int) ([]jobs.Object, string, error) {
	spec, ok := importSpecOf(job)
	if !ok {
		return nil, "", errors.New("import: unreadable spec")
	}
	if spec.RetryOf != "" {
		return s.store.Jobs.GatherFrom(ctx, spec.RetryOf, jobs.Unfit, after, limit)
	}
	at, number := sheet.Place{}, 1
	if after != "" {
		if _, err := fmt.Sscan(after, &at.Offset, &at.Line, &number); err != nil {
			return nil, "", err
		}
	}
	r := s.store.DB.ReadLong(ctx)
	rows, next, err := s.readRows(r, job.ID, spec, at, number, limit)
	if err != nil {
		return nil, "", err
	}
	p := &importPlan{s: s.store, r: r, spec: spec, now: s.store.DB.Now(), by: job.Actor()}
	if err := p.plan(rows); err != nil {
		return nil, "", err
	}
	if err := p.repeated(job.ID); err != nil {
		return nil, "", err
	}
	objects := make([]jobs.Object, len(p.rows))
	for i, row := range p.rows {
		objects[i] = row.planned()
	}
	return objects, next, nil
}

// readRows reads rows from a place on, and returns a checkpoint after them; "" if there are
// no others. Errors: Failure if the file can't be read.
func (s *Imports) readRows(r db.Reader, file string, spec importSpec, at sheet.Place, number, limit int) (rows []importRow, next string, err error) {
	in, err := sheet.Open(s.store.Jobs.Files.Read(r, file, at.Offset), spec.Form, spec.Columns, at)
	if err != nil {
		return nil, "", failedFile(err)
	}
	for size := 0; ; number++ {
		row, err := in.Next()
		if err == io.EOF {
			return rows, "", nil
		}
		if err != nil {
			return nil, "", failedFile(err)
		}
		if number > MaxImportRows {
			return nil, "", jobs.Failure{Reason: TooManyRows, Detail: RowDetail{
				Line: row.Line, Message: "There are more than " + text.Thousands(MaxImportRows) + " rows. Split the file.",
			}.String()}
		}
		if len(rows) == limit || size > planBytes {
			return rows, strings.Join([]string{strconv.FormatInt(row.Offset, 10), strconv.Itoa(row.Line), strconv.Itoa(number)}, " "), nil
		}
		rows = append(rows, spec.row(number, row))
		size += row.Size()
	}
}

// failedFile returns a Failure for what is wrong with a file, and other errors as they are.
func failedFile(err error) error {
	if bad, ok := errors.AsType[*sheet.Error](err); ok {
		return jobs.Failure{Reason: string(bad.Code), Detail: RowDetail{Line: bad.Line, Message: bad.Message()}.String()}
	}
	return err
}

// rowsOf reads the rows that are objects of a job, or the first of them if there is much in
// them.
func (s *Imports) rowsOf(r db.Reader, file string, spec importSpec, objects []jobs.Object) (rows []importRow, err error) {
	var in *sheet.Reader
	last := ""
	for size := 0; len(rows) < len(objects) && size <= planBytes; {
		o := objects[len(rows)]
		number, err := strconv.Atoi(o.ID)
		if err != nil {
			return nil, err
		}
		if at := RowDetailOf(o.Detail); in == nil || rowID(number-1) != last {
			if in, err = sheet.Open(s.store.Jobs.Files.Read(r, file, at.At), spec.Form, spec.Columns, sheet.Place{Offset: at.At, Line: at.Line}); err != nil {
				return nil, err
			}
		}
		found, err := in.Next()
		if err != nil {
			return nil, fmt.Errorf("row %s: %w", o.ID, err)
		}
		row := spec.row(number, found)
		row.object.Name = o.Name
		rows, last = append(rows, row), o.ID
		size += row.size
	}
	return rows, nil
}
