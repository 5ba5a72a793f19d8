package handlers_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"protocol.chat/console/models/access"
)

// upload sends a file as the form for imports does.
func (b *browser) upload(path, name, content string) *page {
	b.site.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write([]byte(content))
	}
	if err != nil || form.Close() != nil {
		b.site.Fatal(err)
	}
	return b.with("Content-Type", form.FormDataContentType()).do(http.MethodPost, path, &body)
}

func TestAFileIsImported(t *testing.T) {
	each(t, func(s *site) {
		run := func() {
			s.Helper()
			if err := s.store.Jobs.Run(s.Context()); err != nil {
				s.Fatal(err)
			}
		}
		s.group("Plaza Hotel", s.contact("hector"))
		s.contact("madeline")
		file := "Group;About;Members\nPlaza Hotel;World-renowned;hector madeline\nGrand Hotel;;\nGrand Hotel;again;\nSilver Hotel;;nobody\n"
		sent := s.upload("/groups/import", "hotels.csv", file).wants(303)
		path := sent.header.Get("Location")
		sent.follow(s.browser).has(".head p", "hotels.csv").has(".head p", "CSV with semicolons, UTF-8").has(".mapping", "World-renowned").has(`select[aria-label="Import Members as"] option[selected]`, "Members")
		job := strings.TrimSuffix(path, "/import")
		s.get(job).has("main", "Nothing is imported yet").has(".actions", "Choose columns")
		s.post(path, "mapping", "name", "mapping", "name", "mapping", "").wants(422).has("#mapping-error", "Two columns are assigned to the name.")
		s.post(path, "mapping", "name", "mapping", "description", "mapping", "contacts", "match", "name", "mode", "all_or_nothing").leads(job)
		run()
		s.get(job).has(".pill", "Ready to import").has(".notice", "nothing can be imported").lacks(`form[action$="/start"]`)
		s.post(job + "/start").wants(409)

		s.post(path, "mapping", "name", "mapping", "description", "mapping", "contacts", "match", "name", "mode", "best_effort").leads(job)
		s.get(job).has(".pill", "Checking")
		run()
		p := s.get(job).has("#progress", "4 rows checked").has(`form[action$="/start"]`, "Import 2 rows").has(".results", "Line 3 has the same name.").has(".results", "There is no contact “nobody”.")
		if got := strings.Join(strings.Fields(p.text(".figures")), ""); got != "Create1Update1Unchanged0Skip0Errors2" {
			s.Errorf("the check found %q", got)
		}
		if errors := s.get(job + "/results").body; !strings.Contains(errors, "5,Members,Silver Hotel,,failed,unknown_contact,There is no contact “nobody”.") {
			s.Errorf("the file of errors is %q", errors)
		}
		s.get("/groups?q=grand").has("main", "No groups match")
		s.session(s.person(access.Moderator)).post(job + "/start").wants(403)
		s.post(job + "/start").leads(job)
		run()
		s.get(job).has(".pill", "Finished").has(".results", "Grand Hotel").has(`form[action$="/undo"]`, "Undo this import")
		s.get("/groups?q=grand").has("tbody", "Grand Hotel")
		undo := s.post(job + "/undo").wants(303).header.Get("Location")
		s.get(undo).has("h1", "Undo: import groups")
		run()
		s.get("/groups?q=grand").has("main", "No groups match")
	})
}

func TestWhatIsNoFileOfRowsIsRefusedInTheForm(t *testing.T) {
	each(t, func(s *site) {
		for content, want := range map[string]string{
			"": "The file is empty.", "PK\x03\x04\x14": "This is a spreadsheet", "name\n": "There are no rows", `[{"name": "x"}]`: "one object on each line",
			"\x00\x01\x02\x03": "This is not a text file.",
		} {
			s.upload("/groups/import", "x.csv", content).wants(422).has("#file-error", want).has(".summary", want)
		}
		s.upload("/contacts/import", "", "username\nhector\n").wants(422).has("#file-error", "Choose a file.")
		s.upload("/contacts/import", "x.csv", s.get("/contacts/import/example").body).wants(303)
	})
}
