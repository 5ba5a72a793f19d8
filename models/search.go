package models

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxSearch is how long a search can be, in characters.
const MaxSearch = 200

// checkSearch is what is wrong with a searched text.
func checkSearch(text string) Invalid {
	if length(text) > MaxSearch {
		return bad("q", "A search can have at most %d characters.", MaxSearch)
	}
	return nil
}

// maxWords is how many words of a search are looked for.
const maxWords = 12

// Search is what was typed into the search box, understood. Its grammar: words
// and "quoted phrases", each of which must be found; -word, which must not;
// member:NAME, is:archived, is:active, is:empty, no:description, and
// created: with a date or >date, <date. What can't be understood is text. A phone number
// after member: needs no quotes.
type Search struct {
	// Words are what name or description must contain, as typed.
	Words []string
	// Without are the words that neither may contain.
	Without []string
	// Member is what a member must be found by.
	Member string
	// Status is what is:archived or is:active asked for, or "".
	Status Status
	// Empty asks for groups without members, Undescribed for those without a description.
	Empty, Undescribed bool
	// From and To are the first moment of creation and the first one after, or zero.
	From, To time.Time
	// Hints say what was taken as text although it looked like more.
	Hints []string

	zone *time.Location
}

// IsZero tells whether nothing is searched.
func (s Search) IsZero() bool {
	return len(s.Words)+len(s.Without) == 0 && s.Member == "" && s.Status == "" &&
		!s.Empty && !s.Undescribed && s.From.IsZero() && s.To.IsZero()
}

// ParseSearch understands what was typed; days are those of zone, nil for UTC. It never
// fails: what it doesn't know it takes as text, and says so in Hints.
func ParseSearch(text string, zone *time.Location) Search {
	s := Search{zone: cmp.Or(zone, time.UTC)}
	tokens := joinNumbers(splitSearch(text))
	if len(tokens) > maxWords {
		s.Hints = append(s.Hints, "Only the first "+strconv.Itoa(maxWords)+" words were searched.")
		tokens = tokens[:maxWords]
	}
	for _, token := range tokens {
		s.add(token)
	}
	return s
}

// token is a part of a search: key:value, or value alone.
type token struct {
	key, value string
	not        bool
	text       string // as typed
}

// splitSearch cuts a search at white space outside quotes, which may be typographic.
func splitSearch(text string) []token {
	var tokens []token
	rest := []rune(plainQuotes.Replace(StripInvisible(text)))
	for {
		for len(rest) > 0 && (unicode.IsSpace(rest[0]) || unicode.IsControl(rest[0])) {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return tokens
		}
		n, quoted := 0, false
		for n < len(rest) && (quoted || !unicode.IsSpace(rest[n])) {
			quoted = quoted != (rest[n] == '"')
			n++
		}
		tokens = append(tokens, readToken(string(rest[:n])))
		rest = rest[n:]
	}
}

var plainQuotes = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "‟", `"`, "＂", `"`)

// joinNumbers joins to a phone number after member: the parts of it that follow.
func joinNumbers(tokens []token) []token {
	var joined []token
	inNumber := false
	for _, t := range tokens {
		inNumber = inNumber && t.key == "" && !t.not && isPhonePart(Fold(t.value))
		if inNumber {
			member := &joined[len(joined)-1]
			member.value, member.text = member.value+" "+t.value, member.text+" "+t.text
			continue
		}
		inNumber = t.key == "member" && startsPhone(t.value)
		joined = append(joined, t)
	}
	return joined
}

func readToken(text string) token {
	t := token{text: text}
	value := text
	if len(value) > 1 && value[0] == '-' {
		t.not, value = true, value[1:]
	}
	if key, rest, ok := strings.Cut(value, ":"); ok && !t.not && rest != "" && !strings.Contains(key, `"`) {
		t.key, value = strings.ToLower(key), rest
	}
	t.value = strings.ReplaceAll(value, `"`, "")
	return t
}

