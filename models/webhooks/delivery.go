package webhooks

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/text"
)

// DeliveryState says what became of a delivery.
type DeliveryState string

// The states of deliveries. A pending one was not sent yet, or is tried again.
const (
	Pending   DeliveryState = "pending"
	Delivered DeliveryState = "delivered"
	Failed    DeliveryState = "failed"
)

// DeliveryStates are all states.
var DeliveryStates = []DeliveryState{Pending, Delivered, Failed}

// Kept is how long deliveries are kept.
const Kept = events.Kept

// Delivery is an event for a webhook. Times are Unix seconds, nil if that didn't happen.
type Delivery struct {
	ID        string
	WebhookID string
	// EventID is the same in every delivery of the event and in all of their requests.
	EventID string
	// Number is that of the event; 0 for a test.
	Number int64
	Type   events.Type
	// ObjectID is what the event is about: a group or a contact.
	ObjectID string
	// RequestID is the request that made the change; "" if none did.
	RequestID string
	// Payload is nil unless the delivery is a test.
	Payload *string
	State   DeliveryState
	// Attempts are all requests that sent it, Tries those since it was last started, at
	// FirstAt.
	Attempts, Tries         int
	FirstAt, LastAt, NextAt *int64
	// Status, Error and Millis are of the last request: the HTTP status, 0 if there was no
	// answer; Refused to BadResponse, "" if it was accepted; and how long it took.
	Status    int
	Error     string
	Millis    int64
	CreatedAt int64

	// WebhookName is the name of the webhook, if it was read.
	WebhookName string `gorm:"->;-:migration"`
}

// TableName returns GORM's table for deliveries.
func (Delivery) TableName() string { return "webhook_deliveries" }

// Test reports whether the delivery is a test, of an event that didn't happen.
func (d Delivery) Test() bool { return d.Number == 0 }

// Attempt is a request that sent a delivery. At is in Unix seconds.
type Attempt struct {
	DeliveryID string
	N          int
	At, Millis int64
	Status     int
	Error      string
	// Headers are one a line. The body of the answer is cut to 8 KB, which Truncated says.
	RequestHeaders, ResponseHeaders string
	ResponseBody                    string
	Truncated                       bool
}

// TableName returns GORM's table for attempts.
func (Attempt) TableName() string { return "webhook_attempts" }

// Detail is a delivery with all that is known of it.
type Detail struct {
	Delivery
	// Body is what is sent; "" if the event is not kept any more.
	Body string
	// Requests are the latest requests, the newest first.
	Requests []Attempt
}

// maxAttemptsShown is how many requests a Detail has at most.
const maxAttemptsShown = 50

// DeliveryQuery selects deliveries; an empty field selects all.
type DeliveryQuery struct {
	WebhookID                    string
	State                        DeliveryState
	Type                         events.Type
	EventID, ObjectID, RequestID string
	// About is the id of an event, an object or a request.
	About string
	db.Range
}

// DeliveryPage is a part of a list of deliveries. More reports whether the list continues.
type DeliveryPage struct {
	Deliveries []Delivery
	More       bool
}

const deliveryColumns = "d.id, d.webhook_id, d.event_id, d.number, d.type, d.object_id, d.request_id, d.payload, d.state, d.attempts, d.tries, " +
	"d.first_at, d.last_at, d.next_at, d.status, d.error, d.millis, d.created_at, coalesce(" + webhookName + ", '')"

// webhookName selects the name of a delivery's webhook, NULL if that was deleted. It isn't a join,
// because planners begin with the webhooks, which are few, and then sort all of their deliveries.
const webhookName = "(SELECT name FROM webhooks WHERE webhooks.id = d.webhook_id)"

func (d *Delivery) columns() []any {
	return []any{
		&d.ID, &d.WebhookID, &d.EventID, &d.Number, &d.Type, &d.ObjectID, &d.RequestID, &d.Payload, &d.State, &d.Attempts, &d.Tries,
		&d.FirstAt, &d.LastAt, &d.NextAt, &d.Status, &d.Error, &d.Millis, &d.CreatedAt, &d.WebhookName,
	}
}

// selectDeliveries selects the deliveries to a webhook; if its ID is "", those to all that there are.
func selectDeliveries(webhookID string) db.Selection {
	query := db.Selection{Columns: deliveryColumns, From: "webhook_deliveries AS d"}
	if webhookID != "" {
		query.Where("d.webhook_id = ?", webhookID)
	} else {
		query.Where(webhookName + " IS NOT NULL")
	}
	return query
}

