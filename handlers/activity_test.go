package handlers_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
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

// newest is the newest line of the activity.
func (s *site) newest() audit.Line {
	s.Helper()
	page, err := s.store.Audit.Activity(s.Context(), audit.ActivityQuery{Range: db.Range{Limit: 1}})
	if err != nil {
		s.Fatal(err)
	}
	return page.Lines[0]
}

func (s *site) update(id string, c models.GroupChange) audit.Line {
	s.Helper()
	if _, err := s.store.UpdateGroup(s.Context(), s.by, id, c); err != nil {
		s.Fatal(err)
	}
	return s.newest()
}

// aChange is the line of a change that can be reverted.
func aChange(s *site) string {
	return s.update(s.group("Plaza Hotel").ID, models.GroupChange{Name: new("Plazza")}).ID
}

func TestActivity(t *testing.T) {
	each(t, func(s *site) {
		g := s.group("Plaza Hotel")
		other := s.group("Rowing Club")
		s.with("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36").
			post("/groups/" + g.ID + "/archive").wants(303)
		archived := s.newest()

		p := s.get("/activity").wants(200)
		p.has("tbody tr:first-child .c-name", "Anna archived Plaza Hotel").has("tbody tr:first-child .c-when", "just now").
			has("tbody tr:first-child .c-from", "Chrome, 127.0.0.1").has("nav [aria-current]", "Activity")
		for filter, want := range map[string]string{
			"action=group":                       "Anna archived Plaza Hotel|Anna created Rowing Club|Anna created Plaza Hotel",
			"action=group.archive":               "Anna archived Plaza Hotel",
			"object=" + g.ID:                     "Anna archived Plaza Hotel|Anna created Plaza Hotel",
			"q=" + other.ID:                      "Anna created Rowing Club",
			"q=" + archived.RequestID:            "Anna archived Plaza Hotel",
			"request=" + archived.RequestID:      "Anna archived Plaza Hotel",
			"who=" + s.by.ID + "&action=session": "Anna signed in",
			"from=2001-01-01&to=2001-01-02":      "",
			"who=0000000000000000":               "",
		} {
			p := s.get("/activity?" + filter).wants(200)
			if got := strings.Join(p.rows(), "|"); got != want {
				s.Errorf("%s: %s, want %s", filter, got, want)
			}
			if want == "" {
				p.has(".empty", "No matching activity").has(".empty", "Activity has been recorded since ").has(".empty", "Clear all filters")
			}
		}
		p = s.get("/activity?object=" + g.ID + "&who=" + s.by.ID + "&from=2020-01-01").wants(200)
		p.has(".chips", "About Plaza Hotel").has(".chips", "By Anna").has(".chips", "From 1 Jan 2020")
		without, _ := p.doc.Find(".chips a").First().Attr("href")
		if want := "/activity?object=" + g.ID + "&from=2020-01-01"; without != want {
			s.Errorf("without the first filter it is %s, want %s", without, want)
		}
		s.get("/activity?who=x&action=<b>&from=soon&nonsense=1&q=a+b").wants(200).has(".notes", "isn't an ID").has(".notes", "isn't a date")
		s.get("/activity?action=failed").wants(200).has(".notes", "“action=failed” in the address isn't valid and was ignored").lacks("option[value=failed]").lacks(".chips")
		s.get("/activity?action=group.archive").wants(200).has("option[selected]", "Archived …").has(".chips", "Archived …")
		p = s.get("/activity?q=nonsense&action=group").wants(200).has(".empty", "Nothing has the name or ID nonsense").has("#q[value=nonsense]", "").
			has(".chips", "Groups").has(".empty a[href='/activity']", "Clear all filters")
		if strings.Contains(p.text(".chips"), "nonsense") {
			s.Errorf("a guess is told as a fact: %s", p.text(".chips"))
		}
		s.get("/activity?q="+other.ID+"&action=token").wants(200).has(".empty", "No matching activity").has(".chips", "About Rowing Club")
		s.get("/activity?q=a+b").wants(200).has(".notes", "Nothing has the name or ID “a b”").has("#q[value='a b']", "")
		s.get("/activity?q=plaza&from=2020-01-01").leads("/activity?object=" + g.ID + "&from=2020-01-01")
		s.get("/activity?q=rowing+club").leads("/activity?object=" + other.ID)
		s.get("/activity?q=anna").leads("/activity?who=" + s.by.ID)
		second := s.group("Plaza Garden")
		s.get("/activity?q=plaza").wants(200).lacks("tbody").has("#results[data-announce^='2 matches']", "").
			has(".hits a[href='/activity?object="+g.ID+"']", "Plaza Hotel").has(".hits a[href='/activity?object="+second.ID+"']", "Plaza Garden")
		today := time.Now().UTC().Format(time.DateOnly)
		s.get("/activity?from="+today+"&to="+today+"&action=group").wants(200).has("#today[aria-current]", "Today").
			has("#yesterday:not([aria-current])[href^='/activity?action=group&from=']", "Yesterday")
		s.get("/activity?from=2026-02-02&to=2026-02-01").wants(200).has(".notes", "The start date is after the end date.")
		s.get("/activity?from=2026-02-02&to=2026-02-02").wants(200).lacks(".notes")
		s.get("/activity").has("details.filters:not([open]) > summary", "Filters")
		s.get("/activity?action=group").has("details.filters[open] > summary", "Filters · 1")
		s.part("results").get("/activity?action=group").wants(200).has("#results", "Anna archived Plaza Hotel").lacks("html nav[aria-label=Main]")

		p = s.get("/groups/" + g.ID + "/activity").wants(200)
		if got := strings.Join(p.rows(), "|"); got != "Anna archived Plaza Hotel|Anna created Plaza Hotel" {
			s.Errorf("the group's tab has %s", got)
		}
		p.has(".tabs [aria-current]", "Activity")

		p = s.get("/activity/" + archived.ID).wants(200)
		p.has("h1", "Anna archived Plaza Hotel").has("main", archived.RequestID).has("main", "127.0.0.1").has("main", "Pending")
		if err := s.store.Audit.Seal(s.Context()); err != nil {
			s.Fatal(err)
		}
		s.get("/activity/"+archived.ID).has("main", "Log positionEntry")
	})
}

