package main

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

type server struct {
	db     database
	origin string
	totals totals
}

func newServer(db database, origin string) http.Handler {
	s := &server{db: db, origin: origin}
	mux := http.NewServeMux()
	route := func(pattern string, handle func(*http.Request, *buffer) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, handle) })
	}
	route("GET /v1/groups", s.listGroups)
	route("POST /v1/groups", s.createGroup)
	route("GET /v1/groups/{id}", s.readGroup)
	route("PUT /v1/groups/{id}", s.updateGroup)
	route("GET /groups", s.groupsPage)
	route("GET /groups/{id}", s.groupPage)
	route("GET /groups/{id}/members", s.membersPage)
	route("GET /contacts", s.contactsPage)
	route("GET /contacts/pick", s.pick)
	route("GET /healthz", func(_ *http.Request, b *buffer) error { b.out = append(b.out, "ok\n"...); return nil })
	return mux
}

// buffer assembles a response. It is reused.
type buffer struct {
	out     []byte
	scratch []byte // values of holes: see page.go
	kind    string
	status  int
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

const (
	jsonType = "application/json"
	htmlType = "text/html; charset=utf-8"
)

func (s *server) answer(w http.ResponseWriter, r *http.Request, handle func(*http.Request, *buffer) error) {
	b := buffers.Get().(*buffer)
	defer buffers.Put(b)
	b.out, b.scratch, b.kind, b.status = b.out[:0], b.scratch[:0], htmlType, http.StatusOK
	if err := handle(r, b); err != nil {
		status := http.StatusInternalServerError
		if errors.Is(err, errNotFound) {
			status = http.StatusNotFound
		}
		http.Error(w, err.Error(), status)
		return
	}
	head := w.Header()
	head["Content-Type"] = []string{b.kind}
	head["Content-Length"] = []string{strconv.Itoa(len(b.out))}
	w.WriteHeader(b.status)
	_, _ = w.Write(b.out)
}

func (s *server) listGroups(r *http.Request, b *buffer) error {
	values := r.URL.Query()
	q := readGroupQuery(values, 10)
	q.withContacts = true
	switch values.Get("archived") {
	case "true":
		q.status = "archived"
	case "false":
		q.status = "active"
	}
	groups, err := s.db.groups(r.Context(), q)
	if err != nil {
		return err
	}
	b.kind, b.out = jsonType, appendGroups(b.out, groups[:min(len(groups), q.limit)], len(groups) > q.limit)
	return nil
}

func (s *server) readGroup(r *http.Request, b *buffer) error {
	g, err := s.db.group(r.Context(), r.PathValue("id"))
	return b.one(&g, err)
}

func (b *buffer) one(g *group, err error) error {
	b.kind, b.out = jsonType, append(appendGroup(b.out, g), '\n')
	return err
}

func (s *server) createGroup(r *http.Request, b *buffer) error {
	c, err := readChange(r)
	if err != nil {
		return err
	}
	g, err := s.db.create(r.Context(), c)
	b.status = http.StatusCreated
	return b.one(&g, err)
}

func (s *server) updateGroup(r *http.Request, b *buffer) error {
	c, err := readChange(r)
	if err != nil {
		return err
	}
	g, err := s.db.update(r.Context(), r.PathValue("id"), c)
	return b.one(&g, err)
}

func readChange(r *http.Request) (change, error) {
	err := r.ParseForm()
	return change{name: strings.TrimSpace(r.PostForm.Get("name")), contacts: r.PostForm["contacts[]"]}, err
}

// totals caches the lengths of whole lists for a second: a hand-written program would not
// count ten thousand rows for each page either.
type totals struct {
	mu    sync.Mutex
	known map[string]total
}

type total struct {
	n  int
	at time.Time
}

func (t *totals) get(key string, count func() (int, error)) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.known[key]; ok && time.Since(known.at) < time.Second {
		return known.n, nil
	}
	n, err := count()
	if t.known == nil {
		t.known = map[string]total{}
	}
	t.known[key] = total{n, time.Now()}
	return n, err
}

// link returns a path with its parameters, given as names and values in turn; empty
// ones are left out.
func link(path string, parameters ...string) string {
	separator := "?"
	for i := 0; i < len(parameters); i += 2 {
		if parameters[i+1] != "" {
			path += separator + parameters[i] + "=" + url.QueryEscape(parameters[i+1])
			separator = "&"
		}
	}
	return path
}
