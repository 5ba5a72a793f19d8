package models_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

// feed returns all events after a number, of all types.
func feed(t testing.TB, store *models.Store, after int64) []events.Event {
	t.Helper()
	if err := store.Events.Relay(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all []events.Event
	for more := true; more; {
		page, rest, err := store.Events.List(t.Context(), events.Query{Types: events.Types, After: after, Limit: 7})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
		if more = rest; more {
			after = page[len(page)-1].Number
		}
	}
	return all
}

// typesOf returns the types of events, in their order.
func typesOf(all []events.Event) string {
	words := make([]string, len(all))
	for i, e := range all {
		words[i] = string(e.Type)
	}
	return strings.Join(words, " ")
}

// TestEveryChangeHasItsEvent makes each change of groups, contacts and messages, by every way
// that there is, and compares what other systems hear of it with the object.
func TestEveryChangeHasItsEvent(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by, ctx := modelstest.Owner(t, store), t.Context()
		by.RequestID = "request"
		hector := modelstest.Contact(t, store, by, "Hector")
		g := modelstest.Group(t, store, by, "Plaza Hotel", hector)
		last := func() models.Group { g, _ := store.Group(ctx, g.ID); return g }
		edit := func(c models.GroupChange) error { _, err := store.UpdateGroup(ctx, by, g.ID, c); return err }
		lines := func() []audit.Line {
			return must[audit.Page](t)(store.Audit.Activity(ctx, audit.ActivityQuery{})).Lines
		}
		bulk := func(action models.BulkAction, contacts ...string) jobs.Job {
			return finish(t, store, start(t, store, models.Bulk{Action: action, IDs: []string{g.ID}, Contacts: models.Refs(contacts...)}))
		}
		var job jobs.Job
		var posted models.Message
		after := int64(0)
		for _, change := range []struct {
			name, want string
			do         func() error
		}{
			{"what was created", "contact.created group.created", func() error { return nil }},
			{"an edit", "group.updated", func() error { return edit(models.GroupChange{Description: new("Rooms")}) }},
			{"nothing", "", func() error { return edit(models.GroupChange{Description: new("Rooms")}) }},
			{"a refusal", "", func() error {
				if err := edit(models.GroupChange{Name: new("")}); err == nil {
					return errors.New("an empty name was stored")
				}
				return nil
			}},
			{"a dry run", "", func() error {
				return store.DB.DryRun(ctx, func(ctx context.Context) error {
					_, err := store.UpdateGroup(ctx, by, g.ID, models.GroupChange{Name: new("Dry")})
					return err
				})
			}},
			{"a revert", "group.updated", func() error { return store.Reverts.Revert(ctx, by, lines()[0].ID, []string{"description"}) }},
			{"archiving", "group.updated group.archived", func() error { _, err := store.ArchiveGroup(ctx, by, g.ID, 0); return err }},
			{"an edit that restores", "group.updated group.restored", func() error {
				return edit(models.GroupChange{Name: new("Plaza"), ArchivedAt: &sql.Null[int64]{}})
			}},
			{"removing a member", "group.updated group.members_removed", func() error { _, _, err := store.Members.RemoveMember(ctx, by, g.ID, hector.ID); return err }},
			{"adding a member", "group.updated group.members_added", func() error {
				_, _, err := store.Members.AddMembers(ctx, by, g.ID, models.Refs(hector.ID), nil)
				return err
			}},
			{"replacing members", "group.updated group.members_removed", func() error { return edit(models.GroupChange{Contacts: &[]models.ContactRef{}}) }},
			{"a message", "message.created", func() error {
				var err error
				posted, err = store.Messages.PostMessage(ctx, by, g.ConversationID, models.NewMessage{Text: "Hello"}, nil)
				return err
			}},
			{"the end of a message", "message.deleted", func() error { return store.Messages.Delete(ctx, by, posted.ID, "Spam") }},
			{"many archived", "group.updated group.archived", func() error { job = bulk(models.BulkArchive); return nil }},
			{"many restored", "group.updated group.restored", func() error {
				_, err := store.BulkChanges.Undo(ctx, bulkTester, job.ID)
				return errors.Join(err, store.Jobs.Run(ctx))
			}},
			{"many got members", "group.updated group.members_added", func() error { bulk(models.BulkAddContacts, hector.ID); return nil }},
			{"a hold", "group.deleted", func() error { _, err := store.Holds.Delete(ctx, by, g.ID); return err }},
			{"its end", "group.created", func() error { _, err := store.Holds.Undo(ctx, by, g.ID); return err }},
			{"many deleted", "group.deleted", func() error { bulk(models.BulkDelete); return nil }},
			{"a contact's edit", "contact.updated", func() error {
				_, err := store.UpdateContact(ctx, by, hector.ID, models.ContactChange{DisplayName: new("Hector McCallister")})
				return err
			}},
			{"a contact's end", "contact.deleted", func() error { return store.DeleteContact(ctx, by, hector.ID, nil) }},
		} {
			if err := change.do(); err != nil {
				t.Fatalf("%s: %v", change.name, err)
			}
			heard := feed(t, store, after)
			if got := typesOf(heard); got != change.want {
				t.Fatalf("%s made %q, want %q", change.name, got, change.want)
			}
			if len(heard) == 0 {
				continue
			}
			after = heard[len(heard)-1].Number
			if now := last(); now.ID != "" && heard[0].Type == events.GroupUpdated {
				if want := must[string](t)(events.Encode(now.Object())); heard[0].Payload != want {
					t.Errorf("%s: the payload is\n%s, want\n%s", change.name, heard[0].Payload, want)
				}
			}
			for _, e := range heard {
				if e.ObjectID != g.ID && e.ObjectID != hector.ID || len(e.ID) != 16 || e.CreatedAt == 0 || !json.Valid([]byte(e.Payload)) {
					t.Errorf("%s: an event is %+v", change.name, e)
				}
			}
		}
		all := feed(t, store, 0)
		for i, e := range all {
			if e.Number != int64(i+1) {
				t.Errorf("event %d has the number %d", i+1, e.Number)
			}
		}
		of, _, err := store.Events.List(ctx, events.Query{ObjectID: g.ID, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		if got := typesOf(of); strings.Contains(got, "archived") || strings.Contains(got, "contact") || !strings.HasSuffix(got, "group.deleted group.created group.deleted") {
			t.Errorf("of the group: %s", got)
		}
	})
}

// TestSilentActions checks that other systems hear of every action on groups, members, contacts
// and messages but these.
func TestSilentActions(t *testing.T) {
	silent := []audit.Action{
		audit.ChangedHold, audit.ExportedGroups, audit.ExportedGroup, audit.ExportedMembers, audit.ExportedContacts, audit.ExportedContact,
	}
	source, err := os.ReadFile("audit/line.go")
	if err != nil {
		t.Fatal(err)
	}
	actions := regexp.MustCompile(`Action = "((?:group|members|contact|message)\.\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(actions) < 20 {
		t.Errorf("only %d actions were found", len(actions))
	}
	for _, found := range actions {
		if action := audit.Action(found[1]); !slices.Contains(silent, action) && !models.Announces(action) {
			t.Errorf("other systems don't hear of %s", action)
		}
	}
}

// TestNoEventAppearsBeforeOneThatWasRead follows the feed by a cursor while others write, among
// them a job.
func TestNoEventAppearsBeforeOneThatWasRead(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		sampleGroups(t, store, 440)
		by := modelstest.Owner(t, store)
		ids := make([]string, 4)
		for i := range ids {
			ids[i] = modelstest.Group(t, store, by, "Plaza Hotel").ID
		}
		const edits = 12
		ctx, cancel := context.WithCancel(t.Context())
		var writers, others sync.WaitGroup
		for w := range 4 {
			writers.Go(func() {
				for i := range edits {
					change := models.GroupChange{Description: new(fmt.Sprintf("%d by %d", i, w))}
					if _, err := store.UpdateGroup(t.Context(), by, ids[(w+i)%len(ids)], change); err != nil {
						t.Error(err)
					}
				}
			})
		}
		job := start(t, store, models.Bulk{Action: models.BulkArchive, Query: models.GroupQuery{Status: models.Active}})
		writers.Go(func() { job = finish(t, store, job) })
		for range 2 {
			others.Go(func() {
				for ctx.Err() == nil {
					if err := store.Events.Relay(t.Context()); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		var seen []events.Event
		read := func() {
			after := int64(0)
			if len(seen) > 0 {
				after = seen[len(seen)-1].Number
			}
			page, _, err := store.Events.List(t.Context(), events.Query{Types: []events.Type{events.GroupUpdated}, After: after, Limit: 20})
			if err != nil {
				t.Error(err)
			}
			seen = append(seen, page...)
		}
		others.Go(func() {
			for ctx.Err() == nil {
				read()
			}
		})
		writers.Wait()
		cancel()
		others.Wait()
		if err := store.Events.Relay(t.Context()); err != nil {
			t.Fatal(err)
		}
		for before := -1; before < len(seen); {
			before = len(seen)
			read()
		}
		if want := 4*edits + job.Done; len(seen) != want || job.Done < 330 {
			t.Errorf("%d events were read, want %d, %d of the job", len(seen), want, job.Done)
		}
		last := map[string]string{}
		for i, e := range seen {
			if i > 0 && e.Number <= seen[i-1].Number {
				t.Errorf("%d is read after %d", e.Number, seen[i-1].Number)
			}
			last[e.ObjectID] = e.Payload
		}
		for _, id := range ids { // the order of each group's events is that of its changes
			g := must[models.Group](t)(store.Group(t.Context(), id))
			if want := must[string](t)(events.Encode(g.Object())); last[id] != want {
				t.Errorf("the last event says %s, want %s", last[id], want)
			}
		}
	})
}

// TestManyEventsAreNumberedAtOnce after what was committed before, which a part of a job relies on,
// unless there is more of that than a relay numbers at once.
func TestManyEventsAreNumberedAtOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		g := modelstest.Group(t, store, modelstest.Owner(t, store), "Plaza Hotel")
		var delivered []events.Event
		store.Events.Deliver = func(_ *gorm.DB, numbered []events.Event) error {
			delivered = append(delivered, numbered...)
			return nil
		}
		add := func(n int, add func(tx *gorm.DB, made []events.Event) error) {
			t.Helper()
			made := make([]events.Event, n)
			for i := range made {
				made[i] = events.Event{Type: events.GroupUpdated, ObjectID: g.ID, Payload: fmt.Sprintf(`"%d of %d"`, i, n), CreatedAt: 1_700_000_000}
			}
			if err := store.DB.Transaction(t.Context(), func(tx *gorm.DB) error { return add(tx, made) }); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct {
			n    int
			add  func(tx *gorm.DB, made []events.Event) error
			last int64
		}{
			{300, store.Events.AddLast, 301},
			{100, store.Events.AddLast, 301},
			{600, store.Events.Add, 301},
			{300, store.Events.AddLast, 801},
			{201, store.Events.AddLast, 1301},
			{300, store.Events.AddLast, 1802},
		} {
			add(step.n, step.add)
			if last, err := store.Events.LastNumber(t.Context()); last != step.last || err != nil {
				t.Errorf("after %d events the last number is %d, %v; want %d", step.n, last, err, step.last)
			}
		}
		all := feed(t, store, 0)
		if len(all) != 1802 || len(delivered) != len(all) || all[0].Type != events.GroupCreated {
			t.Fatalf("there are %d events, %d were handed on, the first is %s", len(all), len(delivered), all[0].Type)
		}
		for i, e := range all {
			if e.Number != int64(i+1) || delivered[i] != e || i > 0 && e.ID <= all[i-1].ID {
				t.Fatalf("the event at %d is %+v; handed on was %+v", i, e, delivered[i])
			}
		}
	})
}

// TestEventsAreHandedOnOnce checks that each event is delivered in order and once, also if a
// delivery fails, and swept after 30 days, when its number is not given again.
func TestEventsAreHandedOnOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		for i := range 3 {
			modelstest.Group(t, store, by, fmt.Sprintf("Group %d", i))
		}
		var delivered []int64
		broken := errors.New("broken")
		store.Events.Deliver = func(_ *gorm.DB, numbered []events.Event) error {
			for _, e := range numbered {
				delivered = append(delivered, e.Number)
			}
			return broken
		}
		if err := store.Events.Relay(t.Context()); !errors.Is(err, broken) {
			t.Errorf("the error is %v", err)
		}
		delivered, broken = nil, nil
		for range 2 {
			feed(t, store, 0)
		}
		if !slices.Equal(delivered, []int64{1, 2, 3}) {
			t.Errorf("delivered were %v", delivered)
		}
		first := feed(t, store, 0)[0]
		if n, err := store.Events.Number(t.Context(), first.ID); n != 1 || err != nil {
			t.Errorf("the first has the number %d, %v", n, err)
		}
		if err := store.Events.Sweep(t.Context(), time.Now().Add(events.Kept-time.Minute)); err != nil || len(feed(t, store, 0)) != 3 {
			t.Errorf("swept too early: %v", err)
		}
		if err := store.Events.Sweep(t.Context(), time.Now().Add(events.Kept+time.Minute)); err != nil || len(feed(t, store, 0)) != 0 {
			t.Errorf("not swept: %v", err)
		}
		if _, err := store.Events.Number(t.Context(), first.ID); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("the swept one: %v", err)
		}
		modelstest.Group(t, store, by, "Later")
		if all := feed(t, store, 0); len(all) != 1 || all[0].Number != 4 {
			t.Errorf("after that: %+v", all)
		}
	})
}

// TestLargePayloadsFit checks the payload of a group whose members have the longest values.
func TestLargePayloadsFit(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		var members []models.Contact
		for i := range models.ShownContacts {
			members = append(members, must[models.Contact](t)(store.CreateContact(t.Context(), by, models.ContactChange{
				Username: new(fmt.Sprintf("%s%03d", strings.Repeat("u", 61), i)), DisplayName: new(strings.Repeat("𝔘", 255)),
				AvatarURL: new("https://example.com/" + strings.Repeat("a", 2000)),
			}, nil)))
		}
		g := modelstest.Group(t, store, by, "Plaza Hotel", members...)
		if _, err := store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Contacts: &[]models.ContactRef{}}); err != nil {
			t.Fatal(err)
		}
		all := feed(t, store, 0)
		made := all[len(all)-3]
		var object models.GroupObject
		if err := json.Unmarshal([]byte(made.Payload), &object); err != nil || made.Type != events.GroupCreated {
			t.Fatalf("%s: %v", made.Type, err)
		}
		if len(made.Payload) > events.MaxPayload || len(object.Contacts) != 50 || object.ContactsCount != 100 {
			t.Errorf("the payload has %d bytes and %d of %d contacts", len(made.Payload), len(object.Contacts), object.ContactsCount)
		}
	})
}

// TestProgramsHearOfEventsOfOthers at once, where the database tells.
func TestProgramsHearOfEventsOfOthers(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		other := modelstest.Second(t, store, time.Now())
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- other.Events.Listen(ctx) }()
		if store.DB.Dialect.Name() == "postgres" {
			<-other.Events.Numbered() // it listens
			modelstest.Group(t, store, bulkTester, "New")
			if err := store.Events.Relay(t.Context()); err != nil {
				t.Fatal(err)
			}
			select {
			case <-other.Events.Numbered():
			case <-time.After(10 * time.Second):
				t.Error("the other program hears nothing")
			}
			cancel()
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		cancel()
	})
}
