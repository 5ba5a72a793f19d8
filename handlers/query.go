package handlers

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

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
		a.note("Part of the address couldn't be read and was ignored.")
	}
	var unknown []string
	for name := range values {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown[:min(len(unknown), 5)] {
		a.note("“%s” in the address isn't used here and was ignored.", clip(name))
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
	a.note("“%s=%s” in the address isn't valid and was ignored.", name, clip(value))
	return ""
}

// search is the parameter q, cut where it is too long.
func (a *address) search() string {
	q := strings.TrimFunc(strings.ToValidUTF8(a.get("q"), ""), unseen)
	if runes := []rune(q); len(runes) > models.MaxSearch {
		a.note("A search can be up to %d characters; the rest was ignored.", models.MaxSearch)
		return string(runes[:models.MaxSearch])
	}
	return q
}

// unseen reports whether nothing is to be seen of a character at the end of a text.
func unseen(r rune) bool { return unicode.IsSpace(r) || text.StripInvisible(string(r)) == "" }

// pageSize is how many rows the reader wants on a page.
func pageSize(r *http.Request) int {
	if v := signedInAs(r); v != nil {
		return v.user.Rows()
	}
	return identity.DefaultPageSize
}

// zone is the zone that the reader sees times in.
func zone(r *http.Request) *time.Location {
	if v := signedInAs(r); v != nil {
		return v.user.Location()
	}
	return time.UTC
}

// limit is the number of rows on a page that the address asks for; 0 is as many as the
// reader has on every page.
func (a *address) limit() int {
	n, err := strconv.Atoi(a.get("limit"))
	if a.get("limit") != "" && (err != nil || n < 1 || n > db.MaxLimit) {
		a.note("A page can have 1 to %d rows.", db.MaxLimit)
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
		a.note("That position in the list couldn't be read, so this is the first page.")
		return db.Cursor{}
	}
	after, before = read("after"), read("before")
	if !after.IsZero() && !before.IsZero() {
		a.note("The address names two positions in the list, so this is the first page.")
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

// day is a day in the address, and the moment that begins the day so many later where the
// reader is.
func (a *address) day(name string, later int) (string, time.Time) {
	value := a.get(name)
	if value == "" {
		return "", time.Time{}
	}
	day, err := time.Parse(time.DateOnly, value)
	if err != nil || day.Year() < 1970 || day.Year() > 9998 {
		a.note("“%s=%s” in the address isn't a date like 2026-01-31 and was ignored.", name, clip(value))
		return "", time.Time{}
	}
	return value, text.StartOfDay(day.AddDate(0, 0, later), a.zone)
}

// id is a parameter that is an id, or "".
func (a *address) id(name string) string {
	value := text.Unquote(a.get(name))
	if value != "" && !text.ValidID(value) {
		a.note("“%s=%s” in the address isn't an ID and was ignored.", name, clip(value))
		return ""
	}
	return value
}

// action is what activity can be narrowed to, or "".
func (a *address) action() string {
	value := a.get("action")
	if value != "" && !views.KnownAction(value) {
		a.note("“action=%s” in the address isn't valid and was ignored.", clip(value))
		return ""
	}
	return value
}

func (a *address) matching(name string, form *regexp.Regexp) string {
	value := text.Unquote(a.get(name))
	if value != "" && !form.MatchString(value) {
		a.note("“%s=%s” in the address isn't valid and was ignored.", name, clip(value))
		return ""
	}
	return value
}
