// Package sheet reads files of rows: CSV, with commas, semicolons or tabs, in the encodings
// that spreadsheets write, and NDJSON. It takes constant memory, whatever the file is.
//
// Detect looks at the beginning of a file. Form.UTF8 returns all of it as UTF-8, which is
// what is kept and what Open reads, from the beginning or from any of its rows on.
package sheet

import (
	"bufio"
	"fmt"
	"io"
)

// Limits of a file.
const (
	MaxRow     = 1 << 20 // bytes
	MaxColumns = 1000
	// Head is how much of a file Detect and Columns need at most.
	Head = MaxRow + 64<<10
)

// Code says what is wrong with a file or with one of its rows. It is stable.
type Code string

// What is wrong with a file as a whole.
const (
	Empty          Code = "file_empty"
	NotText        Code = "not_text"
	Workbook       Code = "workbook"
	JSONArray      Code = "json_array"
	WrongEncoding  Code = "wrong_encoding"
	NoRows         Code = "no_rows"
	TooManyColumns Code = "too_many_columns"
	RowTooLong     Code = "row_too_long"
	OpenQuote      Code = "quote_not_closed"
	BadQuote       Code = "quote_misplaced"
	CutOff         Code = "cut_off"
)

// What is wrong with a single row.
const (
	BareQuote     Code = "quote_in_cell"
	TooFewCells   Code = "too_few_cells"
	TooManyCells  Code = "too_many_cells"
	BadJSON       Code = "invalid_json"
	UnknownColumn Code = "unknown_column"
)

// messages are sentences about the codes.
var messages = map[Code]string{
	Empty:          "The file is empty.",
	NotText:        "This is not a text file. Save it as CSV or NDJSON.",
	Workbook:       "This is a spreadsheet or an archive, not a text file. Open it in your spreadsheet program and save it as CSV.",
	JSONArray:      "This is a JSON document. Put one object on each line, without brackets around all of them (NDJSON), or save the data as CSV.",
	WrongEncoding:  "There are bytes that are not UTF-8, like the text before them. Save the file as UTF-8.",
	NoRows:         "There are no rows below the header.",
	TooManyColumns: "There are more than 1,000 columns.",
	RowTooLong:     "There is a row of more than 1 MB.",
	OpenQuote:      "A quote is opened and never closed.",
	BadQuote:       "A quote is not closed, or a quote within a cell is not doubled.",
	CutOff:         "The file ends in the middle of a row. It may not have been copied completely.",
	BareQuote:      "There is a quote in a cell that does not begin with one. Put the cell in quotes and double the quote in it.",
	TooFewCells:    "The row has fewer cells than the header.",
	TooManyCells:   "The row has more cells than the header.",
	BadJSON:        "The line is not a JSON object.",
	UnknownColumn:  "The row has a key that the first rows of the file do not have.",
}

// Error is what is wrong with a file or a row, and where.
type Error struct {
	Code Code
	// Line is where it begins, counted from 1, or 0 if it is about no place.
	Line int
	// Column is the name of the column, or "".
	Column string
}

// Error returns a sentence for people.
func (e *Error) Error() string {
	if e.Line == 0 {
		return messages[e.Code]
	}
	return fmt.Sprintf("Line %d: %s", e.Line, messages[e.Code])
}

// Message returns the sentence without the place.
func (e *Error) Message() string { return messages[e.Code] }

// Encoding is how the characters of a file are written.
type Encoding string

// The encodings.
const (
	UTF8        Encoding = "utf-8"
	UTF16LE     Encoding = "utf-16le"
	UTF16BE     Encoding = "utf-16be"
	Windows1252 Encoding = "windows-1252"
)

// Form is how a file is written.
type Form struct {
	Encoding Encoding
	// Delimiter is between cells; 0 for NDJSON.
	Delimiter rune
}

// NDJSON reports whether each line is a JSON object.
func (f Form) NDJSON() bool { return f.Delimiter == 0 }

// Cell is a value of a row. It is not Given if a JSON object lacks the key; null is "".
type Cell struct {
	Text  string
	Given bool
}

// Place is where a row begins: a byte of the file as UTF-8, and a line.
type Place struct {
	Offset int64
	Line   int
}

// Row is a row of a file.
type Row struct {
	Place
	// Cells are those of the columns, in their order.
	Cells []Cell
	// Err is what is wrong with the row, or nil.
	Err *Error
}

// Blank reports whether no cell has a value.
func (r Row) Blank() bool {
	for _, c := range r.Cells {
		if c.Text != "" {
			return false
		}
	}
	return r.Err == nil
}

// Size returns about how many bytes the row has.
func (r Row) Size() (n int) {
	for _, c := range r.Cells {
		n += len(c.Text)
	}
	return n
}

// Reader reads rows.
type Reader struct {
	rows interface {
		next() (Row, error)
	}
}

// Next returns the next row, which is good until the next call, or io.EOF after the last.
// Errors: *Error if the rest can't be read, and those of the file.
func (r *Reader) Next() (Row, error) { return r.rows.next() }

// Open returns a Reader of the rows of a file in UTF-8, whose columns are those that Columns
// found. from is the Place of a row, and r begins there; the zero Place is the beginning of
// the file.
func Open(r io.Reader, f Form, columns []string, from Place) (*Reader, error) {
	if f.NDJSON() {
		return &Reader{newJSONRows(r, columns, from)}, nil
	}
	rows := newCSVRows(r, f, len(columns), from)
	if from == (Place{}) {
		if _, err := rows.record(); err != nil { // the header
			return nil, err
		}
	}
	return &Reader{rows}, nil
}

// limited is a reader that fails with errTooLong when too much of it was read since the
// beginning of a row, and counts the lines since then.
type limited struct {
	r            io.Reader
	given, until int64
	lines        int
}

// begin says that a row begins at an offset.
func (l *limited) begin(at int64) { l.until, l.lines = at+MaxRow+buffered, 0 }

// buffered is how many bytes are read ahead.
const buffered = 64 << 10

var errTooLong = &Error{Code: RowTooLong}

func (l *limited) Read(p []byte) (int, error) {
	if l.given >= l.until {
		return 0, errTooLong
	}
	n, err := l.r.Read(p)
	l.given += int64(n)
	for _, c := range p[:n] {
		if c == '\n' {
			l.lines++
		}
	}
	return n, err
}

func newLimited(r io.Reader) (*limited, *bufio.Reader) {
	l := &limited{r: r}
	l.begin(0)
	return l, bufio.NewReaderSize(l, buffered)
}
