package export

import (
	"bufio"
	"io"
	"strconv"
)

// Object writes a file with one JSON object: fields, then lists of objects.
type Object struct {
	out  *bufio.Writer
	list *jsonRows // the one that was begun last, or nil
}

// NewObject returns an Object that begins with fields.
func NewObject(w io.Writer, columns []string, values ...any) (*Object, error) {
	o := &Object{out: bufio.NewWriterSize(w, 32<<10)}
	return o, newJSONRows(o.out, columns, "", "").fields(values)
}

// List begins a list of objects with these columns, after what was written before.
func (o *Object) List(name string, columns []string) error {
	if err := o.endList(); err != nil {
		return err
	}
	o.list = newJSONRows(o.out, columns, ",\n", "\n]")
	_, err := o.out.WriteString(",\n" + strconv.Quote(name) + ":[\n")
	return err
}

// Write writes an object of the list.
func (o *Object) Write(values ...any) error { return o.list.write(values) }

// Close ends the file. It does not close what the file is written to.
func (o *Object) Close() error {
	if err := o.endList(); err != nil {
		return err
	}
	_, _ = o.out.WriteString("}\n")
	return o.out.Flush()
}

func (o *Object) endList() error {
	if o.list == nil {
		return nil
	}
	return o.list.close()
}
