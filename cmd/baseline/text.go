package main

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// terms returns the words of a search in the form of the column search: in lower case, with
// two spaces before each word, so that one or two letters match only at the start of a
// word. It ignores accents, which the benchmark doesn't type.
func terms(text string) []string {
	const most = 12
	var found []string
	words := strings.Fields(text)
	for _, word := range words[:min(len(words), most)] {
		term := spaced(strings.ToLower(word))
		if utf8.RuneCountInString(term) <= 2 {
			term = "  " + term
		}
		if !slices.Contains(found, term) {
			found = append(found, term)
		}
	}
	return found
}

// searchKey returns what the column search has for a name.
func searchKey(name string) string { return "  " + spaced(strings.ToLower(name)) }

// spaced puts two spaces before every word and every symbol but the first.
func spaced(s string) string {
	var b strings.Builder
	inWord := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			inWord = false
			continue
		}
		word := isWord(r)
		if b.Len() > 0 && (!word || !inWord) {
			b.WriteString("  ")
		}
		b.WriteRune(r)
		inWord = word
	}
	return b.String()
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// newID returns an id as the console makes it: eight digits of time, eight at random.
func newID(t time.Time) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var id [8]byte
	ms := t.UnixMilli()
	for i := range id {
		id[len(id)-1-i] = digits[ms%62]
		ms /= 62
	}
	return string(id[:]) + rand.Text()[:8]
}

// newIDAfter returns an id above floor, at a later time than now if need be.
func newIDAfter(floor string) string {
	now := time.Now()
	id := newID(now)
	for id <= floor {
		now = now.Add(time.Millisecond)
		id = newID(now)
	}
	return id
}
