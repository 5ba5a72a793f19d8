package handlers_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/audit"
)

func TestExportGroups(t *testing.T) {
	each(t, func(s *site) {
		hector := s.contact("hector")
		plaza := s.group("Plaza Hotel", hector)
		old := s.group("Old Plaza")
		if _, err := s.store.ArchiveGroup(s.Context(), s.by, old.ID, 0); err != nil {
			s.Fatal(err)
		}
		list := "/groups?q=plaza&status=all&sort=name&limit=1"
		s.get(list).wants(200).links(".head a[href*=export]", "/groups/export?q=plaza&status=all&sort=name")
		s.get("/groups/export?q=plaza&status=all&sort=name").wants(200).has("h1", "Export groups").has("main p", "2 groups").has(".chips", "plaza")

		p := s.post("/groups/export?q=plaza&status=all&sort=name", "format", "csv", "members", "ids").wants(200)
		if name := p.header.Get("Content-Disposition"); !regexp.MustCompile(`^attachment; filename="groups-plaza-20\d\d-\d\d-\d\dT\d{4}Z\.csv"$`).MatchString(name) {
			s.Errorf("the file is %s", name)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(p.body, "\ufeff"))).ReadAll()
		if err != nil || len(rows) != 3 || rows[0][0] != "id" || rows[1][1] != "Old Plaza" || rows[2][0] != plaza.ID || rows[2][12] != hector.ID || rows[1][7] == "" || rows[2][7] != "" {
			s.Errorf("%v, %v", rows, err)
		}
		l := s.newest()
		for field, want := range map[string]string{"format": "csv", "q": "plaza", "count": "2", "members": "ids"} {
			if got := l.After(field); got != want {
				s.Errorf("the line's %s is %q", field, got)
			}
		}
		s.get("/activity").has("tbody", "exported groups")
		s.get("/activity/"+l.ID).wants(200).has("main", "exported groups")

		var objects []map[string]any
		err = json.Unmarshal([]byte(s.post("/groups/export", "format", "json").wants(200).body), &objects)
		if err != nil || len(objects) != 1 || objects[0]["name"] != "Plaza Hotel" || objects[0]["contacts_count"] != 1.0 || objects[0]["archived_at"] != nil {
			s.Errorf("%v, %v", objects, err)
		}
		if _, ids := objects[0]["contacts"]; ids {
			s.Error("members were not asked for")
		}

		newest := s.newest().ID
		s.post("/groups/export", "format", "pdf").wants(http.StatusUnprocessableEntity)
		s.post("/groups/export?status=nonsense").wants(http.StatusUnprocessableEntity)
		if s.newest().ID != newest {
			s.Errorf("what was refused left %+v", s.newest())
		}
	})
}

func TestExportContactsAndMembers(t *testing.T) {
	each(t, func(s *site) {
		hector, yuki := s.contact("hector"), s.contact("yuki")
		g := s.group("Plaza Hotel", yuki)
		s.get("/contacts?q=hector").links(".head a[href*=export]", "/contacts/export?q=hector")
		s.get("/contacts/export?q=hector").wants(200).has("h1", "Export contacts").has("main p", "1 contact matching")
		s.get("/groups/"+g.ID+"/members").links(".under > a[href*=export]", "/groups/"+g.ID+"/members/export")
		s.get("/groups/"+g.ID+"/members/export").wants(200).has("h1", "Export members").has("main p", "1 member in")
		for path, want := range map[string]string{"/contacts/export?q=hector": hector.ID, "/groups/" + g.ID + "/members/export": yuki.ID} {
			var c struct{ ID, Username string }
			body := s.post(path, "format", "ndjson").wants(200).body
			if err := json.Unmarshal([]byte(body), &c); err != nil || c.ID != want || strings.Count(body, "\n") != 1 {
				s.Errorf("%s: %s", path, body)
			}
		}
		s.get("/activity").has("tbody", "exported the members of").has("tbody", "exported contacts")
	})
}

// TestExportOfSelectedRows exports what is selected in a list: first its form, then the file.
func TestExportOfSelectedRows(t *testing.T) {
	each(t, func(s *site) {
		hector := s.contact("hector")
		s.contact("yuki")
		g := s.group("Plaza Hotel", hector, s.contact("madeline"))
		s.group("Bar")
		for list, id := range map[string]string{"/groups": g.ID, "/contacts": hector.ID, "/groups/" + g.ID + "/members": hector.ID} {
			s.get(list).wants(200).has("#bulk button[value=export][formaction='"+list+"/export']", "Export")
			s.post(list+"/export", "action", "export", "ids", id).wants(200).has("main p", "1 selected").has("form[data-file]:has(input[name=ids][value='"+id+"'])", "Export")
			body := s.post(list+"/export", "format", "ndjson", "ids", id, "ids", "0000000000000000").wants(200).body
			if strings.Count(body, "\n") != 1 || !strings.Contains(body, id) {
				s.Errorf("%s exports %s", list, body)
			}
			if n := s.newest().After("count"); n != "1" {
				s.Errorf("the log says %s", n)
			}
		}
	})
}

