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

// address reads the parameters of a page's address. What isn't valid is left out and noted, never an
// error.
type address struct {
	values url.Values
	notes  []string
	// pageSize is how many rows the reader's pages have if the address doesn't say.
	pageSize int
	// zone is the reader's time zone.
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

// one returns the parameter if it is one of the values, or "".
func (a *address) one(name string, values ...string) string {
	value := a.get(name)
	if value == "" || slices.Contains(values, value) {
		return value
	}
	a.note("“%s=%s” in the address isn't valid and was ignored.", name, clip(value))
	return ""
}

// search returns the parameter q, cut if it is too long.
func (a *address) search() string {
	q := strings.TrimFunc(strings.ToValidUTF8(a.get("q"), ""), unseen)
	if runes := []rune(q); len(runes) > models.MaxSearch {
		a.note("A search can be up to %d characters; the rest was ignored.", models.MaxSearch)
		return string(runes[:models.MaxSearch])
	}
	return q
}

// unseen reports whether a character at the end of a text is invisible.
func unseen(r rune) bool { return unicode.IsSpace(r) || text.StripInvisible(string(r)) == "" }

// pageSize returns how many rows the reader wants on a page.
func pageSize(r *http.Request) int {
	if v := signedInAs(r); v != nil {
		return v.user.Rows()
	}
	return identity.DefaultPageSize
}

// zone returns the reader's time zone.
func zone(r *http.Request) *time.Location {
	if v := signedInAs(r); v != nil {
		return v.user.Location()
	}
	return time.UTC
}

// limit returns the number of rows on a page that the address asks for, or 0 for the reader's own.
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

// page returns the range of a list's first page. A limit of 0 is the reader's own.
func (a *address) page(limit int) db.Range {
	return db.Range{Limit: cmp.Or(limit, a.pageSize)}
}

// cursors returns the cursors in the address, if they fit the list's order.
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

// place sets the part of a list of groups to show: the page after or before a cursor, the last
// one, or the one that begins where the parameter jump says.
func (a *address) place(q *models.GroupQuery) {
	q.After, q.Before = a.cursors(q.Fits)
	q.Last = a.one("last", "1") != ""
	jump := a.get("jump")
	given := 0
	for _, is := range []bool{!q.After.IsZero() || !q.Before.IsZero(), q.Last, jump != ""} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		q.After, q.Before, q.Last = db.Cursor{}, db.Cursor{}, false
		a.note("The address names two positions in the list, so this is the first page.")
	case jump != "":
		var ok bool
		if q.After, ok = q.CursorAt(jump, a.zone); !ok {
			q.After = db.Cursor{}
			a.note("“%s” isn't a place in this list, so this is the first page.", clip(jump))
		}
	}
}

// clip returns a value as a note quotes it.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "")
	if runes := []rune(s); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return s
}

// day returns a date in the address, and the start of the day so many days later in the reader's
// time zone.
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

// id returns a parameter that is an id, or "".
func (a *address) id(name string) string {
	value := text.Unquote(a.get(name))
	if value != "" && !text.ValidID(value) {
		a.note("“%s=%s” in the address isn't an ID and was ignored.", name, clip(value))
		return ""
	}
	return value
}

// action returns an action to filter activity by, or "".
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
