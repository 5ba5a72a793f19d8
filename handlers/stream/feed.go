package stream

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Feed is an answer of server-sent events, which stays open.
//
// A connection of HTTP/1.1 is taken from the server, whose stacks and buffers are most of what an
// open answer takes: 20 KB of 28.
type Feed struct {
	w       io.Writer
	control *http.ResponseController // nil if the connection was taken
	conn    net.Conn                 // nil if it wasn't
}

// NewFeed begins a feed. retry is how long the browser waits before it opens another one after
// this has ended.
func NewFeed(w http.ResponseWriter, retry time.Duration) (*Feed, error) {
	head := w.Header()
	head.Set("Content-Type", "text/event-stream; charset=utf-8")
	head.Set("Cache-Control", "no-store, no-transform")
	head.Set("X-Accel-Buffering", "no") // nginx would keep events until it has many
	f := &Feed{w: w, control: http.NewResponseController(w)}
	begin := ""
	if conn, _, err := f.control.Hijack(); err == nil {
		f.w, f.conn, f.control = conn, conn, nil
		begin = headOf(head)
	}
	f.deadline(net.Conn.SetReadDeadline, (*http.ResponseController).SetReadDeadline, time.Time{}) // the server's own is for the request
	err := f.send("%sretry: %d\n\n", begin, retry.Milliseconds())
	if err != nil && f.conn != nil {
		_ = f.conn.Close()
	}
	return f, err
}

// headOf returns the head of an answer whose end is that of its connection.
func headOf(head http.Header) string {
	head.Set("Connection", "close")
	head.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 200 OK\r\n")
	_ = head.Write(&b) // to memory
	b.WriteString("\r\n")
	return b.String()
}

// deadline sets a deadline of whichever has the connection. Not every writer has any: tests' don't.
func (f *Feed) deadline(conn func(net.Conn, time.Time) error, control func(*http.ResponseController, time.Time) error, at time.Time) {
	if f.conn != nil {
		_ = conn(f.conn, at)
	} else {
		_ = control(f.control, at)
	}
}

// Serve calls serve with a context that ends with the client, or after a time. If the connection was
// taken it returns at once. r is the feed's request.
func (f *Feed) Serve(r *http.Request, most time.Duration, serve func(context.Context)) {
	if f.conn == nil {
		ctx, cancel := context.WithTimeout(r.Context(), most)
		defer cancel()
		serve(ctx)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), most) // the request's ends with its handler
	go func() {
		defer cancel()
		_, _ = f.conn.Read(make([]byte, 1)) // nothing more is sent: the client has gone
	}()
	go func() {
		defer cancel()
		defer f.conn.Close()
		serve(ctx)
	}()
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
	f.deadline(net.Conn.SetWriteDeadline, (*http.ResponseController).SetWriteDeadline, time.Now().Add(Stall))
	if _, err := fmt.Fprintf(f.w, format, args...); err != nil || f.conn != nil {
		return err
	}
	return f.control.Flush()
}
