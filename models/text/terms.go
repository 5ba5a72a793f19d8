package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SearchTerms returns the terms of a text's words, in the form in which SearchKey has them.
func SearchTerms(text string) []string { return TermsOf(strings.Fields(text)) }

// TermsOf returns the terms for the first MaxWords words, each once.
func TermsOf(words []string) []string {
	var terms []string
	for _, word := range words[:min(len(words), MaxWords)] {
		if term := searchTerm(word); term != "" && !slices.Contains(terms, term) {
			terms = append(terms, term)
		}
	}
	return terms
}

// MaxWords is how many words of a search are looked for.
const MaxWords = 12

// searchTerm returns a word as it is looked for in a SearchKey; "" if there is nothing to
// look for. One or two characters are looked for at the beginnings of words only, which are
// everywhere in scripts without word gaps.
func searchTerm(word string) string {
	term := pairUp(spaceWords(Fold(strings.ToValidUTF8(NormalText(word), ""))), true)
	if n := utf8.RuneCountInString(term); n == 1 || n == 2 || beginsGapless(term) {
		return "  " + term
	}
	return term
}

// TermWords returns the words of a term, each a term. The first may be the end of a word.
func TermWords(term string) []string {
	words := strings.Fields(term)
	for i := range words {
		if i > 0 || strings.HasPrefix(term, " ") {
			words[i] = "  " + words[i]
		}
	}
	return words
}

// Span is a part of a text, by byte offsets.
type Span struct{ Start, End int }

// Marks returns where the words occur in a text as a search finds them, without regard to
// case and accents: what to highlight. The spans are in order and do not overlap.
func Marks(text string, words []string) []Span {
	if len(words) == 0 {
		return nil
	}
	folded, origin := foldMapped(text)
	var spans []Span
	for _, word := range words {
		term := strings.TrimSpace(spaceWords(Fold(NormalText(word))))
		short := utf8.RuneCountInString(term) <= 2 && !beginsGapless(term)
		for from := 0; term != ""; {
			i := strings.Index(folded[from:], term)
			if i < 0 {
				break
			}
			start, end := from+i, from+i+len(term)
			if !short || strings.HasSuffix(folded[:start], "  ") {
				spans = append(spans, Span{origin[start], origin[end]})
			}
			from = end
		}
	}
	return joinSpans(spans)
}

// foldMapped returns the folded and spaced words of one text, with the place in the text
// that each of its bytes, and its end, comes from.
func foldMapped(text string) (string, []int) {
	folded := make([]byte, 0, 2*len(text))
	origin := make([]int, 0, cap(folded)+1)
	before, end := inGap, 0
	add := func(r rune, at int) {
		kind := kindOf(r)
		if !kind.joins(before) {
			folded, origin = append(folded, "  "...), append(origin, end, end)
		}
		from := len(folded)
		folded = utf8.AppendRune(folded, r)
		for range len(folded) - from {
			origin = append(origin, at)
		}
		before = kind
	}
	folds := map[rune]string{} // a text repeats its characters
	for at, r := range text {
		switch {
		case kindOf(r) == inGap:
			before = inGap
			continue
		case r < utf8.RuneSelf:
			add(unicode.ToLower(r), at)
		default:
			if _, known := folds[r]; !known {
				folds[r] = Fold(string(r))
			}
			for _, f := range folds[r] {
				add(f, at)
			}
		}
		end = at + utf8.RuneLen(r)
	}
	return string(folded), append(origin, len(text))
}

// joinSpans sorts spans and joins those that touch.
func joinSpans(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int { return a.Start - b.Start })
	var joined []Span
	for _, s := range spans {
		if n := len(joined); n > 0 && s.Start <= joined[n-1].End {
			joined[n-1].End = max(joined[n-1].End, s.End)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}
