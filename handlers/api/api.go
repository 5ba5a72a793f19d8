// Package api is the JSON API under /v1, a sibling of the pages over the same
// store.
//
// A handler reads the request, asks the store and says what to answer; it
// writes nothing. The adapter around it (serve) asks who calls and whether they
// may, and turns errors into the one shape that errors have (fail). Bodies, JSON
// or form, become one input (input.go); objects get their keys and their ETag
// in render.go. openapi.yaml describes it all, and the tests hold it to that.
package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
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
}

type api struct {
	Config
	tokens  *limits // of calls, by tokens
	guesses *guesses
}

// handler answers one call. by is the zero Actor on routes that are public.
type handler func(r *http.Request, by access.Actor) (result, error)

// route is one call: who may make it, and the query parameters that it knows. A call
// that can change several things needs the right to see them here, and the store asks
// for the rights to what is changed.
type route struct {
	method, path string
	right        access.Right
	params       []string
	handle       handler
}

// public is the right that nobody needs.
const public access.Right = ""

// maxBody is how large a request's body can be, in bytes.
const maxBody = 1 << 20

func (a *api) routes() []route {
	page := []string{"limit", "starting_after", "ending_before"}
	search := append(slices.Clone(page), "q")
	groups := append(slices.Clone(search), "archived", "contact")
	return []route{
		{"GET", "/v1/groups", access.ReadGroups, groups, a.groups},
		{"POST", "/v1/groups", access.EditGroups, nil, a.createGroup},
		{"GET", "/v1/groups/{id}", access.ReadGroups, nil, a.group},
		{"PUT", "/v1/groups/{id}", access.ReadGroups, nil, a.updateGroup},
		{"DELETE", "/v1/groups/{id}", access.DeleteGroups, nil, a.deleteGroup},
		{"GET", "/v1/groups/{id}/contacts", access.ReadGroups, search, a.members},
		{"POST", "/v1/groups/{id}/contacts", access.EditMembers, nil, a.addMembers},
		{"DELETE", "/v1/groups/{id}/contacts/{contact_id}", access.EditMembers, nil, a.removeMember},
		{"GET", "/v1/contacts", access.ReadContacts, search, a.contacts},
		{"POST", "/v1/contacts", access.EditContacts, nil, a.createContact},
		{"GET", "/v1/contacts/{id}", access.ReadContacts, nil, a.contact},
		{"PUT", "/v1/contacts/{id}", access.EditContacts, nil, a.updateContact},
		{"DELETE", "/v1/contacts/{id}", access.DeleteContacts, nil, a.deleteContact},
		{"GET", "/v1/conversations/{id}/messages", access.ReadMessages, page, a.messages},
		{"POST", "/v1/conversations/{id}/messages", access.PostMessages, nil, a.postMessage},
		{"GET", "/v1/activity", access.ReadActivity, append(slices.Clone(page), "who", "action", "object", "request_id", "created_after", "created_before"), a.activity},
		{"GET", "/v1/activity/verify", access.ReadActivity, []string{"expect"}, a.verifyActivity},
		{"GET", "/v1/activity/{id}", access.ReadActivity, nil, a.activityLine},
		{"GET", "/v1/openapi.json", public, nil, openAPIJSON},
		{"GET", "/v1/openapi.yaml", public, nil, openAPIYAML},
	}
}

// New is the API. It answers whatever it is asked, in JSON, also under paths
// that it doesn't know and for requests that make it panic.
func New(c Config) http.Handler {
	a := &api{Config: c, tokens: newLimits(c.RateLimit), guesses: newGuesses()}
	mux := http.NewServeMux()
	paths := byPath(a.routes())
	for at, routes := range paths {
		for _, rt := range routes {
			mux.Handle(rt.method+" "+at, a.serve(rt))
		}
		// To the router, a path beside one that ends in {id} would be both more and less
		// special than that: wrong methods are left to the other, which has the same ones.
		if beside := path.Dir(at) + "/{id}"; beside == at || paths[beside] == nil {
			mux.Handle(at, a.refuse(methodNotAllowed{allowed(routes)}))
		}
	}
	mux.Handle("/", a.refuse(errNoRoute))
	return a.guard(mux)
}

