// Package events is what other systems hear of: a feed of the changes of groups and contacts,
// and of messages.
//
// An event is stored in the transaction of its change (Log.Add), so that none is lost and
// none is invented. There it gets a position, while the object is locked: positions have the
// order of the changes of each object. What reads the feed by a cursor needs more: that no
// event ever appears before one that it has read. A transaction that takes long commits after
// others with higher positions, so Relay numbers events once they are committed, and numbers are
// what the feed is read by (List) and handed on by (Log.Deliver). Where many are added just before
// a commit, AddLast numbers them itself, while others that number wait.
package events

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/db"
)

// Type names what happened, as object.verb.
type Type string

// The types.
const (
	GroupCreated   Type = "group.created"
	GroupUpdated   Type = "group.updated"
	GroupDeleted   Type = "group.deleted"
	ContactCreated Type = "contact.created"
	ContactUpdated Type = "contact.updated"
	ContactDeleted Type = "contact.deleted"
	MessageCreated Type = "message.created"
	MessageDeleted Type = "message.deleted"
	// The details of an update, beside it. Only those get them who name them.
	GroupArchived       Type = "group.archived"
	GroupRestored       Type = "group.restored"
	GroupMembersAdded   Type = "group.members_added"
	GroupMembersRemoved Type = "group.members_removed"
)

// Types are all types: first those that patterns include, then Details.
var Types = slices.Concat([]Type{
	GroupCreated, GroupUpdated, GroupDeleted, ContactCreated, ContactUpdated, ContactDeleted, MessageCreated, MessageDeleted,
}, Details)

// Details are the types that no pattern includes.
var Details = []Type{GroupArchived, GroupRestored, GroupMembersAdded, GroupMembersRemoved}

// Patterns stand for several types.
var Patterns = []string{"*", "group.*", "contact.*", "message.*"}

// Matching returns the types that the names stand for, in the order of Types: a name is a type or
// one of Patterns. It returns the first name that is neither as unknown.
func Matching(names []string) (types []Type, unknown string) {
	wanted := map[Type]bool{}
	for _, name := range names {
		prefix, pattern := strings.CutSuffix(name, "*")
		switch {
		case slices.Contains(Types, Type(name)):
			wanted[Type(name)] = true
		case !slices.Contains(Patterns, name):
			return nil, name
		}
		for _, t := range Types {
			if pattern && strings.HasPrefix(string(t), prefix) && !slices.Contains(Details, t) {
				wanted[t] = true
			}
		}
	}
	for _, t := range Types {
		if wanted[t] {
			types = append(types, t)
		}
	}
	return types, ""
}

// Event is something that happened to an object. Payload is JSON: the object as the API shows
// it, after the change or as it last was.
type Event struct {
	ID   string
	Type Type
	// ObjectID is the group or contact that the event is about: of a message, the one whose
	// conversation it is in.
	ObjectID  string
	Payload   string
	CreatedAt int64
	// RequestID is the id of the request that made the change; "" if none did.
	RequestID string
	// Number is the place in the feed, from 1; 0 if the event has none yet.
	Number int64
}

const columns = "id, type, object_id, payload, created_at, request_id, coalesce(number, 0)"

func (e *Event) columns() []any {
	return []any{&e.ID, &e.Type, &e.ObjectID, &e.Payload, &e.CreatedAt, &e.RequestID, &e.Number}
}

// MaxPayload is how many bytes a payload has at most.
const MaxPayload = 255 << 10

// Kept is how long events are kept.
const Kept = 30 * 24 * time.Hour

// Log is the feed of a database. It is safe for concurrent use.
type Log struct {
	// Deliver, unless nil, hands newly numbered events on, in order and in the transaction that
	// numbers them: each event exactly once.
	Deliver func(tx *gorm.DB, numbered []Event) error

	db              *db.DB
	position        db.Current[struct{}, int64]
	woken, numbered chan struct{}
}

// New returns the feed of a database.
func New(d *db.DB) *Log {
	return &Log{db: d, woken: make(chan struct{}, 1), numbered: make(chan struct{}, 1)}
}

// Add stores events in the transaction of their change, and gives them ids. Call Wake once it
// is committed.
func (l *Log) Add(tx *gorm.DB, made []Event) error {
	for i := range made {
		e := &made[i]
		if len(e.Payload) > MaxPayload {
			return fmt.Errorf("the payload of %s %s has %d bytes", e.Type, e.ObjectID, len(e.Payload))
		}
		e.ID = l.db.IDs.Next(time.Unix(e.CreatedAt, 0), "")
	}
	return l.insert(tx, made)
}

// insert stores events, all of which have a number or none has.
func (l *Log) insert(tx *gorm.DB, made []Event) error {
	i := db.Insert{Table: "events", Columns: strings.Split("id, type, object_id, payload, created_at, request_id", ", ")}
	numbered := len(made) > 0 && made[0].Number > 0
	if numbered {
		i.Columns = append(i.Columns, "number")
	}
	for _, e := range made {
		row := []any{e.ID, string(e.Type), e.ObjectID, e.Payload, e.CreatedAt, e.RequestID}
		if numbered {
			row = append(row, e.Number)
		}
		i.Rows = append(i.Rows, row)
	}
	return l.db.InsertLater(tx, i)
}

// Query selects events. Types is empty for those that the pattern * includes.
type Query struct {
	Types    []Type
	ObjectID string
	// After is the number of the event before the page.
	After int64
	Limit int
}

// List returns a page of the feed, the oldest first, and whether there are later ones.
func (l *Log) List(ctx context.Context, q Query) ([]Event, bool, error) {
	types := q.Types
	if len(types) == 0 {
		types, _ = Matching(Patterns[:1])
	}
	// One part for each type, read from the index in its order, however rare the type is.
	parts := make([]string, len(types))
	var args []any
	for i, t := range types {
		of := "type = ?"
		args = append(args, t)
		if q.ObjectID != "" {
			of = "object_id = ? AND " + of
			args = append(args[:len(args)-1], q.ObjectID, t)
		}
		parts[i] = fmt.Sprintf("SELECT * FROM (SELECT %s, number AS place FROM events WHERE %s AND number > ? ORDER BY number LIMIT %d) AS part%d", columns, of, q.Limit+1, i)
		args = append(args, q.After)
	}
	sql := fmt.Sprintf("SELECT %s FROM (%s) AS parts ORDER BY place LIMIT %d",
		strings.ReplaceAll(columns, "coalesce(number, 0)", "place"), strings.Join(parts, " UNION ALL "), q.Limit+1)
	found, err := db.Collect(l.db.Read(ctx), sql, false, args, (*Event).columns)
	if err != nil || len(found) <= q.Limit {
		return found, false, l.db.Failed(ctx, err)
	}
	return found[:q.Limit], true, nil
}

// Number returns the number of an event by its id. Errors: ErrNotFound, also for one that has
// been deleted or has none yet.
func (l *Log) Number(ctx context.Context, id string) (int64, error) {
	query := db.SelectFrom("events", "number", "id = ? AND number IS NOT NULL", id)
	n, err := db.Take(l.db.Read(ctx), query, db.OneColumn[int64])
	return n, l.db.Failed(ctx, err)
}

// Encode returns JSON as the API writes it: without escapes for HTML, in one line.
func Encode(object any) (string, error) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(object)
	return strings.TrimSuffix(b.String(), "\n"), err
}
