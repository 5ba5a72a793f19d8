package models

import "testing"

// TestCodesComeFromTheRule that was broken, never from the words in which it is told.
func TestCodesComeFromTheRule(t *testing.T) {
	var problems Invalid
	says := func(words string) rule { return func(s string) (string, string) { return s, words } }
	problems.check("optional", new("x"), says("Enter something else."))
	problems.check("empty", new(""), says("Enter nothing at all."))
	problems.require("required", new(""), "Say what it is called.", says("Too short."))
	problems.require("wrong", new("x"), "Enter one.", says("Enter another one."))
	problems.require("absent", nil, "Enter one.", says("Enter one."))
	problems.require("right", new("x"), "Enter one.", says(""))
	want := Invalid{
		{"optional", Bad, "Enter something else."},
		{"empty", Bad, "Enter nothing at all."},
		{"required", Missing, "Say what it is called."},
		{"wrong", Bad, "Enter another one."},
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
