// Package api is the JSON API under /v1, a sibling of the pages over the same
// store.
//
// A handler reads the request, asks the store and returns what to answer; it
// writes nothing. All calls stand in one table (routes.go), with what each needs.
// The adapter around a handler (serve.go) checks the token and its rights, applies
// the limits, and turns errors into the one shape that errors have (errors.go).
// Bodies, JSON or form, become one input (input.go); objects get their keys and
// their ETag in render.go. openapi.yaml describes it all, and the tests hold it
// to that.
package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strings"

	"protocol.chat/console/models"
)

// Config is what the API needs from its surroundings.
type Config struct {
	Store *models.Store
	Log   *slog.Logger
	// PublicURL is where the console is reached, without a slash at its end.
	// Links to the documentation begin with it.
	PublicURL string
	// RateLimit is how many calls a token may make in a minute; 0 is any number.
	RateLimit int
	// RequestID is the id that the answer carries in Request-Id already.
	RequestID func(*http.Request) string
	// ClientIP is where a request comes from.
	ClientIP func(*http.Request) string
	// Limited counts the calls that rate limits refuse.
	Limited *Limited
}

type api struct {
	Config
	tokens  *buckets // of calls, by tokens
	guesses *guesses
}

// New returns the API. Every error is JSON, also for unknown paths and for
// requests that make it panic. It sets the limits of each call
// itself, and expects a request with neither a deadline nor a body that was read.
func New(c Config) http.Handler {
	a := &api{Config: c, tokens: newBuckets(c.RateLimit), guesses: newGuesses()}
	mux := http.NewServeMux()
	for _, rt := range a.table() {
		mux.Handle(rt.method+" "+rt.path, a.serve(&rt))
	}
	mux.Handle("/", a.refuse(mux))
	return a.guard(mux)
}

// guard keeps from the router what it would answer in its own way: paths that
// it would redirect to their clean form. It also turns panics into errors.
func (a *api) guard(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				a.Log.ErrorContext(r.Context(), "panic", "request_id", a.RequestID(r), "stack", string(debug.Stack()))
				a.fail(w, r, fmt.Errorf("panic: %v", p))
			}
		}()
		if escaped := r.URL.EscapedPath(); path.Clean(escaped) != escaped {
			a.fail(w, r, errNoRoute)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// refuse responds to requests that no route takes: there is no such path, or it has other
// methods.
func (a *api) refuse(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
			if _, pattern := mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host}); pattern != "/" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			a.fail(w, r, errNoRoute)
			return
		}
		a.fail(w, r, methodNotAllowed{strings.Join(allowed, ", ")})
	})
}
