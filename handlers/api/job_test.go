package api_test

import (
	"fmt"
	"strings"
	"testing"

	"protocol.chat/console/models/modelstest"
)

type job struct {
	ID, Type, State              string
	Total, Done, Skipped, Failed int
	Note                         *string
	Actor                        struct {
		Type, Name string
		ID         *string
	}
	CreatedAt     int64   `json:"created_at"`
	StartedAt     *int64  `json:"started_at"`
	FinishedAt    *int64  `json:"finished_at"`
	UndoOf        *string `json:"undo_of"`
	UndoableUntil *int64  `json:"undoable_until"`
	Reason        *string
}

type jobResult struct {
	GroupID      *string `json:"group_id"`
	ContactID    *string `json:"contact_id"`
	Name, Result string
	Reason       *string
	Unchanged    []string
}

// finish runs the job that an answer of 202 has started, and returns it.
func (s *server) finish(t *testing.T, a answer) job {
	t.Helper()
	started := decode[job](t, a.want(t, 202))
	if got := a.header.Get("Location"); got != "/v1/jobs/"+started.ID || started.State != "queued" {
		t.Errorf("Location %q of %s", got, a.body)
	}
	if err := s.store.Jobs.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return decode[job](t, s.call(t, "GET /v1/jobs/"+started.ID).want(t, 200))
}

func TestABulkChangeIsAJob(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		var groups []group
		for i := range 5 {
			groups = append(groups, s.newGroup(t, fmt.Sprintf("=Hotel %d", i)))
		}
		s.newGroup(t, "Other")
		s.call(t, "POST /v1/groups/"+groups[0].ID+"/archive").want(t, 200)

		body := jsonBody(`{"filter":{"q":"hotel"},"action":"archive","note":"Closed."}`)
		preview := s.call(t, "POST /v1/groups/bulk", body, header("Dry-Run", "true")).want(t, 200)
		p := decode[struct {
			Matched, Events int
			ToChange        int `json:"to_change"`
			Relation        string
			Skipped         []struct {
				Reason string
				Count  int
			}
			Sample []group
		}](t, preview)
		if p.Matched != 5 || p.ToChange != 4 || p.Events != 4 || p.Relation != "exact" || len(p.Sample) != 4 || len(p.Skipped) != 1 || p.Skipped[0].Count != 1 {
			t.Errorf("the preview is %s", preview.body)
		}

		first := s.call(t, "POST /v1/groups/bulk", body, header("Idempotency-Key", "k"))
		j := s.finish(t, first)
		s.relay(t)
		if heard := decode[eventPage](t, s.call(t, "GET /v1/events?limit=100").want(t, 200)); len(heard.Data) != 6+1+p.Events {
			t.Errorf("%d events, want 6 of creations, 1 of an archive and the %d of the preview", len(heard.Data), p.Events)
		}
		if j.Type != "groups.archive" || j.State != "done" || j.Total != 5 || j.Done != 4 || j.Skipped != 1 || deref(j.Note) != "Closed." ||
			j.Actor.Type != "token" || j.Actor.Name != "writer" || j.UndoableUntil == nil || j.FinishedAt == nil || j.Reason != nil {
			t.Errorf("the job is %+v", j)
		}
		again := s.call(t, "POST /v1/groups/bulk", body, header("Idempotency-Key", "k")).want(t, 202)
		if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("again: %s", again.body)
		}
		s.checkResults(t, j.ID, groups)

		undo := s.call(t, "POST /v1/jobs/"+j.ID+"/undo", header("Idempotency-Key", "u"))
		if u := s.finish(t, undo); u.State != "done" || u.Done != 4 || deref(u.UndoOf) != j.ID || u.Type != "groups.undo" || u.UndoableUntil != nil {
			t.Errorf("the job that undoes it is %+v", u)
		}
		if again := s.call(t, "POST /v1/jobs/"+j.ID+"/undo", header("Idempotency-Key", "u")); again.body != undo.body {
			t.Errorf("undone again: %s", again.body)
		}
		if got := decode[list[job]](t, s.call(t, "GET /v1/jobs?limit=1").want(t, 200)); !got.HasMore || got.Data[0].Type != "groups.undo" {
			t.Errorf("the jobs are %+v", got)
		}
		verified(t, s)
	})
}

