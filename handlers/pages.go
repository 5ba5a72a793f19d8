package handlers

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// health tells that the program runs.
func (c *Console) health(w http.ResponseWriter, _ *http.Request) error { return plain(w, "ok\n") }

// ready tells that the program and its database can be worked with, or else why not in a
// word that is a models.Outage or "draining".
func (c *Console) ready(w http.ResponseWriter, r *http.Request) error {
	if c.draining.Load() {
		return c.unready(w, r, "draining", nil)
	}
	if err := c.store.DB.Ready(r.Context()); err != nil {
		return c.unready(w, r, cmp.Or(string(access.OutageOf(err)), "failed"), err)
	}
	return plain(w, "ready\n")
}

func (c *Console) unready(w http.ResponseWriter, r *http.Request, reason string, err error) error {
	c.log.Warn("not ready", "request_id", requestID(r), "reason", reason, "err", err)
	w.Header().Set("Retry-After", retryAfter)
	http.Error(w, "not ready: "+reason, http.StatusServiceUnavailable)
	return nil
}

// Drain has the console tell at /readyz that it is about to stop. Everything else goes on.
func (c *Console) Drain() { c.draining.Store(true) }

func plain(w http.ResponseWriter, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte(text))
	return err
}

// home is the list of groups.
func (c *Console) home(w http.ResponseWriter, r *http.Request) error {
	return redirect(w, r, views.GroupsURL(views.GroupsAt{}))
}

// errorDocs explains an error code of the API, to anybody.
func (c *Console) errorDocs(w http.ResponseWriter, r *http.Request) error {
	docs := api.ErrorDocs()
	i := slices.IndexFunc(docs, func(d api.ErrorDoc) bool { return d.Code == r.PathValue("code") })
	if i < 0 {
		return errNoPage
	}
	doc := views.ErrorDoc{Code: docs[i].Code, Status: docs[i].Status, Title: docs[i].Title, Text: docs[i].Text}
	for _, d := range docs {
		if d.Code != doc.Code {
			doc.Others = append(doc.Others, d.Code)
		}
	}
	return c.showDoc(w, r, views.Page{Title: doc.Code, Section: "API errors", Body: views.DocFrame(views.ErrorsTopic, views.ErrorDocPage(doc))})
}

// address reads the parameters of a page's address. What can't be used is left
// out and noted, never an error.
type address struct {
	values url.Values
	notes  []string
	// pageSize is how many rows the reader's pages have where the address doesn't say.
	pageSize int
	// zone is where the reader's days are.
	zone *time.Location
}

// readAddress reads the request's address; known are the parameters of the page.
func readAddress(r *http.Request, known ...string) *address {
	values, err := url.ParseQuery(r.URL.RawQuery)
	a := &address{values: values, pageSize: pageSize(r), zone: zone(r)}
	if err != nil {
		a.note("A part of the address can't be read and was ignored.")
	}
	var unknown []string
	for name := range values {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown[:min(len(unknown), 5)] {
		a.note("“%s” in the address means nothing here and was ignored.", clip(name))
	}
	return a
}

func (a *address) note(format string, args ...any) {
	for i, arg := range args {
		if s, ok := arg.(string); ok {
			args[i] = text.Isolated(s)
		}
	}
	if note := fmt.Sprintf(format, args...); !slices.Contains(a.notes, note) {
		a.notes = append(a.notes, note)
	}
}

func (a *address) get(name string) string { return a.values.Get(name) }

// one is the parameter if it is one of the values; the first stands for absence.
func (a *address) one(name string, values ...string) string {
	value := a.get(name)
	if value == "" || slices.Contains(values, value) {
		return value
	}
	a.note("“%s=%s” in the address is not known and was ignored.", name, clip(value))
	return ""
}

// search is the parameter q, cut where it is too long.
func (a *address) search() string {
	q := strings.TrimFunc(strings.ToValidUTF8(a.get("q"), ""), unseen)
	if runes := []rune(q); len(runes) > models.MaxSearch {
		a.note("A search can have at most %d characters; the rest was left out.", models.MaxSearch)
		return string(runes[:models.MaxSearch])
	}
	return q
}

// unseen reports whether nothing is to be seen of a character at the end of a text.
func unseen(r rune) bool { return unicode.IsSpace(r) || text.StripInvisible(string(r)) == "" }

// pageSize is how many rows the reader wants on a page.
func pageSize(r *http.Request) int {
	if v := visitOf(r); v != nil {
		return v.user.Rows()
	}
	return identity.DefaultPageSize
}

// zone is the zone that the reader sees times in.
func zone(r *http.Request) *time.Location {
	if v := visitOf(r); v != nil {
		return v.user.Location()
	}
	return time.UTC
}

// limit is the number of rows on a page that the address asks for; 0 is as many as the
// reader has on every page.
func (a *address) limit() int {
	n, err := strconv.Atoi(a.get("limit"))
	if a.get("limit") != "" && (err != nil || n < 1 || n > db.MaxLimit) {
		a.note("A page has 1 to %d rows.", db.MaxLimit)
		n = 0
	}
	if n == a.pageSize {
		return 0
	}
	return n
}

// page is the first page of a list, with as many rows as limit says.
func (a *address) page(limit int) db.Range {
	return db.Range{Limit: cmp.Or(limit, a.pageSize)}
}

// cursors are the places before and after the page, in an order that they fit.
func (a *address) cursors(fits func(db.Cursor) bool) (after, before db.Cursor) {
	read := func(name string) db.Cursor {
		if a.get(name) == "" {
			return db.Cursor{}
		}
		cursor, ok := db.ParseCursor(a.get(name))
		if ok && fits(cursor) {
			return cursor
		}
		a.note("That place in the list could not be read, so this is its first page.")
		return db.Cursor{}
	}
	after, before = read("after"), read("before")
	if !after.IsZero() && !before.IsZero() {
		a.note("The address names two places in the list; the first page is shown.")
		return db.Cursor{}, db.Cursor{}
	}
	return after, before
}

// clip is a value as a note repeats it.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "")
	if runes := []rune(s); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return s
}

// problems takes what is wrong with a form out of an error; it is false where the
// error is another one.
func problems(err error) (access.Invalid, bool) {
	var invalid access.Invalid
	ok := errors.As(err, &invalid)
	return invalid, ok
}
