package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"
)

func TestStringsAreThoseOfEncodingJSON(t *testing.T) {
	for _, s := range []string{"", "plain", "Zürich 🎉", "a\"b\\c", "line\nfeed\ttab\r\b\f\x00\x1f\x7f", "<a href='x'>&</a>", "\u2028 and \u2029"} {
		var want bytes.Buffer
		encoder := json.NewEncoder(&want)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(s); err != nil {
			t.Fatal(err)
		}
		if got := string(appendString(nil, s)) + "\n"; got != want.String() {
			t.Errorf("%q is written %s, not %s", s, got, want.String())
		}
	}
}

func TestTerms(t *testing.T) {
	for text, want := range map[string][]string{
		"":              nil,
		"The team the":  {"the", "team"},
		"pl a":          {"  pl", "  a"},
		"a-b":           {"a  -  b"},
		"%":             {"  %"},
		"🎉 hotel":       {"  🎉", "hotel"},
		" ab ab ab ab ": {"  ab"},
	} {
		if got := terms(text); !slices.Equal(got, want) {
			t.Errorf("%q is searched as %q, not %q", text, got, want)
		}
	}
}

func TestMarks(t *testing.T) {
	for _, test := range []struct{ text, search, want string }{
		{"Plaza & Hotel", "", "Plaza &amp; Hotel"},
		{"The Plaza, the hotel", "the", "<mark>The</mark> Plaza, <mark>the</mark> hotel"},
		{"Ananas an Land", "an", "<mark>An</mark>anas <mark>an</mark> Land"},
	} {
		var b buffer
		if got := string(b.marked(test.text, terms(test.search))); got != test.want {
			t.Errorf("%q in %q is marked %s", test.search, test.text, got)
		}
	}
}

func TestIDsSortByTime(t *testing.T) {
	now := time.Now()
	first, second := newID(now), newID(now.Add(time.Millisecond))
	if len(first) != 16 || first >= second {
		t.Errorf("%s is not before %s", first, second)
	}
	floor := newID(now.Add(20 * time.Millisecond))
	if id := newIDAfter(floor); id <= floor {
		t.Errorf("%s is not above %s", id, floor)
	}
}
