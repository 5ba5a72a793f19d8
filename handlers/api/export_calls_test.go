package api_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

func TestExportCalls(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		contacts := modelstest.Contacts(t, s.store, s.owner, 3)
		g := modelstest.Group(t, s.store, s.owner, "Plaza Hotel", contacts[0], contacts[1])
		modelstest.Group(t, s.store, s.owner, "Bar")
		members := "/v1/groups/" + g.ID + "/contacts/export"
		s.call(t, "GET /v1/groups/export", bearer(s.newToken(t, identity.NewToken{Name: "reader", Scopes: access.ReadScopes()}))).refused(t, 403, "forbidden", "")
		exporter := bearer(s.newToken(t, identity.NewToken{Name: "exporter", Scopes: access.Scopes{access.ReadGroups, access.ReadContacts, access.Export}}))
		for path, want := range map[string]int{
			"/v1/groups/export": 2, "/v1/groups/export?q=plaza": 1, "/v1/groups/export?archived=true": 0, "/v1/groups/export?contact=" + contacts[0].ID: 1,
			"/v1/contacts/export": 3, "/v1/contacts/export?q=" + contacts[2].Username: 1, members: 2, members + "?q=" + contacts[1].Username: 1,
		} {
			a := s.call(t, "GET "+path, exporter).want(t, 200)
			if n := strings.Count(a.body, "\n"); n != want && (want > 0 || a.body != "") || a.header.Get("Content-Type") != "application/x-ndjson" {
				t.Errorf("%s: %s %s", path, a.header.Get("Content-Type"), a.body)
			}
		}
		if l := s.newestAct(t); l.Action != audit.ExportedGroups && l.Action != audit.ExportedContacts && l.Action != audit.ExportedMembers || l.ActorName != "exporter" {
			t.Errorf("the newest line is %+v", l)
		}
		var one struct {
			ID       string
			Contacts []string
		}
		a := s.call(t, "GET /v1/groups/export?q=plaza&members=ids", exporter).want(t, 200)
		if err := json.Unmarshal([]byte(a.body), &one); err != nil || one.ID != g.ID || len(one.Contacts) != 2 {
			t.Errorf("%s, %v", a.body, err)
		}
		for format, begin := range map[string]string{"csv": "id,name,", "json": "[\n{", "xlsx": "PK"} {
			a := s.call(t, "GET /v1/groups/export?q=plaza&format="+format, exporter).want(t, 200)
			name := regexp.MustCompile(`^attachment; filename="groups-plaza-20\d\d-\d\d-\d\dT\d{4}Z\.` + format + `"$`)
			if !strings.HasPrefix(a.body, begin) || !name.MatchString(a.header.Get("Content-Disposition")) {
				t.Errorf("%s: %v %.40q", format, a.header, a.body)
			}
		}
		newest := s.newestAct(t).ID
		s.call(t, "GET /v1/groups/export?format=pdf", exporter).refused(t, 422, "parameter_invalid", "format")
		s.call(t, "GET /v1/groups/export?members=names", exporter).refused(t, 422, "parameter_invalid", "members")
		s.call(t, "GET /v1/groups/export?limit=1", exporter).refused(t, 422, "parameter_unknown", "limit")
		s.call(t, "GET /v1/groups/export?contact=0000000000000000", exporter).refused(t, 422, "parameter_invalid", "contact")
		s.call(t, "GET /v1/groups/0000000000000000/contacts/export", exporter).refused(t, 404, "resource_missing", "id")
		s.call(t, "HEAD /v1/groups/export", exporter).want(t, 200)
		if l := s.newestAct(t); l.ID != newest {
			t.Errorf("what exported nothing left %+v", l)
		}
	})
}
