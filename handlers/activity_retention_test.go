package handlers_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// history makes so many groups some years ago, and is the line about the last one.
func (s *site) history(years, groups int) (line audit.Line) {
	s.Helper()
	past := modelstest.Second(s.T, s.store, time.Now().AddDate(-years, 0, 0))
	for i := range groups {
		g := modelstest.Group(s.T, past, s.by, fmt.Sprintf("Plaza %d, %d years ago", i, years))
		page, err := s.store.Audit.Activity(s.Context(), audit.ActivityQuery{Object: g.ID})
		if err != nil {
			s.Fatal(err)
		}
		line = page.Lines[0]
	}
	return line
}

func TestHowLongActivityIsKept(t *testing.T) {
	each(t, func(s *site) {
		lost := s.history(3, 3)
		past := modelstest.Second(s.T, s.store, time.Now().AddDate(-3, 0, 0))
		if _, err := past.ArchiveGroup(s.Context(), s.by, lost.ObjectID, 0); err != nil {
			s.Fatal(err)
		}
		s.history(2, 1)
		if err := s.store.Audit.Seal(s.Context()); err != nil {
			s.Fatal(err)
		}
		s.get("/activity").wants(200).has("main .head", "Kept forever.").has(".head .actions", "Retention")
		p := s.get("/activity/retention").wants(200).has("h1", "Retention").has(`label:has([value="forever"][checked])`, "Forever").
			has(`label:has([value="P5Y"])`, "No entries affected").has(`label:has([value="P1Y"])`, "Deletes 5 entries from before ").
			has(`label:has([value="P2Y"])`, "Deletes 4 entries")
		if n := p.doc.Find("[name=kept]").Length(); n != len(audit.Retentions) {
			s.Errorf("%d choices", n)
		}
		s.post("/activity/retention").wants(422).has(".summary", "Choose how long")
		s.post("/activity/retention", "kept", "P1D", "sure", "P1D").wants(422).has(".summary", "Choose how long")
		s.post("/activity/retention", "kept", "forever").leads("/activity").follow(s.browser).has("#flashes", "Nothing changed.")
		s.post("/activity/retention", "kept", "P10Y").leads("/activity").follow(s.browser).has("#flashes", "Activity is kept for 10 years.").
			has("main .head", "Kept for 10 years.")
		s.get("/activity/"+s.newest().ID).wants(200).has("h1", "Anna set activity retention to 10 years").has("dt", "Retention").has("ins", "10 years")

		s.post("/activity/retention", "kept", "P2Y").wants(200).has("h1", "Delete 4 entries?").has("#question", "4 entries from before ").has("#question", "are deleted now, and every entry once it's 2 years old. This can't be undone")
		s.post("/activity/retention", "kept", "P2Y", "sure", "P1Y").wants(200).has("h1", "Delete 4 entries?")
		s.post("/activity/retention", "kept", "P2Y", "sure", "P2Y").leads("/activity").follow(s.browser).has("#flashes", "Older entries are being deleted.")
		if err := s.store.Audit.Retention.DeleteOld(s.Context()); err != nil {
			s.Fatal(err)
		}
		s.get("/activity").has("tbody tr:first-child", "The console deleted 4 activity entries from before ").has("tbody tr:first-child", "This server")
		s.get("/activity/"+s.newest().ID).wants(200).has("dt", "Lines").has("dt", "Last entry")
		s.get("/activity/"+lost.ID).wants(http.StatusNotFound).has("h1", "no longer kept").has("main", "was deleted under the retention policy")
		s.get("/activity/"+lost.ID+"/revert").wants(http.StatusNotFound).has("h1", "no longer kept")
		s.get("/activity/0zzzzzzzzzzzzzzz").wants(http.StatusNotFound)
		s.get("/groups/" + lost.ObjectID).wants(200)
		s.get("/groups/"+lost.ObjectID+"/activity").wants(200).has(".empty", "Activity has been recorded since "+time.Now().AddDate(-2, 0, 0).UTC().Format("2 January 2006"))
		s.post("/activity/export", "format", "ndjson").wants(200)

		if err := s.store.Audit.Seal(s.Context()); err != nil {
			s.Fatal(err)
		}
		s.get("/activity/verify").wants(200).has("h1", "verified").has(".notice.good", "The log starts at entry 5. Earlier entries, from before ").lacks(".notice.warn")
		s.get("/activity/verify?expect=2:AAAAAAAAAAAAAAAA").wants(200).has("h1", "verified").has(".notice.warn", "can no longer be checked").lacks(".notice.bad")
	})
}

// Of who may have been here before activity begins, nobody can say that they never were.
func TestLastSeenBeforeActivityBegins(t *testing.T) {
	each(t, func(s *site) {
		past := modelstest.Second(s.T, s.store, time.Now().AddDate(-3, 0, 0))
		ola, err := past.Identity.Users.CreateUser(s.Context(), access.System("test"), identity.NewUser{Email: "ola@example.com", Name: "Ola", Role: access.Auditor, Password: password})
		if err != nil {
			s.Fatal(err)
		}
		s.get("/users/"+ola.ID).has("dd", "Never")
		err = errors.Join(s.store.Audit.Seal(s.Context()), s.store.Audit.Retention.SetRule(s.Context(), s.by, "P2Y"), s.store.Audit.Retention.DeleteOld(s.Context()))
		if err != nil {
			s.Fatal(err)
		}
		want := "Not since " + time.Now().AddDate(-2, 0, 0).UTC().Format("2 January 2006")
		s.get("/users").has("tbody .c-when", want)
		s.get("/users/"+ola.ID).has("dd", want)
		s.get("/users/"+s.person(access.Editor).ID).has("dd", "Never")
	})
}

// TestKeepingActivityIsDangerous: an owner who has not lately proved who they are, does so
// first, and what was chosen is not lost.
func TestKeepingActivityIsDangerous(t *testing.T) {
	each(t, func(s *site) {
		s.store.DB.Now = func() time.Time { return time.Now().Add(20 * time.Minute) }
		s.get("/activity/retention").wants(http.StatusForbidden).has("h1", "Confirm it's you")
		s.post("/activity/retention", "kept", "P1Y").wants(http.StatusForbidden).has("h1", "Confirm it's you")
		s.post("/activity/retention", "kept", "P1Y", "confirm.password", password).wants(303)
		if kept, err := s.store.Audit.Retention.Rule(s.Context()); err != nil || kept != "P1Y" {
			s.Errorf("it is kept %s, %v", kept, err)
		}
	})
}

// TestAForgedNoteIsTold: an owner is told what to do, and nothing is written over it.
func TestAForgedNoteIsTold(t *testing.T) {
	each(t, func(s *site) {
		s.post("/activity/retention", "kept", "P1Y").wants(303)
		modelstest.Exec(s.T, s.store, "UPDATE audit_retention SET kept = 'P90D'")
		s.post("/activity/retention", "kept", "P5Y").wants(http.StatusConflict).has("main", "not as the console wrote it")
		s.get("/activity").wants(200)
		s.get("/activity/verify").wants(200).has("h1", "Activity log not verified").has(".notice.bad", "The record of the retention policy")
	})
}
