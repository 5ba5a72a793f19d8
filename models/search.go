package models

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

// MaxSearch is how long a search can be, in characters.
const MaxSearch = 200

// checkSearch returns what is wrong with a searched text.
func checkSearch(typed string) access.Invalid {
	if text.Length(typed) > MaxSearch {
		return access.Refused("q", "A search can have at most %d characters.", MaxSearch)
	}
	return nil
}

// Search is a parsed search, which a list, its count and its notes share. Its grammar:
// words and "quoted phrases", all of which must occur; -word, which must not; and
// key:value for each of the Operators. Anything else is text. A phone number after member:
// needs no quotes.
type Search struct {
	// Typed is the search as typed.
	Typed string
	// Words must occur in name or description, as typed.
	Words []string
	// Without are words that may occur in neither.
	Without []string
	// Member must match a member; "" for none. AlsoMembers must each match one too.
	Member      string
	AlsoMembers []string `json:",omitempty"`
	// Status is from is:archived, is:active or archived:, or "".
	Status Status
	// Limits are from all other operators.
	Limits Limits
	// Filters are the operators as they were typed, in order, and understood.
	Filters []Filter `json:",omitempty"`
	// Hints are how the search was understood otherwise than it seems meant.
	Hints []Hint `json:"-"`

	zone *time.Location
	now  time.Time
}

// Hint is a remark for whoever searches, whose sentence views has.
type Hint struct {
	Kind HintKind
	// Text is a part of the search as typed: what HintText, HintUnfinished or HintManyMembers is about.
	Text string
	// Key is the operator that Text looks like, for HintText and HintUnfinished.
	Key string
}

// HintKind is what a Hint is about.
type HintKind string

// The kinds of hints.
const (
	// HintCut: words after the first text.MaxWords were not searched.
	HintCut HintKind = "cut"
	// HintText: Text looks like an operator, but has no value that it takes, and was
	// searched as text.
	HintText HintKind = "text"
	// HintUnfinished: as HintText, at the end of the search, and a value of the operator begins
	// so: it may be half typed.
	HintUnfinished HintKind = "unfinished"
	// HintMembersCut: members after the first MaxSearchedMembers were not searched.
	HintMembersCut HintKind = "members_cut"
	// HintManyMembers: more than MembersTried contacts match Text, and only groups of the
	// newest of them were found.
	HintManyMembers HintKind = "many_members"
	// HintPartial: there were too many groups to look through, so some may be missing.
	HintPartial HintKind = "partial"
)

// refused returns what is wrong with a search that has to be understood as it is meant.
func (h Hint) refused(field string) access.Invalid {
	switch h.Kind {
	case HintCut:
		return access.Refused(field, "A search can have at most %d words.", text.MaxWords)
	case HintMembersCut:
		return access.Refused(field, "A search can have at most %d members.", MaxSearchedMembers)
	case HintManyMembers:
		return access.Refused(field, "More than %d contacts match “%s”. Enter more of the name.", MembersTried, text.Isolated(h.Text))
	case HintPartial:
		return access.Refused(field, "Too many groups would have to be looked through. Use a more specific search.")
	}
	return access.Refused(field, "“%s” isn't a valid filter. Correct it, or put it in quotes to search for it as text.", text.Isolated(h.Text))
}

// IsZero reports whether the search limits nothing.
func (s Search) IsZero() bool {
	return len(s.Words)+len(s.Without) == 0 && s.Member == "" && s.Status == "" && s.Limits.IsZero()
}

// ParseSearch parses what was typed; days are those of zone, nil for UTC. It never fails:
// what it doesn't know is text, and the Hints may say so.
func ParseSearch(typed string, zone *time.Location) Search {
	return ParseSearchAt(typed, zone, time.Now())
}

// ParseSearchAt is ParseSearch at a time, from which days are counted back.
func ParseSearchAt(typed string, zone *time.Location, now time.Time) Search {
	s := Search{Typed: typed, zone: cmp.Or(zone, time.UTC), now: now}
	tokens := joinNumbers(splitSearch(typed))
	if len(tokens) > text.MaxWords {
		s.Hints = append(s.Hints, Hint{Kind: HintCut})
		tokens = tokens[:text.MaxWords]
	}
	for _, token := range tokens {
		s.add(token)
	}
	s.finishLast(typed)
	return s
}

// finishLast makes the hint about a value at the end of what was typed, where somebody may still be
// typing it, one that says only what can follow.
func (s *Search) finishLast(typed string) {
	n := len(s.Hints)
	if n == 0 || s.Hints[n-1].Kind != HintText || !strings.HasSuffix(typed, s.Hints[n-1].Text) {
		return
	}
	last := &s.Hints[n-1]
	_, value, _ := strings.Cut(strings.ToLower(last.Text), ":")
	if o, _ := operatorOf(last.Key); o.Kind == ChoiceValue && slices.ContainsFunc(o.Values, func(v string) bool { return strings.HasPrefix(v, value) }) {
		last.Kind = HintUnfinished
	}
}

// token is a part of a search: key:value, or value alone.
type token struct {
	key, value string
	not        bool
	text       string // as typed
}

// splitSearch splits a search at white space outside quotes, which may be typographic.
func splitSearch(typed string) []token {
	var tokens []token
	rest := []rune(plainQuotes.Replace(text.StripInvisible(typed)))
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

// joinNumbers joins the parts of a phone number after member:.
func joinNumbers(tokens []token) []token {
	var joined []token
	inNumber := false
	for _, t := range tokens {
		inNumber = inNumber && t.key == "" && !t.not && text.IsPhonePart(text.Fold(t.value))
		if inNumber {
			member := &joined[len(joined)-1]
			member.value, member.text = member.value+" "+t.value, member.text+" "+t.text
			continue
		}
		inNumber = t.key == "member" && text.StartsPhone(t.value)
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

// addKeyed adds key:value, or returns false if it is to be taken as text.
func (s *Search) addKeyed(t token) bool {
	o, known := operatorOf(t.key)
	if !known {
		return false
	}
	if o.read(s, o, t.value) {
		s.Filters = append(s.Filters, Filter{o.Key, t.value, t.text})
		return true
	}
	if o.Kind != NameValue {
		s.Hints = append(s.Hints, Hint{HintText, t.text, o.Key})
	}
	return false
}
