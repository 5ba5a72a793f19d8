// Package stream is for what is large, and for what stays open: bodies that are read while they
// arrive, answers that are sent while they are made, and pages that hear of changes (Hub, Feed).
// None is ever whole in memory, and a client that stalls is cut off.
package stream

import (
	"io"
	"net/http"
	"time"
)

// Stall is for how long a client may send nothing of a body, or take nothing of an answer.
const Stall = 15 * time.Second

// Upload returns the body of a request, of which up to limit bytes are read. A *http.MaxBytesError
// says that there are more.
func Upload(w http.ResponseWriter, r *http.Request, limit int64) io.ReadCloser {
	return upload{http.MaxBytesReader(w, r.Body, limit), http.NewResponseController(w)}
}

type upload struct {
	io.ReadCloser
	control *http.ResponseController
}

func (u upload) Read(p []byte) (int, error) {
	_ = u.control.SetReadDeadline(time.Now().Add(Stall)) // not every writer has deadlines: tests' have none
	return u.ReadCloser.Read(p)
}

// Answer is an answer that is sent while it is made. Its head is sent with its first byte, so that
// an error before that can be answered as any other.
type Answer struct {
	w     http.ResponseWriter
	head  func(http.Header)
	broke func(error)
	begun bool
}

// NewAnswer returns an Answer whose headers are those that head sets. broke gets the error of an
// answer that breaks off.
func NewAnswer(w http.ResponseWriter, head func(http.Header), broke func(error)) *Answer {
	return &Answer{w: w, head: head, broke: broke}
}

// Write sends the head, if that has not been done, and p.
func (a *Answer) Write(p []byte) (int, error) {
	a.begin()
	_ = http.NewResponseController(a.w).SetWriteDeadline(time.Now().Add(Stall))
	return a.w.Write(p)
}

func (a *Answer) begin() {
	if !a.begun {
		a.begun = true
		a.head(a.w.Header())
	}
}

// End ends the answer: err is what went wrong with it, if anything. It returns err if nothing has
// been sent. Otherwise an error breaks the connection off by a panic with http.ErrAbortHandler, so
// that what was sent doesn't pass for the whole.
func (a *Answer) End(err error) error {
	switch {
	case err == nil:
		a.begin()
	case a.begun:
		a.broke(err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// Attachment sets the headers of a file with a name of plain letters.
func Attachment(head http.Header, mediaType, name string) {
	head.Set("Content-Type", mediaType)
	head.Set("Content-Disposition", `attachment; filename="`+name+`"`)
}
