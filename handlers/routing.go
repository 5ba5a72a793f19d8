package handlers

import (
	"net/http"
	"net/url"
	"path"
	"strings"

	"protocol.chat/console/models/text"
)

// routeTable finds the routes of requests and addresses.
type routeTable struct {
	mux       *http.ServeMux
	rows      []*route
	byPattern map[string]*route
	secrets   []string // the parts of paths after which a secret stands
}

func newRouteTable() *routeTable {
	return &routeTable{mux: http.NewServeMux(), byPattern: map[string]*route{}}
}

// add adds a route, which the handler serves.
func (t *routeTable) add(rt *route, handler http.Handler) {
	t.rows = append(t.rows, rt)
	t.byPattern[rt.pattern()] = rt
	t.mux.Handle(rt.pattern(), handler)
	if before, _, secret := strings.Cut(rt.path, "{secret}"); secret {
		t.secrets = append(t.secrets, before)
	}
}

func (rt *route) pattern() string { return rt.method + " " + rt.path }

var (
	// nowhere stands for what is not in the table: an address where there is nothing, and a method
	// that an address doesn't have.
	nowhere = &route{right: anybody}
	// anyCall stands for all calls of the API, which has a table of its own.
	anyCall = &route{right: anybody}
)

// of returns the route of a request, or nowhere. A path that others could read as another
// one leads nowhere.
func (t *routeTable) of(r *http.Request) *route {
	if isAPI(r.URL.Path) {
		return anyCall
	}
	if r.URL.RawPath != "" || cleaned(r.URL.Path) != r.URL.Path {
		return nowhere
	}
	_, pattern := t.mux.Handler(r)
	if rt, ok := t.byPattern[pattern]; ok {
		return rt
	}
	return nowhere
}

// at returns the route by which an address is called with a method, or nowhere.
func (t *routeTable) at(method, address string) *route {
	at, err := url.Parse(address)
	if err != nil {
		return nowhere
	}
	return t.of(&http.Request{Method: method, URL: at})
}

// shows reports whether there is a page to go to at an address.
func (t *routeTable) shows(address string) bool { return t.at(http.MethodGet, address).handle != nil }

// id returns the id in a path of the route, or "".
func (rt *route) id(path string) string {
	names, values := strings.Split(rt.path, "/"), strings.Split(path, "/")
	for i, name := range names {
		if name == "{id}" && i < len(values) && text.ValidID(values[i]) {
			return values[i]
		}
	}
	return ""
}

// logged returns a request's path as the log shows it: without a secret, however the path is
// written.
func (t *routeTable) logged(r *http.Request) string {
	for _, before := range t.secrets {
		if strings.HasPrefix(cleaned(r.URL.Path), before) {
			return before + "…"
		}
	}
	return r.URL.Path
}

// dispatch serves a request by its route.
func (c *Console) dispatch(w http.ResponseWriter, r *http.Request) {
	if routeOf(r) == nowhere {
		c.serveNowhere(w, r)
		return
	}
	c.routes.mux.ServeHTTP(w, r)
}

// serveNowhere shows that there is nothing, or no such method. It redirects if a page was asked for
// with a slash after its address.
func (c *Console) serveNowhere(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawPath != "" || cleaned(r.URL.Path) != r.URL.Path {
		c.refuse(errNoPage).ServeHTTP(w, r)
		return
	}
	if to := c.withoutSlash(r); to != "" {
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, to, http.StatusPermanentRedirect)
		return
	}
	answer := &headerOnly{header: http.Header{}}
	c.routes.mux.ServeHTTP(answer, r)
	if answer.status != http.StatusMethodNotAllowed {
		c.refuse(errNoPage).ServeHTTP(w, r)
		return
	}
	c.refuse(wrongMethod{answer.header.Get("Allow")}).ServeHTTP(w, r)
}

// withoutSlash returns where a page is that was asked for with a slash after its address, or ""
// if there is none.
func (c *Console) withoutSlash(r *http.Request) string {
	path, slash := strings.CutSuffix(r.URL.Path, "/")
	to := *r.URL
	to.Path = path
	if !slash || c.routes.of(&http.Request{Method: http.MethodGet, URL: &to}) == nowhere || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return ""
	}
	return to.RequestURI()
}

// headerOnly takes an answer's status and headers, and drops its body.
type headerOnly struct {
	header http.Header
	status int
}

func (h *headerOnly) Header() http.Header         { return h.header }
func (h *headerOnly) Write(b []byte) (int, error) { return len(b), nil }
func (h *headerOnly) WriteHeader(status int)      { h.status = status }

// isAPI reports whether a path, however it is written, is the API's.
func isAPI(path string) bool {
	path = cleaned(path)
	return path == "/v1" || strings.HasPrefix(path, "/v1/")
}

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
