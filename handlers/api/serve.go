package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"protocol.chat/console/handlers/stream"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
)

// call is what the adapter knows of a request: its route, and what it has read of it.
type call struct {
	route *route
	query *query
	body  []byte
	// dryRun says that the call must change nothing.
	dryRun bool
}

type callKey struct{}

// callOf returns the call that a request makes; one without a route if it is not in the table.
func callOf(r *http.Request) *call {
	if c, ok := r.Context().Value(callKey{}).(*call); ok {
		return c
	}
	return &call{route: &route{}}
}

// serve is the adapter from a route to net/http. Calls with a token are noted.
func (a *api) serve(rt *route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		answered := &statusWriter{ResponseWriter: w}
		r = r.WithContext(context.WithValue(r.Context(), callKey{}, &call{route: rt}))
		by, err := a.perform(answered, r, rt)
		if err != nil {
			a.fail(answered, r, err)
		}
		if by.ID != "" {
			a.Store.Identity.Tokens.RecordUse(identity.TokenRequest{
				TokenID: by.ID, Method: r.Method, Path: r.URL.EscapedPath(), Status: answered.status, MS: time.Since(start).Milliseconds(),
				IP: by.IP, RequestID: by.RequestID, Refused: errors.Is(err, identity.ErrForeignAddress),
			})
		}
	})
}

// perform checks a request, reads it and responds to it, unless there is an error. It returns who
// made it, if that is known.
func (a *api) perform(w http.ResponseWriter, r *http.Request, rt *route) (access.Actor, error) {
	by, err := a.caller(w, r, rt)
	if err == nil {
		err = readCall(w, r)
	}
	if err != nil {
		// A client that is still sending may not see an answer that comes before its body was read.
		_, _ = io.CopyN(io.Discard, r.Body, min(rt.maxBody(), usual.body))
		return by, err
	}
	if rt.limits.timeout != 0 { // the server's own deadline is for the usual one
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(rt.timeout() + stream.Stall))
	}
	ctx, cancel := context.WithTimeout(r.Context(), rt.timeout())
	defer cancel()
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		ctx = db.WithCaller(ctx, by.ID)
	}
	res, err := a.handle(w.Header(), r.WithContext(ctx), by)
	switch {
	case err != nil:
	case res.stream != nil:
		err = a.stream(w, r, res)
	default:
		err = answer(w, r, res)
	}
	return by, err
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController and http.MaxBytesReader find the real writer.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// caller returns who makes a call, by the token that the request carries. Who it is may be
// known also if there is an error. It is nobody on a route that is public.
func (a *api) caller(w http.ResponseWriter, r *http.Request, rt *route) (access.Actor, error) {
	if rt.right == public {
		return access.Actor{}, nil
	}
	by, err := a.bearer(r)
	if err != nil {
		return by, err
	}
	if err := a.countCall(w.Header(), by); err != nil {
		return by, err
	}
	if rt.right == anyToken {
		return by, nil
	}
	return by, by.Check(rt.right)
}

// bearer returns whose token the request carries. Who it is may be known also if there is an
// error.
func (a *api) bearer(r *http.Request) (access.Actor, error) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return access.Actor{}, errNoToken
	}
	secret = strings.TrimSpace(secret)
	if !identity.LooksLikeToken(secret) {
		return access.Actor{}, errBadToken
	}
	ip, now := a.ClientIP(r), a.Store.DB.Now()
	if err := a.guesses.check(ip, secret, now); err != nil {
		a.Limited.InvalidTokens.Add(1)
		return access.Actor{}, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), usual.timeout)
	defer cancel()
	by, err := a.Store.Identity.Tokens.TokenActor(ctx, secret, ip)
	if errors.Is(err, access.ErrNotFound) {
		a.guesses.addInvalid(ip, now)
		return by, errBadToken
	}
	if err == nil {
		a.guesses.addValid(secret, now)
	}
	by.RequestID = a.RequestID(r)
	by.UserAgent = strings.ToValidUTF8(r.UserAgent(), "?")
	return by, err
}

// readCall reads the address and the body of a request, as far as its route takes them.
func readCall(w http.ResponseWriter, r *http.Request) (err error) {
	c := callOf(r)
	if c.query, err = readQuery(r, c.route.params); err != nil {
		return err
	}
	if !c.route.body && c.route.params == nil { // its handler doesn't look at the query
		if err := c.query.check(); err != nil {
			return err
		}
	}
	for _, name := range []string{"id", "contact_id"} {
		if id := r.PathValue(name); id != "" && !text.ValidID(id) {
			return access.ErrNotFound
		}
	}
	if c.dryRun, err = dryRun(r); err != nil {
		return err
	}
	if c.route.upload {
		if r.ContentLength > c.route.maxBody() {
			return fileTooLarge(c.route.maxBody())
		}
		r.Body = stream.Upload(w, r, c.route.maxBody())
	}
	if c.route.body {
		c.body, err = readBody(w, r, c.route.maxBody())
	}
	return err
}

// inFuture returns a function that reports whether an id can't have been given to anything yet.
func (a *api) inFuture(r *http.Request) func(id string) bool {
	return func(id string) bool { return a.Store.IDInFuture(r.Context(), id) }
}
