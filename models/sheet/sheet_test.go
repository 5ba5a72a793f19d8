package sheet_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"protocol.chat/console/models/sheet"
)

// file is a file as it was read.
type file struct {
	form    sheet.Form
	columns []string
	rows    []sheet.Row
	text    string
}

// read reads a file as an import does.
func read(content io.Reader) (f file, err error) {
	head := make([]byte, sheet.Head)
	n, _ := io.ReadFull(content, head)
	head = head[:n]
	if f.form, err = sheet.Detect(head); err != nil {
		return f, err
	}
	encoding := f.form.Encoding
	var text strings.Builder
	if _, err = io.Copy(&text, f.form.UTF8(io.MultiReader(strings.NewReader(string(head)), content), &encoding)); err != nil {
		return f, err
	}
	f.text, f.form.Encoding = text.String(), encoding
	if f.columns, err = sheet.Columns([]byte(f.text)[:min(len(f.text), sheet.Head)], f.form); err != nil {
		return f, err
	}
	f.rows, err = f.from(sheet.Place{})
	return f, err
}

// from reads the rows from a place on.
func (f file) from(at sheet.Place) (rows []sheet.Row, err error) {
	r, err := sheet.Open(strings.NewReader(f.text[at.Offset:]), f.form, f.columns, at)
	if err != nil {
		return nil, err
	}
	for {
		row, err := r.Next()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		row.Cells = append([]sheet.Cell{}, row.Cells...)
		rows = append(rows, row)
	}
}

// table shows rows: cells between bars, and lines.
func table(rows []sheet.Row) string {
	var all strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&all, "%d", row.Line)
		for _, c := range row.Cells {
			if c.Given {
				fmt.Fprintf(&all, "|%s", c.Text)
			} else {
				all.WriteString("|-")
			}
		}
		if row.Err != nil {
			fmt.Fprintf(&all, " %s", row.Err.Code)
		}
		all.WriteString("\n")
	}
	return all.String()
}

func utf16Of(text string, big, mark bool) string {
	var b strings.Builder
	if mark {
		text = "\ufeff" + text
	}
	for _, unit := range utf16.Encode([]rune(text)) {
		if big {
			b.WriteByte(byte(unit >> 8))
		}
		b.WriteByte(byte(unit))
		if !big {
			b.WriteByte(byte(unit >> 8))
		}
	}
	return b.String()
}

func TestFilesAreReadAsTheyAreWritten(t *testing.T) {
	const csv = "name,description\r\nCafé,\"two\r\nlines, \"\"quoted\"\"\"\r\n\r\nB,\r\n"
	const rows = "2|Café|two\nlines, \"quoted\"\n5|B|\n"
	for _, c := range []struct {
		what, content string
		encoding      sheet.Encoding
		delimiter     rune
		want          string
	}{
		{"UTF-8", csv, sheet.UTF8, ',', rows},
		{"a byte order mark", "\ufeff" + csv, sheet.UTF8, ',', rows},
		{"ASCII", "name\nA\n", "", ',', "2|A\n"},
		{"no line break at the end", "name\nA", "", ',', "2|A\n"},
		{"semicolons", strings.ReplaceAll("name,a,b\n1,2,3\n", ",", ";"), "", ';', "2|1|2|3\n"},
		{"tabs", "name\ta\n1\t2,3;4\n", "", '\t', "2|1|2,3;4\n"},
		{"Windows-1252", "name\nCaf\xe9 \x80\n", sheet.Windows1252, ',', "2|Café €\n"},
		{"UTF-16 LE", utf16Of(csv, false, true), sheet.UTF16LE, ',', rows},
		{"UTF-16 BE", utf16Of(csv, true, true), sheet.UTF16BE, ',', rows},
		{"UTF-16 without mark", utf16Of(csv, false, false), sheet.UTF16LE, ',', rows},
		{"NDJSON", `{"name":"A","n":1,"contacts":["x",{"id":"y"},{"username":"z"}]}` + "\n\n" + `{"n":null,"name":"B"}`, "", 0, "1|A|1|x y z\n3|B||-\n"},
		{"padded rows", "name,a\n1,2,,\n,,,\n", "", ',', "2|1|2\n3||\n"},
		{"cells that were made harmless", "name\n'=1\n'plain\n'-\n", "", ',', "2|=1\n3|'plain\n4|-\n"},
		{"bad rows", "name,a\n1\n1,2,3\n1,a\"b\n1,2\n", "", ',', "2|1 too_few_cells\n3|1|2|3 too_many_cells\n4 quote_in_cell\n5|1|2\n"},
		{"bad objects", `{"name":"A"}` + "\n" + `{"name":` + "\n" + `{"nmae":1}` + "\n" + `{"name":{}}` + "\n[]\n", "", 0, "1|A|-\n2|-|- invalid_json\n3|-|1\n4||- invalid_json\n5|-|- invalid_json\n"},
	} {
		f, err := read(strings.NewReader(c.content))
		if err != nil || f.form.Encoding != c.encoding || f.form.Delimiter != c.delimiter {
			t.Errorf("%s: %+v; %v", c.what, f.form, err)
			continue
		}
		if got := table(f.rows); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.what, got, c.want)
		}
		for i, row := range f.rows {
			rest, err := f.from(row.Place)
			if row.Err == nil && (err != nil || table(rest) != table(f.rows[i:])) {
				t.Errorf("%s from line %d:\n%s; %v", c.what, row.Line, table(rest), err)
			}
		}
	}
}

