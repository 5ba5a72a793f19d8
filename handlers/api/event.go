package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/text"
)

// eventCalls are the calls about what has changed.
type eventCalls struct{ *api }

// list returns the feed, the oldest event first.
func (a eventCalls) list(r *http.Request, by access.Actor) (result, error) {
	q := queryOf(r)
	wanted := events.Query{ObjectID: q.values["object_id"], Limit: q.limit()}
	if id, given := q.values["object_id"]; given && !text.ValidID(id) {
		q.invalid("object_id", "“object_id” must be the ID of a group or contact, and “%s” isn't one.", shorten(id))
	}
	names := events.Patterns[:1]
	value, named := q.values["type"]
	if named {
		names = strings.Split(value, ",")
	}
	types, unknown := events.Matching(names)
	if unknown != "" || len(types) == 0 {
		q.invalid("type", "“%s” is no type of event. There are %s.", shorten(unknown), allTypes())
	}
	if id, given := q.values["starting_after"]; given {
		n, err := a.Store.Events.Number(r.Context(), id)
		switch {
		case errors.Is(err, access.ErrNotFound):
			q.invalid("starting_after", "There is no event with the ID “%s”: events are kept for 30 days.", shorten(id))
		case err != nil:
			return result{}, err
		}
		wanted.After = n
	}
	if err := q.check(); err != nil {
		return result{}, err
	}
	var err error
	if wanted.Types, err = readable(types, by, named); err != nil {
		return result{}, err
	}
	found, more, err := a.Store.Events.List(r.Context(), wanted)
	return listed(found, more, eventOf), err
}

// allTypes returns what can be asked for, for a message.
func allTypes() string {
	names := slices.Clone(events.Patterns)
	for _, t := range events.Types {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

// readable returns the types whose objects the actor may read. It returns Denied if they were
// named and the actor may not read one.
func readable(types []events.Type, by access.Actor, named bool) ([]events.Type, error) {
	rights := map[string]access.Right{"group": access.ReadGroups, "contact": access.ReadContacts, "message": access.ReadMessages}
	var denied error
	types = slices.DeleteFunc(types, func(t events.Type) bool {
		kind, _, _ := strings.Cut(string(t), ".")
		err := by.Check(rights[kind])
		if err != nil {
			denied = err
		}
		return err != nil
	})
	if named {
		return types, denied
	}
	return types, nil
}

// eventObject is an event as deliveries have it, with when it happened and which request made it.
type eventObject struct {
	ID        string          `json:"id"`
	Type      events.Type     `json:"type"`
	Payload   json.RawMessage `json:"payload"`
	CreatedAt int64           `json:"created_at"`
	// RequestID is null if no request made the change.
	RequestID *string `json:"request_id"`
}

func eventOf(e events.Event) eventObject {
	return eventObject{ID: e.ID, Type: e.Type, Payload: json.RawMessage(e.Payload), CreatedAt: e.CreatedAt, RequestID: text.OrNil(e.RequestID)}
}
