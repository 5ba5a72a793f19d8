package export

import (
	"bufio"
	"io"
	"strconv"
)

// Object writes a file with one JSON object: its fields, then lists of objects.
type Object struct {
	out *bufio.Writer
	// lists are those that are not begun, open is the one that is, if any.
	lists []Part
	open  Part
	rows  *jsonRows
}

// Part is a list of objects in an Object.
type Part struct {
	Name    string
	Columns []string
}

// NewObject returns an Object that begins with fields: a value for each column, as a Writer takes
// them. The lists follow in this order.
func NewObject(w io.Writer, columns []string, values []any, lists ...Part) (*Object, error) {
	o := &Object{out: bufio.NewWriterSize(w, 32<<10), lists: lists}
	return o, newJSONRows(o.out, columns, "", "").fields(values)
}

// Write writes an object of a list, which must not come before the list that was written to last.
func (o *Object) Write(list string, values ...any) error {
	for o.open.Name != list {
		if err := o.next(); err != nil {
			return err
		}
	}
	return o.rows.write(values)
}

// next ends the open list and begins the one after it.
func (o *Object) next() error {
	if err := o.end(); err != nil {
		return err
	}
	o.open, o.lists = o.lists[0], o.lists[1:]
	o.rows = newJSONRows(o.out, o.open.Columns, ",\n", "\n]")
	_, err := o.out.WriteString(",\n" + strconv.Quote(o.open.Name) + ":[\n")
	return err
}

func (o *Object) end() error {
	if o.rows == nil {
		return nil
	}
	return o.rows.close()
}

// Close ends the file. It does not close what the file is written to.
func (o *Object) Close() error {
	for len(o.lists) > 0 {
		if err := o.next(); err != nil {
			return err
		}
	}
	if err := o.end(); err != nil {
		return err
	}
	_, _ = o.out.WriteString("}\n")
	return o.out.Flush()
}
