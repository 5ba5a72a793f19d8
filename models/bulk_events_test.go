package models_test

import (
	"slices"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/webhooks"
)

// bulkEvents returns how many events that whoever reads all gets and how many deliveries to
// webhooks a bulk change makes.
func bulkEvents(t *testing.T, store *models.Store, b models.BulkChange) (made, sent int) {
	t.Helper()
	count := func() (made, sent int) {
		for _, e := range feed(t, store, 0) {
			if !slices.Contains(events.Details, e.Type) {
				made++
			}
		}
		if err := store.DB.Reader.Raw("SELECT count(*) FROM webhook_deliveries").Scan(&sent).Error; err != nil {
			t.Fatal(err)
		}
		return made, sent
	}
	made, sent = count()
	job, err := store.BulkChanges.StartBulk(t.Context(), bulkTester, b, "")
	if err != nil {
		t.Fatal(err)
	}
	if job = finish(t, store, job); job.State != jobs.Done {
		t.Fatalf("the job is %+v", job)
	}
	madeNow, sentNow := count()
	return madeNow - made, sentNow - sent
}

// TestPreviewsTellHowManyEventsAreSent compares what the preview of each bulk change says with
// what the feed and webhooks get of it.
func TestPreviewsTellHowManyEventsAreSent(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by, ctx := modelstest.Owner(t, store), t.Context()
		store.Webhooks.SetReach(webhooks.Reach{Loopback: true})
		newWebhook(t, store, by, "http://127.0.0.1:9/", "*")
		newWebhook(t, store, by, "http://127.0.0.1:9/", "group.updated", "group.archived", "group.members_added")
		off, _ := newWebhook(t, store, by, "http://127.0.0.1:9/", "*")
		if _, err := store.Webhooks.Update(ctx, by, off.ID, webhooks.Change{State: new(webhooks.Disabled)}); err != nil {
			t.Fatal(err)
		}
		contacts := modelstest.Contacts(t, store, bulkTester, 230)
		all, one := twoGroups(t, store, contacts[:3])
		third := modelstest.Group(t, store, bulkTester, "Group 2").ID
		hotels := models.GroupQuery{Text: "group"}
		few := models.Refs(contactIDs(contacts[:2])...)
		named := contactIDs(contacts[:4])
		for _, c := range []struct {
			name       string
			bulk       models.BulkChange
			made, sent int // as the preview says
			atMost     bool
		}{
			{"archive", models.Bulk{Action: models.BulkArchive, IDs: []string{all, one}}, 2, 6, false},
			{"restore", models.Bulk{Action: models.BulkRestore, Query: hotels}, 2, 4, false},
			{"edit", models.Bulk{Action: models.BulkUpdate, Query: hotels, Description: new("Closed.")}, 3, 6, true},
			{"add", models.Bulk{Action: models.BulkAddContacts, Query: hotels, Contacts: few}, 3, 9, true},
			{"remove", models.Bulk{Action: models.BulkRemoveContacts, Query: hotels, Contacts: few}, 3, 6, true},
			{"add to groups", models.ContactBulk{Action: models.BulkAddToGroups, IDs: named, Groups: []string{all, one}}, 2, 6, false},
			{"add to some", models.ContactBulk{Action: models.BulkAddToGroups, IDs: named, Groups: []string{all, third}}, 1, 3, false},
			{"add many", models.ContactBulk{Action: models.BulkAddToGroups, All: true, Groups: []string{all, third}}, 6, 18, true},
			{"remove members", models.ContactBulk{Action: models.BulkRemoveFromGroups, Group: one, Groups: []string{one}}, 1, 2, false},
			{"remove many", models.ContactBulk{Action: models.BulkRemoveFromGroups, Group: all, Groups: []string{all}}, 3, 6, true},
			{"remove from all", models.ContactBulk{Action: models.BulkRemoveFromGroups, IDs: contactIDs(contacts[:9])}, 1, 2, false},
			{"delete contacts", models.ContactBulk{Action: models.BulkDeleteContacts, IDs: named}, 4, 4, false},
			{"delete", models.Bulk{Action: models.BulkDelete, IDs: []string{all, one}}, 2, 2, false},
		} {
			var said models.BulkEvents
			switch b := c.bulk.(type) {
			case models.Bulk:
				p, err := store.BulkChanges.PreviewBulk(ctx, bulkTester, b)
				wants(t, c.name, err, nil)
				said = p.Events
			case models.ContactBulk:
				p, err := store.BulkChanges.PreviewContacts(ctx, bulkTester, b)
				wants(t, c.name, err, nil)
				said = p.Events
			}
			if said.Made.N != c.made || said.Sent.N != c.sent || said.AtMost != c.atMost {
				t.Errorf("%s: the preview says %+v", c.name, said)
			}
			made, sent := bulkEvents(t, store, c.bulk)
			if made > c.made || sent > c.sent || made == 0 || !c.atMost && (made != c.made || sent != c.sent) {
				t.Errorf("%s: made %d events, %d deliveries; said were %+v", c.name, made, sent, said)
			}
		}
	})
}
