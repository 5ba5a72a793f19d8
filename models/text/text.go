package text

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// NormalText returns s as it is stored: composed (NFC), with plain newlines, and without
// white space at its ends. Lengths are counted on this form.
func NormalText(s string) string {
	return strings.TrimSpace(norm.NFC.String(newlines.Replace(s)))
}

// newlines makes every line break of Unicode, and that of a form, a newline.
var newlines = strings.NewReplacer("\r\n", "\n", "\u2028", "\n", "\u2029", "\n")

// Straight returns s on one line and without characters that change the direction of text.
func Straight(s string) string {
	if strings.IndexByte(s, '\xe2') < 0 { // with which all of these characters begin
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case TurnsText(r):
			return -1
		case r == '\u2028' || r == '\u2029':
			return ' '
		}
		return r
	}, s)
}

// Isolated returns s for the middle of a sentence: straight and, if parts of it run from
// right to left, isolated from the text around it.
func Isolated(s string) string {
	s = Straight(s)
	if !strings.ContainsFunc(s, rightToLeft) {
		return s
	}
	return "\u2068" + s + "\u2069"
}

func rightToLeft(r rune) bool {
	if r < utf8.RuneSelf {
		return false
	}
	properties, _ := bidi.LookupRune(r)
	class := properties.Class()
	return class == bidi.R || class == bidi.AL || class == bidi.AN
}

// LooksLike reports whether typed, when shown, looks like name: any white space counts as
// one space, and invisible characters do not count.
func LooksLike(typed, name string) bool { return seen(typed) == seen(name) }

func seen(s string) string {
	visible := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) && r != zeroWidthJoiner && r != zeroWidthNonJoiner {
			return -1
		}
		return r
	}, NormalText(s))
	return strings.Join(strings.Fields(visible), " ")
}

// Unlike the other invisible characters, these change how their neighbours are drawn.
const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
)

// TurnsText reports whether r changes the direction of the text after it: an embedding, an
// override or an isolate, or the end of one; not a mark, which only stands for a letter.
func TurnsText(r rune) bool { return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' }

// Length returns the number of Unicode code points of s.
func Length(s string) int { return utf8.RuneCountInString(s) }

// blank reports whether nothing of s is visible.
func blank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.M, r) && !strings.ContainsRune(invisible, r)
	})
}

// invisible are the characters that Unicode counts as letters or symbols and fonts draw as
// nothing: the Hangul fillers and the empty Braille cell.
const invisible = "\u115f\u1160\u3164\uffa0\u2800"

// StripInvisible returns s without invisible characters: format and direction marks,
// joiners, variation selectors and fillers, which come along from a clipboard. It is for
// identifiers, in which even those are noise that languages need elsewhere. It returns text
// that is not valid UTF-8 as it is.
func StripInvisible(s string) string {
	if IsPlain(s) || !utf8.ValidString(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, s)
}

// isInvisible reports whether r is drawn as nothing, or only directs how other characters
// are shown.
func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// hasControl reports whether s has a control character other than those allowed.
func hasControl(s, allowed string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune(allowed, r)
	})
}

// Line is the rule for one line of text: it returns what is stored for s, and what is wrong
// with it ("" if nothing). what names the field in the message; most is in characters.
func Line(what, s string, most int) (string, string) {
	return text(what, s, most, "", "line breaks or other control characters")
}

// ProperName is the rule for the names of people and things, which are shown within other
// text.
func ProperName(what, s string) (string, string) {
	s, problem := Line(what, s, MaxName)
	if problem == "" && strings.ContainsFunc(s, TurnsText) {
		problem = what + " can't contain invisible characters that change the direction of text. Type it again instead of pasting it."
	}
	return s, problem
}

// OmitUnchanged returns nil, for no change, if name is the stored one and older than the rule
// that would refuse it; otherwise name.
func OmitUnchanged(name *string, stored func() (string, error)) *string {
	if name == nil {
		return nil
	}
	if _, problem := ProperName("", *name); problem != "" {
		if is, err := stored(); err == nil && is == *name {
			return nil
		}
	}
	return name
}

// Paragraphs is the rule for text of several lines, as Line.
func Paragraphs(what, s string, most int) (string, string) {
	return text(what, s, most, "\n\t", "control characters")
}

// Visible returns what a rule returned, with "" for text of which nothing is visible.
func Visible(s, problem string) (string, string) {
	if problem == "" && blank(s) {
		return "", ""
	}
	return s, problem
}