// checkResults reads the results of a job about five groups, the first of which was archived
// before.
func (s *server) checkResults(t *testing.T, id string, groups []group) {
	t.Helper()
	path := "GET /v1/jobs/" + id + "/results"
	page := decode[list[jobResult]](t, s.call(t, path+"?limit=2").want(t, 200))
	if !page.HasMore || len(page.Data) != 2 || deref(page.Data[0].GroupID) != groups[0].ID || page.Data[0].Name != groups[0].Name || page.Data[0].Result != "skipped" ||
		deref(page.Data[0].Reason) != "already_archived" || page.Data[1].Result != "done" || page.Data[1].Reason != nil {
		t.Errorf("the results are %+v", page)
	}
	page = decode[list[jobResult]](t, s.call(t, path+"?starting_after="+groups[1].ID).want(t, 200))
	if page.HasMore || len(page.Data) != 3 {
		t.Errorf("the rest are %+v", page)
	}
	sheet := s.call(t, path+"?format=csv").want(t, 200)
	want := "id,group_id,contact_id,name,result,reason,unchanged,line,column,message\r\n" + groups[0].ID + "," + groups[0].ID + ",,'=Hotel 0,skipped,already_archived,,,,\r\n"
	if !strings.HasPrefix(sheet.body, want) || strings.Count(sheet.body, "\n") != 6 || sheet.header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" {
		t.Errorf("the file is %q", sheet.body)
	}
	lines := s.call(t, path+"?format=ndjson").want(t, 200)
	want = `{"id":"` + groups[0].ID + `","group_id":"` + groups[0].ID + `","contact_id":null,"name":"=Hotel 0","result":"skipped","reason":"already_archived","unchanged":"","line":null,"column":null,"message":null}` + "\n"
	if !strings.HasPrefix(lines.body, want) || strings.Count(lines.body, "\n") != 5 || lines.header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("the lines are %q", lines.body)
	}
	s.call(t, path+"?format=xml").refused(t, 422, "parameter_invalid", "format")
	s.call(t, path+"?format=csv&limit=5").refused(t, 422, "parameter_invalid", "limit")
	s.call(t, "GET /v1/jobs/0000000000000000/results?format=csv").refused(t, 404, "resource_missing", "id")
}

func TestJobsAreCancelled(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.newGroup(t, "Plaza")
		started := decode[job](t, s.call(t, "POST /v1/groups/bulk", jsonBody(`{"all":true,"action":"delete"}`)).want(t, 202))
		cancel := "POST /v1/jobs/" + started.ID + "/cancel"
		s.call(t, cancel, bearer(s.read)).refused(t, 403, "forbidden", "")
		if j := decode[job](t, s.call(t, cancel, header("Idempotency-Key", "c")).want(t, 200)); j.State != "cancelled" || j.Done != 0 {
			t.Errorf("the job is %+v", j)
		}
		if a := s.call(t, cancel, header("Idempotency-Key", "c")).want(t, 200); a.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("again: %v", a.header)
		}
		s.call(t, cancel).want(t, 200)
		if err := s.store.Jobs.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := decode[list[group]](t, s.call(t, "GET /v1/groups")); len(got.Data) != 1 {
			t.Errorf("there are %d groups", len(got.Data))
		}
		s.call(t, "POST /v1/jobs/"+started.ID+"/undo").refused(t, 409, "conflict", "")
	})
}

