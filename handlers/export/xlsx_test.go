package export

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
)

// sheet is a sheet of a workbook, as programs read it.
type sheet struct {
	Rows []struct {
		R     int `xml:"r,attr"`
		Cells []struct {
			R     string `xml:"r,attr"`
			Style int    `xml:"s,attr"`
			Type  string `xml:"t,attr"`
			Text  string `xml:"is>t"`
			Value string `xml:"v"`
		} `xml:"c"`
	} `xml:"sheetData>row"`
}

// workbook writes rows as a workbook, and returns its parts.
func workbook(t *testing.T, limit int, columns []string, rows ...[]any) map[string][]byte {
	t.Helper()
	var file bytes.Buffer
	out := bufio.NewWriter(&file)
	x := openXLSX(out, columns).(*xlsxRows)
	x.limit = limit
	for _, row := range rows {
		if err := x.write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.close(); err != nil {
		t.Fatal(err)
	}
	_ = out.Flush()
	archive, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if parts[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(parts[f.Name], new(struct{})); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	return parts
}

func sheetOf(t *testing.T, part []byte) (s sheet) {
	t.Helper()
	if err := xml.Unmarshal(part, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCellsOfWorkbooks(t *testing.T) {
	at := int64(1795404617)
	columns := []string{"id", "name", "note", "count", "archived_at", "archived_time", "contacts", "changes"}
	parts := workbook(t, sheetRows, columns,
		[]any{"0VblOnpjquG9nmVd", "=1+1", new("two\nlines\x01_x0041_ <&"), 3, &at, MomentOrNil(&at), []string{"x", "y"}, json.RawMessage(`{"a":1}`)},
		[]any{"0001", "", (*string)(nil), 0, (*int64)(nil), MomentOrNil(nil), []string{}, json.RawMessage(`{}`)},
	)
	s := sheetOf(t, parts["xl/worksheets/sheet1.xml"])
	var got []string
	for _, row := range s.Rows {
		for _, c := range row.Cells {
			got = append(got, strings.Join([]string{c.R, c.Type, fmt.Sprint(c.Style), c.Text + c.Value}, " "))
		}
	}
	want := []string{
		"A1 inlineStr 1 id", "B1 inlineStr 1 name", "C1 inlineStr 1 note", "D1 inlineStr 1 count",
		"E1 inlineStr 1 archived_at", "F1 inlineStr 1 archived_time", "G1 inlineStr 1 contacts", "H1 inlineStr 1 changes",
		"A2 inlineStr 0 0VblOnpjquG9nmVd", "B2 inlineStr 0 =1+1", "C2 inlineStr 0 two\nlines\ufffd_x005F_x0041_ <&", "D2  0 3",
		"E2  0 1795404617", "F2  2 46349.146030", "G2 inlineStr 0 x y", `H2 inlineStr 0 {"a":1}`,
		"A3 inlineStr 0 0001", "D3  0 0", "H3 inlineStr 0 {}",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("cells:\n%s\nwant:\n%s", a, b)
	}
}

func TestLargeWorkbooksHaveSeveralSheets(t *testing.T) {
	rows := make([][]any, 5)
	for i := range rows {
		rows[i] = []any{i}
	}
	parts := workbook(t, 3, []string{"n"}, rows...) // with the names of the columns
	for part, want := range map[string][]string{"sheet1": {"", "0", "1"}, "sheet2": {"", "2", "3"}, "sheet3": {"", "4"}} {
		s := sheetOf(t, parts["xl/worksheets/"+part+".xml"])
		if len(s.Rows) != len(want) || s.Rows[0].Cells[0].Text != "n" {
			t.Fatalf("%s: %+v", part, s)
		}
		for i, value := range want {
			if s.Rows[i].Cells[0].Value != value || s.Rows[i].R != i+1 {
				t.Errorf("%s: row %d is %+v", part, i+1, s.Rows[i])
			}
		}
		if !bytes.Contains(parts["xl/_rels/workbook.xml.rels"], []byte(part+".xml")) {
			t.Errorf("%s isn't in the workbook", part)
		}
	}
}

func TestTextsThatNoCellHoldsAreCut(t *testing.T) {
	for length, whole := range map[int]bool{cellUnits: true, cellUnits + 1: false} {
		s := sheetOf(t, workbook(t, sheetRows, []string{"a"}, []any{strings.Repeat("x", length)})["xl/worksheets/sheet1.xml"])
		text := s.Rows[1].Cells[0].Text
		if len([]rune(text)) > cellUnits || whole != (len(text) == length) || whole == strings.HasSuffix(text, "(cut: 32768 characters in all)") {
			t.Errorf("of %d characters, %d are left: …%s", length, len(text), text[len(text)-40:])
		}
	}
	if got := letters(25) + letters(26) + letters(701) + letters(702); got != "ZAAZZAAA" {
		t.Error(got)
	}
}
