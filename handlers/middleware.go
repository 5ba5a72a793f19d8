package handlers

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
)

const (
	// maxBody is how much of a request's body is read: far more than any form has.
	maxBody = 1 << 20
	// patience is how long a request may take until it is answered that the
	// database can't be reached.
	patience = 5 * time.Second
)

type markKey struct{}

// mark is what outermost finds out about a request. device is what the browser keeps since
// somebody signed in with it.
type mark struct{ id, ip, device string }

func markOf(r *http.Request) mark {
	m, _ := r.Context().Value(markKey{}).(mark)
	return m
}

// requestID is the id under which a request is logged.
func requestID(r *http.Request) string { return markOf(r).id }

// clientIP is the address that the request came from: see origin.
func clientIP(r *http.Request) string { return markOf(r).ip }

// outermost gives every request its id, its limits and its line in the log, and
// every answer the headers that browsers protect people by.
func (c *Console) outermost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, id := time.Now(), rand.Text()[:16]
		ctx := context.WithValue(r.Context(), markKey{}, mark{id, origin(r, c.proxies), c.cookies.first(r, deviceCookie)})
		if !isAPI(r.URL.Path) { // whose calls have limits of their own
			readBody(w, r) // before the clock runs: a slow network is not a slow database
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, patience)
			defer cancel()
		}
		r = r.WithContext(ctx)
		c.protect(w.Header())
		w.Header().Set("Request-Id", id)
		answer := &recorder{ResponseWriter: w}
		defer func() {
			fault := recover()
			if fault == http.ErrAbortHandler { // an answer that must not pass for whole
				defer panic(fault)
			} else if fault != nil {
				c.log.Error("panic", "request_id", id, "fault", fault, "stack", string(debug.Stack()))
				if answer.status == 0 {
					http.Error(answer, "Something went wrong on our side. The request was "+id+".", http.StatusInternalServerError)
				}
			}
			c.log.LogAttrs(r.Context(), slog.LevelInfo, "request",
				slog.String("method", r.Method), slog.String("path", loggedPath(r)), slog.Int("status", answer.status),
				slog.Int64("ms", time.Since(start).Milliseconds()), slog.String("ip", clientIP(r)), slog.String("request_id", id))
		}()
		next.ServeHTTP(answer, r)
	})
}

// loggedPath is a request's path as the log shows it: without the secret of an invitation.
func loggedPath(r *http.Request) string {
	if strings.HasPrefix(cleaned(r.URL.Path), invitePrefix) {
		return invitePrefix + "…"
	}
	return r.URL.Path
}

const invitePrefix = "/invite/"

// readBody reads the request's body into memory, up to maxBody. What stopped it is
// what reading the body answers later.
func readBody(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
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

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find the real writer.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// protect sets the headers by which a browser refuses what no page of ours does:
// foreign scripts, styles, pictures, frames and openers.
func (c *Console) protect(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "+
		"require-trusted-types-for 'script'; trusted-types console") // the policy is in app.js
	h.Set("X-Frame-Options", "DENY") // frame-ancestors, for who doesn't know it
	h.Set("X-Content-Type-Options", "nosniff")
	// same-origin, because with no-referrer browsers send "Origin: null" with forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	if c.secure() {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// compress compresses pages.
func (c *Console) compress(next http.Handler) http.Handler { return gzhttp.GzipHandler(next) }

// dispatch finds the route of a request, once its path is sure to mean the same
// to everybody who reads it.
func (c *Console) dispatch(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawPath != "" || cleaned(r.URL.Path) != r.URL.Path {
		c.page(func(http.ResponseWriter, *http.Request) error { return errNoPage }).ServeHTTP(w, r)
		return
	}
	handler, pattern := c.mux.Handler(r)
	if pattern != "" {
		c.mux.ServeHTTP(w, r)
		return
	}
	if to := c.withoutSlash(r); to != "" {
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, to, http.StatusPermanentRedirect)
		return
	}
	missing := &headerOnly{header: http.Header{}}
	handler.ServeHTTP(missing, r)
	c.page(func(w http.ResponseWriter, _ *http.Request) error {
		if missing.status != http.StatusMethodNotAllowed {
			return errNoPage
		}
		w.Header().Set("Allow", missing.header.Get("Allow"))
		return errWrongMethod
	}).ServeHTTP(w, r)
}

// withoutSlash returns where a page is that was asked for with a slash after its address, or ""
// if there is none.
func (c *Console) withoutSlash(r *http.Request) string {
	path, slash := strings.CutSuffix(r.URL.Path, "/")
	if !slash || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return ""
	}
	page := r.Clone(r.Context())
	page.URL.Path = path
	if _, pattern := c.mux.Handler(page); pattern == "" {
		return ""
	}
	return page.URL.RequestURI()
}

// headerOnly takes an answer's status and headers, and drops its body.
type headerOnly struct {
	header http.Header
	status int
}

func (h *headerOnly) Header() http.Header         { return h.header }
func (h *headerOnly) Write(b []byte) (int, error) { return len(b), nil }
func (h *headerOnly) WriteHeader(status int)      { h.status = status }

// cleaned is a path as its laxest reader could understand it: without empty or dotted parts,
// with slashes for backslashes and no NUL. Only what stays the same is sure to mean the same
// to everybody.
func cleaned(p string) string {
	p = strings.ReplaceAll(strings.ReplaceAll(p, `\`, "/"), "\x00", "")
	clean := path.Clean("/" + p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}
