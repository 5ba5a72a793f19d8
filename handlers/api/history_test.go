package api_test

import (
	"fmt"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

func TestAGroupAtATime(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		now := time.Now().AddDate(0, 0, -1) // the records begin with the database
		s.store.DB.Now = func() time.Time { return now }
		defer func() { s.store.DB.Now = time.Now }()
		old := modelstest.Group(t, s.store, s.owner, "Old")
		hour := time.Now().Add(time.Hour).Truncate(time.Second)
		now = hour
		member := modelstest.Contact(t, s.store, s.owner, "hector")
		made := modelstest.Group(t, s.store, s.owner, "Plaza", member)
		auditor := s.newToken(t, identity.NewToken{Name: "auditor", Scopes: append(access.ReadScopes(), access.ReadActivity)})
		reader := s.newToken(t, identity.NewToken{Name: "reader", Scopes: access.ReadScopes()})
		line := fmt.Sprintf("/v1/groups/%s?at=", made.ID)
		s.call(t, fmt.Sprint("GET /v1/groups/", old.ID, "?at=", old.CreatedAt), bearer(auditor)).refused(t, 409, "before_records", "at")
		before := s.call(t, "GET /v1/groups/"+made.ID).want(t, 200)
		now = now.Add(time.Minute)
		s.call(t, "PUT /v1/groups/"+made.ID, jsonBody(`{"name":"Plaza Hotel","contacts":[]}`)).want(t, 200)
		s.call(t, "DELETE /v1/contacts/"+member.ID).want(t, 204)

		for _, at := range []string{fmt.Sprint(hour.Unix()), fmt.Sprint(hour.Unix() + 59), hour.UTC().Format(time.RFC3339), hour.UTC().Format("2006-01-02t15:04:05.999z")} {
			a := s.call(t, "GET "+line+at, bearer(auditor)).want(t, 200)
			if a.body != before.body {
				t.Errorf("at %s:\n%s\nnot\n%s", at, a.body, before.body)
			}
			s.call(t, "GET "+line+at, bearer(auditor), header("If-None-Match", before.header.Get("ETag"))).want(t, 304)
		}
		if a := s.call(t, fmt.Sprint("GET ", line, now.Unix()), bearer(auditor)).want(t, 200); decode[group](t, a).Name != "Plaza Hotel" {
			t.Errorf("now: %s", a.body)
		}
		for _, wrong := range []string{"", "yesterday", "-1", "1.5", fmt.Sprint(now.Unix() + 1), "2999-01-01T00:00:00Z"} {
			s.call(t, "GET "+line+wrong, bearer(auditor)).refused(t, 422, "parameter_invalid", "at")
		}
		s.call(t, fmt.Sprint("GET ", line, hour.Unix()-1), bearer(auditor)).refused(t, 404, "resource_missing", "id")
		s.call(t, fmt.Sprint("GET ", line, hour.Unix()), bearer(reader)).refused(t, 403, "forbidden", "")
		s.call(t, "GET /v1/groups/0000000000000000?at=0", bearer(auditor)).refused(t, 404, "resource_missing", "id")

		now = now.Add(time.Minute)
		s.call(t, "DELETE /v1/groups/"+made.ID).want(t, 204)
		if a := s.call(t, fmt.Sprint("GET ", line, hour.Unix()), bearer(auditor)).want(t, 200); a.body != before.body {
			t.Errorf("of a deleted group: %s", a.body)
		}
		s.call(t, fmt.Sprint("GET ", line, now.Unix()), bearer(auditor)).refused(t, 404, "resource_missing", "id")
	})
}
