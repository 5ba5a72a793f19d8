package api_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"protocol.chat/console/models/modelstest"
)

type batch struct {
	Results []struct {
		Status int
		Group  *group
		Error  *errorObject
	}
}

// statuses are those of the results.
func (b batch) statuses() string {
	all := make([]int, len(b.Results))
	for i, r := range b.Results {
		all[i] = r.Status
	}
	return strings.Trim(fmt.Sprint(all), "[]")
}

func TestABatchAnswersEachOperation(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		hector := modelstest.Contact(t, s.store, s.owner, "Hector")
		plaza, old := s.newGroup(t, "Plaza"), s.newGroup(t, "Old")
		body := fmt.Sprintf(`{"operations":[
			{"action":"create","group":{"name":"New","contacts":[{"username":"hector"}]}},
			{"action":"create","group":{"name":""}},
			{"action":"update","id":%[1]q,"group":{"description":"The finest.","id":%[1]q}},
			{"action":"archive","id":%[1]q},
			{"action":"restore","id":%[1]q},
			{"action":"delete","id":%[2]q},
			{"action":"archive","id":%[2]q},
			{"action":"update","id":%[1]q,"group":{"nmae":"x"}},
			{"action":"explode","id":%[1]q},
			{"action":"archive"},
			{"action":"create","group":{"name":"New"},"id":%[1]q},
			{"action":"create","group":"New"}
		]}`, plaza.ID, old.ID)
		first := s.call(t, "POST /v1/groups/batch", jsonBody(body), header("Idempotency-Key", "k")).want(t, 200)
		b := decode[batch](t, first)
		if got, want := b.statuses(), "201 422 200 200 200 204 404 422 422 422 422 422"; got != want {
			t.Fatalf("the statuses are\n%s, want\n%s: %s", got, want, first.body)
		}
		if g := b.Results[0].Group; g.Name != "New" || usernames(g.Contacts) != hector.Username {
			t.Errorf("created %+v", g)
		}
		if g := b.Results[3].Group; deref(g.Description) != "The finest." || g.ArchivedAt == nil {
			t.Errorf("archived %+v", g)
		}
		if b.Results[5].Group != nil {
			t.Error("a deleted group is returned")
		}
		for i, param := range map[int]string{1: "name", 6: "id", 7: "nmae", 8: "action", 9: "id", 10: "id", 11: "group"} {
			e := b.Results[i].Error
			if e == nil || deref(e.Param) != param || e.RequestID != requestID || docOf(e.Code).Status != b.Results[i].Status {
				t.Errorf("operation %d: %+v, want the param %s", i, e, param)
			}
		}
		again := s.call(t, "POST /v1/groups/batch", jsonBody(body), header("Idempotency-Key", "k")).want(t, 200)
		if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("again: %s", again.body)
		}
		if got := decode[list[group]](t, s.call(t, "GET /v1/groups")); len(got.Data) != 2 {
			t.Errorf("there are %d groups", len(got.Data))
		}
		verified(t, s)
	})
}

