package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/models/modelstest"
)

// TestReference makes the calls of the product's public reference as it prints
// them: the host, the token and the id apart.
func TestReference(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		// curl https://api.protocol.chat/v1/groups -d name="Plaza Hotel"
		made := s.call(t, "POST /v1/groups", form("name=Plaza Hotel")).want(t, http.StatusCreated)
		plaza := decode[group](t, made)
		if plaza.Name != "Plaza Hotel" || plaza.Description != nil || plaza.ArchivedAt != nil || plaza.ContactsCount != 0 {
			t.Errorf("created %+v", plaza)
		}
		if got := made.header.Get("Location"); got != "/v1/groups/"+plaza.ID {
			t.Errorf("Location %q", got)
		}

		// curl -G https://api.protocol.chat/v1/groups -d limit=10
		page := decode[list[group]](t, s.call(t, "GET /v1/groups?limit=10").want(t, http.StatusOK))
		if page.HasMore || len(page.Data) != 1 || page.Data[0].ID != plaza.ID {
			t.Errorf("listed %+v", page)
		}

		// curl https://api.protocol.chat/v1/groups/L7cGNIBKZiNJ6wqF
		got := s.call(t, "GET /v1/groups/"+plaza.ID).want(t, http.StatusOK)
		if got.body != made.body {
			t.Errorf("retrieved %s, created %s", got.body, made.body)
		}

		// curl -X PUT … -d description="The finest in New York."
		put := s.call(t, "PUT /v1/groups/"+plaza.ID, form("description=The finest in New York.")).want(t, http.StatusOK)
		if g := decode[group](t, put); g.Name != "Plaza Hotel" || deref(g.Description) != "The finest in New York." {
			t.Errorf("updated %+v", g)
		}

		// curl -X DELETE …
		gone := s.call(t, "DELETE /v1/groups/"+plaza.ID).want(t, http.StatusNoContent)
		if gone.body != "" || gone.header.Get("Content-Type") != "" {
			t.Errorf("204 with %q", gone.body)
		}
		s.call(t, "GET /v1/groups/"+plaza.ID).refused(t, http.StatusNotFound, "resource_missing", "id")
	})
}

func TestKeysStandInTheOrderOfTheReference(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		g := modelstest.Group(t, s.store, s.owner, "Plaza Hotel", modelstest.Contact(t, s.store, s.owner, "Hector"))
		s.call(t, "POST /v1/conversations/"+g.ConversationID+"/messages", jsonBody(`{"message":"Welcome."}`)).want(t, 201)
		for path, want := range map[string]string{
			"/v1/groups/" + g.ID: "id name description avatar_url conversation_id " +
				"contacts id username phone_number avatar_url display_name conversation_id last_active_at created_at " +
				"contacts_count created_at archived_at updated_at",
			"/v1/contacts": "has_more data id username phone_number avatar_url display_name conversation_id last_active_at created_at",
			"/v1/conversations/" + g.ConversationID + "/messages": "has_more data id conversation_id contact_id message created_at",
			"/v1/groups/nothing": "type message documentation_url code param request_id",
		} {
			if got := keys(t, s.call(t, "GET "+path).body); got != want {
				t.Errorf("%s has the keys\n%s, want\n%s", path, got, want)
			}
		}
	})
}

// keys is all keys of a JSON text, in their order.
func keys(t *testing.T, text string) string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	var keys []string
	var inObject []bool
	isKey := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return strings.Join(keys, " ")
		}
		object := len(inObject) > 0 && inObject[len(inObject)-1]
		switch token {
		case json.Delim('{'), json.Delim('['):
			inObject = append(inObject, token == json.Delim('{'))
			isKey = true
			continue
		case json.Delim('}'), json.Delim(']'):
			inObject = slices.Delete(inObject, len(inObject)-1, len(inObject))
			isKey = true
			continue
		}
		if object && isKey {
			keys = append(keys, token.(string))
		}
		isKey = !isKey || !object
	}
}