func (s *Search) add(t token) {
	switch {
	case t.not:
		s.Without = append(s.Without, t.value)
	case t.key == "":
		if strings.TrimSpace(t.value) != "" {
			s.Words = append(s.Words, t.value)
		} else {
			s.Words = append(s.Words, t.text)
		}
	case !s.addKeyed(t):
		s.Words = append(s.Words, strings.ReplaceAll(t.text, `"`, ""))
	}
}

// addKeyed adds key:value, and is false where it is to be taken as text.
func (s *Search) addKeyed(t token) bool {
	value := strings.ToLower(t.value)
	switch t.key + ":" + value {
	case "is:archived":
		s.Status = Archived
	case "is:active":
		s.Status = Active
	case "is:empty":
		s.Empty = true
	case "no:description":
		s.Undescribed = true
	default:
		switch t.key {
		case "member":
			s.Member = strings.TrimSpace(t.value)
			return s.Member != ""
		case "created":
			return s.addCreated(t)
		case "is", "no":
			s.Hints = append(s.Hints, "“"+Isolated(t.text)+"” was searched as text. There are is:archived, is:active, is:empty and no:description.")
			return false
		default:
			return false
		}
	}
	return true
}

// addCreated reads created:2026-01-31, created:>2026-01-31 (after that day) and
// created:<2026-01-31 (before it).
func (s *Search) addCreated(t token) bool {
	sign := strings.TrimRight(t.value, "0123456789-")
	day, err := time.Parse(time.DateOnly, strings.TrimPrefix(t.value, sign))
	ok := err == nil && day.Year() >= 1970
	day, next := StartOfDay(day, s.zone), StartOfDay(day.AddDate(0, 0, 1), s.zone)
	switch {
	case !ok:
	case sign == ">":
		s.From = next
		return true
	case sign == ">=":
		s.From = day
		return true
	case sign == "<":
		s.To = day
		return true
	case sign == "<=":
		s.To = next
		return true
	case sign == "":
		s.From, s.To = day, next
		return true
	}
	s.Hints = append(s.Hints, "“"+Isolated(t.text)+"” was searched as text. A date is written created:2026-01-31, created:>2026-01-31 or created:<2026-01-31.")
	return false
}

// searchTerms is the words of a plain text, each as searchTerm gives it.
func searchTerms(text string) []string { return termsOf(strings.Fields(text)) }

// termsOf is the terms for words, each once, and no more than maxWords.
func termsOf(words []string) []string {
	var terms []string
	for _, word := range words[:min(len(words), maxWords)] {
		if term := searchTerm(word); term != "" && !slices.Contains(terms, term) {
			terms = append(terms, term)
		}
	}
	return terms
}

// searchTerm is a word as it is looked for in a searchKey. One or two characters
// are looked for at the beginnings of words only, which are everywhere in scripts
// without word gaps; "" is nothing to look for.
func searchTerm(word string) string {
	term := pairUp(spaceWords(Fold(strings.ToValidUTF8(normalText(word), ""))), true)
	if n := utf8.RuneCountInString(term); n == 1 || n == 2 || beginsGapless(term) {
		return "  " + term
	}
	return term
}

// beginsGapless reports whether a term begins in a script without word gaps.
func beginsGapless(term string) bool {
	r, _ := utf8.DecodeRuneInString(term)
	return isGapless(r)
}

// termWords is the words of a term, each a term. The first may be the end of a word.
func termWords(term string) []string {
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

// Marks finds the words in a text as a search does, without regard to case and
// marks: what to highlight. The spans are in order and do not overlap.
func Marks(text string, words []string) []Span {
	if len(words) == 0 {
		return nil
	}
	folded, origin := foldMapped(text)
	var spans []Span
	for _, word := range words {
		term := strings.TrimSpace(spaceWords(Fold(normalText(word))))
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

// foldMapped is the folded and spaced words of one text, with the place in the text that
// each of its bytes, and its end, comes from.
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
