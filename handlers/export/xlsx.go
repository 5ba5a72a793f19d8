package export

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"protocol.chat/console/models/db"
)

// xlsxRows writes an .xlsx file. Long sheets are in temporary files until discard removes them.
type xlsxRows struct {
	file    *excelize.File
	columns []any
	limit   int // rows of a sheet
	// sheet is the open one, which is the last of sheets and has rows.
	sheet        *excelize.StreamWriter
	sheets, rows int
	bold, date   int // styles
	err          error
	// folder has the temporary files, until lock is closed. unchecked is about how many bytes were
	// written there since its room was checked.
	folder    string
	lock      *os.File
	unchecked int
}

// checkedEvery is how many bytes are written before the room on the disk is checked again.
const checkedEvery = 8 << 20

func openXLSX(out *bufio.Writer, columns []string) rows {
	x := &xlsxRows{limit: excelize.TotalRows}
	x.folder, x.lock, x.err = openTemp()
	x.file = excelize.NewFile(excelize.Options{TmpDir: x.folder})
	for _, column := range columns {
		x.columns = append(x.columns, column)
	}
	// The archive goes to out, and not into memory first, as it would by itself.
	x.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(out) })
	if x.err == nil {
		x.bold, x.err = x.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	}
	if x.err == nil {
		x.date, x.err = x.file.NewStyle(&excelize.Style{CustomNumFmt: new("yyyy-mm-dd hh:mm:ss")})
	}
	if x.err == nil {
		x.err = x.begin()
	}
	return x
}

// begin begins a sheet with the names of the columns, which stay in sight.
func (x *xlsxRows) begin() error {
	x.sheets, x.rows = x.sheets+1, 0
	name := "Sheet" + strconv.Itoa(x.sheets)
	_, err := x.file.NewSheet(name)
	if err == nil {
		x.sheet, err = x.file.NewStreamWriter(name)
	}
	if err == nil {
		err = x.sheet.SetColWidth(1, len(x.columns), 21)
	}
	if err == nil {
		err = x.sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
	}
	if err == nil {
		err = x.row(x.columns, excelize.RowOpts{StyleID: x.bold})
	}
	return err
}

func (x *xlsxRows) row(cells []any, options ...excelize.RowOpts) error {
	x.rows++
	return x.sheet.SetRow("A"+strconv.Itoa(x.rows), cells, options...)
}

func (x *xlsxRows) write(values []any) error {
	if x.err == nil && x.rows == x.limit {
		x.err = errors.Join(x.sheet.Flush(), x.begin())
	}
	if x.err == nil && x.unchecked >= checkedEvery {
		x.unchecked, x.err = 0, db.RoomIn(x.folder, db.Reserve)
	}
	if x.err != nil {
		return x.err
	}
	cells := make([]any, len(values))
	for i, value := range values {
		cells[i] = x.cell(value)
		words, _ := cells[i].(string)
		x.unchecked += len(words) + len(`<c r="A1" t="inlineStr"><is><t></t></is></c>`)
	}
	return x.row(cells)
}

// cell returns a value as excelize takes it. A string is never a formula.
func (x *xlsxRows) cell(value any) any {
	switch v := plain(value).(type) {
	case string:
		if v != "" {
			return fitting(v)
		}
	case int64:
		return v
	case Moment:
		return excelize.Cell{StyleID: x.date, Value: time.Unix(int64(v), 0).UTC()}
	}
	return nil
}

func (x *xlsxRows) close() error {
	if x.err == nil {
		x.err = x.sheet.Flush()
	}
	if x.err == nil {
		x.err = x.file.Write(io.Discard) // the archive goes to out
	}
	return x.err
}

func (x *xlsxRows) discard() {
	_ = x.file.Close()
	if x.folder != "" {
		_ = os.RemoveAll(x.folder)
		_ = x.lock.Close()
		x.folder = ""
	}
}

// fitting returns a text as far as it fits into a cell, and says so if not all of it does.
func fitting(s string) string {
	const most = excelize.TotalCellChars // of UTF-16
	if len(s) <= most {
		return s
	}
	units := utf16.Encode([]rune(s))
	if len(units) <= most {
		return s
	}
	left := fmt.Sprintf(" … (cut: %d characters in all)", len(units))
	return strings.TrimSuffix(string(utf16.Decode(units[:most-len(left)])), "\ufffd") + left
}
