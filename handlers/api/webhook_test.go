package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/webhooks"
)

// newWebhook makes a webhook with a delivery.
func (s *server) newWebhook(t *testing.T) (id, delivery string) {
	t.Helper()
	modelstest.Exec(t, s.store, "DELETE FROM webhooks") // there can be few
	names := []string{"*"}
	w, _, err := s.store.Webhooks.Create(t.Context(), s.owner, webhooks.Change{Name: new("Receiver"), URL: new("http://127.0.0.1:9/"), Events: &names}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.store.Webhooks.Test(t.Context(), s.owner, w.ID, "group.created")
	if err != nil {
		t.Fatal(err)
	}
	return w.ID, d.ID
}

func TestWebhookCalls(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		send := jsonBody(`{"name":"Receiver","url":"http://127.0.0.1:9/","events":["group.*","contact.created"]}`)
		key := header("Idempotency-Key", "once")
		made := s.call(t, "POST /v1/webhooks", send, key).want(t, 201)
		again := s.call(t, "POST /v1/webhooks", send, key).want(t, 201)
		if made.body != again.body || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("the same key answers %s, then %s", made.body, again.body)
		}
		var w struct{ ID, Secret, State string }
		if err := json.Unmarshal([]byte(made.body), &w); err != nil || !strings.HasPrefix(w.Secret, "whsec_") || w.State != "enabled" {
			t.Fatalf("created: %s; %v", made.body, err)
		}
		modelstest.Keep(s.store, "webhook secret", w.Secret)
		at := " /v1/webhooks/" + w.ID
		shown := s.call(t, "GET"+at).want(t, 200)
		if strings.Contains(shown.body, "whsec_") {
			t.Errorf("the secret is shown again: %s", shown.body)
		}
		s.call(t, "PUT"+at, jsonBody(`{"name":"New"}`), header("If-Match", `"other"`)).refused(t, 412, "precondition_failed", "")
		s.call(t, "PUT"+at, jsonBody(shown.body), header("If-Match", shown.header.Get("ETag"))).want(t, 200)
		s.call(t, "PUT"+at, body("application/x-www-form-urlencoded", "events[]=*&state=disabled")).want(t, 200)
		s.call(t, "POST"+at+"/test", jsonBody(`{"type":"group.created"}`)).refused(t, 409, "conflict", "")
		s.call(t, "PUT"+at, jsonBody(`{"state":"enabled"}`)).want(t, 200)
		s.call(t, "PUT"+at, jsonBody(`{"state":"paused"}`)).refused(t, 422, "parameter_invalid", "state")
		s.call(t, "PUT"+at, jsonBody(`{"url":"https://10.0.0.1/"}`)).refused(t, 422, "parameter_invalid", "url")
		s.call(t, "POST /v1/webhooks", jsonBody(`{}`)).refused(t, 422, "parameter_missing", "name")
		s.call(t, "POST"+at+"/test", jsonBody(`{"type":"group.*"}`)).refused(t, 422, "parameter_invalid", "type")
		s.call(t, "POST"+at+"/resend", jsonBody(`{}`)).refused(t, 422, "parameter_missing", "since")
		s.call(t, "GET"+at+"/deliveries?state=lost").refused(t, 422, "parameter_invalid", "state")

		dry := s.call(t, "POST"+at+"/roll", header("Dry-Run", "true")).want(t, 200)
		rolled := s.call(t, "POST"+at+"/roll").want(t, 200)
		if dry.body == rolled.body || !strings.Contains(rolled.body, "whsec_") || strings.Contains(rolled.body, w.Secret) {
			t.Errorf("rolled: %s", rolled.body)
		}
		s.call(t, "POST"+at+"/test", jsonBody(`{"type":"message.created"}`)).want(t, 201)
		modelstest.Group(t, s.store, s.owner, "Plaza")
		if err := s.store.RelayEvents(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.store.Webhooks.Run(t.Context()); err != nil { // nobody listens
			t.Fatal(err)
		}
		var list struct {
			Data []struct{ ID, Type, State, Error string }
		}
		_ = json.Unmarshal([]byte(s.call(t, "GET"+at+"/deliveries?state=pending").want(t, 200).body), &list)
		if len(list.Data) != 2 || list.Data[0].Type != "group.created" || list.Data[0].Error != "refused" {
			t.Fatalf("the deliveries are %+v", list.Data)
		}
		detail := s.call(t, "GET"+at+"/deliveries/"+list.Data[0].ID).want(t, 200)
		if !strings.Contains(detail.body, `\"name\":\"Plaza\"`) || !strings.Contains(detail.body, "X-Protocol-Signature: ") {
			t.Errorf("a delivery: %s", detail.body)
		}
		s.call(t, "POST"+at+"/deliveries/"+list.Data[0].ID+"/resend").want(t, 200)
		modelstest.Exec(t, s.store, "UPDATE webhook_deliveries SET state = 'failed', next_at = NULL")
		resent := s.call(t, "POST"+at+"/resend", jsonBody(`{"since":"`+time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)+`"}`)).want(t, 200)
		if resent.body != `{"resent":2,"has_more":false}`+"\n" {
			t.Errorf("resent: %s", resent.body)
		}
		s.call(t, "DELETE"+at).want(t, 204)
		s.call(t, "GET"+at+"/deliveries").refused(t, 404, "resource_missing", "id")
	})
}