func TestActivityIsPaged(t *testing.T) {
	each(t, func(s *site) {
		g := s.group("Plaza Hotel")
		for i := range 24 {
			s.update(g.ID, models.GroupChange{Name: new(fmt.Sprintf("Plaza %d", i))})
		}
		p := s.get("/groups/" + g.ID + "/activity?limit=10").wants(200)
		seen := len(p.rows())
		for range 5 {
			next, more := p.doc.Find("a[rel=next]").Attr("href")
			if !more {
				break
			}
			p = s.get(next).wants(200)
			seen += len(p.rows())
		}
		if seen != 25 {
			s.Errorf("%d rows", seen)
		}
		back, _ := p.doc.Find("a[rel=prev]").Attr("href")
		if got := len(s.get(back).wants(200).rows()); got != 10 {
			s.Errorf("%d rows on the page before", got)
		}
	})
}

func TestAChangeIsShownAndPutBack(t *testing.T) {
	each(t, func(s *site) {
		g := s.group("Plaza Hotel")
		long := strings.Repeat("The desk is open all night, and the kitchen until ten. ", 20)
		s.update(g.ID, models.GroupChange{Description: new(long + "Ask for Zoë. " + long)})
		line := s.update(g.ID, models.GroupChange{Name: new("Plaza Grand"), Description: new(long + "Ask for Hector. " + long)})
		p := s.get("/activity/" + line.ID).wants(200)
		p.has("del", "Zoë").has("ins", "Hector").has(".fold", "…").has(".diff", "Plaza").has("ins", "inserted: Grand")
		if text := p.text(".diff"); len(text) > 1000 {
			s.Errorf("the difference is not folded: %d characters", len(text))
		}

		to := "/activity/" + line.ID + "/revert"
		s.get(to).wants(200).has("h1", "Revert this change to Plaza Grand?").has("ins", "Zoë").has("button", "Revert change")
		s.post(to).wants(409).has(".summary", "nothing was reverted")
		s.update(g.ID, models.GroupChange{Name: new("Plaza Royal")})
		s.post(to, "field", "name", "field", "description").wants(409)
		p = s.get(to).wants(200).has("main", "It was changed again by Anna on ")
		if n := p.doc.Find("input[name=field]").Length(); n != 1 {
			s.Errorf("%d fields can be reverted", n)
		}
		s.post(to, "field", "description").leads("/activity/"+line.ID).follow(s.browser).has("#flashes", " reverted.")
		now, err := s.store.Group(s.Context(), g.ID)
		if err != nil || now.Name != "Plaza Royal" || !strings.Contains(*now.Description, "Zoë") {
			s.Errorf("%+v, %v", now, err)
		}
		back := s.newest()
		p = s.get("/activity/"+line.ID).wants(200).has(".notice", "Reverted by Anna").lacks("main a[href$=revert]")
		if to, _ := p.doc.Find(".notice a").Attr("href"); to != "/activity/"+back.ID {
			s.Errorf("it was reverted by %s", to)
		}
		s.get(to).wants(200).has("h1", "Nothing to revert")
		s.get("/activity/"+back.ID).wants(200).has("h1", "Anna reverted a change to Plaza Royal").has("main", "View original change")
		s.update(g.ID, models.GroupChange{Description: new(long + "Ask for Hector. " + long)})
		s.get("/activity/"+line.ID).wants(200).has(".notice", "Reverted by Anna").has("main a.quiet[href$=revert]", "Revert…")

		created, err := s.store.Audit.Activity(s.Context(), audit.ActivityQuery{Object: g.ID, Action: string(audit.CreatedGroup)})
		if err != nil {
			s.Fatal(err)
		}
		s.get("/activity/" + created.Lines[0].ID + "/revert").wants(404)
		s.get("/activity/" + created.Lines[0].ID).wants(200).lacks("main a[href$=revert]")
	})
}

