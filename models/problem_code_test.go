package models

import (
	"testing"

	"protocol.chat/console/models/access"
)

// TestProblemCodes checks that a code depends on the rule that was broken, never on the
// message.
func TestProblemCodes(t *testing.T) {
	var problems access.Invalid
	says := func(words string) access.Check { return func(s string) (string, string) { return s, words } }
	problems.Check("optional", new("x"), says("Enter something else."))
	problems.Check("empty", new(""), says("Enter nothing at all."))
	problems.Require("required", new(""), "Say what it is called.", says("Too short."))
	problems.Require("wrong", new("x"), "Enter one.", says("Enter another one."))
	problems.Require("absent", nil, "Enter one.", says("Enter one."))
	problems.Require("right", new("x"), "Enter one.", says(""))
	want := access.Invalid{
		{Field: "optional", Code: access.Bad, Message: "Enter something else."},
		{Field: "empty", Code: access.Bad, Message: "Enter nothing at all."},
		{Field: "required", Code: access.Missing, Message: "Say what it is called."},
		{Field: "wrong", Code: access.Bad, Message: "Enter another one."},
	}
	if len(problems) != len(want) {
		t.Fatalf("got %v, want %v", problems, want)
	}
	for i, p := range problems {
		if p != want[i] {
			t.Errorf("got %v, want %v", p, want[i])
		}
	}
}
