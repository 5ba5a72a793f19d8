package handlers

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"protocol.chat/console/handlers/stream"
	"protocol.chat/console/models/db"
)

type infoKey struct{}

// requestInfo is what withRequest finds out about a request. device is what the browser keeps
// since somebody signed in with it.
type requestInfo struct {
	id, ip, device string
	route          *route
	// queries are added up for the log if the request is slow.
	queries db.QueryTimes
}

func infoOf(r *http.Request) *requestInfo {
	if info, ok := r.Context().Value(infoKey{}).(*requestInfo); ok {
		return info
	}
	return &requestInfo{route: nowhere}
}

// requestID returns the id under which a request is logged.
func requestID(r *http.Request) string { return infoOf(r).id }

// RequestID returns the id of the request that a context belongs to, or "".
func RequestID(ctx context.Context) string {
	if info, ok := ctx.Value(infoKey{}).(*requestInfo); ok {
		return info.id
	}
	return ""
}

// clientIP returns the address that the request came from: see clientAddress.
func clientIP(r *http.Request) string { return infoOf(r).ip }

// routeOf returns the route of a request, or nowhere.
func routeOf(r *http.Request) *route { return infoOf(r).route }

// withRequest gives every request its id, its route, its limits and its line in the log, and
// every answer the headers by which browsers protect people.
func (c *Console) withRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		info := &requestInfo{id: rand.Text()[:16], ip: clientAddress(r, c.proxies), device: c.cookies.first(r, deviceCookie), route: c.routes.of(r)}
		answer := &recorder{ResponseWriter: w}
		ctx := r.Context()
		if info.route != anyCall { // whose calls have limits of their own
			var cancel context.CancelFunc
			ctx, cancel = info.route.limits.apply(answer, r)
			defer cancel()
		}
		if c.slow > 0 {
			ctx = db.WithQueryTimes(ctx, &info.queries)
		}
		r = r.WithContext(context.WithValue(ctx, infoKey{}, info))
		c.protect(w.Header(), info.route)
		w.Header().Set("Request-Id", info.id)
		defer func() {
			fault := recover()
			if fault == http.ErrAbortHandler { // an answer that must not pass for whole
				defer panic(fault)
			} else if fault != nil {
				c.log.Error("panic", "request_id", info.id, "fault", fault, "stack", string(debug.Stack()))
				if answer.status == 0 {
					http.Error(answer, "Something went wrong on our side. The request ID is "+info.id+".", http.StatusInternalServerError)
				}
			}
			took := time.Since(start)
			if c.observe != nil && !info.route.feed { // which is open for as long as its page
				c.observe(served(r, info.route, answer.status, took))
			}
			c.logRequest(r, info, answer.status, took)
		}()
		next.ServeHTTP(answer, r)
	})
}

// logRequest writes the line of a request: a warning with the times of its queries if it was slow,
// and for debugging alone if it only asked whether the program is well, which it is.
func (c *Console) logRequest(r *http.Request, info *requestInfo, status int, took time.Duration) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", c.routes.logged(r)), slog.Int("status", status),
		slog.Float64("ms", db.Milliseconds(took)), slog.String("ip", info.ip), slog.String("request_id", info.id),
	}
	switch {
	case c.slow > 0 && took >= c.slow && !info.route.feed:
		level, attrs = slog.LevelWarn, append(attrs, info.queries.Attrs()...)
	case info.route.probe && status < http.StatusBadRequest:
		level = slog.LevelDebug
	}
	c.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// served describes an answered request without what its sender can choose freely. The API's
// router has left its route in the request.
func served(r *http.Request, rt *route, status int, took time.Duration) Served {
	s := Served{Method: r.Method, Route: rt.path, Status: status, Took: took}
	if rt == anyCall {
		_, s.Route, _ = strings.Cut(r.Pattern, " ")
	}
	if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, s.Method) {
		s.Method = "other"
	}
	return s
}

// apply reads the request's body, unless its handler does, and then starts the clock of the context that it returns: a
// slow network is not a slow database.
func (l limits) apply(answer *recorder, r *http.Request) (context.Context, context.CancelFunc) {
	if l.upload {
		r.Body = stream.Upload(answer.ResponseWriter, r, l.body)
	} else {
		readBody(answer.ResponseWriter, r, cmp.Or(l.body, usual.body))
	}
	if l.timeout != 0 { // the server's own is for the usual ones
		_ = http.NewResponseController(answer).SetWriteDeadline(time.Now().Add(l.timeout + stream.Stall))
	}
	return context.WithTimeout(r.Context(), cmp.Or(l.timeout, usual.timeout))
}

// readBody reads the request's body into memory, as far as it may be that large. What stopped
// it is what reading the body returns later.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		err = io.EOF
	}
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(content), failingReader{err}))
}

// failingReader only fails.
type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Hijack gives the connection away, on which an answer follows that the recorder doesn't see.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err == nil && r.status == 0 {
		r.status = http.StatusOK
	}
	return conn, buffers, err
}

// Unwrap lets http.ResponseController find the real writer.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// protect sets the headers by which a browser refuses what no page of ours does:
// foreign scripts, styles, pictures, frames and openers. Styles, scripts and icons are no pages, and get
// only what concerns them.
func (c *Console) protect(h http.Header, rt *route) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if c.secure() {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if rt.serve != nil {
		return
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "+
		"require-trusted-types-for 'script'; trusted-types console") // the policy is in app.js
	h.Set("X-Frame-Options", "DENY") // frame-ancestors, for who doesn't know it
	// same-origin, because with no-referrer browsers send "Origin: null" with forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
}
