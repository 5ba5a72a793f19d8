package api_test

import (
	"crypto/rand"
	"io"
	"net/http"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/jobs"
)

// checkedImport is an import of a group that waits to be started.
func (s *server) checkedImport(t *testing.T) jobs.Job {
	t.Helper()
	job, err := s.store.Imports.Upload(t.Context(), s.owner, models.ImportUpload{Type: models.ImportGroups}, strings.NewReader("name\nImported\n"))
	if err == nil {
		job, err = s.store.Imports.Check(t.Context(), s.owner, job.ID, models.ImportOptions{})
	}
	if err == nil {
		err = s.store.Jobs.Run(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func csvBody(content string) option { return body("text/csv", content) }

func TestAFileIsImported(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		run := func() {
			t.Helper()
			if err := s.store.Jobs.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		const file = "Username;Phone\nann;+49 1\nb n;\n"
		recognised := s.call(t, "POST /v1/imports?type=contacts", csvBody(file), header("Dry-Run", "true")).want(t, 200)
		for _, want := range []string{`"delimiter":";"`, `"match":"username"`, `"field":"phone_number"`, `"samples":["ann","b n"]`} {
			if !strings.Contains(recognised.body, want) {
				t.Errorf("a dry run answers %s, without %s", recognised.body, want)
			}
		}
		if jobs := s.call(t, "GET /v1/jobs").want(t, 200).body; !strings.Contains(jobs, `"data":[]`) {
			t.Errorf("after a dry run there are %s", jobs)
		}
		at := s.call(t, "POST /v1/imports?type=contacts", csvBody(file)).want(t, 202).header.Get("Location")
		s.call(t, "POST "+at+"/start").refused(t, 409, "conflict", "")
		run()
		checked := s.call(t, "GET "+at).want(t, 200).body
		if !strings.Contains(checked, `"state":"checked"`) || !strings.Contains(checked, `"expected":{"create":1,"update":0,"unchanged":0,"skip":0,"error":1}`) {
			t.Errorf("the job is %s", checked)
		}
		results := s.call(t, "GET "+at+"/results").want(t, 200).body
		if !strings.Contains(results, `"line":3,"column":"Username","message":"The username can have`) {
			t.Errorf("the results are %s", results)
		}
		s.call(t, "POST "+at+"/start").want(t, 202)
		run()
		if done := s.call(t, "GET "+at).want(t, 200).body; !strings.Contains(done, `"state":"done","total":2,"done":1,"skipped":0,"failed":1`) {
			t.Errorf("the job is %s", done)
		}
		if all := s.call(t, "GET "+at+"/results?format=csv").want(t, 200).body; !strings.HasPrefix(all, "id,group_id,contact_id,name,result,reason,unchanged,line,column,message\r\n") {
			t.Errorf("the results are %s", all)
		}
		s.call(t, "POST "+at+"/undo").want(t, 202)
		run()
		if left := s.call(t, "GET /v1/contacts").want(t, 200).body; !strings.Contains(left, `"data":[]`) {
			t.Errorf("the contacts are %s", left)
		}
	})
}

func TestFilesThatCannotBeImported(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		for _, c := range []struct{ query, content, param string }{
			{"?type=people", "name\nA\n", "type"},
			{"?match=username", "name\nA\n", "match"},
			{"?mode=some", "name\nA\n", "mode"},
			{"", "PK\x03\x04", "file"},
			{"", "name\n", "file"},
			{"", "label\nA\n", "mapping"},
		} {
			s.call(t, "POST /v1/imports"+c.query, csvBody(c.content)).refused(t, 422, "parameter_invalid", c.param)
		}
		s.call(t, "POST /v1/imports", csvBody("name\nA\n"), header("Content-Encoding", "gzip")).refused(t, 415, "media_type_unsupported", "")
	})
}