// Deliveries returns a page of deliveries, the newest first. Errors: Denied, Invalid, ErrNotFound
// if there is no such webhook.
func (s *Store) Deliveries(ctx context.Context, by access.Actor, q DeliveryQuery) (DeliveryPage, error) {
	problems := q.Range.Check()
	if q.State != "" && !slices.Contains(DeliveryStates, q.State) {
		problems = problems.And(access.Refused("state", "The state must be pending, delivered or failed."))
	}
	if q.Type != "" && !slices.Contains(events.Types, q.Type) {
		problems = problems.And(access.Refused("type", "“%s” isn't the type of an event.", access.Clipped(string(q.Type))))
	}
	if err := cmp.Or(by.Check(access.Webhooks), problems.OrNil()); err != nil {
		return DeliveryPage{}, err
	}
	if q.WebhookID != "" {
		if _, err := s.Webhook(ctx, by, q.WebhookID); err != nil {
			return DeliveryPage{}, err
		}
	}
	query := selectDeliveries(q.WebhookID)
	if q.State != "" && q.State != Delivered {
		query.Where("d.state <> 'delivered'") // as the index says that has the others
	}
	for column, value := range map[string]string{"d.state": string(q.State), "d.type": string(q.Type)} {
		if value != "" {
			query.Where(column+" = ?", value)
		}
	}
	// Few rows have such an id. Selected on their own they are found by its index, not in the
	// order of the list.
	const with = "SELECT id FROM webhook_deliveries WHERE "
	for condition, value := range map[string]string{
		"event_id = ?": q.EventID, "object_id = ?": q.ObjectID, "request_id = ? AND request_id <> ''": q.RequestID,
	} {
		if value != "" {
			query.Where("d.id IN ("+with+condition+")", value)
		}
	}
	if q.About != "" {
		query.Where("d.id IN ("+with+"event_id = ? UNION "+with+"object_id = ? UNION "+with+"request_id = ? AND request_id <> '')", q.About, q.About, q.About)
	}
	order := db.IDKeyset("d")
	order.Desc = true
	found, more, err := db.Find(s.db.Read(ctx), query, order, q.Range, func(c db.Cursor) []any { return []any{c.ID} }, (*Delivery).columns)
	return DeliveryPage{found, more}, s.db.Failed(ctx, err)
}

// FailedCount counts the deliveries that failed for good, up to db.MaxCounted. Errors: Denied.
func (s *Store) FailedCount(ctx context.Context, by access.Actor) (db.Count, error) {
	if err := by.Check(access.Webhooks); err != nil {
		return db.Count{}, err
	}
	query := selectDeliveries("")
	query.Columns = ""
	query.Where("d.state <> 'delivered' AND d.state = ?", Failed)
	n, err := db.CountUpTo(s.db.Read(ctx), query, db.MaxCounted)
	return n, s.db.Failed(ctx, err)
}

// Delivery returns a delivery, with its requests; if webhookID isn't "", only one to that webhook. Errors: Denied, ErrNotFound.
func (s *Store) Delivery(ctx context.Context, by access.Actor, webhookID, id string) (Detail, error) {
	if err := by.Check(access.Webhooks); err != nil {
		return Detail{}, err
	}
	d, err := s.deliveryIn(s.db.Read(ctx), webhookID, id)
	if err != nil {
		return d, s.db.Failed(ctx, err)
	}
	err = s.db.ReaderFor(ctx).Where("delivery_id = ?", id).Order("n DESC").Limit(maxAttemptsShown).Find(&d.Requests).Error
	return d, s.db.Failed(ctx, err)
}

func (s *Store) deliveryIn(r db.Reader, webhookID, id string) (d Detail, err error) {
	if !text.ValidID(id) || webhookID != "" && !text.ValidID(webhookID) {
		return d, access.ErrNotFound
	}
	query := selectDeliveries(webhookID)
	query.Where("d.id = ?", id)
	query.Where(webhookName + " IS NOT NULL")
	query.Columns += ", coalesce(d.payload, (SELECT payload FROM events WHERE events.id = d.event_id), '')"
	var payload string
	d.Delivery, err = db.Take(r, query, func(d *Delivery) []any { return append(d.columns(), &payload) })
	if payload != "" {
		d.Body = string(body(d.EventID, string(d.Type), payload))
	}
	return d, err
}

