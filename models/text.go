package models

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// normalText is s as it is stored: composed (NFC), with plain newlines, and
// without white space at its ends. Lengths are counted on this form.
func normalText(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.TrimSpace(norm.NFC.String(s))
}

// length is the number of Unicode code points of s.
func length(s string) int { return utf8.RuneCountInString(s) }

// blank tells whether nothing of s can be seen.
func blank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.M, r) && !strings.ContainsRune(invisible, r)
	})
}

// invisible are the characters that Unicode counts as letters or symbols and
// that fonts draw as nothing: the Hangul fillers and the empty Braille cell.
const invisible = "\u115f\u1160\u3164\uffa0\u2800"

// StripInvisible returns s without the characters that can't be seen and that come along
// with what is copied: zero-width spaces, byte order marks, marks of direction.
func StripInvisible(s string) string {
	return strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, s)
}

// isInvisible reports whether r only directs how other characters are shown.
func isInvisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// hasControl tells whether s has a control character other than those allowed.
func hasControl(s, allowed string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune(allowed, r)
	})
}

// line is the rule for one line of text: what is stored for s, and what is
// wrong with it ("" if nothing). what names the field in the sentence.
func line(what, s string, most int) (string, string) {
	return text(what, s, most, "", "line breaks or other control characters")
}

// paragraphs is the rule for text of several lines.
func paragraphs(what, s string, most int) (string, string) {
	return text(what, s, most, "\n\t", "control characters")
}

func text(what, s string, most int, allowed, refused string) (string, string) {
	if !utf8.ValidString(s) {
		return s, what + " is not valid UTF-8 text."
	}
	s = normalText(s)
	switch n := length(s); {
	case hasControl(s, allowed):
		return s, what + " can't contain " + refused + "."
	case n > most:
		return s, tooLong(what, n, most)
	}
	return s, ""
}

func tooLong(what string, n, most int) string {
	return what + " can have at most " + thousands(most) + " characters; this has " + thousands(n) + "."
}

// thousands is n with commas: 10,000.
func thousands(n int) string {
	s := ""
	for ; n >= 1000; n /= 1000 {
		s = "," + string([]byte{byte('0' + n%1000/100), byte('0' + n%100/10), byte('0' + n%10)}) + s
	}
	return strconv.Itoa(n) + s
}

// webAddress is the rule for a link: "" or an absolute http or https URL.
func webAddress(what, s string) (string, string) {
	s, problem := line(what, s, maxURL)
	if problem != "" || s == "" {
		return s, problem
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.ContainsFunc(s, unicode.IsSpace) {
		return s, what + " must be a full web address, like https://example.com/picture.jpg."
	}
	return s, ""
}

// Fold is s as lists sort it and as it is searched: compatibility forms resolved, marks
// and what can't be seen removed, letters without a mark and digits written in ASCII
// (plainLetters), in lower case. So "Café" and "CAFE" are one word, and "Łódź" is beside
// "Lodz". It is for finding, never for telling who somebody is.
func Fold(s string) string {
	if isPlain(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(cases.Fold().String(norm.NFKD.String(s))) {
		if plain, known := plainLetters[r]; known {
			b.WriteString(plain)
		} else if !isAccent(r) && !isInvisible(r) {
			b.WriteRune(digitOf(r))
		}
	}
	return norm.NFC.String(b.String()) // Korean syllables are whole again
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// sortKey is what a name sorts by. It is cut where an index entry would become
// too long; names that are equal up to there sort by age.
func sortKey(name string) string {
	const most = 1000
	key := Fold(name)
	if len(key) <= most {
		return key
	}
	key = key[:most]
	for !utf8.ValidString(key) {
		key = key[:len(key)-1]
	}
	return key
}

// sortByName sorts few things by their names, as lists are sorted; those of the same name
// stay as they are.
func sortByName[T any](things []T, name func(T) string) {
	slices.SortStableFunc(things, func(a, b T) int { return strings.Compare(Fold(name(a)), Fold(name(b))) })
}

// searchKey is text as it is searched: folded, and with two spaces before each
// word. Those spaces make the beginning of a word findable by trigrams even
// when only its first letter or two are known. Of text without word gaps each
// letter begins a word: see pairUp.
func searchKey(texts ...string) string {
	return "  " + pairUp(spaceWords(Fold(strings.Join(texts, "\n"))), false)
}

// charKind is what a character is to a search.
type charKind int

const (
	inGap charKind = iota
	inSymbol
	inWord
	inGapless // a letter of a script without word gaps
)

func kindOf(r rune) charKind {
	switch {
	case unicode.IsSpace(r), unicode.IsControl(r):
		return inGap
	case isGapless(r):
		return inGapless
	case isWord(r):
		return inWord
	}
	return inSymbol
}

// joins reports whether a character goes on with the word of the one before it.
func (k charKind) joins(before charKind) bool { return k == before && k != inSymbol }

// spaceWords puts two spaces before every word and before every symbol, in place
// of the white space between them. The first is left as it is: in a search term
// it may be the middle of a word.
func spaceWords(folded string) string {
	var b strings.Builder
	before := inGap
	for _, r := range folded {
		kind := kindOf(r)
		if kind != inGap {
			if b.Len() > 0 && !kind.joins(before) {
				b.WriteString("  ")
			}
			b.WriteRune(r)
		}
		before = kind
	}
	return b.String()
}

// pairUp writes the words of scripts without word gaps as words of two letters that
// overlap, the last one alone: "産品会議" is "産品  品会  会議  議". So one letter and
// two are found wherever they stand, and of more each pair narrows the search. An open
// end, which a search term has, may go on, and has no letter alone.
func pairUp(spaced string, open bool) string {
	if !strings.ContainsFunc(spaced, isGapless) {
		return spaced
	}
	words := strings.Split(spaced, "  ")
	for i, word := range words {
		if letters := []rune(word); isGapless(letters[0]) {
			words[i] = pairs(letters, open && i == len(words)-1)
		}
	}
	return strings.Join(words, "  ")
}

func pairs(letters []rune, open bool) string {
	var b strings.Builder
	b.WriteString(string(letters[:min(2, len(letters))]))
	for i := 1; i < len(letters); i++ {
		if open && i == len(letters)-1 {
			break
		}
		b.WriteString("  ")
		b.WriteString(string(letters[i:min(i+2, len(letters))]))
	}
	return b.String()
}

// isWord tells letters, digits and their marks from symbols, each of which is a
// word of its own.
func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// orNil is a pointer to s, and nil for "": how optional text is stored.
func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// deref is *p, and the zero value for nil.
func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// cut is s without what goes beyond n characters.
func cut(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