// TestColumnsAreMapped gives columns that aren't recognised, or mean something else, their fields.
func TestColumnsAreMapped(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		const file = "Titel,Name,Über\nPlaza,Ann,Rooms\n"
		mapped := "POST /v1/imports?filename=hotels.csv&map[Titel]=name&map[%C3%9Cber]=description"
		recognised := s.call(t, mapped, csvBody(file), header("Dry-Run", "true")).want(t, 200).body
		for _, want := range []string{`{"name":"Titel","field":"name"`, `{"name":"Name","field":null`, `{"name":"Über","field":"description"`} {
			if !strings.Contains(recognised, want) {
				t.Errorf("a dry run answers %s, without %s", recognised, want)
			}
		}
		at := s.call(t, mapped, csvBody(file)).want(t, 202).header.Get("Location")
		run := func() {
			t.Helper()
			if err := s.store.Jobs.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		run()
		if job := s.call(t, "POST "+at+"/start").want(t, 202).body; !strings.Contains(job, `"file":"hotels.csv"`) {
			t.Errorf("the job is %s", job)
		}
		run()
		if groups := s.call(t, "GET /v1/groups").want(t, 200).body; !strings.Contains(groups, `"name":"Plaza","description":"Rooms"`) {
			t.Errorf("the groups are %s", groups)
		}
		for query, param := range map[string]string{
			"map[Tite]=name": "map[Tite]", "map[Titel]=title": "mapping", "map[Titel]=name&map[Name]=name": "mapping", "map[Name]=": "mapping",
		} {
			s.call(t, "POST /v1/imports?"+query, csvBody(file)).refused(t, 422, "parameter_invalid", param)
			s.call(t, "POST /v1/imports?"+query, csvBody(file), header("Dry-Run", "true")).refused(t, 422, "parameter_invalid", param)
		}
		s.call(t, "POST /v1/imports?map=name", csvBody(file)).refused(t, 422, "parameter_unknown", "map")
		s.call(t, "GET /v1/groups?map[Name]=name").refused(t, 422, "parameter_unknown", "map[Name]")
	})
}

// TestAnImportIsMadeOnce: under one key, the same file is one job, and leaves no trace of another.
func TestAnImportIsMadeOnce(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		key := header("Idempotency-Key", "once")
		s.call(t, "POST /v1/imports", csvBody("label\nA\n"), key).refused(t, 422, "parameter_invalid", "mapping") // and keeps no key
		first := s.call(t, "POST /v1/imports", csvBody("name\nA\n"), key).want(t, 202)
		newest := s.newestAct(t).ID
		again := s.call(t, "POST /v1/imports", csvBody("name\nA\n"), key).want(t, 202)
		if again.header.Get("Idempotent-Replayed") != "true" || again.header.Get("Location") != first.header.Get("Location") || again.body != first.body {
			t.Errorf("the second answers %v %s", again.header, again.body)
		}
		s.call(t, "POST /v1/imports", csvBody("name\nB\n"), key).refused(t, 409, "conflict", "")
		s.call(t, "POST /v1/imports?mode=all_or_nothing", csvBody("name\nA\n"), key).refused(t, 409, "conflict", "")
		s.call(t, "POST /v1/imports", csvBody("name\nA\n"), header("Idempotency-Key", "\t")).refused(t, 422, "parameter_invalid", "Idempotency-Key")
		if jobs := s.call(t, "GET /v1/jobs").want(t, 200).body; strings.Count(jobs, `"type":"groups.import"`) != 1 {
			t.Errorf("the jobs are %s", jobs)
		}
		if l := s.newestAct(t); l.ID != newest {
			t.Errorf("what made no job left %+v", l)
		}
		both := make(chan string)
		for range 2 {
			go func() {
				both <- s.call(t, "POST /v1/imports", csvBody("name\nC\n"), header("Idempotency-Key", "both")).header.Get("Location")
			}()
		}
		if one, other := <-both, <-both; one != other || one == "" {
			t.Errorf("two at once made %q and %q", one, other)
		}
	})
}

// TestNamesLikeFormulasComeBack exports names that spreadsheets would run, or that begin with
// apostrophes themselves, and imports them again.
func TestNamesLikeFormulasComeBack(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		names := []string{"=x", "'=x", "''=x", "-1", "'-1", "@a", "+49 1", "'twas", "'", "x'=1"}
		for _, name := range names {
			s.newGroup(t, name)
		}
		exporter := bearer(s.newToken(t, identity.NewToken{Name: "exporter", Scopes: access.Scopes{access.ReadGroups, access.Export}}))
		for _, format := range []string{"csv", "ndjson"} { // which the content shows, whatever the header says
			file := s.call(t, "GET /v1/groups/export?format="+format, exporter).want(t, 200).body
			for _, match := range []string{"id", "name"} {
				at := s.call(t, "POST /v1/imports?match="+match, csvBody(file)).want(t, 202).header.Get("Location")
				if err := s.store.Jobs.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if job := s.call(t, "GET "+at).want(t, 200).body; !strings.Contains(job, `"expected":{"create":0,"update":0,"unchanged":10,"skip":0,"error":0}`) {
					t.Errorf("%s by %s: the job is %s", format, match, job)
				}
			}
		}
	})
}

func TestAFileThatIsTooLarge(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		large := func(r *http.Request) {
			r.ContentLength, r.Body = models.MaxImportSize+1, io.NopCloser(io.LimitReader(rand.Reader, models.MaxImportSize+1))
		}
		e := s.call(t, "POST /v1/imports", csvBody("name\n"), large).refused(t, 413, "body_too_large", "")
		if !strings.HasPrefix(e.Message, "The file is larger than 200 MB. Split it into several") {
			t.Errorf("it answers %s", e.Message)
		}
	})
}
