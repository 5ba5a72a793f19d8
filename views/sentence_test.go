package views

import (
	"strings"
	"testing"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
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
