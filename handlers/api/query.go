package api

import (
	"fmt"
	"net/http"
	"slices"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// query is the parameters of an address, with what turned out wrong with them.
type query struct {
	values   map[string]string
	problems access.Invalid
}

// queryOf returns the query of a call, with what is wrong with it so far.
func queryOf(r *http.Request) *query { return callOf(r).query }

// readQuery reads the parameters of an address; those not in known are a problem. An error
// means that it can't be read.
func readQuery(r *http.Request, known []string) (*query, error) {
	pairs, err := parsePairs(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	q := &query{values: make(map[string]string, len(pairs))}
	for _, p := range pairs {
		if _, twice := q.values[p.key]; twice {
			return nil, repeated(p.key)
		}
		q.values[p.key] = p.value
		if !slices.Contains(known, p.key) {
			q.problems = append(q.problems, unknown(p.key))
		}
	}
	return q, nil
}

func (q *query) bad(key, message string, args ...any) {
	q.problems = append(q.problems, access.Problem{Field: key, Code: access.Bad, Message: fmt.Sprintf(message, args...)})
}

// check is what was wrong with the parameters that were asked for.
func (q *query) check() error {
	if len(q.problems) == 0 {
		return nil
	}
	return q.problems
}

// page is the part of a list that is wanted, and what is wrong with the query so far: call it
// last. inFuture tells ids that can't have been given yet.
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
		q.bad("limit", "“limit” must be a whole number from 1 to %d.", db.MaxLimit)
		return db.DefaultLimit
	}
	return int(limit)
}

func (q *query) cursor(key string, inFuture func(id string) bool) db.Cursor {
	id, given := q.values[key]
	if given && (!text.ValidID(id) || inFuture(id)) {
		q.bad(key, "“%s” must be the ID of an object from the list, and “%s” isn't one.", key, shorten(id))
	}
	return db.Cursor{ID: id}
}

// status is what archived asks for.
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
	q.bad("archived", "“archived” must be true (archived groups only) or false (active groups only). Leave it out for all groups.")
	return models.AnyStatus
}
