package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

func TestContacts(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		made := s.call(t, "POST /v1/contacts", jsonBody(`{"username":"Hector","phone_number":"+1 (212) 555-0100","avatar_url":"https://example.com/h.jpg","display_name":"Hector McCallister"}`)).want(t, 201)
		hector := decode[contact](t, made)
		if hector.Username != "Hector" || deref(hector.PhoneNumber) != "+1 (212) 555-0100" || hector.DisplayName != "Hector McCallister" || hector.LastActiveAt != nil {
			t.Errorf("made %+v", hector)
		}
		path := made.header.Get("Location")
		if path != "/v1/contacts/"+hector.ID {
			t.Errorf("Location %q", path)
		}
		if got := s.call(t, "GET "+path).want(t, 200); got.body != made.body {
			t.Errorf("retrieved %s", got.body)
		}
		if a := s.call(t, "PUT "+path, jsonBody(made.body)).want(t, 200); a.body != made.body {
			t.Errorf("sending back made %s", a.body)
		}
		changed := decode[contact](t, s.call(t, "PUT "+path, form("display_name=&phone_number=")).want(t, 200))
		if changed.DisplayName != "Hector" || changed.PhoneNumber != nil || changed.AvatarURL == nil {
			t.Errorf("changed %+v", changed)
		}
		s.call(t, "POST /v1/contacts", form("username=cedric")).want(t, 201)
		for query, want := range map[string]string{
			"": "cedric Hector", "?limit=1": "cedric", "?q=HECT": "Hector", "?q=" + hector.ID: "Hector",
			"?starting_after=" + hector.ID: "", "?ending_before=" + hector.ID: "cedric",
		} {
			page := decode[list[contact]](t, s.call(t, "GET /v1/contacts"+query).want(t, 200))
			if got := usernames(page.Data); got != want || page.HasMore != (query == "?limit=1") {
				t.Errorf("%q lists %q, want %q", query, got, want)
			}
		}
	})
}

func TestContactsAreFoundAsTheyAreWritten(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.call(t, "POST /v1/contacts", form("username=jan&phone_number=0151")).want(t, 201)
		made := s.call(t, "POST /v1/contacts", form("username=anna&display_name=Łucja+会議室&phone_number="+url.QueryEscape("+49 (151) 234-5678"))).want(t, 201)
		anna := decode[contact](t, made)
		plaza := modelstest.Group(t, s.store, s.owner, "Plaza", models.Contact{ID: anna.ID})
		for _, q := range []string{
			"+49 (151) 234-5678", "+49 151 2345678", "49-151-234-5678", "512345", "lucja", "議室", "会", `"` + anna.ID + `",`, "\u200b" + anna.ID + "\ufeff", "an\u200bna",
		} {
			q = url.QueryEscape(q)
			if found := decode[list[contact]](t, s.call(t, "GET /v1/contacts?q="+q).want(t, 200)); usernames(found.Data) != "anna" {
				t.Errorf("contacts by %s: %s", q, usernames(found.Data))
			}
			found := decode[list[contact]](t, s.call(t, "GET /v1/groups/"+plaza.ID+"/contacts?q="+q).want(t, 200))
			if usernames(found.Data) != "anna" {
				t.Errorf("members by %s: %s", q, usernames(found.Data))
			}
		}
	})
}

func TestDeletedContactLeaves(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		hector := modelstest.Contact(t, s.store, s.owner, "Hector")
		plaza := modelstest.Group(t, s.store, s.owner, "Plaza Hotel", hector, modelstest.Contact(t, s.store, s.owner, "Cedric"))
		s.call(t, "DELETE /v1/contacts/"+hector.ID).want(t, 204)
		g := decode[group](t, s.call(t, "GET /v1/groups/"+plaza.ID).want(t, 200))
		if usernames(g.Contacts) != "Cedric" || g.ContactsCount != 1 {
			t.Errorf("the members are %v of %d", usernames(g.Contacts), g.ContactsCount)
		}
		s.call(t, "GET /v1/contacts/"+hector.ID).refused(t, 404, "resource_missing", "id")
		s.call(t, "GET /v1/conversations/"+hector.ConversationID+"/messages").refused(t, 404, "resource_missing", "id")
	})
}

// TestMergedContacts merges two contacts; the id of the one that is gone says where it went.
func TestMergedContacts(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		stays, goes := modelstest.Contact(t, s.store, s.owner, "Hector"), modelstest.Contact(t, s.store, s.owner, "Cedric")
		path := "POST /v1/contacts/" + stays.ID + "/merge"
		s.call(t, path, jsonBody(`{"take":["username"]}`)).refused(t, 422, "parameter_missing", "from")
		s.call(t, path, jsonBody(`{"from":"`+stays.ID+`"}`)).refused(t, 422, "parameter_invalid", "from")
		s.call(t, path, jsonBody(`{"from":"`+goes.ID+`","take":["id"]}`)).refused(t, 422, "parameter_invalid", "take[0]")
		s.call(t, path, jsonBody(`{"from":"`+goes.ID+`"}`), header("If-Match", `"x"`)).refused(t, 412, "precondition_failed", "")
		merged := decode[contact](t, s.call(t, path, form("from="+goes.ID+"&take[]=username")).want(t, 200))
		if merged.ID != stays.ID || merged.Username != "Cedric" {
			t.Errorf("merged %+v", merged)
		}
		if gone := s.call(t, "GET /v1/contacts/"+goes.ID).refused(t, 404, "resource_missing", "id"); !strings.Contains(gone.Message, stays.ID) {
			t.Errorf("it doesn't say where it went: %s", gone.Message)
		}
	})
}

