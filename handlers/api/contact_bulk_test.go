package api_test

import (
	"fmt"
	"testing"

	"protocol.chat/console/models/modelstest"
)

func TestContactsAreChangedByAJob(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		contacts := modelstest.Contacts(t, s.store, s.owner, 3)
		plaza := modelstest.Group(t, s.store, s.owner, "Plaza", contacts[0])
		add := jsonBody(fmt.Sprintf(`{"filter":{"q":"contact"},"action":"add_to_groups","groups":[%q],"note":"All of them."}`, plaza.ID))
		p := decode[struct {
			Matched, Events int
			Ending          int `json:"memberships_ending"`
			Sample          []contact
		}](t, s.call(t, "POST /v1/contacts/bulk", add, header("Dry-Run", "true")).want(t, 200))
		if p.Matched != 3 || p.Events != 1 || p.Ending != 0 || len(p.Sample) != 3 {
			t.Errorf("the preview is %+v", p)
		}
		j := s.finish(t, s.call(t, "POST /v1/contacts/bulk", add))
		if j.Type != "contacts.add_to_groups" || j.State != "done" || j.Done != 2 || j.Skipped != 1 {
			t.Errorf("the job is %+v", j)
		}
		results := decode[list[jobResult]](t, s.call(t, "GET /v1/jobs/"+j.ID+"/results").want(t, 200))
		if r := results.Data[0]; deref(r.ContactID) != contacts[0].ID || r.GroupID != nil || deref(r.Reason) != "already_member" {
			t.Errorf("the first result is %+v", r)
		}
		if u := s.finish(t, s.call(t, "POST /v1/jobs/"+j.ID+"/undo")); u.Type != "contacts.undo" || u.Done != 2 {
			t.Errorf("the undo is %+v", u)
		}
		// As a form, of the members of a group.
		leave := form("action=remove_from_groups&filter[group]=" + plaza.ID + "&groups[]=" + plaza.ID)
		if j := s.finish(t, s.call(t, "POST /v1/contacts/bulk", leave)); j.Done != 1 || j.Total != 1 {
			t.Errorf("the job is %+v", j)
		}
		gone := form("action=delete&filter[ids][]=" + contacts[0].ID + "&filter[ids][]=" + contacts[1].ID)
		if j := s.finish(t, s.call(t, "POST /v1/contacts/bulk", gone)); j.Done != 2 || j.UndoableUntil != nil {
			t.Errorf("the job is %+v", j)
		}
		verified(t, s)
	})
}

func TestBulkChangesOfContactsAreRefused(t *testing.T) {
	s := serve(t, modelstest.Open(t, modelstest.SQLite))
	for body, param := range map[string]string{
		`{"action":"delete"}`:                                       "filter",
		`{"action":"archive","all":true}`:                           "action",
		`{"action":"add_to_groups","all":true}`:                     "groups",
		`{"action":"remove_from_groups","all":true,"groups":["x"]}`: "groups[0]",
		`{"action":"delete","filter":{"ids":["x"]}}`:                "filter[ids][0]",
		`{"action":"delete","filter":{"group":"0000000000000000"}}`: "filter[group]",
		`{"action":"delete","filter":{"archived":true}}`:            "filter[archived]",
		`{"action":"delete","all":true,"groups":[]}`:                "groups",
	} {
		if e := s.call(t, "POST /v1/contacts/bulk", jsonBody(body)).want(t, 422).error(t); deref(e.Param) != param {
			t.Errorf("%s: %+v, want the param %s", body, e, param)
		}
	}
}

// TestFormsHoldWhatJSONDoes sends nested attributes as a form.
func TestFormsHoldWhatJSONDoes(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		hector := modelstest.Contact(t, s.store, s.owner, "hector")
		b := decode[batch](t, s.call(t, "POST /v1/groups/batch", form("atomic=true&operations[0][action]=create&operations[0][group][name]=Plaza+Hotel"+
			"&operations[0][group][contacts][0][username]=hector&operations[1][action]=create&operations[1][group][name]=Ritz"+
			"&operations[1][group][contacts][]="+hector.ID)).want(t, 200))
		if b.statuses() != "201 201" || usernames(b.Results[0].Group.Contacts)+usernames(b.Results[1].Group.Contacts) != "hectorhector" {
			t.Fatalf("the results are %+v", b)
		}
		j := s.finish(t, s.call(t, "POST /v1/groups/bulk", form("filter[q]=plaza&filter[archived]=false&action=update&changes[description]=The+finest.&note=")))
		if j.Done != 1 || j.Note != nil {
			t.Errorf("the job is %+v", j)
		}
		if j := s.finish(t, s.call(t, "POST /v1/groups/bulk", form("all=true&action=archive"))); j.Done != 2 {
			t.Errorf("the job is %+v", j)
		}
		s.call(t, "POST /v1/groups/bulk", form("all=perhaps&action=archive")).refused(t, 422, "parameter_invalid", "all")
		s.call(t, "POST /v1/groups/bulk", form("all=true&all[]=x&action=archive")).want(t, 400)
	})
}