// TestALineNamesTimesAndPeople: no raw numbers, no ids where there is a name, and no icons
// of people for what is none.
func TestALineNamesTimesAndPeople(t *testing.T) {
	each(t, func(s *site) {
		token, _, err := s.store.Identity.Tokens.CreateToken(s.Context(), s.by, identity.NewToken{Name: "Bot", Scopes: access.ReadScopes()}, nil)
		if err != nil {
			s.Fatal(err)
		}
		made := s.newest()
		s.get("/activity/"+made.ID).wants(200).has(".facts", "Never").has(".facts a[href='/activity?who="+s.by.ID+"']", "Anna")
		if _, _, err := s.store.Identity.Tokens.RotateToken(s.Context(), s.by, token.ID, time.Hour, nil); err != nil {
			s.Fatal(err)
		}
		s.get("/activity/"+s.newest().ID).wants(200).has("dt", "Old secret works until").has("ins time", "UTC")
		if err := s.store.Identity.Policies.SetPolicy(s.Context(), s.by, identity.Policy{SecondFactor: map[access.Role]int64{access.Auditor: 1796083200}}); err != nil {
			s.Fatal(err)
		}
		s.get("/activity/"+s.newest().ID).wants(200).has("dt", "Auditors need a second factor from").has("ins time", "1 December 2026")
		s.newBrowser().post("/login", "email", "eve@example.com", "password", "wrong").wants(422)
		s.get("/activity").has("tbody tr:first-child .thing + span", "Somebody failed to sign in as")
		s.get("/activity/"+s.newest().ID).wants(200).has(".facts", "Incorrect email or password")
	})
}

func TestVerifyActivity(t *testing.T) {
	each(t, func(s *site) {
		s.group("Plaza Hotel")
		if err := s.store.Audit.Seal(s.Context()); err != nil {
			s.Fatal(err)
		}
		p := s.get("/activity/verify").wants(200).has("h1", "Activity log verified")
		head := p.text("section .id code")
		s.get("/activity/verify?expect="+strings.NewReplacer("+", "%2B", "/", "%2F").Replace(head)).wants(200).has("h1", "verified").has(".notice", "continues from your checkpoint")
		s.get("/activity/verify?expect=1:AAAAAAAAAAAAAAAA").wants(200).has(".notice", "Entry 1 isn't the one of your checkpoint. Either the checkpoint is mistyped")
		s.get("/activity/verify?expect=9:AAAAAAAAAAAAAAAA").wants(200).has("h1", "not verified").has("main", "ends before your checkpoint")
		s.get("/activity/verify?expect=nonsense").wants(422).has(".summary", "must look like")
	})
}

func TestExportActivity(t *testing.T) {
	each(t, func(s *site) {
		s.group("=cmd|' /C calc'!A0")
		for i := range 120 {
			s.contact(fmt.Sprintf("contact%d", i))
		}
		p := s.post("/activity/export", "format", "csv").wants(200)
		if name := p.header.Get("Content-Disposition"); !strings.HasPrefix(name, `attachment; filename="activity-20`) || !strings.HasSuffix(name, `Z.csv"`) {
			s.Errorf("the file is %s", name)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(p.body, "\ufeff"))).ReadAll()
		if !strings.HasPrefix(p.body, "\ufeffid,time,") || strings.HasPrefix(s.post("/activity/export", "format", "plain_csv").body, "\ufeff") {
			s.Errorf("Excel reads %.20q", p.body)
		}
		if err != nil || rows[0][0] != "id" || len(rows) < 123 {
			s.Fatalf("%d rows, %v", len(rows), err)
		}
		if l := s.newest(); l.Action != audit.ExportedActivity || !strings.Contains(l.Changes, "csv") {
			s.Errorf("the newest line is %+v", l)
		}
		p = s.post("/activity/export?action=contact", "format", "ndjson").wants(200)
		lines := strings.Split(strings.TrimSpace(p.body), "\n")
		var last struct {
			Action  string
			Summary string
			Changes map[string]any
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || len(lines) != 120 || last.Summary != "Anna created the contact contact0" || last.Changes["username"] == nil {
			s.Errorf("%d lines, the last is %+v: %v", len(lines), last, err)
		}
		s.post("/activity/export?who=nonsense").wants(http.StatusUnprocessableEntity)
		s.post("/activity/export", "format", "pdf").wants(http.StatusUnprocessableEntity)

		newest := s.newest().ID
		s.get("/activity/export").wants(http.StatusNotFound)
		if p := s.do(http.MethodHead, "/activity/export", nil); p.status == http.StatusOK {
			s.Error("HEAD exports")
		}
		if s.newest().ID != newest {
			s.Errorf("looking leaves a line: %+v", s.newest())
		}
	})
}

