package handlers_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/handlers"
	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/modelstest"
)

// eachSmall is each with exports of more than two rows as jobs.
func eachSmall(t *testing.T, test func(s *site)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := open(t, store, func(c *handlers.Config) { c.DirectExport = 2 })
		s.setUp()
		test(s)
	})
}

// anExport is a job that has exported the groups.
func anExport(s *site) string {
	request := export.List{Of: export.Groups, Format: "csv", Name: "groups"}.Request()
	job, err := s.store.Jobs.Start(s.Context(), s.by, request)
	if err == nil {
		err = s.store.Jobs.RunFiles(s.Context())
	}
	if err != nil {
		s.Fatal(err)
	}
	return job.ID
}

// TestLargeExportsAreJobs exports each list by a job, and takes its file.
func TestLargeExportsAreJobs(t *testing.T) {
	eachSmall(t, func(s *site) {
		yuki := s.contact("yuki")
		g := s.group("=Plaza", yuki, s.contact("hector"), s.contact("anna"))
		s.group("Old Plaza")
		s.post("/groups/export", "format", "csv").wants(200) // two rows are sent at once
		s.group("Bar")
		for path, want := range map[string]int{
			"/groups/export?sort=name": 3, "/contacts/export": 3, "/groups/" + g.ID + "/members/export": 3, "/activity/export?action=group.create": 3,
		} {
			for _, format := range []string{"plain_csv", "ndjson", "xlsx", "json"} {
				to := s.post(path, "format", format, "members", "ids").wants(303).header.Get("Location")
				if !strings.HasPrefix(to, "/jobs/") {
					s.Fatalf("%s leads to %s", path, to)
				}
				s.get(to).wants(200).has("main", "0 rows")
				s.post(to + "/file").wants(404)
				if err := s.store.Jobs.RunFiles(s.Context()); err != nil {
					s.Fatal(err)
				}
				s.get(to).wants(200).has("main", fmt.Sprintf("%d rows", want)).has("form[action='"+to+"/file']", "Download").has(".job", "Available until").lacks("#results-of")
				file := s.post(to + "/file").wants(200)
				if name := file.header.Get("Content-Disposition"); !strings.HasPrefix(name, "attachment; filename=") {
					s.Errorf("%s %s: %s", path, format, name)
				}
				if l := s.newest(); l.Action != jobs.Downloaded || l.ObjectID != strings.TrimPrefix(to, "/jobs/") {
					s.Errorf("the newest line is %+v", l)
				}
				switch format {
				case "plain_csv":
					if rows, err := csv.NewReader(strings.NewReader(file.body)).ReadAll(); err != nil || len(rows) != want+1 {
						s.Errorf("%s: %v, %v", path, rows, err)
					}
				case "ndjson":
					if n := strings.Count(file.body, "\n"); n != want {
						s.Errorf("%s has %d lines", path, n)
					}
				case "json":
					var rows []map[string]any
					if err := json.Unmarshal([]byte(file.body), &rows); err != nil || len(rows) != want {
						s.Errorf("%s: %v, %v", path, rows, err)
					}
				case "xlsx":
					if !strings.HasPrefix(file.body, "PK") {
						s.Errorf("%s is no archive", path)
					}
				}
			}
		}
		s.get("/activity").has("tbody", "downloaded the file of a job")
		s.get("/jobs").has("tbody", "Export groups").has("tbody", "3 rows")
	})
}

// TestWhoTakesTheFileOfAnExport: those who could export it themselves, for a day.
func TestWhoTakesTheFileOfAnExport(t *testing.T) {
	eachSmall(t, func(s *site) {
		for range 3 {
			s.group("Plaza")
		}
		job := s.post("/groups/export", "format", "ndjson").wants(303).header.Get("Location")
		if err := s.store.Jobs.RunFiles(s.Context()); err != nil {
			s.Fatal(err)
		}
		for role, status := range map[access.Role]int{access.Auditor: http.StatusOK, access.Editor: http.StatusForbidden} {
			b := s.session(s.person(role))
			b.post(job + "/file").wants(status)
			p := b.get(job).wants(200)
			if status == http.StatusOK {
				p.has("main", "Download")
			} else {
				p.has("main", "Only users who may export data").lacks("form[action$='/file']")
			}
		}
		if err := s.store.DB.Writer.Exec("UPDATE job_files SET expires_at = created_at").Error; err != nil {
			s.Fatal(err)
		}
		s.post(job + "/file").wants(404)
		s.get(job).wants(200).has("main", "Files are kept for 24 hours").lacks("form[action$='/file']")
	})
}

