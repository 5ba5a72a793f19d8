package api_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/models/modelstest"
)

// TestDryRunsChangeNothing makes every call of the matrix that may change something as a dry
// run, and then in earnest: both have the same answer, and only the second leaves a trace.
func TestDryRunsChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		s.call(t, "GET /v1/groups").want(t, 200) // notes the use of the token
		for n, row := range slices.Sorted(maps.Keys(matrix)) {
			row = strings.ReplaceAll(row, "{n}", fmt.Sprint(n))
			if strings.HasPrefix(row, "GET ") {
				continue
			}
			call, content := divide(row)
			_, _, fill := s.subjects(t, call)
			var options []option
			if content != "" {
				options = append(options, bodyOf(call, s.withOther(t, fill.Replace(content))))
			}
			if strings.HasPrefix(row, "POST ") {
				options = append(options, header("Idempotency-Key", row))
			}
			before := modelstest.Content(t, s.store)
			dry := s.call(t, fill.Replace(call), append(options, header("Dry-Run", "true"))...)
			if dry.status >= 300 || dry.header.Get("Dry-Run") != "true" {
				t.Errorf("%s: a dry run answers %d %v: %s", row, dry.status, dry.header, dry.body)
			}
			for table, rows := range modelstest.Content(t, s.store) {
				if rows != before[table] {
					t.Errorf("%s: a dry run changes %s from\n%s\nto\n%s", row, table, before[table], rows)
				}
			}
			real := s.call(t, fill.Replace(call), options...)
			if real.header.Get("Dry-Run") != "" || real.header.Get("Idempotent-Replayed") != "" {
				t.Errorf("%s: the call after a dry run answers %v", row, real.header)
			}
			if strings.HasSuffix(call, "/bulk") || call == "POST /v1/imports" {
				continue // its dry run is a preview
			}
			if dry.status != real.status || keys(t, dry.body) != keys(t, real.body) {
				t.Errorf("%s: a dry run answers\n%d %s, and the call\n%d %s", row, dry.status, dry.body, real.status, real.body)
			}
		}
	})
}

func TestDryRunsFailAsCallsDo(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		dry := header("Dry-Run", "true")
		g := s.newGroup(t, "Plaza Hotel")
		s.call(t, "POST /v1/groups", jsonBody(`{"name":""}`), dry).refused(t, 422, "parameter_missing", "name")
		s.call(t, "PUT /v1/groups/"+g.ID, jsonBody(`{"name":"Other"}`), header("If-Match", `"x"`), dry).refused(t, 412, "precondition_failed", "")
		s.call(t, "DELETE /v1/groups/0000000000000000", dry).refused(t, 404, "resource_missing", "id")
		s.call(t, "DELETE /v1/groups/"+g.ID, bearer(s.read), dry).refused(t, 403, "forbidden", "")
		for _, value := range []string{"yes", "1", "TRUE", "true, true"} {
			s.call(t, "DELETE /v1/groups/"+g.ID, header("Dry-Run", value)).refused(t, 422, "parameter_invalid", "Dry-Run")
		}
		s.call(t, "DELETE /v1/groups/"+g.ID, dry, dry).refused(t, 422, "parameter_invalid", "Dry-Run")
		s.call(t, "GET /v1/groups/"+g.ID, header("Dry-Run", "yes")).want(t, 200)
		s.call(t, "DELETE /v1/groups/"+g.ID, header("Dry-Run", "false")).want(t, 204)
		s.call(t, "DELETE /v1/groups/"+g.ID, dry).want(t, 404)
	})
}

// TestADryRunRepeatsTheAnswerOfItsKey: it returns what the call would return.
func TestADryRunRepeatsTheAnswerOfItsKey(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		key, dry := header("Idempotency-Key", "once"), header("Dry-Run", "true")
		made := s.call(t, "POST /v1/groups", jsonBody(`{"name":"Plaza"}`), key).want(t, 201)
		again := s.call(t, "POST /v1/groups", jsonBody(`{"name":"Plaza"}`), key, dry).want(t, 201)
		if again.body != made.body || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("got %s, want %s", again.body, made.body)
		}
		s.call(t, "POST /v1/groups", jsonBody(`{"name":"Other"}`), key, dry).refused(t, 409, "conflict", "")
	})
}
