package export_test

import (
	"crypto/rand"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models/text"
)

var columns = []string{"id", "name", "note", "count", "archived_at", "contacts", "changes"}

// write returns a file of the rows.
func write(t *testing.T, format string, rows ...[]any) string {
	t.Helper()
	f, known := export.Find(format)
	if !known {
		t.Fatalf("no format %s", format)
	}
	var b strings.Builder
	w := export.NewWriter(&b, f, columns)
	for _, row := range rows {
		if err := w.Write(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFilesAreTheseBytes(t *testing.T) {
	at := int64(-1)
	rows := [][]any{
		{"a", "=1+1", new("say \"hi\"\nto 👩‍👩‍👧, \u202eevil"), 3, &at, []string{"x", "y"}, json.RawMessage(`{"before":1}`)},
		{"b", "<script>&", (*string)(nil), -3, (*int64)(nil), []string{}, json.RawMessage(`{}`)},
	}
	csvBytes := "id,name,note,count,archived_at,contacts,changes\r\n" +
		"a,'=1+1,\"say \"\"hi\"\"\r\nto 👩‍👩‍👧, \u202eevil\",3,-1,x y,\"{\"\"before\"\":1}\"\r\n" +
		"b,<script>&,,-3,,,{}\r\n"
	first := `{"id":"a","name":"=1+1","note":"say \"hi\"\nto 👩‍👩‍👧, ` + "\u202e" + `evil","count":3,"archived_at":-1,"contacts":["x","y"],"changes":{"before":1}}`
	second := `{"id":"b","name":"<script>&","note":null,"count":-3,"archived_at":null,"contacts":[],"changes":{}}`
	for format, want := range map[string]string{
		"csv": "\ufeff" + csvBytes, "plain_csv": csvBytes, "": "\ufeff" + csvBytes,
		"json": "[\n" + first + ",\n" + second + "\n]\n", "ndjson": first + "\n" + second + "\n",
	} {
		if got := write(t, format, rows...); got != want {
			t.Errorf("%s:\n%q, want\n%q", format, got, want)
		}
	}
	for format, want := range map[string]string{"plain_csv": strings.SplitAfter(csvBytes, "\n")[0], "json": "[\n]\n", "ndjson": ""} {
		if got := write(t, format); got != want {
			t.Errorf("%s without rows: %q, want %q", format, got, want)
		}
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	for _, name := range []string{"=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1", "''", "'twas", "=HYPERLINK(\"http://evil.example\")", "plain", "a=1", ""} {
		file := write(t, "plain_csv", []any{"", name, &name, 0, (*int64)(nil), []string{name}, json.RawMessage(name)})
		rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatal(rows, err)
		}
		for _, i := range []int{1, 2, 5, 6} {
			cell := rows[1][i]
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("%q is the cell %q", name, cell)
			}
			plain := strings.ReplaceAll(name, "\r", "") // no cell has one
			if back := text.FromCell(cell); back != plain {
				t.Errorf("%q became %q, and that %q", name, cell, back)
			}
		}
	}
}

func TestObjectsHaveAllTheirLists(t *testing.T) {
	for _, c := range []struct {
		write [][2]string
		want  string
	}{
		{nil, `{"id":"g","members":[],"messages":[]}`},
		{[][2]string{{"members", "a"}, {"members", "b"}, {"messages", "c"}}, `{"id":"g","members":[{"id":"a"},{"id":"b"}],"messages":[{"id":"c"}]}`},
		{[][2]string{{"messages", "c"}}, `{"id":"g","members":[],"messages":[{"id":"c"}]}`},
	} {
		var b strings.Builder
		id := []string{"id"}
		o, err := export.NewObject(&b, id, []any{"g"}, export.Part{Name: "members", Columns: id}, export.Part{Name: "messages", Columns: id})
		for _, w := range c.write {
			err = errors.Join(err, o.Write(w[0], w[1]))
		}
		if err = errors.Join(err, o.Close()); err != nil {
			t.Fatal(err)
		}
		if got := strings.ReplaceAll(b.String(), "\n", ""); got != c.want || !json.Valid([]byte(b.String())) {
			t.Errorf("%v: %s, want %s", c.write, got, c.want)
		}
	}
}

// broken takes some bytes and then fails.
type broken struct{ left int }

var errBroken = errors.New("broken")

func (b *broken) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestAFileThatCannotBeWrittenFails(t *testing.T) {
	for _, f := range export.Formats {
		w := export.NewWriter(&broken{}, f, columns)
		if err := w.Close(); err != nil && !errors.Is(err, errBroken) || err == nil && f.Name != "ndjson" {
			t.Errorf("%s: %v", f.Name, err)
		}
		w = export.NewWriter(&broken{100_000}, f, columns)
		var err error
		for range 10_000 {
			if err = w.Write("a", strings.Repeat(rand.Text(), 4), (*string)(nil), 1, (*int64)(nil), []string{}, json.RawMessage("{}")); err != nil {
				break
			}
		}
		if err == nil && f.Name == "xlsx" { // it is sent when it is closed
			err = w.Close()
		}
		w.Discard()
		if !errors.Is(err, errBroken) {
			t.Errorf("%s goes on: %v", f.Name, err)
		}
	}
}
