package views

import (
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
)

func TestSummary(t *testing.T) {
	renamed := `"name":{"before":"{object}","after":"Plaza"}`
	described := `"description":{"before":null,"after":"By the lake"},"avatar_url":{"before":null,"after":"https://example.com/a.png"}`
	for want, l := range map[string]audit.Line{
		"renamed {object} to Plaza": {ObjectKind: "group", Action: audit.UpdatedGroup, Changes: "{" + renamed + "}"},
		"renamed {object} to Plaza and changed the description and avatar URL": {
			ObjectKind: "group", Action: audit.UpdatedGroup, Changes: "{" + renamed + "," + described + "}",
		},
		"renamed the contact ada to Plaza": {
			ObjectKind: "contact", Action: audit.UpdatedContact, Changes: `{"username":{"before":"ada","after":"Plaza"}}`,
		},
	} {
		l.ActorName, l.ObjectName = "Ada", "Plaza"
		if got := Summary(l); got != "Ada "+want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for changes, want := range map[string]string{
		`{"rule":"{object} Idle"}`: "Ada archived Plaza by the archive rule “{object} Idle”", `{"rule":""}`: "Ada archived Plaza on the date set for it",
		`{}`: "Ada archived Plaza",
	} {
		l := audit.Line{ActorName: "Ada", ObjectKind: "group", ObjectName: "Plaza", Action: audit.ArchivedGroup, Changes: changes}
		if got := Summary(l); got != want || len(l.Fields()) > 0 {
			t.Errorf("%q with the fields %v, want %q", got, l.Fields(), want)
		}
	}
	unknown := audit.Line{ActorName: "Ada", Action: "passkey.rename", ObjectName: "Laptop"}
	if got := Summary(unknown); got != "Ada did “passkey rename” on Laptop" {
		t.Error(got)
	}
	const id = "0VbqIMqj00000001"
	for want, l := range map[string]audit.Line{
		"Ada joined as auditor":                {Action: audit.CreatedUser, Changes: `{"role":{"before":null,"after":"auditor"}}`},
		"Ada changed their password":           {Action: audit.ChangedPassword},
		"Ada signed out 1 other session":       {Action: audit.SignedOut, Changes: `{"other_sessions":{"before":1,"after":0}}`},
		"Ada signed out 1,200 other sessions":  {Action: audit.SignedOut, Changes: `{"other_sessions":{"before":1200,"after":0}}`},
		"Ada signed out one of their sessions": {Action: audit.SignedOut, Changes: `{"browser":{"before":"Chrome","after":null}}`},
		"Ada signed out":                       {Action: audit.SignedOut},
	} {
		l.ActorKind, l.ActorID, l.ActorName, l.ObjectID, l.ObjectName = access.UserActor, id, "Ada", id, "Ada"
		if got := Summary(l); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	setup := audit.Line{ActorKind: access.SystemActor, ActorName: "setup", Action: audit.CreatedUser, ObjectID: id, ObjectName: "Ada"}
	if got := Summary(setup); got != "setup made Ada the owner" {
		t.Error(got)
	}
}

// TestReasonsOfRefusedSignIns are codes; earlier versions stored sentences.
func TestReasonsOfRefusedSignIns(t *testing.T) {
	for _, reason := range []string{identity.WrongSecondFactor, "wrong second factor after the right password"} {
		l := audit.Line{
			ActorKind: access.VisitorActor, ActorName: "bea@example.com", Action: audit.RefusedSignIn, ObjectName: "Bea",
			Changes: `{"reason":{"before":null,"after":"` + reason + `"}}`,
		}
		if got := Summary(l); got != "somebody failed the second-factor check as Bea" {
			t.Errorf("%s: %s", reason, got)
		}
		if got := valueText(audit.ReasonField, l.Field(audit.ReasonField).After); got != "Incorrect second factor" {
			t.Errorf("%s: %s", reason, got)
		}
	}
}

// TestEveryActionHasWords keeps the table whole.
func TestEveryActionHasWords(t *testing.T) {
	for action, words := range acts {
		area, verb, ok := strings.Cut(string(action), ".")
		if !ok || verb == "" || words == "" {
			t.Errorf("%s: %q", action, words)
		}
		if AreaLabel(area) == area {
			t.Errorf("%s is of no area", action)
		}
	}
}

// TestWordsAreTheReaders: dates and numbers are as they write them, in their zone.
func TestWordsAreTheReaders(t *testing.T) {
	zurich := time.FixedZone("CET", 3600)
	now := NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, zurich), identity.Dotted)
	deleted := audit.Line{
		ActorName: "the console", Action: audit.DeletedActivity,
		Changes: `{"lines":{"before":4213,"after":null},"from_before":{"before":null,"after":"2025-11-24"}}`,
	}
	d := ActivityDetail{Line: deleted, Now: now}
	if got := d.Title(); got != "the console deleted 4.213 activity entries from before 24.11.2025" {
		t.Error(got)
	}
	if got := Summary(deleted); got != "the console deleted 4,213 activity entries from before 24 November 2025" {
		t.Error(got)
	}
	later := audit.Line{ID: "0VbqIMqj00000001", ActorName: "Ada", CreatedAt: time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC).Unix()}
	field := models.ReversedField{Refused: models.ChangedSince, Later: later}
	if got := refusalWords(field, now); !strings.HasSuffix(got, " on 23.11.2026 00:30 CET.") {
		t.Error(got)
	}
}
