package api

import (
	"context"
	"net/http"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/text"
	"protocol.chat/console/models/webhooks"
)

// webhookCalls are the calls about webhooks and what is sent to them.
type webhookCalls struct{ *api }

// webhookObject is a webhook as the API shows it. Times are Unix seconds.
type webhookObject struct {
	ID     string         `json:"id"`
	Name   string         `json:"name"`
	URL    string         `json:"url"`
	Events []string       `json:"events"`
	State  webhooks.State `json:"state"`
	// Reason is why it was paused or disabled; null if it wasn't, or by a user.
	Reason *string `json:"reason"`
	// OldSecretUntil is until when the secret from before the last rotation signs too.
	OldSecretUntil *int64 `json:"old_secret_until"`
	CreatedAt      int64  `json:"created_at"`
	UpdatedAt      int64  `json:"updated_at"`
}

func webhookOf(w webhooks.Webhook) webhookObject {
	return webhookObject{
		ID: w.ID, Name: w.Name, URL: w.URL, Events: w.Events(), State: w.State, Reason: orNull(w.Reason),
		OldSecretUntil: w.OldUntil, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt,
	}
}

// secretWebhookObject is a webhook with its secret, as those see it who made the secret.
type secretWebhookObject struct {
	webhookObject
	Secret string `json:"secret"`
}

// deliveryObject is a delivery as the API shows it. Times are Unix seconds.
type deliveryObject struct {
	ID        string                 `json:"id"`
	WebhookID string                 `json:"webhook_id"`
	EventID   string                 `json:"event_id"`
	Type      events.Type            `json:"type"`
	ObjectID  *string                `json:"object_id"`
	RequestID *string                `json:"request_id"`
	Test      bool                   `json:"test"`
	State     webhooks.DeliveryState `json:"state"`
	Attempts  int                    `json:"attempts"`
	Status    *int                   `json:"status"`
	Error     *string                `json:"error"`
	Millis    *int64                 `json:"ms"`
	LastAt    *int64                 `json:"last_attempt_at"`
	NextAt    *int64                 `json:"next_attempt_at"`
	CreatedAt int64                  `json:"created_at"`
}

func deliveryOf(d webhooks.Delivery) deliveryObject {
	o := deliveryObject{
		ID: d.ID, WebhookID: d.WebhookID, EventID: d.EventID, Type: d.Type, ObjectID: &d.ObjectID, RequestID: orNull(d.RequestID),
		Test: d.Test(), State: d.State, Attempts: d.Attempts, Error: orNull(d.Error), LastAt: d.LastAt, NextAt: d.NextAt, CreatedAt: d.CreatedAt,
	}
	if d.Test() {
		o.ObjectID = nil
	}
	if d.LastAt != nil {
		o.Millis = &d.Millis
	}
	if d.Status != 0 {
		o.Status = &d.Status
	}
	return o
}

// deliveryDetailObject is a delivery with what was sent and answered.
type deliveryDetailObject struct {
	deliveryObject
	// Body is null if the event is not kept any more.
	Body     *string         `json:"body"`
	Requests []attemptObject `json:"requests"`
}

type attemptObject struct {
	At              int64   `json:"at"`
	Millis          int64   `json:"ms"`
	Status          *int    `json:"status"`
	Error           *string `json:"error"`
	RequestHeaders  string  `json:"request_headers"`
	ResponseHeaders string  `json:"response_headers"`
	ResponseBody    string  `json:"response_body"`
	Truncated       bool    `json:"truncated"`
}

func detailOf(d webhooks.Detail) deliveryDetailObject {
	return deliveryDetailObject{deliveryOf(d.Delivery), orNull(d.Body), each(d.Requests, func(a webhooks.Attempt) attemptObject {
		o := attemptObject{
			At: a.At, Millis: a.Millis, Error: orNull(a.Error), RequestHeaders: a.RequestHeaders, ResponseHeaders: a.ResponseHeaders,
			ResponseBody: a.ResponseBody, Truncated: a.Truncated,
		}
		if a.Status != 0 {
			o.Status = &a.Status
		}
		return o
	})}
}

func (a webhookCalls) list(r *http.Request, by access.Actor) (result, error) {
	found, more, err := a.Store.Webhooks.List(r.Context(), by, queryOf(r).page(a.inFuture(r)))
	return listed(found, more, webhookOf), err
}

func (a webhookCalls) show(r *http.Request, by access.Actor) (result, error) {
	w, err := a.Store.Webhooks.Webhook(r.Context(), by, r.PathValue("id"))
	return one(webhookOf(w)), err
}

// readWebhook reads what a new webhook gets or what to change about one.
func readWebhook(in *input) (c webhooks.Change) {
	c.Name, c.URL = in.text("name"), in.text("url")
	if state := in.text("state"); state != nil {
		c.State = new(webhooks.State(*state))
	}
	if list, given := in.list("events"); given {
		names := []string{}
		for _, value := range list {
			name, ok := value.(string)
			if !ok {
				in.invalid("events", "“events” must be a list of names, like group.* and contact.created.")
				break
			}
			names = append(names, name)
		}
		c.Events = &names
	}
	return c
}

