package handlers

import (
	"net/http"

	"protocol.chat/console/handlers/export"
	"protocol.chat/console/handlers/stream"
)

// download is a file of rows that is sent while it is made. It must be discarded in the end.
type download struct {
	*export.Writer
	answer *stream.Answer
}

// download returns a file with a name, to which the time is added.
func (s *site) download(w http.ResponseWriter, r *http.Request, format export.Format, name string, columns []string) download {
	answer := s.attachment(w, r, format.MediaType, export.FileName(name, s.store.DB.Now(), format.Extension))
	return download{export.NewWriter(answer, format, columns), answer}
}

// finish ends the file, or returns the error that it came to if nothing was sent.
func (d download) finish(err error) error {
	if err == nil {
		err = d.Close()
	}
	return d.answer.End(err)
}

// attachment returns the answer that is a file.
func (s *site) attachment(w http.ResponseWriter, r *http.Request, mediaType, name string) *stream.Answer {
	return stream.NewAnswer(w, func(head http.Header) { stream.Attachment(head, mediaType, name) }, func(err error) {
		s.log.Warn("an export broke off", "request_id", requestID(r), "err", err)
	})
}

// objectFile is a file that is one JSON object.
type objectFile struct {
	*export.Object
	answer *stream.Answer
}

// object begins a file that is one JSON object; the rest is as in download and export.NewObject.
func (s *site) object(w http.ResponseWriter, r *http.Request, name string, columns []string, values []any, lists ...export.Part) (objectFile, error) {
	answer := s.attachment(w, r, "application/json", export.FileName(name, s.store.DB.Now(), "json"))
	o, err := export.NewObject(answer, columns, values, lists...)
	return objectFile{o, answer}, err
}

// finish is that of a download. The zero file has not begun.
func (o objectFile) finish(err error) error {
	if o.answer == nil {
		return err
	}
	if err == nil {
		err = o.Close()
	}
	return o.answer.End(err)
}
