package api_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// The matrix of the API: every call × every kind of caller. Who may do what is written
// here by hand, apart from models.Rules, so that a slip in either shows. The pages' half
// is in package handlers.
//
// A row is a call and who is let through: O owner, A admin, E editor, M moderator and U
// auditor, each with a token of all scopes, and r an owner with the scopes for reading.
// Everybody else is refused. For a new call, write a row; where one call can change
// several things, one for each, with the body after the path.
const (
	anybody = "open"
	all     = "OAEMUr"
)

var matrix = map[string]string{
	"GET /v1/groups":                 all,
	`POST /v1/groups {"name":"New"}`: "OAE",
	`POST /v1/groups/batch {"operations":[{"action":"create","group":{"name":"New"}}]}`:                       "OAE",
	`POST /v1/groups/batch {"operations":[{"action":"update","id":"{id}","group":{"name":"Other"}}]}`:         "OAE",
	`POST /v1/groups/batch {"operations":[{"action":"archive","id":"{id}"}]}`:                                 "OAEM",
	`POST /v1/groups/batch {"operations":[{"action":"restore","id":"{id}"}]}`:                                 "OAEM",
	`POST /v1/groups/batch {"operations":[{"action":"delete","id":"{id}"}]}`:                                  "OA",
	`POST /v1/groups/bulk {"filter":{"ids":["{id}"]},"action":"archive"}`:                                     "OAEM",
	`POST /v1/groups/bulk {"filter":{"ids":["{id}"]},"action":"restore"}`:                                     "OAEM",
	`POST /v1/groups/bulk {"filter":{"ids":["{id}"]},"action":"delete"}`:                                      "OA",
	`POST /v1/groups/bulk {"filter":{"ids":["{id}"]},"action":"update","changes":{"description":""}}`:         "OAE",
	`POST /v1/groups/bulk {"filter":{"ids":["{id}"]},"action":"add_contacts","contacts":["{contact_id}"]}`:    "OAEM",
	`POST /v1/groups/bulk {"filter":{"ids":["{id}"]},"action":"remove_contacts","contacts":["{contact_id}"]}`: "OAEM",
	"GET /v1/groups/export":                                                "OAU",
	"GET /v1/groups/{id}/contacts/export":                                  "OAU",
	"GET /v1/contacts/export":                                              "OAU",
	"GET /v1/groups/{id}":                                                  all,
	"GET /v1/groups/{id}?at={now}":                                         "OAU",
	"POST /v1/groups/{id}/archive":                                         "OAEM",
	"POST /v1/groups/{id}/restore":                                         "OAEM",
	`PUT /v1/groups/{id} {"name":"Other"}`:                                 "OAE",
	`PUT /v1/groups/{id} {"description":"Other"}`:                          "OAE",
	`PUT /v1/groups/{id} {"avatar_url":null}`:                              "OAE",
	`PUT /v1/groups/{id} {"archived_at":1}`:                                "OAEM",
	`PUT /v1/groups/{id} {"archived_at":null}`:                             "OAEM",
	`PUT /v1/groups/{id} {"contacts":[]}`:                                  "OAEM",
	`PUT /v1/groups/{id} {"contacts":[],"name":"New"}`:                     "OAE",
	`PUT /v1/groups/{id} {}`:                                               all, // changes nothing
	"DELETE /v1/groups/{id}":                                               "OA",
	"GET /v1/groups/{id}/contacts":                                         all,
	`POST /v1/groups/{id}/contacts {"contacts":[]}`:                        "OAEM",
	"DELETE /v1/groups/{id}/contacts/{contact_id}":                         "OAEM",
	"GET /v1/contacts":                                                     all,
	`POST /v1/contacts {"username":"u{n}"}`:                                "OAE",
	"GET /v1/contacts/{id}":                                                all,
	`POST /v1/contacts/bulk {"filter":{"ids":["{id}"]},"action":"delete"}`: "OA",
	`POST /v1/contacts/bulk {"filter":{"ids":["{id}"]},"action":"add_to_groups","groups":["{group_id}"]}`: "OAEM",
	`POST /v1/contacts/bulk {"filter":{"ids":["{id}"]},"action":"remove_from_groups"}`:                    "OAEM",
	`PUT /v1/contacts/{id} {"username":"u{n}"}`:                                                           "OAE",
	"DELETE /v1/contacts/{id}":                                  "OA",
	`POST /v1/contacts/{id}/merge {"from":"{other_id}"}`:        "OA",
	`POST /v1/contacts/{id}/erase {"reason":"Privacy request"}`: "OA",
	"GET /v1/conversations/{id}/messages":                       all,
	`POST /v1/conversations/{id}/messages {"message":"Hello."}`: "OAE",
	"DELETE /v1/messages/{id}?reason=Spam":                      "OAM",
	`POST /v1/imports {"name":"Imported"}`:                      "OAE",
	"GET /v1/events":                                            all,
	"GET /v1/jobs":                                              all,
	"GET /v1/jobs/{id}":                                         all,
	"POST /v1/jobs/{id}/start":                                  "OAE",
	"POST /v1/jobs/{id}/cancel":                                 "OAEM", // of one that archives
	"POST /v1/jobs/{id}/undo":                                   "OAEM",
	"GET /v1/jobs/{id}/results":                                 all,
	"GET /v1/webhooks":                                          "OA",
	`POST /v1/webhooks {"name":"Receiver","url":"http://127.0.0.1:9/","events":["*"]}`: "OA",
	"GET /v1/webhooks/{id}":                                  "OA",
	`PUT /v1/webhooks/{id} {"name":"Other"}`:                 "OA",
	"DELETE /v1/webhooks/{id}":                               "OA",
	"POST /v1/webhooks/{id}/roll":                            "OA",
	`POST /v1/webhooks/{id}/test {"type":"group.created"}`:   "OA",
	`POST /v1/webhooks/{id}/resend {"since":1}`:              "OA",
	"GET /v1/webhooks/{id}/deliveries":                       "OA",
	"GET /v1/webhooks/{id}/deliveries/{delivery_id}":         "OA",
	"POST /v1/webhooks/{id}/deliveries/{delivery_id}/resend": "OA",
	"GET /v1/activity":                                       "OAU",
	"GET /v1/activity/verify":                                "OAU",
	"GET /v1/activity/{id}":                                  "OAU",
	"GET /v1/openapi.json":                                   anybody,
	"GET /v1/openapi.yaml":                                   anybody,
	"GET /v1/me":                                             all,
}

