package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

func (s *server) newestAct(t *testing.T) audit.Line {
	t.Helper()
	page, err := s.store.Audit.Activity(t.Context(), audit.ActivityQuery{Range: db.Range{Limit: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return page.Lines[0]
}

type act struct {
	ID, Action, Summary string
	Actor               struct{ Kind, ID, Name, UserID string }
	Object              *struct{ Kind, ID, Name string }
	Changes             map[string]struct{ Before, After any }
	IP                  string
	RequestID           string `json:"request_id"`
	Seal                *int64
}

// acts are the acts of a list.
func (a answer) acts(t *testing.T) (list struct {
	HasMore bool `json:"has_more"`
	Data    []act
},
) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &list); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return list
}

func TestActivity(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		g := modelstest.Group(t, s.store, s.owner, "Plaza Hotel")
		s.call(t, "PUT /v1/groups/"+g.ID, jsonBody(`{"name":"Plaza"}`)).want(t, 200)

		list := s.call(t, "GET /v1/activity?limit=2").want(t, 200).acts(t)
		got := list.Data[0]
		if !list.HasMore || len(list.Data) != 2 || got.Action != "group.update" || got.Summary != "the API token writer renamed Plaza Hotel to Plaza" ||
			got.Actor.Kind != "token" || got.Object.ID != g.ID || got.Changes["name"].Before != "Plaza Hotel" || got.Seal != nil || got.IP != clientIP || got.RequestID != requestID {
			t.Errorf("%+v", list)
		}
		next := s.call(t, "GET /v1/activity?limit=100&starting_after="+list.Data[1].ID).want(t, 200).acts(t)
		if next.HasMore || len(next.Data) != 3 {
			t.Errorf("the rest is %+v", next)
		}
		for filter, want := range map[string]int{
			"action=group": 2, "action=group.update": 1, "object=" + g.ID: 2, "who=" + s.owner.ID: 4, "request_id=" + requestID: 1,
			"who=" + got.Actor.ID: 1, "created_after=4000000000": 0, "created_before=1": 0, "created_after=1&created_before=4000000000": 5,
		} {
			if got := s.call(t, "GET /v1/activity?limit=100&"+filter).want(t, 200).acts(t); len(got.Data) != want {
				t.Errorf("%s: %d acts, want %d", filter, len(got.Data), want)
			}
		}
		s.call(t, "GET /v1/activity?created_after=yesterday").refused(t, 422, "parameter_invalid", "created_after")
		s.call(t, "GET /v1/activity?who=%00").refused(t, 422, "parameter_invalid", "who")

		if err := s.store.Audit.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		one := s.call(t, "GET /v1/activity/"+got.ID).want(t, 200)
		var sealed act
		if err := json.Unmarshal([]byte(one.body), &sealed); err != nil || sealed.Seal == nil || *sealed.Seal != 5 {
			t.Errorf("%s: %v", one.body, err)
		}
		without := s.newToken(t, identity.NewToken{Name: "no activity", Scopes: access.WriteScopes()})
		for _, path := range []string{"", "/verify", "/" + got.ID} {
			e := s.call(t, "GET /v1/activity"+path, bearer(without)).refused(t, 403, "forbidden", "")
			if want := "This token doesn't have permission to view activity (activity.read)."; !strings.HasPrefix(e.Message, want) {
				t.Errorf("%q does not begin with %q", e.Message, want)
			}
		}
	})
}

func TestVerifyActivity(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		store.DB.Now = func() time.Time { return time.Now().AddDate(-1, 0, 0) }
		s := serve(t, store)
		store.DB.Now = time.Now
		type proof struct {
			Intact       bool
			Sealed, Tail int64
			First        int64
			Compared     *bool
			DeletedAt    *int64 `json:"deleted_at"`
			Head         string
			Broken       *struct{ Message string }
		}
		ask := func(expect string) (p proof) {
			t.Helper()
			a := s.call(t, "GET /v1/activity/verify"+expect).want(t, 200)
			if err := json.Unmarshal([]byte(a.body), &p); err != nil {
				t.Fatal(err)
			}
			return p
		}
		if p := ask(""); !p.Intact || p.Sealed != 0 || p.Tail != 3 || p.Head != "" {
			t.Errorf("before the first sealing: %+v", p)
		}
		if err := s.store.Audit.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		if p := ask(""); !p.Intact || p.Sealed != 3 || p.Tail != 0 || p.Head[:2] != "3:" {
			t.Errorf("%+v", p)
		}
		if p := ask(fmt.Sprintf("?expect=4:%016d", 0)); p.Intact || p.Broken == nil || p.Broken.Message == "" {
			t.Errorf("%+v", p)
		}
		if p := ask(""); p.First != 1 || p.Compared != nil || p.DeletedAt != nil {
			t.Errorf("nothing was deleted: %+v", p)
		}
		err := errors.Join(s.store.Audit.Retention.SetRule(t.Context(), access.System("test"), "P90D"), s.store.Audit.Retention.DeleteOld(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		if p := ask(fmt.Sprintf("?expect=2:%016d", 0)); !p.Intact || p.First != 4 || p.Tail != 2 || p.DeletedAt == nil || p.Compared == nil || *p.Compared {
			t.Errorf("the first lines were deleted: %+v", p)
		}
		s.call(t, "GET /v1/activity/verify?expect=x").refused(t, 422, "parameter_invalid", "expect")
	})
}