// checked runs fn once the URL of a change was looked at, which takes requests that no
// transaction should wait for; on a dry run within a transaction that is rolled back.
func (a webhookCalls) checked(r *http.Request, c webhooks.Change, fn func(ctx context.Context) error) error {
	if len(c.Problems) == 0 {
		if err := a.Store.Webhooks.CheckURL(r.Context(), c); err != nil {
			return err
		}
	}
	if callOf(r).dryRun {
		return a.Store.DB.DryRun(r.Context(), fn)
	}
	return fn(r.Context())
}

func (a webhookCalls) create(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	c := readWebhook(in)
	in.setByServer("id", "secret", "reason", "old_secret_until", "created_at", "updated_at")
	c.Problems = in.check()
	var answer secretWebhookObject
	err = a.checked(r, c, func(ctx context.Context) error {
		w, secret, err := a.Store.Webhooks.Create(ctx, by, c, in.key)
		answer = secretWebhookObject{webhookOf(w), secret}
		return err
	})
	return created(answer, "/v1/webhooks/"+answer.ID, in.key), err
}

func (a webhookCalls) update(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err != nil {
		return result{}, err
	}
	id := r.PathValue("id")
	c := readWebhook(in)
	in.same("id", id)
	in.ignore("reason", "old_secret_until", "created_at", "updated_at")
	c.Problems, c.IfMatch = in.check(), ifMatch(r, webhookOf)
	var w webhooks.Webhook
	err = a.checked(r, c, func(ctx context.Context) (err error) {
		w, err = a.Store.Webhooks.Update(ctx, by, id, c)
		return err
	})
	return one(webhookOf(w)), err
}

func (a webhookCalls) delete(r *http.Request, by access.Actor) (result, error) {
	return nothing(), a.Store.Webhooks.Delete(r.Context(), by, r.PathValue("id"), ifMatch(r, webhookOf))
}

func (a webhookCalls) roll(r *http.Request, by access.Actor) (result, error) {
	in, err := readInput(r)
	if err == nil {
		err = in.check().OrNil()
	}
	if err != nil {
		return result{}, err
	}
	w, secret, err := a.Store.Webhooks.Roll(r.Context(), by, r.PathValue("id"), in.key)
	rolled := one(secretWebhookObject{webhookOf(w), secret})
	rolled.replayed = in.key.Replayed
	return rolled, err
}

func (a webhookCalls) test(r *http.Request, by access.Actor) (result, error) {
	var kind string
	d, key, err := onceAbout(a.api, r, by, func(in *input) { kind = in.plain("type") }, func(ctx context.Context, id string) (webhooks.Delivery, error) {
		return a.Store.Webhooks.Test(ctx, by, id, events.Type(kind))
	})
	a.Store.Webhooks.Wake() // what woke before the transaction ended found nothing
	return created(deliveryOf(d), "/v1/webhooks/"+d.WebhookID+"/deliveries/"+d.ID, key), err
}

// resentObject says how many deliveries are sent again.
type resentObject struct {
	Resent  int  `json:"resent"`
	HasMore bool `json:"has_more"`
}

func (a webhookCalls) resendFailed(r *http.Request, by access.Actor) (result, error) {
	var since time.Time
	read := func(in *input) {
		if at := in.moment("since"); at == nil || !at.Valid {
			in.missing("since", "“since” says from when on failed deliveries are sent again: Unix seconds or RFC 3339.")
		} else {
			since = time.Unix(at.V, 0)
		}
	}
	answer, key, err := onceAbout(a.api, r, by, read, func(ctx context.Context, id string) (o resentObject, err error) {
		o.Resent, o.HasMore, err = a.Store.Webhooks.ResendFailed(ctx, by, id, since)
		return o, err
	})
	a.Store.Webhooks.Wake()
	return result{status: http.StatusOK, body: answer, replayed: key.Replayed}, err
}

func (a webhookCalls) deliveries(r *http.Request, by access.Actor) (result, error) {
	q := queryOf(r)
	wanted := webhooks.DeliveryQuery{
		WebhookID: r.PathValue("id"), State: webhooks.DeliveryState(q.values["state"]), Type: events.Type(q.values["type"]),
		EventID: q.values["event_id"], ObjectID: q.values["object_id"], RequestID: q.values["request_id"],
	}
	for _, key := range []string{"event_id", "object_id"} {
		if id, given := q.values[key]; given && !text.ValidID(id) {
			q.invalid(key, "“%s” must be an ID, and “%s” isn't one.", key, shorten(id))
		}
	}
	wanted.Range = q.page(a.inFuture(r))
	page, err := a.Store.Webhooks.Deliveries(r.Context(), by, wanted)
	return listed(page.Deliveries, page.More, deliveryOf), err
}

func (a webhookCalls) delivery(r *http.Request, by access.Actor) (result, error) {
	d, err := a.Store.Webhooks.Delivery(r.Context(), by, r.PathValue("id"), r.PathValue("delivery_id"))
	return one(detailOf(d)), err
}

func (a webhookCalls) resend(r *http.Request, by access.Actor) (result, error) {
	d, key, err := once(a.api, r, by, func(ctx context.Context, id string) (webhooks.Delivery, error) {
		return a.Store.Webhooks.Resend(ctx, by, id, r.PathValue("delivery_id"))
	})
	a.Store.Webhooks.Wake()
	return result{status: http.StatusOK, body: deliveryOf(d), tagged: true, replayed: key.Replayed}, err
}
