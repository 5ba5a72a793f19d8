package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// query is the query parameters of a call, and the problems found in them so far.
type query struct {
	values map[string]string
	// also are the further values of those parameters that can be repeated.
	also     map[string][]string
	problems access.Invalid
}

// queryOf returns the query of a call.
func queryOf(r *http.Request) *query { return callOf(r).query }

// readQuery reads the query parameters; those not in known are problems. It returns an error
// if the query can't be read.
func readQuery(r *http.Request, known []string) (*query, error) {
	pairs, err := parsePairs(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	q := &query{values: make(map[string]string, len(pairs)), also: map[string][]string{}}
	for _, p := range pairs {
		_, twice := q.values[p.key]
		switch {
		case twice && slices.Contains(repeatable, p.key):
			q.also[p.key] = append(q.also[p.key], p.value)
			continue
		case twice:
			return nil, repeated(p.key)
		}
		q.values[p.key] = p.value
		if !takes(known, p.key) {
			q.problems = append(q.problems, unknown(p.key))
		}
	}
	return q, nil
}

// repeatable are the parameters that can be given several times.
var repeatable = []string{"contact"}

// keyed are the parameters with a key of their own: map[Full name]=display_name.
var keyed = []string{"map"}

// takes reports whether a parameter is one of the known.
func takes(known []string, param string) bool {
	name, key, ofMap := strings.Cut(param, "[")
	if slices.Contains(keyed, name) {
		return ofMap && strings.HasSuffix(key, "]") && slices.Contains(known, name)
	}
	return slices.Contains(known, param)
}

// entries returns the values of a parameter with keys, by key.
func (q *query) entries(name string) map[string]string {
	entries := map[string]string{}
	for param, value := range q.values {
		if key, is := strings.CutPrefix(param, name+"["); is {
			entries[strings.TrimSuffix(key, "]")] = value
		}
	}
	return entries
}

func (q *query) invalid(key, message string, args ...any) {
	q.problems = append(q.problems, access.Problem{Field: key, Code: access.Bad, Message: fmt.Sprintf(message, args...)})
}

// check returns the problems as an error, or nil.
func (q *query) check() error {
	if len(q.problems) == 0 {
		return nil
	}
	return q.problems
}

// page returns which part of a list to return, with all problems of the query: call it last.
// inFuture reports whether an id can't have been given to anything yet.
func (q *query) page(inFuture func(id string) bool) db.Range {
	page := db.Range{
		After:  q.cursor("starting_after", inFuture),
		Before: q.cursor("ending_before", inFuture),
		Limit:  q.limit(),
		Whole:  true,
	}
	page.Problems = q.problems
	return page
}

func (q *query) limit() int {
	value, given := q.values["limit"]
	if !given {
		return db.DefaultLimit
	}
	limit, ok := integer(value)
	if !ok || limit < 1 || limit > db.MaxLimit {
		q.invalid("limit", "“limit” must be a whole number from 1 to %d.", db.MaxLimit)
		return db.DefaultLimit
	}
	return int(limit)
}

func (q *query) cursor(key string, inFuture func(id string) bool) db.Cursor {
	id, given := q.values[key]
	if given && (!text.ValidID(id) || inFuture(id)) {
		q.invalid(key, "“%s” must be the ID of an object from the list, and “%s” isn't one.", key, shorten(id))
	}
	return db.Cursor{ID: id}
}

// status returns the status that the parameter archived selects.
func (q *query) status() models.Status {
	value, given := q.values["archived"]
	switch {
	case !given:
		return models.AnyStatus
	case value == "true":
		return models.Archived
	case value == "false":
		return models.Active
	}
	q.invalid("archived", "“archived” must be true (archived groups only) or false (active groups only). Leave it out for all groups.")
	return models.AnyStatus
}