func text(what, s string, most int, allowed, refused string) (string, string) {
	if !utf8.ValidString(s) {
		return s, what + " is not valid UTF-8 text."
	}
	s = NormalText(s)
	switch n := Length(s); {
	case hasControl(s, allowed):
		return s, what + " can't contain " + refused + "."
	case n > most:
		return s, TooLong(what, n, most)
	}
	return s, ""
}

// TooLong returns the message for n characters where most are allowed.
func TooLong(what string, n, most int) string {
	return what + " can have at most " + Thousands(most) + " characters; this has " + Thousands(n) + "."
}

// Thousands returns n with commas: "10,000".
func Thousands(n int) string {
	s := ""
	for ; n >= 1000; n /= 1000 {
		s = "," + string([]byte{byte('0' + n%1000/100), byte('0' + n%100/10), byte('0' + n%10)}) + s
	}
	return strconv.Itoa(n) + s
}

// WebAddress is the rule for a link: "" or an absolute http or https URL.
func WebAddress(what, s string) (string, string) {
	s, problem := Line(what, s, maxURL)
	if problem != "" || s == "" {
		return s, problem
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.ContainsFunc(s, unicode.IsSpace) {
		return s, what + " must be a full web address, like https://example.com/picture.jpg."
	}
	return s, ""
}

// Fold returns s as lists sort it and as it is searched: compatibility forms resolved,
// accents and invisible characters removed, letters and digits in ASCII where possible
// (plainLetters), in lower case. So "Café" and "CAFE" are one word, and "Łódź" is beside
// "Lodz". It is for finding, never for identifying anyone.
func Fold(s string) string {
	if IsPlain(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(cases.Fold().String(norm.NFKD.String(s))) {
		if plain, known := plainLetters[r]; known {
			b.WriteString(plain)
		} else if !isAccent(r) && !isInvisible(r) {
			b.WriteRune(DigitOf(r))
		}
	}
	return norm.NFC.String(b.String()) // Korean syllables are whole again
}

// IsPlain reports whether s is all ASCII.
func IsPlain(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// SortKey returns what a name sorts by. It is cut to what fits an index entry; names that
// are equal up to there sort by age.
func SortKey(name string) string {
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

// SortByName sorts a few things by their names, as lists are sorted; the sort is stable.
func SortByName[T any](things []T, name func(T) string) {
	slices.SortStableFunc(things, func(a, b T) int { return strings.Compare(Fold(name(a)), Fold(name(b))) })
}

// SearchKey returns texts as they are searched: folded, and with two spaces before each
// word, by which trigrams find the beginning of a word even if only one or two letters are
// known. In text without word gaps each letter begins a word: see pairUp.
func SearchKey(texts ...string) string {
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
	case IsGapless(r):
		return inGapless
	case IsWord(r):
		return inWord
	}
	return inSymbol
}

// joins reports whether a character continues the word of the one before it.
func (k charKind) joins(before charKind) bool { return k == before && k != inSymbol }

// spaceWords puts two spaces before every word and every symbol, in place of the white
// space between them, but none before the first: a search term may begin in the middle of a
// word.
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

// pairUp writes the words of scripts without word gaps as overlapping words of two letters,
// the last one alone: "産品会議" is "産品  品会  会議  議". So one letter and two are found wherever
// they stand, and each pair of a longer text narrows the search. An open end, as of a
// search term, may continue, and has no letter alone.
func pairUp(spaced string, open bool) string {
	if !strings.ContainsFunc(spaced, IsGapless) {
		return spaced
	}
	words := strings.Split(spaced, "  ")
	for i, word := range words {
		if letters := []rune(word); IsGapless(letters[0]) {
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

// IsWord reports whether r is part of a word: a letter, a digit or a mark. Of symbols each
// is a word of its own.
func IsWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// OrNil returns a pointer to s, and nil for "": how optional text is stored.
func OrNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Deref returns *p, and the zero value for nil.
func Deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// Cut returns the first n characters of s.
func Cut(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

const maxURL = 2048

// Valid returns the values that a database accepts: others name nothing.
func Valid(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool {
		return strings.ContainsRune(v, 0) || strings.ToValidUTF8(v, "") != v
	})
}

// MaxName is how long names can be, in characters.
const MaxName = 255

// UsernameKey returns what a username identifies: its letters, which are ASCII, in lower
// case.
func UsernameKey(username string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, username)
}
