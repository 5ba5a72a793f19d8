package export

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// An .xlsx file is a ZIP archive of XML parts. Sheets are written into it row by row, so that a
// file of any size takes the memory of one row and no other file. (excelize, which keeps sheets
// in temporary files until the last row, took four times the processor time and 84 MB.)

// The limits of a sheet: more rows begin another one, longer texts are cut.
const (
	sheetRows = 1 << 20
	cellUnits = 32767 // of UTF-16
)

const (
	xmlHead   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainSpace = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	officeRel = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	relSpace  = `xmlns="http://schemas.openxmlformats.org/package/2006/relationships"`
	partTypes = `application/vnd.openxmlformats-officedocument.spreadsheetml.`
)

// fixedParts are the parts that don't depend on the rows. A part whose type isn't listed is a
// sheet. The styles are: 0 for usual cells, 1 for the first row, 2 for times.
var fixedParts = []struct{ name, content string }{
	{
		"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Default Extension="xml" ContentType="` + partTypes + `worksheet+xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + partTypes + `sheet.main+xml"/>` +
			`<Override PartName="/xl/styles.xml" ContentType="` + partTypes + `styles+xml"/></Types>`,
	},
	{"_rels/.rels", `<Relationships ` + relSpace + `><Relationship Id="rId1" Type="` + officeRel + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{
		"xl/styles.xml", `<styleSheet ` + mainSpace + `><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd hh:mm:ss"/></numFmts>` +
			`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
			`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
			`<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>` +
			`<cellXfs count="3"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/><xf xfId="0" numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>`,
	},
}

// xlsxRows writes an .xlsx file. An error of the archive stays in it, and close returns it.
type xlsxRows struct {
	archive *zip.Writer
	columns []string
	letters []string // of the columns: A, B, …
	limit   int      // rows of a sheet
	// sheet is the open one, which is the last of sheets and has rows.
	sheet        *bufio.Writer
	sheets, rows int
	err          error
}

func openXLSX(out *bufio.Writer, columns []string) rows {
	x := &xlsxRows{archive: zip.NewWriter(out), columns: columns, limit: sheetRows, sheet: bufio.NewWriterSize(io.Discard, 32<<10)}
	x.archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for i := range columns {
		x.letters = append(x.letters, letters(i))
	}
	for _, part := range fixedParts {
		x.part(part.name, part.content)
	}
	x.begin()
	return x
}

// letters returns the name of a column, the first of which is 0: A to Z, then AA.
func letters(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}

// part writes a whole part.
func (x *xlsxRows) part(name, content string) {
	w, err := x.archive.Create(name)
	if err == nil {
		_, err = io.WriteString(w, xmlHead+content)
	}
	x.note(err)
}

func (x *xlsxRows) note(err error) {
	if x.err == nil {
		x.err = err
	}
}

// begin begins a sheet with the names of the columns, which stay in sight.
func (x *xlsxRows) begin() {
	x.sheets, x.rows = x.sheets+1, 0
	w, err := x.archive.Create(sheetPart(x.sheets))
	if err != nil {
		x.note(err)
		return
	}
	x.sheet.Reset(w)
	_, _ = x.sheet.WriteString(xmlHead + `<worksheet ` + mainSpace + `><sheetViews><sheetView workbookViewId="0">` + // kept for Flush
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>` +
		`<cols><col min="1" max="` + strconv.Itoa(len(x.columns)) + `" width="21" customWidth="1"/></cols><sheetData>`)
	x.row(func(i int) { x.text(i, x.columns[i], 1) })
}

func sheetPart(n int) string { return "xl/worksheets/sheet" + strconv.Itoa(n) + ".xml" }

// end ends the open sheet.
func (x *xlsxRows) end() {
	_, _ = x.sheet.WriteString("</sheetData></worksheet>")
	x.note(x.sheet.Flush())
}

// row writes a row, whose cells cell writes.
func (x *xlsxRows) row(cell func(column int)) {
	x.rows++
	_, _ = x.sheet.WriteString(`<row r="` + strconv.Itoa(x.rows) + `">`)
	for i := range x.columns {
		cell(i)
	}
	_, err := x.sheet.WriteString("</row>") // also what failed before
	x.note(err)
}

func (x *xlsxRows) write(values []any) error {
	if x.rows == x.limit {
		x.end()
		x.begin()
	}
	x.row(func(i int) { x.cell(i, values[i]) })
	return x.err
}

// cell writes a value; nothing for nil. Text is never a formula, because it has a type.
func (x *xlsxRows) cell(column int, value any) {
	switch v := value.(type) {
	case string:
		x.text(column, v, 0)
	case *string:
		if v != nil {
			x.text(column, *v, 0)
		}
	case int:
		x.number(column, strconv.Itoa(v), 0)
	case int64:
		x.number(column, strconv.FormatInt(v, 10), 0)
	case *int64:
		if v != nil {
			x.number(column, strconv.FormatInt(*v, 10), 0)
		}
	case Moment:
		x.number(column, v.serial(), 2)
	case *Moment:
		if v != nil {
			x.number(column, v.serial(), 2)
		}
	case []string:
		x.text(column, strings.Join(v, " "), 0)
	case json.RawMessage:
		x.text(column, string(v), 0)
	}
}

// open begins a cell, with its place and its style.
func (x *xlsxRows) open(column, style int) {
	_, _ = x.sheet.WriteString(`<c r="` + x.letters[column] + strconv.Itoa(x.rows))
	if style != 0 {
		_, _ = x.sheet.WriteString(`" s="` + strconv.Itoa(style))
	}
}

func (x *xlsxRows) number(column int, digits string, style int) {
	x.open(column, style)
	_, _ = x.sheet.WriteString(`"><v>` + digits + `</v></c>`)
}

func (x *xlsxRows) text(column int, words string, style int) {
	if words == "" {
		return
	}
	x.open(column, style)
	_, _ = x.sheet.WriteString(`" t="inlineStr"><is><t xml:space="preserve">`)
	_ = xml.EscapeText(x.sheet, []byte(readAsIs(fitting(words))))
	_, _ = x.sheet.WriteString(`</t></is></c>`)
}

// close ends the file with the list of its sheets.
func (x *xlsxRows) close() error {
	x.end()
	var sheets, parts strings.Builder
	for i := range x.sheets {
		n := strconv.Itoa(i + 1)
		sheets.WriteString(`<sheet name="Sheet` + n + `" sheetId="` + n + `" r:id="rId` + n + `"/>`)
		parts.WriteString(`<Relationship Id="rId` + n + `" Type="` + officeRel + `/worksheet" Target="worksheets/sheet` + n + `.xml"/>`)
	}
	x.part("xl/workbook.xml", `<workbook `+mainSpace+` xmlns:r="`+officeRel+`"><sheets>`+sheets.String()+`</sheets></workbook>`)
	x.part("xl/_rels/workbook.xml.rels", `<Relationships `+relSpace+`>`+parts.String()+
		`<Relationship Id="rId0" Type="`+officeRel+`/styles" Target="styles.xml"/></Relationships>`)
	x.note(x.archive.Close())
	return x.err
}

// serial returns the moment as spreadsheets count: in days since the end of 1899, in UTC.
func (m Moment) serial() string {
	const day, epoch = 86400, 25569
	return strconv.FormatFloat(epoch+float64(m)/day, 'f', 6, 64)
}

// coded matches what spreadsheets would read as a character by its number.
var coded = regexp.MustCompile(`_(x[0-9A-Fa-f]{4}_)`)

// readAsIs returns a text that spreadsheets read as s.
func readAsIs(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return coded.ReplaceAllString(s, "_x005F_$1")
}

// fitting returns a text as far as it fits into a cell, and says so if not all of it does.
func fitting(s string) string {
	if len(s) <= cellUnits {
		return s
	}
	units := utf16.Encode([]rune(s))
	if len(units) <= cellUnits {
		return s
	}
	left := fmt.Sprintf(" … (cut: %d characters in all)", len(units))
	return strings.TrimSuffix(string(utf16.Decode(units[:cellUnits-len(left)])), "\ufffd") + left
}
