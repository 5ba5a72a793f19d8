package views

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// A piece of a changed text: unchanged, deleted or inserted.
type piece struct {
	kind pieceKind
	text string
}

type pieceKind int

const (
	kept pieceKind = iota
	deleted
	inserted
	folded // unchanged text that isn't shown
)

const (
	// diffTimeout limits the search for a finer difference.
	diffTimeout = 100 * time.Millisecond
	// foldFrom is up to how many characters an unchanged text is shown whole; of a longer one,
	// nearby characters remain beside a change.
	foldFrom = 240
	nearby   = 80
)

// difference returns the word-by-word difference of two texts, or nil if they have too little in
// common. Unchanged text far from all changes is folded.
func difference(before, after string) []piece {
	compare := diffmatchpatch.New()
	compare.DiffTimeout = diffTimeout
	var w words
	diffs := compare.DiffCleanupSemantic(compare.DiffMainRunes(w.runes(before), w.runes(after), false))
	if rewritten(diffs, w.text) {
		return nil
	}
	var pieces []piece
	for i, d := range diffs {
		text := w.text(d.Text)
		switch d.Type {
		case diffmatchpatch.DiffDelete:
			pieces = append(pieces, piece{deleted, text})
		case diffmatchpatch.DiffInsert:
			pieces = append(pieces, piece{inserted, text})
		case diffmatchpatch.DiffEqual:
			pieces = append(pieces, fold(text, i == 0, i == len(diffs)-1)...)
		}
	}
	return pieces
}

// rewritten reports whether two texts have too little in common to be compared: less than a third
// of the letters of the shorter one. An empty text can always be compared.
func rewritten(diffs []diffmatchpatch.Diff, text func(string) string) bool {
	letters := map[diffmatchpatch.Operation]int{}
	whole := map[diffmatchpatch.Operation]bool{}
	for _, d := range diffs {
		whole[d.Type] = true
		for _, r := range text(d.Text) {
			if isWord(r) {
				letters[d.Type]++
			}
		}
	}
	stayed, gone, came := letters[diffmatchpatch.DiffEqual], letters[diffmatchpatch.DiffDelete], letters[diffmatchpatch.DiffInsert]
	return whole[diffmatchpatch.DiffDelete] && whole[diffmatchpatch.DiffInsert] && 3*stayed < stayed+min(gone, came)
}

// fold returns unchanged text; of a long one, only what is near a change.
func fold(text string, begins, ends bool) []piece {
	if begins && ends || utf8.RuneCountInString(text) <= foldFrom {
		return []piece{{kept, text}}
	}
	var pieces []piece
	if !begins {
		pieces = append(pieces, piece{kept, first(text, nearby)})
	}
	pieces = append(pieces, piece{folded, ""})
	if !ends {
		pieces = append(pieces, piece{kept, last(text, nearby)})
	}
	return pieces
}

// first returns the first n characters of a text.
func first(s string, n int) string {
	for at := range s {
		if n == 0 {
			return s[:at]
		}
		n--
	}
	return s
}

// words represents each word, and each character between words, by a rune of its own, for
// comparison.
type words struct {
	known map[string]rune
	all   []string
}

func (w *words) runes(s string) []rune {
	if w.known == nil {
		w.known = map[string]rune{}
	}
	var runes []rune
	for s != "" {
		word := firstWord(s)
		s = s[len(word):]
		r, ok := w.known[word]
		if !ok {
			r = rune(len(w.all)) + 1
			if r >= 0xD800 { // no runes are there
				r += 0x800
			}
			w.known[word] = r
			w.all = append(w.all, word)
		}
		runes = append(runes, r)
	}
	return runes
}

func (w *words) text(runes string) string {
	var b strings.Builder
	for _, r := range runes {
		if r >= 0xE000 {
			r -= 0x800
		}
		b.WriteString(w.all[r-1])
	}
	return b.String()
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// firstWord returns the letters and digits at the start of a text, or else one character.
func firstWord(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool { return !isWord(r) })
	switch {
	case end < 0:
		return s
	case end > 0:
		return s[:end]
	}
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}