// TestExportsThatEndEarly: one that is cancelled, and one whose actor lost the right, leave no file.
func TestExportsThatEndEarly(t *testing.T) {
	eachSmall(t, func(s *site) {
		for range 3 {
			s.group("Plaza")
		}
		job := s.post("/groups/export", "format", "ndjson").wants(303).header.Get("Location")
		s.post(job + "/cancel").wants(303)
		if err := s.store.Jobs.RunFiles(s.Context()); err != nil {
			s.Fatal(err)
		}
		s.get(job).wants(200).has("main", "Cancelled").lacks("form[action$='/file']")
		s.post(job + "/file").wants(404)
		if n := s.count("job_file_parts"); n != 0 || s.newest().Action != jobs.Cancelled {
			s.Errorf("%d parts, and the log says %+v", n, s.newest())
		}
	})
}

// TestAnExportWithoutRoomIsTriedAgain exports while the disk of the database is nearly full.
func TestAnExportWithoutRoomIsTriedAgain(t *testing.T) {
	s := open(t, modelstest.Open(t, modelstest.SQLite), func(c *handlers.Config) { c.DirectExport = 2 })
	s.setUp()
	for i := range 40 { // which takes more than one part of the file
		long := strings.Repeat(fmt.Sprint(i), models.MaxDescription/2)
		if _, err := s.store.CreateGroup(t.Context(), s.by, models.GroupChange{Name: new("Plaza"), Description: &long}, nil); err != nil {
			t.Fatal(err)
		}
	}
	job := s.post("/groups/export", "format", "ndjson").wants(303).header.Get("Location")
	reserve := s.store.DB.Reserve
	s.store.DB.Reserve = math.MaxInt64
	if err := s.store.Jobs.RunFiles(t.Context()); access.OutageOf(err) != access.Full {
		t.Fatal(err)
	}
	if err := s.store.Jobs.RunFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.get(job).wants(200).has(".job", "disk is full").has("form[action='"+job+"/retry']", "Try again")
	s.store.DB.Reserve = reserve
	again := s.post(job + "/retry").wants(303).header.Get("Location")
	if err := s.store.Jobs.RunFiles(t.Context()); err != nil || again == job {
		t.Fatal(again, err)
	}
	s.get(again).wants(200).has("main", "40 rows").lacks("form[action$='/retry']")
}

// TestCancelledWorkbooksLeaveNoTemporaryFile cancels exports once they are too long for memory.
func TestCancelledWorkbooksLeaveNoTemporaryFile(t *testing.T) {
	modelstest.Slow(t)
	s := open(t, modelstest.Open(t, "sqlite"))
	s.setUp()
	long := strings.Repeat(`"`, models.MaxDescription) // in XML, five times as long
	// Together they are more than the 16 MiB that a workbook has in memory.
	for range 360 {
		if _, err := s.store.CreateGroup(t.Context(), s.by, models.GroupChange{Name: new("Plaza"), Description: &long}, nil); err != nil {
			t.Fatal(err)
		}
	}
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	kept := func() []string {
		files, _ := filepath.Glob(filepath.Join(folder, "console-export-*", "excelize-*"))
		return files
	}
	owner, err := s.store.Identity.Users.FirstOwner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page := s.session(owner)
	call := s.newBrowser().with("Authorization", "Bearer "+s.token(identity.NewToken{Scopes: access.Scopes{access.ReadGroups, access.Export}}))
	list := export.List{Of: export.Groups, Format: "xlsx", Name: "groups"}
	if _, err := s.store.Jobs.Start(t.Context(), s.by, list.Request()); err != nil {
		t.Fatal(err)
	}
	serve := func(ctx context.Context, b *browser, method, path string) {
		defer func() { _ = recover() }() // the connection is broken off
		r := httptest.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader("format=xlsx"))
		r.Header = b.with("Content-Type", "application/x-www-form-urlencoded").header
		s.console.ServeHTTP(httptest.NewRecorder(), r)
	}
	for name, exported := range map[string]func(ctx context.Context){
		"page": func(ctx context.Context) { serve(ctx, page, "POST", "/groups/export") },
		"call": func(ctx context.Context) { serve(ctx, call, "GET", "/v1/groups/export?format=xlsx") },
		"job":  func(ctx context.Context) { _ = s.store.Jobs.RunFiles(ctx) },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		spilled := make(chan bool)
		go func() {
			defer close(spilled)
			for ctx.Err() == nil {
				if time.Sleep(time.Millisecond); len(kept()) > 0 {
					cancel()
					spilled <- true
				}
			}
		}()
		ended := make(chan bool)
		go func() {
			exported(ctx)
			cancel()
			close(ended)
		}()
		if !<-spilled {
			t.Errorf("%s: nothing was written to the disk", name)
		}
		if <-ended; len(kept()) > 0 {
			t.Errorf("%s leaves %v", name, kept())
		}
	}
}