func TestDownloadEverything(t *testing.T) {
	each(t, func(s *site) {
		hector := s.contact("hector")
		g := s.group("Plaza Hotel", hector)
		for _, words := range []string{"=First", "Second\n\"said\""} {
			if _, err := s.store.Messages.PostMessage(s.Context(), s.by, g.ConversationID, models.NewMessage{From: hector.ID, Text: words}, nil); err != nil {
				s.Fatal(err)
			}
		}
		for _, page := range []string{"/groups/" + g.ID, "/groups/" + g.ID + "/delete"} {
			s.get(page).has("form[data-file][action='/groups/"+g.ID+"/export']", "Download everything")
		}
		for _, page := range []string{"/contacts/" + hector.ID, "/contacts/" + hector.ID + "/delete"} {
			s.get(page).has("form[data-file][action='/contacts/"+hector.ID+"/export']", "Download everything")
		}
		var group struct {
			ID, Name string
			Contacts []struct{ ID, Username string }
			Messages []struct{ Message string }
		}
		p := s.post("/groups/" + g.ID + "/export").wants(200)
		err := json.Unmarshal([]byte(p.body), &group)
		if err != nil || group.ID != g.ID || len(group.Contacts) != 1 || group.Contacts[0].ID != hector.ID || len(group.Messages) != 2 || group.Messages[0].Message != "=First" {
			s.Errorf("%s, %v", p.body, err)
		}
		if name := p.header.Get("Content-Disposition"); !strings.HasPrefix(name, `attachment; filename="group-plaza-hotel-20`) {
			s.Errorf("the file is %s", name)
		}
		if l := s.newest(); l.Action != audit.ExportedGroup || l.ObjectID != g.ID {
			s.Errorf("the newest line is %+v", l)
		}
		var contact struct {
			ID       string
			Groups   []struct{ ID string }
			Messages []struct{ Message string }
			Written  []struct{ Message string } `json:"messages_in_groups"`
		}
		body := s.post("/contacts/" + hector.ID + "/export").wants(200).body
		if err := json.Unmarshal([]byte(body), &contact); err != nil || len(contact.Groups) != 1 || contact.Groups[0].ID != g.ID || contact.Messages == nil || len(contact.Written) != 2 || contact.Written[0].Message != "=First" {
			s.Errorf("%s, %v", body, err)
		}
	})
}

func TestHostileNamesInExportsOfGroups(t *testing.T) {
	each(t, func(s *site) {
		for _, name := range hostileNames {
			s.group(name)
		}
		rows, err := csv.NewReader(strings.NewReader(s.post("/groups/export?sort=-created", "format", "plain_csv").wants(200).body)).ReadAll()
		if err != nil || len(rows) != len(hostileNames)+1 {
			s.Fatalf("%d rows, %v", len(rows), err)
		}
		for i, line := range strings.Split(strings.TrimSpace(s.post("/groups/export?sort=-created", "format", "ndjson").wants(200).body), "\n") {
			var g struct{ Name string }
			if err := json.Unmarshal([]byte(line), &g); err != nil {
				s.Fatal(err, line)
			}
			if name := rows[i+1][1]; strings.ContainsRune("=+-@\t\r", rune(name[0])) || name != g.Name && name != "'"+g.Name {
				s.Errorf("%q is exported as %q", g.Name, name)
			}
		}
	})
}

// fullAfter is a client that takes some bytes and then is gone.
type fullAfter struct {
	*httptest.ResponseRecorder
	left int
}

func (f *fullAfter) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, http.ErrHandlerTimeout
	}
	return f.ResponseRecorder.Write(p)
}

// TestAnExportThatFailsIsCutOff: what fails halfway ends the connection, so that nobody takes
// the file for whole.
func TestAnExportThatFailsIsCutOff(t *testing.T) {
	each(t, func(s *site) {
		for range 20 {
			g := s.group("Plaza Hotel")
			s.update(g.ID, models.GroupChange{Description: new(strings.Repeat("Long. ", 1500))})
		}
		for _, path := range []string{"/groups/export", "/activity/export"} {
			w := &fullAfter{httptest.NewRecorder(), 40_000}
			r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, s.url+path, bytes.NewReader([]byte("format=plain_csv")))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.AddCookie(&http.Cookie{Name: s.sessionCookie(), Value: s.cookie(s.browser)})
			func() {
				defer func() {
					if fault := recover(); fault != http.ErrAbortHandler {
						s.Errorf("%s ended with %v after %d bytes", path, fault, w.Body.Len())
					}
				}()
				s.console.ServeHTTP(w, r)
			}()
		}
	})
}
