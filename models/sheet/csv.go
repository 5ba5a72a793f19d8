package sheet

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"protocol.chat/console/models/text"
)

// csvRows reads CSV.
type csvRows struct {
	in  *limited
	csv *csv.Reader
	// columns is how many there are; 0 while the header is read.
	columns int
	// base and shift are what is added to the offsets and lines of csv; resumed says that
	// shift is not known yet, but the line of the next record, at.
	base    int64
	shift   int
	resumed bool
	// at is where the record begins that was read last, and after the line below it.
	at    Place
	after int
	cells []Cell
}

func newCSVRows(r io.Reader, f Form, columns int, from Place) *csvRows {
	in, buffer := newLimited(r)
	c := &csvRows{in: in, csv: csv.NewReader(buffer), columns: columns, base: from.Offset, resumed: from.Line > 0, at: from, after: max(from.Line, 1)}
	c.csv.Comma, c.csv.FieldsPerRecord, c.csv.ReuseRecord = f.Delimiter, -1, true
	return c
}

// record reads the next record that is no blank line.
func (c *csvRows) record() ([]string, error) {
	offset := c.csv.InputOffset()
	c.in.begin(offset)
	c.at.Offset = c.base + offset
	cells, err := c.csv.Read()
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		c.at.Line, c.after = parse.StartLine+c.shift, parse.Line+c.shift+1
		return nil, c.refused(parse)
	}
	if err == errTooLong {
		c.at.Line = c.after
		if c.in.lines > 1 { // one is its own
			return nil, &Error{Code: OpenQuote, Line: c.after}
		}
		return nil, &Error{Code: RowTooLong, Line: c.after}
	}
	if err != nil {
		return nil, err
	}
	line, _ := c.csv.FieldPos(0)
	if c.resumed {
		c.shift, c.resumed = c.at.Line-line, false
	}
	c.at.Line = line + c.shift
	c.after = c.at.Line + 1
	for _, cell := range cells {
		c.after += strings.Count(cell, "\n")
	}
	return cells, nil
}

// refused returns what a syntax error means. Only after a BareQuote there are other records.
func (c *csvRows) refused(parse *csv.ParseError) *Error {
	switch {
	case errors.Is(parse.Err, csv.ErrBareQuote):
		return &Error{Code: BareQuote, Line: c.at.Line}
	case parse.Line > parse.StartLine && c.ended():
		return &Error{Code: OpenQuote, Line: c.at.Line}
	case c.ended():
		return &Error{Code: CutOff, Line: c.at.Line}
	}
	return &Error{Code: BadQuote, Line: c.at.Line}
}

// ended reports whether nothing of the file is left.
func (c *csvRows) ended() bool {
	_, err := c.csv.Read()
	return err == io.EOF
}

func (c *csvRows) next() (Row, error) {
	record, err := c.record()
	row := Row{Place: c.at}
	if bad, ok := errors.AsType[*Error](err); ok && bad.Code == BareQuote {
		row.Err = bad
		return row, nil
	}
	if err != nil {
		return Row{}, err
	}
	c.cells = c.cells[:0]
	for _, cell := range record {
		c.cells = append(c.cells, Cell{Text: text.FromCell(cell), Given: true})
	}
	for len(c.cells) > c.columns && c.cells[len(c.cells)-1].Text == "" {
		c.cells = c.cells[:len(c.cells)-1] // Excel pads rows
	}
	row.Cells = c.cells
	switch {
	case row.Blank():
	case len(record) < c.columns:
		row.Err = &Error{Code: TooFewCells, Line: row.Line}
	case len(c.cells) > c.columns:
		row.Err = &Error{Code: TooManyCells, Line: row.Line}
	}
	return row, nil
}
