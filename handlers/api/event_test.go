package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

type event struct {
	ID, Type  string
	Payload   json.RawMessage
	CreatedAt int64   `json:"created_at"`
	RequestID *string `json:"request_id"`
}

type eventPage struct {
	HasMore bool `json:"has_more"`
	Data    []event
}

// TestEventsAreReadByCursor pages through the feed, and goes on where it ended.
func TestEventsAreReadByCursor(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		made := s.call(t, "POST /v1/groups", jsonBody(`{"name":"Plaza <Hotel>"}`)).want(t, 201)
		g := decode[group](t, made)
		s.call(t, "PUT /v1/groups/"+g.ID, jsonBody(`{"archived_at":"2020-01-01T00:00:00Z"}`)).want(t, 200)
		last := s.call(t, "PUT /v1/groups/"+g.ID, jsonBody(`{"name":"Plaza"}`)).want(t, 200)
		s.call(t, "POST /v1/contacts", jsonBody(`{"username":"hector"}`)).want(t, 201)
		s.relay(t)

		read := func(query string) eventPage {
			t.Helper()
			return decode[eventPage](t, s.call(t, "GET /v1/events"+query).want(t, 200))
		}
		first := read("?type=group.*&limit=2")
		if len(first.Data) != 2 || !first.HasMore || first.Data[0].Type != "group.created" || first.Data[1].Type != "group.updated" {
			t.Fatalf("the first page is %+v", first)
		}
		if got, want := string(first.Data[0].Payload)+"\n", made.body; got != want {
			t.Errorf("the payload is %s, want what the call answered: %s", got, want)
		}
		if id := first.Data[0].RequestID; id == nil || *id != made.header.Get("Request-Id") {
			t.Errorf("the request is %v, want %s", id, made.header.Get("Request-Id"))
		}
		rest := read("?type=group.*&starting_after=" + first.Data[1].ID)
		if len(rest.Data) != 1 || rest.HasMore || string(rest.Data[0].Payload)+"\n" != last.body {
			t.Errorf("the rest is %+v", rest)
		}
		if now := read("?type=group.*&starting_after=" + rest.Data[0].ID); len(now.Data) != 0 || now.HasMore {
			t.Errorf("after the end: %+v", now)
		}
		if named := read("?type=group.archived,contact.created"); len(named.Data) != 2 || named.Data[0].Type != "group.archived" {
			t.Errorf("by name: %+v", named)
		}
		for query, n := range map[string]int{"": 4, "?type=*": 4, "?object_id=" + g.ID: 3, "?type=message.*": 0} {
			if page := read(query); len(page.Data) != n {
				t.Errorf("%q finds %d events, want %d", query, len(page.Data), n)
			}
		}
	})
}

// TestWhoReadsEvents checks that a token hears only of what it may read, and what is refused.
func TestWhoReadsEvents(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		modelstest.Contact(t, s.store, s.owner, "hector")
		modelstest.Group(t, s.store, s.owner, "Plaza Hotel")
		s.relay(t)
		groups := bearer(s.newToken(t, identity.NewToken{Name: "groups", Scopes: access.Scopes{access.ReadGroups}}))
		page := decode[eventPage](t, s.call(t, "GET /v1/events", groups).want(t, 200))
		if len(page.Data) != 1 || page.Data[0].Type != "group.created" {
			t.Errorf("it hears of %+v", page.Data)
		}
		s.call(t, "GET /v1/events?type=group.*,contact.created", groups).refused(t, 403, "forbidden", "")
		for query, param := range map[string]string{
			"type=group": "type", "type=": "type", "type=group.*,": "type", "type=group.archived%2Cgroup.lost": "type", "object_id=7": "object_id",
			"starting_after=7": "starting_after", "starting_after=" + page.Data[0].ID[:15] + "!": "starting_after",
			"starting_after=000000000000000A": "starting_after", "limit=0": "limit",
		} {
			answer := s.call(t, "GET /v1/events?"+query)
			answer.refused(t, 422, invalid, param)
			if param == "type" && !strings.Contains(answer.body, string(events.GroupMembersAdded)) {
				t.Errorf("%s: %s", query, answer.body)
			}
		}
	})
}

// relay numbers the events of what was done.
func (s *server) relay(t *testing.T) {
	t.Helper()
	if err := s.store.Events.Relay(t.Context()); err != nil {
		t.Fatal(err)
	}
}