// TestTheWholeMatrix asks every call for every caller.
func TestTheWholeMatrix(t *testing.T) {
	known := map[string]bool{}
	for row := range matrix {
		call, _ := divide(row)
		call, _, _ = strings.Cut(call, "?")
		known[call] = true
	}
	for _, rt := range api.Routes() {
		if call := rt.Method + " " + rt.Path; !known[call] {
			t.Errorf("the call %s has no row in matrix: say who may make it", call)
		}
	}
	each(t, func(t *testing.T, s *server) {
		n := 0
		for caller, token := range s.callers(t) {
			for row, who := range matrix {
				n++
				s.askFor(t, caller, token, strings.ReplaceAll(row, "{n}", fmt.Sprint(n)), who)
			}
		}
	})
}

// divide is a row's call and its body.
func divide(row string) (call, body string) {
	words := strings.SplitN(row, " ", 3)
	return words[0] + " " + words[1], strings.Join(words[2:], "")
}

// callers are the tokens of all kinds of callers, by the letters that rows name them
// with; those whose names are longer are nobody.
func (s *server) callers(t *testing.T) map[string]string {
	t.Helper()
	full := append(access.WriteScopes(), access.ReadActivity, access.Export, access.Webhooks)
	callers := map[string]string{"r": s.newToken(t, identity.NewToken{Name: "reader", Scopes: access.ReadScopes()}), "none": "", "nonsense": "pcl_nonsense"}
	person := func(name string, role access.Role) identity.User {
		u, err := s.store.Identity.Users.CreateUser(t.Context(), access.System("test"), identity.NewUser{
			Email: name + "@example.com", Name: name, Role: role, Password: modelstest.OwnerPassword,
		})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	for letter, role := range map[string]access.Role{"O": access.Owner, "A": access.Admin, "E": access.Editor, "M": access.Moderator, "U": access.Auditor} {
		callers[letter] = s.newToken(t, identity.NewToken{UserID: person(string(role), role).ID, Name: "all", Scopes: full})
	}
	gone := person("gone", access.Owner)
	callers["disabled"] = s.newToken(t, identity.NewToken{UserID: gone.ID, Name: "all", Scopes: full})
	if _, err := s.store.Identity.Users.Disable(t.Context(), s.owner, gone.ID); err != nil {
		t.Fatal(err)
	}
	revoked, secret, err := s.store.Identity.Tokens.CreateToken(t.Context(), s.owner, identity.NewToken{Name: "revoked", Scopes: full}, nil)
	if err == nil {
		err = s.store.Identity.Tokens.RevokeToken(t.Context(), s.owner, revoked.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	callers["revoked"] = secret
	s.store.DB.Now = func() time.Time { return time.Now().Add(-2 * time.Hour) }
	soon := s.store.DB.Now().Add(time.Hour).Unix()
	callers["expired"] = s.newToken(t, identity.NewToken{Name: "expired", Scopes: full, ExpiresAt: &soon})
	s.store.DB.Now = time.Now
	return callers
}

// subjects makes what a call is about, and returns what puts it into the call and its body.
func (s *server) subjects(t *testing.T, call string) (models.Group, models.Contact, *strings.Replacer) {
	t.Helper()
	member := modelstest.Contact(t, s.store, s.owner, "m-"+rand.Text())
	group := modelstest.Group(t, s.store, s.owner, "Plaza", member)
	id, delivery := group.ID, ""
	switch {
	case strings.Contains(call, "/v1/webhooks/"):
		id, delivery = s.newWebhook(t)
	case strings.Contains(call, "/v1/contacts"):
		id = member.ID
	case strings.Contains(call, "/v1/conversations"):
		id = group.ConversationID
	case strings.Contains(call, "/v1/messages/"):
		id = s.newMessage(t, group).ID
	case strings.Contains(call, "/v1/activity"):
		id = s.newest(t)
	case strings.HasSuffix(call, "/start"):
		id = s.checkedImport(t).ID
	case strings.Contains(call, "/v1/jobs"):
		id = s.newJob(t, modelstest.Group(t, s.store, s.owner, "Archived").ID).ID
	}
	return group, member, strings.NewReplacer("{id}", id, "{contact_id}", member.ID, "{delivery_id}", delivery, "{group_id}", group.ID, "{now}", fmt.Sprint(time.Now().Unix()))
}

// askFor makes a call about objects of somebody else.
func (s *server) askFor(t *testing.T, caller, token, row, who string) {
	t.Helper()
	call, content := divide(row)
	group, member, fill := s.subjects(t, call)
	options := []option{bearer(token), header("X-From", member.ID)} // so many wrong tokens would be refused from one address
	if content != "" {
		options = append(options, bodyOf(call, s.withOther(t, fill.Replace(content))))
	}
	if token == "" {
		options = append(options, func(r *http.Request) { r.Header.Del("Authorization") })
	}
	before := s.newest(t)
	a := s.call(t, fill.Replace(call), options...)
	switch {
	case who == anybody || len(caller) == 1 && strings.Contains(who, caller):
		if a.status >= 300 {
			t.Errorf("%s: %s: got %d, and may: %s", caller, row, a.status, a.body)
		}
		return
	case len(caller) > 1 && a.status != http.StatusUnauthorized:
		t.Errorf("%s: %s: got %d: %s", caller, row, a.status, a.body)
	case len(caller) == 1 && (a.status != http.StatusForbidden || a.error(t).Code != "forbidden"):
		t.Errorf("%s: %s: got %d, and may not: %s", caller, row, a.status, a.body)
	}
	if s.newest(t) != before {
		t.Errorf("%s: %s: refused, and wrote an audit line", caller, row)
	}
	if now, err := s.store.Group(t.Context(), group.ID); err != nil || now.UpdatedAt != group.UpdatedAt || now.Name != group.Name || now.Archived() || now.ContactsCount != 1 {
		t.Errorf("%s: %s: refused, and the group is %+v: %v", caller, row, now, err)
	}
}

// newest is the id of the newest audit line.
func (s *server) newest(t *testing.T) string {
	t.Helper()
	page, err := s.store.Audit.Activity(t.Context(), audit.ActivityQuery{Range: db.Range{Limit: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Lines[0].ID
}
