package stream

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// timed is a writer of answers that remembers its deadlines.
type timed struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (w *timed) SetReadDeadline(at time.Time) error  { w.read = at; return nil }
func (w *timed) SetWriteDeadline(at time.Time) error { w.write = at; return nil }

func soon(at time.Time) bool { return time.Until(at) > Stall/2 && time.Until(at) <= Stall }

func TestUpload(t *testing.T) {
	w := &timed{ResponseRecorder: httptest.NewRecorder()}
	body := Upload(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("abcdef")), 4)
	got, err := io.ReadAll(body)
	tooLarge, ok := errors.AsType[*http.MaxBytesError](err)
	if !ok || tooLarge.Limit != 4 || string(got) != "abcd" || !soon(w.read) {
		t.Errorf("it reads %q with %v until %v", got, err, w.read)
	}
}

func TestAnswer(t *testing.T) {
	failed := errors.New("failed")
	for name, c := range map[string]struct {
		write       string
		err         error
		head        bool
		breaks      bool
		returnsFail bool
	}{
		"empty":           {head: true},
		"whole":           {write: "a file", head: true},
		"refused":         {err: failed, returnsFail: true},
		"broken in parts": {write: "half a", err: failed, head: true, breaks: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := &timed{ResponseRecorder: httptest.NewRecorder()}
			var broke error
			a := NewAnswer(w, func(head http.Header) { Attachment(head, "text/csv", "a.csv") }, func(err error) { broke = err })
			var aborted any
			var err error
			func() {
				defer func() { aborted = recover() }()
				if c.write != "" {
					_, _ = io.WriteString(a, c.write)
					if !soon(w.write) {
						t.Errorf("the client has until %v", w.write)
					}
				}
				err = a.End(c.err)
			}()
			if (aborted == http.ErrAbortHandler) != c.breaks || errors.Is(broke, failed) != c.breaks || errors.Is(err, failed) != c.returnsFail {
				t.Errorf("it ends with %v, broken by %v and %v", err, broke, aborted)
			}
			if got := w.Header().Get("Content-Disposition") != ""; got != c.head || w.Body.String() != c.write {
				t.Errorf("it sends %v, %q", w.Header(), w.Body)
			}
		})
	}
}