func TestMessages(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		hector := modelstest.Contact(t, s.store, s.owner, "Hector")
		path := "/v1/conversations/" + modelstest.Group(t, s.store, s.owner, "Plaza Hotel", hector).ConversationID + "/messages"
		first := s.call(t, "POST "+path, form("message=Welcome.\r\nAll of you.")).want(t, 201)
		m := decode[message](t, first)
		if m.Message != "Welcome.\nAll of you." || m.ContactID != nil || !strings.Contains(path, m.ConversationID) {
			t.Errorf("posted %+v", m)
		}
		second := decode[message](t, s.call(t, "POST "+path, jsonBody(`{"message":"Thanks.","contact_id":"`+hector.ID+`"}`)).want(t, 201))
		if deref(second.ContactID) != hector.ID {
			t.Errorf("posted %+v", second)
		}
		page := decode[list[message]](t, s.call(t, "GET "+path+"?limit=1").want(t, 200))
		if !page.HasMore || len(page.Data) != 1 || page.Data[0].ID != second.ID {
			t.Errorf("the newest is %+v", page)
		}
		page = decode[list[message]](t, s.call(t, "GET "+path+"?starting_after="+second.ID).want(t, 200))
		if page.HasMore || len(page.Data) != 1 || page.Data[0].ID != m.ID {
			t.Errorf("the older ones are %+v", page)
		}
		active := decode[contact](t, s.call(t, "GET /v1/contacts/"+hector.ID).want(t, 200))
		if deref(active.LastActiveAt) != second.CreatedAt {
			t.Errorf("last active at %v, want %d", active.LastActiveAt, second.CreatedAt)
		}
	})
}

// TestContactsAreSortedAndCounted pages through contacts by name, and counts them and members.
func TestContactsAreSortedAndCounted(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		var ids []string
		for _, name := range []string{"bea", "ann", "cyd"} {
			c := s.call(t, "POST /v1/contacts", jsonBody(`{"username":"`+name+`"}`)).want(t, 201)
			ids = append(ids, strings.TrimPrefix(c.header.Get("Location"), "/v1/contacts/"))
		}
		names := func(query string) (names []string, total string) {
			var page struct {
				Data  []struct{ Username string }
				Total json.RawMessage
			}
			a := s.call(t, "GET /v1/contacts?"+query).want(t, 200)
			if err := json.Unmarshal([]byte(a.body), &page); err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Data {
				names = append(names, c.Username)
			}
			return names, string(page.Total)
		}
		for query, want := range map[string]string{
			"sort=created_at": "bea ann cyd", "sort=-created_at": "cyd ann bea", "sort=name": "ann bea cyd", "sort=-name": "cyd bea ann",
			"sort=name&limit=1&starting_after=" + ids[1]: "bea", "sort=name&ending_before=" + ids[2]: "ann bea", "sort=-name&starting_after=" + ids[2]: "bea ann",
		} {
			if got, total := names(query); strings.Join(got, " ") != want || total != "" {
				t.Errorf("%s: %v with the total %q, want %s", query, got, total, want)
			}
		}
		for query, want := range map[string]string{
			"include[]=total": `{"value":3,"relation":"exact"}`, "limit=1&include[]=total": `{"value":3,"relation":"exact"}`, "q=ann&include[]=total": `{"value":1,"relation":"exact"}`,
		} {
			if _, total := names(query); total != want {
				t.Errorf("%s: the total is %s, want %s", query, total, want)
			}
		}
		g := s.newGroup(t, "Plaza Hotel")
		s.call(t, "POST /v1/groups/"+g.ID+"/contacts", jsonBody(`{"contacts":["`+ids[0]+`","`+ids[1]+`"]}`)).want(t, 200)
		if a := s.call(t, "GET /v1/groups/"+g.ID+"/contacts?limit=1&include[]=total").want(t, 200); !strings.Contains(a.body, `"total":{"value":2,"relation":"exact"}`) {
			t.Errorf("the members are %s", a.body)
		}
		s.call(t, "GET /v1/contacts?sort=members").refused(t, 422, "parameter_invalid", "sort")
		s.call(t, "GET /v1/contacts?include[]=groups").refused(t, 422, "parameter_invalid", "include[]")
		s.call(t, "GET /v1/contacts?sort=name&starting_after="+g.ID).refused(t, 422, "parameter_invalid", "starting_after")
		s.call(t, "DELETE /v1/contacts/"+ids[1]).want(t, 204)
		s.call(t, "GET /v1/contacts?sort=name&starting_after="+ids[1]).refused(t, 422, "parameter_invalid", "starting_after")
		s.call(t, "GET /v1/contacts?sort=created_at&starting_after="+ids[1]).want(t, 200)
	})
}
