package handlers

import (
	"net/http"
	"regexp"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views"
)

// activityFilters are the parameters that filter a list of activity.
var activityFilters = []string{"who", "action", "object", "request", "from", "to", "q"}

// dropEmptyGuess returns the address of an empty list without the filter that was guessed from
// the search, if what was searched for is the id of nothing at all.
func (p activityPages) dropEmptyGuess(r *http.Request, a *address, at views.ActivityAt) (views.ActivityAt, error) {
	q := text.Unquote(a.get("q"))
	if q == "" || q != at.Object && q != at.Request {
		return at, nil
	}
	query := audit.ActivityQuery{Range: db.Range{Limit: 1}}
	if q == at.Object {
		query.Object, at.Object = q, ""
	} else {
		query.Request, at.Request = q, ""
	}
	found, err := p.store.Audit.Activity(r.Context(), query)
	if len(found.Lines) > 0 {
		at.Object, at.Request = query.Object, query.Request
		return at, err
	}
	at.Q = q
	return at, err
}

// requestName matches the id of a request. ownRequest matches those that the console makes: they
// look like ids of objects, but those begin with a 0 until the year 2081.
var (
	requestName = regexp.MustCompile(`^[!-~]{1,100}$`)
	ownRequest  = regexp.MustCompile(`^[A-Z2-7]{16}$`)
)

// readActivityAt reads the address of a list of activity, and returns the query for it.
func readActivityAt(a *address) (views.ActivityAt, audit.ActivityQuery) {
	at := views.ActivityAt{
		Who: a.id("who"), Object: a.id("object"), Action: a.action(),
		Request: a.matching("request", requestName), Limit: a.limit(),
	}
	switch q := text.Unquote(a.get("q")); {
	case q == "":
	case ownRequest.MatchString(q), requestName.MatchString(q) && !text.ValidID(q):
		at.Request = q
	case text.ValidID(q):
		at.Object = q
	default:
		at.Q = q
	}
	query := audit.ActivityQuery{Who: at.Who, Action: at.Action, Object: at.Object, Request: at.Request, Range: a.page(at.Limit)}
	at.From, query.From = a.day("from", 0)
	at.To, query.To = a.day("to", 1)
	if at.From != "" && at.To != "" && !query.From.Before(query.To) {
		a.note("The start date is after the end date.")
	}
	query.After, query.Before = a.cursors(func(cursor db.Cursor) bool { return cursor.Value == "" })
	at.After, at.Before = query.After.String(), query.Before.String()
	return at, query
}
