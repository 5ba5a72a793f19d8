package handlers

import (
	"net/http"

	"protocol.chat/console/handlers/export"
)

// download is a file that is sent while it is made. Nothing is sent before the first row, so that
// what is refused gets a page.
type download struct {
	w       http.ResponseWriter
	columns []string
	format  export.Format
	name    string
	out     *export.Writer // nil until it is begun
}

// download returns the file of rows with a name, to which the time is added. It must be discarded
// in the end.
func (s *site) download(w http.ResponseWriter, format export.Format, name string, columns []string) *download {
	return &download{w: w, columns: columns, format: format, name: s.fileName(name, format.Extension)}
}

func (d *download) write(values ...any) error {
	d.begin()
	return d.out.Write(values...)
}

func (d *download) begin() {
	if d.out == nil {
		sendHead(d.w, d.format.MediaType, d.name)
		d.out = export.NewWriter(d.w, d.format, d.columns)
	}
}

func (d *download) discard() {
	if d.out != nil {
		d.out.Discard()
	}
}

// finish ends the file, or breaks the connection off if there was an error after its beginning.
func (s *site) finish(r *http.Request, d *download, err error) error {
	if err == nil {
		d.begin()
		err = d.out.Close()
	}
	return s.ended(r, d.out != nil, err)
}

// object begins a file that is one JSON object; the rest is as in download and export.NewObject.
func (s *site) object(w http.ResponseWriter, name string, columns []string, values []any, lists ...export.Part) (*export.Object, error) {
	sendHead(w, "application/json", s.fileName(name, "json"))
	return export.NewObject(w, columns, values, lists...)
}

// finishObject is finish for an object; o is nil if it was not begun.
func (s *site) finishObject(r *http.Request, o *export.Object, err error) error {
	if err == nil {
		err = o.Close()
	}
	return s.ended(r, o != nil, err)
}

// ended returns the error of a file, unless it has begun: then a page can't follow, and the
// connection is broken off so that the file doesn't pass for whole.
func (s *site) ended(r *http.Request, begun bool, err error) error {
	if err != nil && begun {
		s.log.Warn("an export broke off", "request_id", requestID(r), "err", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

func sendHead(w http.ResponseWriter, mediaType, fileName string) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+fileName+`"`)
}

// fileName returns the name of a file that is exported now.
func (s *site) fileName(name, extension string) string {
	return export.FileName(name, s.store.DB.Now(), extension)
}