func TestAKeyThatNoColumnHasIsAnError(t *testing.T) {
	r, err := sheet.Open(strings.NewReader(`{"nmae":"A"}`), sheet.Form{}, []string{"name"}, sheet.Place{})
	if err != nil {
		t.Fatal(err)
	}
	row, err := r.Next()
	if err != nil || row.Err == nil || row.Err.Code != sheet.UnknownColumn || row.Err.Column != "nmae" {
		t.Errorf("the row is %+v; %v", row, err)
	}
}

func TestWhatIsNoFileOfRowsIsRefused(t *testing.T) {
	endless := func(s string) io.Reader { return io.LimitReader(&repeated{s: s}, 1<<30) }
	for _, c := range []struct {
		what    string
		content io.Reader
		want    string
	}{
		{"nothing", strings.NewReader(""), "The file is empty."},
		{"only a mark", strings.NewReader("\ufeff\r\n"), "The file is empty."},
		{"only a header", strings.NewReader("name,description\r\n\r\n"), "There are no rows below the header."},
		{"a workbook", strings.NewReader("PK\x03\x04\x14\x00\x06\x00"), "save it as CSV"},
		{"an old workbook", strings.NewReader("\xd0\xcf\x11\xe0\xa1\xb1"), "save it as CSV"},
		{"a PDF", strings.NewReader("%PDF-1.7\n"), "not a text file"},
		{"a page", strings.NewReader("<!doctype html>\n"), "not a text file"},
		{"bytes", strings.NewReader("name\n\x00\x01\x02"), "not a text file"},
		{"a JSON array", strings.NewReader(`[{"name":"A"}]`), "NDJSON"},
		{"a broken object", strings.NewReader(`{"name":` + "\n"), "Line 1: The line is not a JSON object."},
		{"two encodings", strings.NewReader("name\nCafé\nCaf\xe9\n"), "Line 3: There are bytes that are not UTF-8"},
		{"an open quote", strings.NewReader("name,a\n1,2\n\"1,2\n3,4\n5,6\n"), "Line 3: A quote is opened and never closed."},
		{"an open quote before many rows", io.MultiReader(strings.NewReader("name,a\n1,\"2\n"), endless("1,2\n")), "Line 2: A quote is opened and never closed."},
		{"a quote in a quoted cell", strings.NewReader("name,a\n\"a\"b\",2\n3,4\n"), "Line 2: A quote is not closed"},
		{"half a file", strings.NewReader("name,a\n1,2\n1,\"hal"), "Line 3: "},
		{"half a character", strings.NewReader("\xff\xfen\x00a\x00m\x00e\x00\n\x001\x00\n\x002"), "The file ends in the middle of a row."},
		{"half an object", strings.NewReader(`{"name":"A"}` + "\n" + `{"na`), "Line 2: The file ends in the middle of a row."},
		{"many columns", strings.NewReader(strings.Repeat("a,", 100_000) + "\n1\n"), "There are more than 1,000 columns."},
		{"a long header", endless("a"), "Line 1: There is a row of more than 1 MB."},
		{"a long row", io.MultiReader(strings.NewReader("name\n1\n"), endless("a")), "Line 3: There is a row of more than 1 MB."},
		{"a long object", io.MultiReader(strings.NewReader(`{"name":"1"}`+"\n"), endless("a")), "Line 2: There is a row of more than 1 MB."},
	} {
		err := refused(c.content)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
		}
	}
}

// refused reads a file as read does, but without keeping it.
func refused(content io.Reader) error {
	head := make([]byte, sheet.Head)
	n, _ := io.ReadFull(content, head)
	form, err := sheet.Detect(head[:n])
	if err != nil {
		return err
	}
	whole := func() io.Reader {
		return form.UTF8(io.MultiReader(strings.NewReader(string(head[:n])), content), nil)
	}
	start, err := io.ReadAll(io.LimitReader(form.UTF8(strings.NewReader(string(head[:n])), nil), sheet.Head))
	if err != nil {
		return err
	}
	columns, err := sheet.Columns(start, form)
	if err != nil {
		return err
	}
	r, err := sheet.Open(whole(), form, columns, sheet.Place{})
	for err == nil {
		_, err = r.Next()
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// repeated is a text again and again.
type repeated struct {
	s string
	i int
}

func (r *repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.s[r.i]
		r.i = (r.i + 1) % len(r.s)
	}
	return len(p), nil
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"name,a\n1,2\n", "a;b\n\"x\"\"y\";2\r\n\r\n3;\"4\n5\"", "{\"a\":1}\n{\"a\":[\"b\"]}\n", "\xff\xfea\x00\n\x00b\x00", "name\nCaf\xe9\n", "a\n\"b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, content string) {
		got, err := read(strings.NewReader(content))
		if err != nil {
			if _, known := errors.AsType[*sheet.Error](err); !known {
				t.Fatalf("%q: %v", content, err)
			}
			return
		}
		for i, row := range got.rows {
			if row.Err != nil {
				continue
			}
			rest, err := got.from(row.Place)
			if err != nil || table(rest) != table(got.rows[i:]) {
				t.Fatalf("%q from %+v: %q, want %q; %v", content, row.Place, table(rest), table(got.rows[i:]), err)
			}
		}
	})
}
