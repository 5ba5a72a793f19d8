package stream

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Feed is an answer of server-sent events, which stays open.
type Feed struct {
	w       io.Writer
	control *http.ResponseController
}

// NewFeed begins a feed. retry is how long the browser waits before it opens another one after
// this has ended.
func NewFeed(w http.ResponseWriter, retry time.Duration) (*Feed, error) {
	head := w.Header()
	head.Set("Content-Type", "text/event-stream; charset=utf-8")
	head.Set("Cache-Control", "no-store, no-transform")
	head.Set("X-Accel-Buffering", "no") // nginx would keep events until it has many
	f := &Feed{w, http.NewResponseController(w)}
	_ = f.control.SetReadDeadline(time.Time{}) // the server's own is for the request
	return f, f.send("retry: %d\n\n", retry.Milliseconds())
}

// Send sends an event. A browser that opens the feed again sends the id of the last one.
func (f *Feed) Send(id int64, event any) error {
	data, err := json.Marshal(event)
	if err != nil {
		return err
	}
	return f.send("id: %d\ndata: %s\n\n", id, data)
}

// Beat keeps what is in between from closing a connection on which nothing is sent, and finds
// out whether the client has gone.
func (f *Feed) Beat() error { return f.send(":\n\n") }

func (f *Feed) send(format string, args ...any) error {
	_ = f.control.SetWriteDeadline(time.Now().Add(Stall)) // as in Answer.Write
	if _, err := fmt.Fprintf(f.w, format, args...); err != nil {
		return err
	}
	return f.control.Flush()
}