// hostileNames are names that are meant to be something else.
var hostileNames = []string{
	"=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "=HYPERLINK(\"http://evil.example\")", "\"quoted\"", "a,b;c", "'single",
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</table><h1>Gone", "\"><svg onload=alert(1)>", "javascript:alert(1)",
	"{{7*7}}", "${7*7}", "%s%s%n", "'; DROP TABLE audit_lines; --", "\u200egnirts", "Zo\u0301e", "\u200fRTL", "emoji 👩‍👩‍👧‍👦", "a\u00a0b",
	"../../etc/passwd", "C:\\con", "null", "NaN", "0x10", "1e9", "-", "=", "@", "+", "{\"before\":1}", "[object Object]", "&amp;", "&#x3c;b&#x3e;",
	strings.Repeat("W", 255), strings.Repeat("=", 255), "word\u2060joiner",
}

func TestHostileNamesDoNoHarmToExports(t *testing.T) {
	if len(hostileNames) != 40 {
		t.Fatalf("%d names", len(hostileNames))
	}
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	s.setUp()
	for _, name := range hostileNames {
		s.group(name)
	}
	rows, err := csv.NewReader(strings.NewReader(s.post("/activity/export?action=group.create", "format", "plain_csv").wants(200).body)).ReadAll()
	if err != nil || len(rows) != len(hostileNames)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, row := range rows[1:] {
		name := hostileNames[len(hostileNames)-1-i]
		if got := strings.TrimPrefix(row[11], "'"); got != name && got != strings.TrimPrefix(name, "'") && name != "Zo\u0301e" {
			t.Errorf("%q is exported as %q", name, row[11])
		}
		for _, value := range row {
			if value != "" && strings.ContainsRune("=+-@\t\r", rune(value[0])) {
				t.Errorf("%q is a formula", value)
			}
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(s.post("/activity/export", "format", "ndjson").wants(200).body), "\n") {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
	for _, path := range []string{"/activity?limit=100", "/activity/" + s.newest().ID} {
		s.get(path).wants(200).lacks("main script").lacks("main img").lacks("main [onload]").lacks("main [onerror]")
	}
}

// TestActivityNeedsItsRight asks as those who may see no activity, and as an auditor, who
// may change nothing.
func TestActivityNeedsItsRight(t *testing.T) {
	each(t, func(s *site) {
		line := aChange(s)
		g := s.newest().ObjectID
		for role, may := range map[access.Role]bool{access.Editor: false, access.Moderator: false, access.Auditor: true} {
			address := string(role) + "@example.com"
			_, err := s.store.Identity.Users.CreateUser(s.Context(), s.by, identity.NewUser{Name: "Eve", Email: address, Password: password + string(role), Role: role})
			if err != nil {
				s.Fatal(err)
			}
			b := s.newBrowser()
			b.post("/login", "email", address, "password", password+string(role)).wants(303)
			status := map[bool]int{true: 200, false: 403}[may]
			for _, path := range []string{"/activity", "/activity/verify", "/activity/" + line, "/groups/" + g + "/activity"} {
				b.get(path).wants(status)
			}
			b.post("/activity/export").wants(status)
			b.get("/activity/" + line + "/revert").wants(403)
			b.post("/activity/"+line+"/revert", "field", "name").wants(403)
			p := b.get("/groups/" + g).wants(200)
			if got := strings.Contains(p.text(".tabs"), "Activity") && strings.Contains(p.text("nav[aria-label=Main]"), "Activity"); got != may {
				s.Errorf("%s is offered activity: %t", role, got)
			}
			if may {
				b.get("/activity/" + line).lacks("main a[href$=revert]")
			}
			// What they did themselves they may see, and lines lead on where they may follow.
			own := b.get("/profile/activity").wants(200).has("tbody", "Eve signed in").lacks("main form")
			if strings.Contains(own.text("tbody"), "Plaz") {
				s.Errorf("%s sees in their activity what others did: %s", role, own.text("tbody"))
			}
			if may {
				own.has("tbody a", "Eve signed in")
			} else {
				own.lacks("tbody a")
			}
		}
	})
}
