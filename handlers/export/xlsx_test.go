package export

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// workbook writes rows as a workbook, and reads it.
func workbook(t *testing.T, limit int, columns []string, rows ...[]any) *excelize.File {
	t.Helper()
	var file bytes.Buffer
	out := bufio.NewWriter(&file)
	x := openXLSX(out, columns).(*xlsxRows)
	defer x.discard()
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
	book, err := excelize.OpenReader(&file, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// cells returns the cells of a row with their types and styles.
func cells(t *testing.T, book *excelize.File, row, columns int) (found []string) {
	t.Helper()
	for i := range columns {
		name, _ := excelize.CoordinatesToCellName(i+1, row)
		value, err := book.GetCellValue("Sheet1", name)
		if err != nil {
			t.Fatal(err)
		}
		if kind, _ := book.GetCellType("Sheet1", name); kind == excelize.CellTypeInlineString {
			value = "text " + value
		}
		id, _ := book.GetCellStyle("Sheet1", name)
		style, err := book.GetStyle(id)
		if err != nil {
			t.Fatal(err)
		}
		if style.Font.Bold {
			value = "bold " + value
		}
		if style.CustomNumFmt != nil {
			value = *style.CustomNumFmt + " " + value
		}
		found = append(found, value)
	}
	return found
}

func TestCellsOfWorkbooks(t *testing.T) {
	at := int64(1795404617)
	columns := []string{"id", "name", "note", "count", "archived_at", "archived_time", "contacts", "changes"}
	book := workbook(t, excelize.TotalRows, columns,
		[]any{"0VblOnpjquG9nmVd", "=1+1", new("two\nlines\x01_x0041_ <&"), 3, &at, MomentOrNil(&at), []string{"x", "y"}, json.RawMessage(`{"a":1}`)},
		[]any{"0001", " ", (*string)(nil), 0, (*int64)(nil), MomentOrNil(nil), []string{}, json.RawMessage(`{}`)},
	)
	for i, want := range [][]string{
		{"bold text id", "bold text name", "bold text note", "bold text count", "bold text archived_at", "bold text archived_time", "bold text contacts", "bold text changes"},
		{"text 0VblOnpjquG9nmVd", "text =1+1", "text two\nlines\ufffd_x0041_ <&", "3", "1795404617", "yyyy-mm-dd hh:mm:ss 46349.14603009259", "text x y", `text {"a":1}`},
		{"text 0001", "text  ", "", "0", "", "", "", "text {}"},
	} {
		if got := cells(t, book, i+1, len(columns)); !slices.Equal(got, want) {
			t.Errorf("row %d is %q, want %q", i+1, got, want)
		}
	}
	if panes, err := book.GetPanes("Sheet1"); err != nil || !panes.Freeze || panes.YSplit != 1 || panes.TopLeftCell != "A2" {
		t.Errorf("the first row isn't frozen: %+v, %v", panes, err)
	}
}

func TestLargeWorkbooksHaveSeveralSheets(t *testing.T) {
	rows := make([][]any, 5)
	for i := range rows {
		rows[i] = []any{i}
	}
	book := workbook(t, 3, []string{"n"}, rows...) // with the names of the columns
	for _, want := range []string{"Sheet1 [[n] [0] [1]]", "Sheet2 [[n] [2] [3]]", "Sheet3 [[n] [4]]"} {
		sheet, _, _ := strings.Cut(want, " ")
		if got, err := book.GetRows(sheet); err != nil || fmt.Sprint(sheet, " ", got) != want {
			t.Errorf("%s: %v, %v", sheet, got, err)
		}
	}
	if got := book.GetSheetList(); len(got) != 3 {
		t.Errorf("the sheets are %v", got)
	}
}

func TestTextsThatNoCellHoldsAreCut(t *testing.T) {
	const most = excelize.TotalCellChars
	for length, whole := range map[int]bool{most: true, most + 1: false} {
		text, err := workbook(t, excelize.TotalRows, []string{"a"}, []any{strings.Repeat("x", length)}).GetCellValue("Sheet1", "A2")
		if err != nil || len([]rune(text)) > most || whole != (len(text) == length) || whole == strings.HasSuffix(text, "(cut: 32768 characters in all)") {
			t.Errorf("of %d characters, %d are left: …%s; %v", length, len(text), text[max(0, len(text)-40):], err)
		}
	}
}

// TestWorkbooksLeaveNoTemporaryFile writes workbooks that are too long for memory, and ends them.
func TestWorkbooksLeaveNoTemporaryFile(t *testing.T) {
	for name, end := range map[string]func(w *Writer) error{
		"closed":    (*Writer).Close,
		"discarded": func(*Writer) error { return nil },
	} {
		folder := t.TempDir()
		t.Setenv("TMPDIR", folder)
		kept := func() []string {
			files, _ := filepath.Glob(folder + "/*/*")
			return files
		}
		killed := filepath.Join(folder, tempName+"killed")
		if err := errors.Join(os.Mkdir(killed, 0o700), os.WriteFile(filepath.Join(killed, "excelize-1"), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		RemoveLeft()
		w := NewWriter(io.Discard, Named("xlsx"), []string{"a"})
		for i := 0; len(kept()) == 0; i++ {
			if err := w.Write(strings.Repeat("x", 30_000)); err != nil || i > 2000 {
				t.Fatal("nothing was written to the disk, but ", err)
			}
		}
		if RemoveLeft(); len(kept()) != 1 {
			t.Error("a file in use was removed")
		}
		if err := end(w); err != nil {
			t.Fatal(err)
		}
		w.Discard()
		if left, _ := filepath.Glob(folder + "/*"); len(left) > 0 {
			t.Errorf("%s: %v", name, left)
		}
	}
}
