package models_test

import (
	"fmt"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
	"protocol.chat/console/models/webhooks"
)

func TestOldDeliveriesAreSwept(t *testing.T) {
	eachWithHooks(t, func(t *testing.T, store *models.Store, by access.Actor, _ func(time.Duration)) {
		rc := newReceiver(t)
		w, _ := newWebhook(t, store, by, rc.URL, "*")
		other, _ := newWebhook(t, store, by, rc.URL, "contact.*")
		for i, age := range []time.Duration{2 * webhooks.Kept, webhooks.Kept + time.Minute, webhooks.Kept - time.Hour} {
			deliveredEarlier(t, store, w, i+1, time.Now().Add(-age))
		}
		modelstest.Contact(t, store, by, "ada")
		modelstest.Group(t, store, by, "One")
		send(t, store)
		if err := store.Webhooks.Delete(t.Context(), by, other.ID, nil); err != nil {
			t.Fatal(err)
		}
		if err := store.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"events", "webhook_deliveries", "webhook_attempts"} {
			if got := modelstest.Value(t, store, "SELECT count(*) FROM "+table); got != "3" {
				t.Errorf("%s of %s are left, want the three of the last 30 days to the webhook that is left", got, table)
			}
		}
	})
}

// deliveredEarlier stores an event of a time, with its number, and that it was delivered then.
func deliveredEarlier(t *testing.T, store *models.Store, w webhooks.Webhook, number int, at time.Time) {
	t.Helper()
	id, unix := text.FirstID(at), at.Unix()
	for _, statement := range []string{
		fmt.Sprintf("INSERT INTO events (id, number, type, object_id, payload, created_at, request_id) VALUES ('%s', %d, 'group.updated', '%s', '{}', %d, '')", id, number, id, unix),
		fmt.Sprintf("UPDATE event_head SET number = %d", number),
		fmt.Sprintf("INSERT INTO webhook_deliveries (id, webhook_id, event_id, number, type, object_id, request_id, state, created_at) VALUES ('%s', '%s', '%s', %d, 'group.updated', '%s', '', 'delivered', %d)",
			id, w.ID, id, number, id, unix),
		fmt.Sprintf("INSERT INTO webhook_attempts (delivery_id, n, at, millis, status, error, request_headers, response_headers, response_body, truncated) VALUES ('%s', 1, %d, 3, 204, '', '', '', '', false)", id, unix),
	} {
		modelstest.Exec(t, store, statement)
	}
}