func TestBulkChangesTakeTheListsFilters(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		hector, cedric := modelstest.Contact(t, s.store, s.owner, "Hector"), modelstest.Contact(t, s.store, s.owner, "Cedric")
		in := modelstest.Group(t, s.store, s.owner, "In", hector)
		out := modelstest.Group(t, s.store, s.owner, "Out")
		for filter, total := range map[string]int{
			`{"contact":"` + hector.ID + `"}`:                       1,
			`{"archived":false}`:                                    2,
			`{"archived":"true"}`:                                   0,
			`{"ids":["` + in.ID + `","` + out.ID + `"]}`:            2,
			`{"ids":["` + in.ID + `","0000000000000000"]}`:          2, // one of which is skipped
			`{"q":"out","archived":false}`:                          1,
			`{"contacts_min":1,"name":"IN"}`:                        1,
			`{"contacts_max":"0"}`:                                  1,
			`{"archived_after":0}`:                                  0,
			`{"created_after":"1991-12-08T23:00:00Z"}`:              2,
			`{"contact":"` + hector.ID + `","q":"nothing found"}`:   0,
			`{"contact":["` + hector.ID + `","` + cedric.ID + `"]}`: 0,
			`{"contact":["` + hector.ID + `","` + hector.ID + `"]}`: 1,
		} {
			a := s.call(t, "POST /v1/groups/bulk", jsonBody(`{"filter":`+filter+`,"action":"update","changes":{"description":`+fmt.Sprintf("%q", filter)+`}}`))
			if j := s.finish(t, a); j.Total != total {
				t.Errorf("%s finds %d", filter, j.Total)
			}
		}
	})
}

func TestBulkChangesRefuseWhatIsNotMeant(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		before := modelstest.Rows(t, s.store)
		long := `"` + strings.Repeat("x", 1001) + `"`
		for body, param := range map[string]string{
			`{"action":"archive"}`:                                                 "filter",
			`{"action":"archive","filter":{}}`:                                     "filter",
			`{"action":"archive","filter":{"ids":[]}}`:                             "filter",
			`{"action":"archive","filter":[]}`:                                     "filter",
			`{"action":"archive","filter":{"ids":["x"]}}`:                          "filter[ids][0]",
			`{"action":"archive","filter":{"archived":"maybe"}}`:                   "filter[archived]",
			`{"action":"archive","filter":{"archived":null}}`:                      "filter[archived]",
			`{"action":"archive","filter":{"contact":"0000000000000000"}}`:         "filter[contact]",
			`{"action":"archive","filter":{"limit":5,"q":"x"}}`:                    "filter[limit]",
			`{"action":"archive","filter":{"q":` + long + `}}`:                     "filter[q]",
			`{"action":"archive","filter":{"described":"often"}}`:                  "filter[described]",
			`{"action":"archive","filter":{"contacts_min":[]}}`:                    "filter[contacts_min]",
			`{"action":"archive","filter":{"sort":"name"}}`:                        "filter[sort]",
			`{"action":"explode","all":true}`:                                      "action",
			`{"action":"archive","all":"true"}`:                                    "all",
			`{"action":"archive","all":true,"note":` + long + `}`:                  "note",
			`{"action":"archive","all":true,"changes":{"description":"x"}}`:        "changes",
			`{"action":"update","all":true}`:                                       "changes",
			`{"action":"update","all":true,"changes":{"name":"x"}}`:                "changes[name]",
			`{"action":"update","all":true,"changes":{"avatar_url":"ftp://x"}}`:    "changes[avatar_url]",
			`{"action":"add_contacts","all":true}`:                                 "contacts",
			`{"action":"add_contacts","all":true,"contacts":["0000000000000000"]}`: "contacts[0]",
			`{"action":"archive","all":true,"contacts":[{"username":"somebody"}]}`: "contacts",
			`{"action":"archive","all":true,"everything":true}`:                    "everything",
		} {
			for _, dry := range []string{"true", "false"} {
				a := s.call(t, "POST /v1/groups/bulk", jsonBody(body), header("Dry-Run", dry))
				if e := a.want(t, 422).error(t); deref(e.Param) != param {
					t.Errorf("%.80s: param %q, want %q: %s", body, deref(e.Param), param, a.body)
				}
			}
		}
		for table, n := range modelstest.Rows(t, s.store) {
			if n != before[table] {
				t.Errorf("%s has %d rows, and had %d", table, n, before[table])
			}
		}
	})
}