var (
	errOff = access.Conflict{Message: "Nothing is sent to this webhook. Enable it first."}
	errOld = access.Conflict{Message: "This event is no longer kept, so it can't be sent again."}
	// errWaits is about a delivery of an object whose earlier event isn't delivered yet.
	errWaits = access.Conflict{Message: "An earlier event of the same object is sent first."}
)

// Resend sends a delivery once more, now. If that fails it is tried again as a new one is.
// Errors: Denied, ErrNotFound, Conflict if it can't be sent.
func (s *Store) Resend(ctx context.Context, by access.Actor, webhookID, id string) (Delivery, error) {
	var resent Delivery
	err := s.change(ctx, by, ResentDelivery, webhookID, func(tx *gorm.DB, line *audit.Line, w Webhook) error {
		d, err := s.deliveryIn(s.db.ReadIn(tx), webhookID, id)
		switch {
		case err != nil:
			return err
		case w.State != Enabled:
			return errOff
		case d.Body == "":
			return errOld
		case d.State == Pending && d.NextAt == nil:
			return errWaits
		}
		now := s.db.Now().Unix()
		again := map[string]any{"state": Pending, "next_at": now, "tries": 0, "first_at": nil}
		resent = d.Delivery
		resent.State, resent.NextAt, resent.Tries, resent.FirstAt = Pending, &now, 0, nil
		return cmp.Or(tx.Model(&Delivery{}).Where("id = ?", id).Updates(again).Error,
			line.SetChanges(map[string]audit.Change{"deliveries": {After: 1}, "event": {After: d.EventID}}))
	})
	s.Wake()
	return resent, err
}

// maxResent is how many deliveries ResendFailed sends again at most.
const maxResent = 10_000

// ResendFailed sends the failed deliveries again that were made since a time, and returns how many they
// are. More reports whether there are others, because they are too many for one call. Errors:
// Denied, ErrNotFound, Conflict if nothing is sent to the webhook.
func (s *Store) ResendFailed(ctx context.Context, by access.Actor, id string, since time.Time) (n int, more bool, err error) {
	err = s.change(ctx, by, ResentDelivery, id, func(tx *gorm.DB, line *audit.Line, w Webhook) error {
		if w.State != Enabled {
			return errOff
		}
		failed := db.SelectFrom("webhook_deliveries", "id", "webhook_id = ? AND state <> 'delivered' AND state = 'failed' AND id >= ?", id, text.FirstID(since))
		failed.Tail = " ORDER BY id LIMIT " + strconv.Itoa(maxResent)
		again := "UPDATE webhook_deliveries SET state = 'pending', next_at = NULL, tries = 0, first_at = NULL WHERE id IN (" + failed.SQL() + ") RETURNING object_id"
		objects, err := db.Collect(s.db.ReadIn(tx), again, false, failed.Args, db.OneColumn[string])
		if n, more = len(objects), len(objects) == maxResent; err != nil || n == 0 {
			return cmp.Or(err, audit.ErrNothing)
		}
		_, err = s.promote(tx, id, objects)
		return cmp.Or(err, line.SetChanges(map[string]audit.Change{"deliveries": {After: n}, "since": {After: since.UTC().Format(time.RFC3339)}}))
	})
	s.Wake()
	return n, more, err
}

// Test sends an event of a type that didn't happen, with an example for its payload. Errors:
// Denied, Invalid, ErrNotFound, Conflict if nothing is sent to the webhook.
func (s *Store) Test(ctx context.Context, by access.Actor, id string, kind events.Type) (Delivery, error) {
	var d Delivery
	err := s.change(ctx, by, TestedWebhook, id, func(tx *gorm.DB, line *audit.Line, w Webhook) error {
		if !slices.Contains(events.Types, kind) {
			return access.Refused("type", "Choose the type of an event, like group.created.")
		}
		if w.State != Enabled {
			return errOff
		}
		now := s.db.Now()
		event := s.db.IDs.Next(now, "")
		payload, err := s.Example(kind, now)
		if err != nil {
			return err
		}
		d = Delivery{
			ID: s.db.IDs.Next(now, ""), WebhookID: id, EventID: event, Type: kind, ObjectID: event, RequestID: by.RequestID,
			Payload: &payload, State: Pending, NextAt: new(now.Unix()), CreatedAt: now.Unix(),
		}
		return cmp.Or(insert(tx, []Delivery{d}), line.SetChanges(map[string]audit.Change{"event": {After: string(kind)}}))
	})
	s.Wake()
	return d, err
}
