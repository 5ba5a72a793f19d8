// Package export writes rows of named values to files while they are sent: as CSV, XLSX, JSON or
// NDJSON. A file of CSV or NDJSON that is not closed isn't visibly cut off, so whoever sends one
// has to break the connection if something fails.
package export

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"protocol.chat/console/models/text"
)

// Format is a format of files.
type Format struct {
	// Name is what forms and audit lines call it; Label and Hint are for people.
	Name, Label, Hint string
	MediaType         string
	// Extension is the end of a file's name, without a dot.
	Extension string

	open func(out *bufio.Writer, columns []string) rows
}

const (
	csvType   = "text/csv; charset=utf-8; header=present"
	csvEnding = "csv"
	xlsxType  = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// Formats are all formats, the usual one first.
var Formats = []Format{
	{"csv", "CSV", "For Excel and other spreadsheets.", csvType, csvEnding, openMarkedCSV},
	{"plain_csv", "CSV without byte order mark", "For programs that read CSV.", csvType, csvEnding, openCSV},
	{"xlsx", "XLSX", "A workbook for Excel, with IDs as text and times as dates (UTC).", xlsxType, "xlsx", openXLSX},
	{"json", "JSON", "One array of objects.", "application/json", "json", openJSON},
	{"ndjson", "NDJSON", "One JSON object per line.", "application/x-ndjson", "ndjson", openNDJSON},
}

// Find returns the format of a name, the first one for "". It returns false if there is none.
func Find(name string) (Format, bool) {
	if name == "" {
		return Formats[0], true
	}
	for _, f := range Formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// Named returns the format of a name, which must be one of Formats.
func Named(name string) Format {
	f, known := Find(name)
	if !known {
		panic("export: there is no format " + strconv.Quote(name))
	}
	return f
}

// rows writes rows in a format.
type rows interface {
	write(values []any) error
	close() error
	discard()
}

// Writer writes a file, which must be discarded in the end. Values are string, *string, int, int64,
// *int64, Moment, *Moment, []string or json.RawMessage; nil pointers are null, or empty cells.
type Writer struct {
	out  *bufio.Writer
	rows rows
}

// NewWriter returns a Writer of a file with these columns.
func NewWriter(w io.Writer, f Format, columns []string) *Writer {
	out := bufio.NewWriterSize(w, 32<<10)
	return &Writer{out, f.open(out, columns)}
}

// Write writes a row: a value for each column.
func (w *Writer) Write(values ...any) error { return w.rows.write(values) }

// Discard removes what the file took on disk meanwhile. After Close it does no harm.
func (w *Writer) Discard() { w.rows.discard() }

// Close ends the file. It does not close what the file is written to.
func (w *Writer) Close() error {
	if err := w.rows.close(); err != nil {
		return err
	}
	return w.out.Flush()
}

// byteOrderMark begins a file that Excel would otherwise not take for UTF-8.
const byteOrderMark = "\ufeff"

// csvRows writes CSV as RFC 4180 has it.
type csvRows struct {
	out   *csv.Writer
	cells []string
}

func openMarkedCSV(out *bufio.Writer, columns []string) rows {
	_, _ = out.WriteString(byteOrderMark) // out keeps an error for Flush
	return openCSV(out, columns)
}

func openCSV(out *bufio.Writer, columns []string) rows {
	c := &csvRows{out: csv.NewWriter(out)}
	c.out.UseCRLF = true
	_ = c.out.Write(columns) // kept for Flush, too
	return c
}

func (c *csvRows) write(values []any) error {
	c.cells = c.cells[:0]
	for _, value := range values {
		c.cells = append(c.cells, cell(value))
	}
	return c.out.Write(c.cells)
}

func (c *csvRows) close() error {
	c.out.Flush()
	return c.out.Error()
}

func (c *csvRows) discard() {}

// cell returns a value as a cell of CSV.
func cell(value any) string {
	switch v := plain(value).(type) {
	case string:
		return text.ForCell(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case Moment:
		return v.String()
	}
	return ""
}

// plain returns a value as tables have it: a string, int64 or Moment, or nil for an empty cell.
// Several ids are separated by spaces.
func plain(value any) any {
	switch v := value.(type) {
	case *string:
		return orNil(v)
	case int:
		return int64(v)
	case *int64:
		return orNil(v)
	case *Moment:
		return orNil(v)
	case []string:
		return strings.Join(v, " ")
	case json.RawMessage:
		return string(v)
	}
	return value
}

func orNil[T any](v *T) any {
	if v == nil {
		return nil
	}
	return *v
}

// jsonRows writes an object for each row: between is written between two, end after the last.
type jsonRows struct {
	out          *bufio.Writer
	keys         [][]byte
	between, end string
	begun        bool
	value        bytes.Buffer
	encoder      *json.Encoder
}

func openJSON(out *bufio.Writer, columns []string) rows {
	_, _ = out.WriteString("[\n") // out keeps an error for Flush
	return newJSONRows(out, columns, ",\n", "\n]\n")
}

func openNDJSON(out *bufio.Writer, columns []string) rows {
	return newJSONRows(out, columns, "\n", "\n")
}

func newJSONRows(out *bufio.Writer, columns []string, between, end string) *jsonRows {
	j := &jsonRows{out: out, between: between, end: end}
	j.encoder = json.NewEncoder(&j.value)
	j.encoder.SetEscapeHTML(false) // no browser takes the file for HTML
	for i, column := range columns {
		open := ","
		if i == 0 {
			open = "{"
		}
		j.keys = append(j.keys, []byte(open+strconv.Quote(column)+":"))
	}
	return j
}

func (j *jsonRows) write(values []any) error {
	if j.begun {
		_, _ = j.out.WriteString(j.between)
	}
	j.begun = true
	if err := j.fields(values); err != nil {
		return err
	}
	return j.out.WriteByte('}')
}

// fields writes an object without its closing brace.
func (j *jsonRows) fields(values []any) error {
	for i, value := range values {
		_, _ = j.out.Write(j.keys[i])
		j.value.Reset()
		if err := j.encoder.Encode(value); err != nil {
			return err
		}
		if _, err := j.out.Write(bytes.TrimSuffix(j.value.Bytes(), []byte("\n"))); err != nil {
			return err
		}
	}
	return nil
}

func (j *jsonRows) close() error {
	end := j.end
	if !j.begun {
		end = strings.TrimPrefix(end, "\n")
	}
	_, err := j.out.WriteString(end)
	return err
}

func (j *jsonRows) discard() {}

// Moment is a time in Unix seconds that files show as a time: as ISO 8601 or, in a spreadsheet, as a
// date of its own.
type Moment int64

// MomentOrNil returns a time that may be nil as a Moment.
func MomentOrNil(at *int64) *Moment { return (*Moment)(at) }

// String returns the moment as ISO 8601 has it.
func (m Moment) String() string { return time.Unix(int64(m), 0).UTC().Format(time.RFC3339) }

// MarshalText returns the moment for JSON.
func (m Moment) MarshalText() ([]byte, error) { return []byte(m.String()), nil }
