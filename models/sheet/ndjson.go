package sheet

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// jsonRows reads NDJSON.
type jsonRows struct {
	in      *limited
	buffer  *bufio.Reader
	columns map[string]int
	// at is where the next line begins, and began is 0 or where the file was opened.
	at    Place
	began int64
	long  []byte // a line that does not fit into the buffer
	cells []Cell
}

func newJSONRows(r io.Reader, columns []string, from Place) *jsonRows {
	j := &jsonRows{columns: make(map[string]int, len(columns)), at: Place{from.Offset, max(from.Line, 1)}, began: from.Offset}
	j.in, j.buffer = newLimited(r)
	for i, name := range columns {
		j.columns[name] = i
	}
	j.cells = make([]Cell, len(columns))
	return j
}

// line returns the next line that is not blank, and where it begins.
func (j *jsonRows) line() (line []byte, at Place, whole bool, err error) {
	for {
		at = j.at
		j.in.begin(at.Offset - j.began)
		line, err = j.buffer.ReadSlice('\n')
		j.long = j.long[:0]
		for err == bufio.ErrBufferFull {
			j.long = append(j.long, line...)
			line, err = j.buffer.ReadSlice('\n')
		}
		if len(j.long) > 0 {
			j.long = append(j.long, line...)
			line = j.long
		}
		if err == errTooLong {
			err = &Error{Code: RowTooLong, Line: at.Line}
		}
		whole = err == nil
		if err == io.EOF && len(line) > 0 {
			err = nil
		}
		j.at.Offset += int64(len(line))
		j.at.Line++
		if line = bytes.TrimSpace(line); err != nil || len(line) > 0 {
			return line, at, whole, err
		}
	}
}

func (j *jsonRows) next() (Row, error) {
	line, at, whole, err := j.line()
	if err != nil {
		return Row{}, err
	}
	for i := range j.cells {
		j.cells[i] = Cell{}
	}
	row := Row{Place: at, Cells: j.cells}
	err = eachValue(line, func(key string, value json.RawMessage) {
		i, known := j.columns[key]
		if !known {
			row.Err = &Error{Code: UnknownColumn, Line: at.Line, Column: key}
			return
		}
		text, ok := textOf(value)
		if !ok {
			row.Err = &Error{Code: BadJSON, Line: at.Line, Column: key}
		}
		j.cells[i] = Cell{Text: text, Given: true}
	})
	switch {
	case err != nil && !whole:
		return Row{}, &Error{Code: CutOff, Line: at.Line}
	case err != nil:
		row.Err = &Error{Code: BadJSON, Line: at.Line}
	}
	return row, nil
}

var errNoObject = errors.New("no JSON object")

// eachValue passes the keys of an object and their values to each.
func eachValue(line []byte, each func(key string, value json.RawMessage)) error {
	d := json.NewDecoder(bytes.NewReader(line))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return errNoObject
	}
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return errNoObject
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		each(name, value)
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errNoObject
	}
	return nil
}

// textOf returns a value as a cell of CSV has it: lists are separated by spaces, and of an
// object in a list it is the id, or else the username.
func textOf(value json.RawMessage) (string, bool) {
	var list []json.RawMessage
	switch value[0] {
	case 'n':
		return "", true
	case '"':
		var s string
		err := json.Unmarshal(value, &s)
		return s, err == nil
	case '{':
		return "", false
	case '[':
		if json.Unmarshal(value, &list) != nil {
			return "", false
		}
		words := make([]string, len(list))
		for i, v := range list {
			word, ok := wordOf(v)
			if !ok {
				return "", false
			}
			words[i] = word
		}
		return strings.Join(words, " "), true
	}
	return string(value), true
}

// wordOf returns a value of a list.
func wordOf(value json.RawMessage) (string, bool) {
	if value[0] != '{' {
		s, ok := textOf(value)
		return s, ok && value[0] != '['
	}
	var named struct{ ID, Username string }
	if json.Unmarshal(value, &named) != nil || named.ID+named.Username == "" {
		return "", false
	}
	if named.ID != "" {
		return named.ID, true
	}
	return named.Username, true
}

// keys returns the keys of the first lines, in the order in which they are met.
func keys(head []byte, complete bool) (names []string, err error) {
	j := newJSONRows(bytes.NewReader(head), nil, Place{})
	for rows := 0; rows < maxKeyRows; {
		line, at, whole, err := j.line()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if !whole && !complete {
			break // the rest of it is not here
		}
		bad := eachValue(line, func(key string, _ json.RawMessage) {
			if !slices.Contains(names, key) && len(names) <= MaxColumns {
				names = append(names, key)
			}
		})
		switch {
		case bad != nil && rows == 0 && !whole:
			return nil, &Error{Code: CutOff, Line: at.Line}
		case bad != nil && rows == 0:
			return nil, &Error{Code: BadJSON, Line: at.Line}
		}
		rows++
	}
	return names, nil
}

// maxKeyRows is how many lines are searched for keys.
const maxKeyRows = 1000
