package views

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// thousands returns n with separators of thousands.
func thousands(n int, now Clock) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + now.style().group + s[i:]
	}
	return s
}

// counted returns a number with a noun: "1 member", "2,000 members".
func counted(n int, one, many string, now Clock) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n, now) + " " + many
}

// briefly returns a count, with a "+" if it is a lower bound.
func briefly(c db.Count, now Clock) string {
	if c.More || c.AtLeast {
		return thousands(c.N, now) + "+"
	}
	return thousands(c.N, now)
}

// total returns a count with a noun, which may be a lower bound or an estimate.
func total(c db.Count, one, many string, now Clock) string {
	if c.About {
		return "About " + roughly(c.N, now) + " " + many
	}
	if c.AtLeast && !c.More {
		return "At least " + counted(c.N, one, many, now)
	}
	if c.More {
		return "More than " + counted(c.N, one, many, now)
	}
	return counted(c.N, one, many, now)
}

// roughly returns a large number in three digits: "12,300", "1.02 million".
func roughly(n int, now Clock) string {
	switch {
	case n >= 999_500_000:
		return thousands(n/1_000_000, now) + " million"
	case n >= 999_500:
		millions := strconv.FormatFloat(float64(n)/1e6, 'g', 3, 64)
		return strings.Replace(millions, ".", now.style().point, 1) + " million"
	}
	unit := 1
	for n/unit >= 1000 {
		unit *= 10
	}
	return thousands((n+unit/2)/unit*unit, now)
}

func contactsSelected(n int, now Clock) string {
	return counted(n, "contact selected", "contacts selected", now)
}

// initials returns one or two letters that stand for a name.
func initials(name string) string {
	var first, last rune
	inWord := false
	for _, r := range name {
		word := unicode.IsLetter(r) || unicode.IsNumber(r)
		switch {
		case !word || inWord:
		case first == 0:
			first = unicode.ToUpper(r)
		default:
			last = unicode.ToUpper(r)
		}
		inWord = word
	}
	switch {
	case first == 0:
		return "·"
	case last == 0:
		return string(first)
	}
	return string([]rune{first, last})
}

// hues is how many colours avatars have; see .avatar in the stylesheet.
const hues = 8

// hue returns the colour of a name's avatar: its FNV-1a hash.
func hue(name string) string { return strconv.Itoa(int(fnv(name) % hues)) }

// fnv returns the FNV-1a hash of s, as hash/fnv does without its allocations.
func fnv(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

// plain returns a name or a text that a user typed, for use in the middle of a page within a bdi
// element: none of it changes the direction of the surrounding text.
func plain(s string) string { return text.Straight(s) }

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// span is a piece of text, and whether it matches the search.
type span struct {
	Text string
	Hit  bool
}

// mark splits a text at the matches of the search's words.
func mark(s string, words []string) marked {
	var spans marked
	at := 0
	for _, hit := range text.Marks(s, words) {
		if at < hit.Start {
			spans = append(spans, span{Text: s[at:hit.Start]})
		}
		spans = append(spans, span{Text: s[hit.Start:hit.End], Hit: true})
		at = hit.End
	}
	if at < len(s) {
		spans = append(spans, span{Text: s[at:]})
	}
	return spans
}

// snippet returns the part of a text around the first match, or its beginning.
func snippet(s string, words []string) marked {
	const lead = 12
	spans := mark(s, words)
	if len(spans) > 1 && !spans[0].Hit && utf8.RuneCountInString(spans[0].Text) > lead+12 {
		rest := last(spans[0].Text, lead)
		if i := strings.IndexFunc(rest, unicode.IsSpace); i >= 0 {
			rest = strings.TrimLeftFunc(rest[i:], unicode.IsSpace)
		}
		spans[0].Text = "… " + rest
	}
	return clipped(spans)
}

// last returns the last n characters of a text.
func last(s string, n int) string {
	at := len(s)
	for ; n > 0 && at > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(s[:at])
		at -= size
	}
	return s[at:]
}

// clipped returns about the first two hundred characters of a text.
func clipped(spans marked) marked {
	left := 200
	for i := range spans {
		for at := range spans[i].Text {
			if left == 0 {
				spans[i].Text = spans[i].Text[:at] + "…"
				return spans[:i+1]
			}
			left--
		}
	}
	return spans
}

// curlGroup returns the curl command that reads a group.
func curlGroup(origin, id string) string {
	return "curl " + origin + "/v1/groups/" + id + ` -H "Authorization: Bearer {token}"`
}

// atLeast returns a count for a table cell: "12", or "1,000+" if there are more.
func atLeast(c db.Count, now Clock) string {
	if c.More {
		return thousands(c.N, now) + "+"
	}
	return thousands(c.N, now)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