func byPath(routes []route) map[string][]route {
	paths := map[string][]route{}
	for _, rt := range routes {
		paths[rt.path] = append(paths[rt.path], rt)
	}
	return paths
}

// allowed is the Allow header for a path. HEAD works where GET does.
func allowed(routes []route) string {
	var methods []string
	for _, rt := range routes {
		methods = append(methods, rt.method)
		if rt.method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	return strings.Join(methods, ", ")
}

// guard keeps from the router what it would answer in its own way: paths that
// it would redirect to their clean form. It also answers for panics.
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

// refuse answers every request with err.
func (a *api) refuse(err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.fail(w, r, err) })
}

// serve is the adapter from a route to net/http. Calls with a token are noted.
func (a *api) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		answered := &statusWriter{ResponseWriter: w}
		by, err := a.caller(answered, r, rt)
		var result result
		if err == nil {
			result, err = a.call(rt, r, by)
		}
		if err == nil {
			err = answer(answered, r, result)
		}
		if err != nil {
			a.fail(answered, r, err)
		}
		if by.ID != "" {
			a.Store.Identity.NoteUse(identity.TokenRequest{
				TokenID: by.ID, Method: r.Method, Path: r.URL.EscapedPath(), Status: answered.status, MS: time.Since(start).Milliseconds(),
				IP: by.IP, RequestID: by.RequestID, Refused: errors.Is(err, identity.ErrForeignAddress),
			})
		}
	})
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

// caller is who calls a route, by the token that the request carries, which may be known
// also where it is refused. Nobody is asked who they are on a route that is public.
func (a *api) caller(w http.ResponseWriter, r *http.Request, rt route) (access.Actor, error) {
	if rt.right == public {
		return access.Actor{}, nil
	}
	by, err := a.bearer(r)
	if err != nil {
		return by, err
	}
	if err := a.limit(w.Header(), by); err != nil {
		return by, err
	}
	return by, by.Check(rt.right)
}

// call asks what is asked of every route once it is known who calls: is the address well
// formed. Then it lets the route's handler answer.
func (a *api) call(rt route, r *http.Request, by access.Actor) (result, error) {
	q, err := readQuery(r, rt.params)
	if err != nil {
		return result{}, err
	}
	if !hasBody(r) && rt.params == nil { // its handler doesn't look at the query
		if err := q.check(); err != nil {
			return result{}, err
		}
	}
	for _, name := range []string{"id", "contact_id"} {
		if id := r.PathValue(name); id != "" && !text.ValidID(id) {
			return result{}, access.ErrNotFound
		}
	}
	return rt.handle(withQuery(r, q), by)
}

func hasBody(r *http.Request) bool { return r.Method == http.MethodPost || r.Method == http.MethodPut }

// inFuture tells ids that can't have been given to anything yet.
func (a *api) inFuture(r *http.Request) func(id string) bool {
	return func(id string) bool { return a.Store.IDInFuture(r.Context(), id) }
}

// bearer is who calls, by the token that the request carries. Who it is may be known also
// where it is an error.
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
	if err := a.guesses.admit(ip, secret, now); err != nil {
		return access.Actor{}, err
	}
	by, err := a.Store.Identity.TokenActor(r.Context(), secret, ip)
	if errors.Is(err, access.ErrNotFound) {
		a.guesses.wrong(ip, now)
		return by, errBadToken
	}
	if err == nil {
		a.guesses.right(secret, now)
	}
	by.RequestID = a.RequestID(r)
	by.UserAgent = strings.ToValidUTF8(r.UserAgent(), "?")
	return by, err
}
