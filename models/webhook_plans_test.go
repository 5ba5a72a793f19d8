package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/webhooks"
)

// fillDeliveries makes so many deliveries that a planner which has a choice chooses as for millions. They are
// of 5,000 groups, to two webhooks; some wait, some have failed.
func fillDeliveries(t *testing.T, store *models.Store, hooks ...webhooks.Webhook) {
	t.Helper()
	var ids []string
	for _, w := range hooks {
		ids = append(ids, "'"+w.ID+"'")
	}
	fillEvents(t, store, modelstest.Rounds(10_000, 50_000))
	carryOut(t, store,
		"UPDATE events SET number = position",
		"UPDATE event_head SET number = (SELECT max(number) FROM events)",
		`INSERT INTO webhook_deliveries (id, webhook_id, event_id, number, type, object_id, request_id, state, attempts, tries, created_at)
		SELECT CASE w.id WHEN `+ids[0]+` THEN '0Va' ELSE '0Vb' END || substr(e.id, 4), w.id, e.id, e.number, e.type, e.object_id, e.request_id,
			CASE WHEN e.number % 10 = 5 THEN 'pending' WHEN e.number % 100 = 7 THEN 'failed' ELSE 'delivered' END, 1, 1, e.created_at
		FROM events AS e JOIN webhooks AS w ON w.id IN (`+strings.Join(ids, ", ")+")",
		`UPDATE webhook_deliveries SET next_at = 1790000000 WHERE state = 'pending' AND number =
			(SELECT min(number) FROM webhook_deliveries AS f WHERE f.state = 'pending' AND f.webhook_id = webhook_deliveries.webhook_id AND f.object_id = webhook_deliveries.object_id)`,
		"ANALYZE")
}

func TestPlansOfWebhooksScanNoTable(t *testing.T) {
	modelstest.Slow(t)
	eachWithHooks(t, func(t *testing.T, store *models.Store, by access.Actor, _ func(time.Duration)) {
		rc := newReceiver(t)
		w, _ := newWebhook(t, store, by, rc.URL, "*")
		other, _ := newWebhook(t, store, by, rc.URL, "*")
		fillDeliveries(t, store, w, other)
		p := &planner{T: t, store: store}
		if err := store.DB.Watch(p.see); err != nil {
			t.Fatal(err)
		}
		store.DB.WatchTransactions(p.see)
		ctx := t.Context()
		for _, q := range []webhooks.DeliveryQuery{
			{},
			{WebhookID: w.ID},
			{State: webhooks.Pending},
			{State: webhooks.Failed},
			{State: webhooks.Delivered},
			{Type: events.ContactUpdated},
			{Type: events.GroupDeleted},
			{ObjectID: "0000000000010007"},
			{RequestID: "REQUEST7"},
			{EventID: "0Vb1000000000007"},
			{About: "REQUEST7"},
			{About: "0Vb1000000000007"},
		} {
			for _, part := range []db.Range{{}, {After: db.Cursor{ID: "0Va1000000025000"}}, {Before: db.Cursor{ID: "0Va1000000025000"}}} {
				q.Range = part
				// What few deliveries have is sorted as quickly as it is walked.
				few := q.ObjectID+q.RequestID+q.EventID+q.About != "" || q.Type == events.GroupDeleted
				for _, id := range []string{"", w.ID} {
					q.WebhookID = id
					p.plan(fmt.Sprintf("%+v", q), few, func() error { _, err := store.Webhooks.Deliveries(ctx, by, q); return err })
				}
			}
		}
		p.plan("hours", false, func() error { _, err := store.Webhooks.Hours(ctx, by); return err })
		p.plan("sweeping", false, func() error { return store.Webhooks.Sweep(ctx) })
		p.plan("relaying", true, func() error {
			modelstest.Group(t, store, by, "One")
			return store.RelayEvents(ctx)
		})
		rc.fail.Store(true)
		p.plan("sending to one that fails", false, func() error { return store.Webhooks.Run(ctx) })
		p.plan("sending again", true, func() error {
			_, _, err := store.Webhooks.ResendFailed(ctx, by, w.ID, time.Now().Add(-time.Hour))
			return err
		})
	})
}