// TestAFailedOperationTakesNothingWithIt: what it did before it failed is rolled back, and the
// others are not.
func TestAFailedOperationTakesNothingWithIt(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		plaza := s.newGroup(t, "Plaza")
		body := fmt.Sprintf(`{"operations":[
			{"action":"update","id":%[1]q,"group":{"name":"First"}},
			{"action":"update","id":%[1]q,"group":{"name":"Second","contacts":["0000000000000000"]}},
			{"action":"update","id":%[1]q,"group":{"description":"Third"}}
		]}`, plaza.ID)
		b := decode[batch](t, s.call(t, "POST /v1/groups/batch", jsonBody(body)).want(t, 200))
		if b.statuses() != "200 422 200" || b.Results[2].Group.Name != "First" {
			t.Errorf("got %s, %+v", b.statuses(), b.Results[2].Group)
		}

		before := modelstest.Content(t, s.store)
		atomic := strings.Replace(body, `{"operations"`, `{"atomic":true,"operations"`, 1)
		e := s.call(t, "POST /v1/groups/batch", jsonBody(strings.ReplaceAll(atomic, "First", "Other")), header("Idempotency-Key", "k")).
			refused(t, 409, "conflict", "operations[1]")
		if !strings.Contains(e.Message, "0000000000000000") {
			t.Errorf("the message is %q", e.Message)
		}
		for table, rows := range modelstest.Content(t, s.store) {
			if rows != before[table] {
				t.Errorf("%s changed from\n%s\nto\n%s", table, before[table], rows)
			}
		}
		fine := fmt.Sprintf(`{"atomic":true,"operations":[{"action":"archive","id":%[1]q},{"action":"delete","id":%[1]q}]}`, plaza.ID)
		dry := decode[batch](t, s.call(t, "POST /v1/groups/batch", jsonBody(fine), header("Dry-Run", "true")).want(t, 200))
		done := decode[batch](t, s.call(t, "POST /v1/groups/batch", jsonBody(fine), header("Idempotency-Key", "k")).want(t, 200))
		if dry.statuses() != "200 204" || done.statuses() != "200 204" {
			t.Errorf("a dry run answers %s, and the call %s", dry.statuses(), done.statuses())
		}
		verified(t, s)
	})
}

// TestBatchesDoNotHoldEachOtherUp, although they change the same groups in opposite orders.
func TestBatchesDoNotHoldEachOtherUp(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		var there, back []string
		for i := range 30 {
			g := s.newGroup(t, fmt.Sprintf("Group %d", i))
			there = append(there, fmt.Sprintf(`{"action":"update","id":%q,"group":{"description":"{n}"}}`, g.ID))
		}
		for _, op := range there {
			back = append([]string{op}, back...)
		}
		var wg sync.WaitGroup
		for i := range 6 {
			operations := strings.Join([][]string{there, back}[i%2], ",")
			body := strings.ReplaceAll(`{"operations":[`+operations+`]}`, "{n}", fmt.Sprint(i))
			wg.Go(func() {
				a := s.call(t, "POST /v1/groups/batch", jsonBody(body))
				if a.status != 200 || strings.Count(a.body, `"status":200`) != 30 {
					t.Errorf("got %d: %s", a.status, a.body)
				}
			})
		}
		wg.Wait()
	})
}

func TestABatchIsRefusedAsAWhole(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		create := `{"action":"create","group":{"name":"New"}}`
		for body, param := range map[string]string{
			`{}`: "operations", `{"operations":[]}`: "operations", `{"operations":{}}`: "operations", `{"operations":null}`: "operations",
			`{"operations":["x"]}`:                                              "operations[0]",
			`{"operations":[` + create + `],"atomic":"yes"}`:                    "atomic",
			`{"operations":[` + create + `],"atomik":true}`:                     "atomik",
			`{"operations":[` + strings.Repeat(create+",", 100) + create + `]}`: "operations",
		} {
			a := s.call(t, "POST /v1/groups/batch", jsonBody(body)).want(t, 422)
			if e := a.error(t); deref(e.Param) != param {
				t.Errorf("%.80s: %s", body, a.body)
			}
		}
		s.call(t, "POST /v1/groups/batch", jsonBody(`{"operations":[`+create+`]}`), bearer(s.read)).refused(t, 403, "forbidden", "")
		if got := decode[list[group]](t, s.call(t, "GET /v1/groups")); len(got.Data) != 0 {
			t.Errorf("there are %d groups", len(got.Data))
		}
	})
}

// verified fails the test if the activity doesn't hold.
func verified(t *testing.T, s *server) {
	t.Helper()
	if err := s.store.Audit.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if proof, err := s.store.Audit.VerifyAudit(t.Context(), ""); err != nil || proof.Broken != nil || proof.Tail != 0 {
		t.Errorf("the activity is %+v: %v", proof, err)
	}
}
