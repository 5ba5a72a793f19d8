package api_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestAllProblemsAreToldAtOnce, whoever finds them: the reader of the request, the rules
// of the store, or the database.
func TestAllProblemsAreToldAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		c, other := s.newContact(t, "hector"), s.newContact(t, "ana")
		g := s.newGroup(t, "Plaza Hotel")
		for _, tc := range []struct {
			line string
			body option
			want string
		}{
			{"POST /v1/groups", jsonBody(`{}`), "parameter_missing name"},
			{
				"POST /v1/groups", jsonBody(`{"nmae":"x","avatar_url":"ftp://x","description":7,"contacts":["` + c.ID + `","0000000000000000",3,{"username":"nobody"}]}`),
				"parameter_invalid description, parameter_invalid contacts[2], parameter_unknown nmae, parameter_missing name, parameter_invalid avatar_url, parameter_invalid contacts[1], parameter_invalid contacts[3]",
			},
			{"POST /v1/groups?x=1", form("name=&avatar_url=x&id=1"), "parameter_unknown x, parameter_invalid id, parameter_missing name, parameter_invalid avatar_url"},
			{
				"PUT /v1/groups/" + g.ID, jsonBody(`{"name":" ","archived_at":99999999999,"id":"x","contacts":["nobody"],"extra":1}`),
				"parameter_invalid id, parameter_unknown extra, parameter_missing name, parameter_invalid archived_at, parameter_invalid contacts[0]",
			},
			{"PUT /v1/groups/" + g.ID + "?a=1&b=2", jsonBody(`{"name":"x"}`), "parameter_unknown a, parameter_unknown b"},
			{"POST /v1/groups/" + g.ID + "/contacts", jsonBody(`{"contacs":[]}`), "parameter_missing contacts, parameter_unknown contacs"},
			{
				"POST /v1/groups/" + g.ID + "/contacts", jsonBody(`{"contacts":["nobody",{}],"extra":1}`),
				"parameter_invalid contacts[1], parameter_unknown extra, parameter_invalid contacts[0]",
			},
			{
				"POST /v1/contacts", jsonBody(`{"username":"a b","phone_number":"none","avatar_url":"x","display_name":5}`),
				"parameter_invalid display_name, parameter_invalid username, parameter_invalid phone_number, parameter_invalid avatar_url",
			},
			{"POST /v1/contacts", jsonBody(`{"username":"HECTOR","avatar_url":"x"}`), "parameter_invalid avatar_url, parameter_invalid username"},
			{"PUT /v1/contacts/" + c.ID, jsonBody(`{"username":"hector","avatar_url":"x"}`), "parameter_invalid avatar_url"},
			{"PUT /v1/contacts/" + other.ID, jsonBody(`{"username":"hector","avatar_url":"x"}`), "parameter_invalid avatar_url, parameter_invalid username"},
			{
				"POST /v1/conversations/" + g.ConversationID + "/messages", jsonBody(`{"message":"","contact_id":"0000000000000000","x":1}`),
				"parameter_unknown x, parameter_missing message, parameter_invalid contact_id",
			},
			{
				"GET /v1/groups?limit=0&starting_after=x&archived=no&contact=y&z=1&q=" + strings.Repeat("x", 1001), nil,
				"parameter_unknown z, parameter_invalid contact, parameter_invalid archived, parameter_invalid starting_after, parameter_invalid limit, parameter_invalid q",
			},
			{"GET /v1/contacts?limit=x&ending_before=y", nil, "parameter_invalid ending_before, parameter_invalid limit"},
			{"GET /v1/groups/" + g.ID + "?x=1&y=2", nil, "parameter_unknown x, parameter_unknown y"},
			{"GET /v1/activity?created_after=x&created_before=y&limit=0", nil, "parameter_invalid created_after, parameter_invalid created_before, parameter_invalid limit"},
		} {
			options := []option{}
			if tc.body != nil {
				options = append(options, tc.body)
			}
			told := s.call(t, tc.line, options...).want(t, 422).error(t).Errors
			all := make([]string, len(told))
			for i, p := range told {
				all[i] = fmt.Sprint(p.Code, " ", deref(p.Param))
			}
			if got := strings.Join(all, ", "); got != tc.want {
				t.Errorf("%s: got %s\nwant %s", tc.line, got, tc.want)
			}
		}
		if got := decode[list[group]](t, s.call(t, "GET /v1/groups")); len(got.Data) != 1 || got.Data[0].Name != g.Name {
			t.Errorf("something was changed: %+v", got)
		}
	})
}
