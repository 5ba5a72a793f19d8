package views

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"protocol.chat/console/models"
)

// Times are Unix seconds, shown in UTC and labelled so.

func isoTime(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }

func fullTime(at int64) string { return time.Unix(at, 0).UTC().Format("2 January 2006, 15:04 UTC") }

// relative is for how long a time is told from now.
const relative = 7 * 24 * time.Hour

// recent tells whether ago says more of a time than its day.
func recent(at int64, now time.Time) bool { return now.Sub(time.Unix(at, 0)) < relative }

// ago is how long before now a time is, and the day where that is long.
func ago(at int64, now time.Time) string {
	t := time.Unix(at, 0).UTC()
	past := now.Sub(t)
	switch {
	case past < 0:
		return "in " + length(-past+time.Minute) // a moment ago it was so many whole days
	case past < time.Minute:
		return "just now"
	case past < relative:
		return length(past) + " ago"
	case t.Year() == now.UTC().Year():
		return t.Format("2 Jan")
	}
	return t.Format("2 Jan 2006")
}

// length is a length of time in its greatest unit.
func length(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "a moment"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + " min"
	case d < 24*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	case d < 48*time.Hour:
		return "1 day"
	}
	return strconv.Itoa(int(d/(24*time.Hour))) + " days"
}

// thousands is n with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted is a number of things: "1 member", "2,000 members".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

// total is a number that may only be known to be more than another, or about.
func total(c models.Count, one, many string) string {
	if c.About {
		return "About " + roughly(c.N) + " " + many
	}
	if c.More {
		return "More than " + counted(c.N, one, many)
	}
	return counted(c.N, one, many)
}

// roughly is a large number in three digits: "12,300", "1.02 million".
func roughly(n int) string {
	switch {
	case n >= 999_500_000:
		return thousands(n/1_000_000) + " million"
	case n >= 999_500:
		return strconv.FormatFloat(float64(n)/1e6, 'g', 3, 64) + " million"
	}
	unit := 1
	for n/unit >= 1000 {
		unit *= 10
	}
	return thousands((n + unit/2) / unit * unit)
}

func peopleChosen(n int) string { return counted(n, "person chosen", "people chosen") }

// initials are one or two letters that stand for a name.
func initials(name string) string {
	var letters []rune
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	for _, w := range words {
		r, _ := utf8.DecodeRuneInString(w)
		letters = append(letters, unicode.ToUpper(r))
	}
	switch len(letters) {
	case 0:
		return "·"
	case 1:
		return string(letters)
	}
	return string([]rune{letters[0], letters[len(letters)-1]})
}

// hues is how many colours avatars have; see .avatar in the stylesheet.
const hues = 8

// hue is the colour of a name's avatar, always the same one.
func hue(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // a hash never fails
	return strconv.Itoa(int(h.Sum32() % hues))
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// oneLine is text as it stands in a cell of a table.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// span is a piece of text, and whether it is what was searched for.
type span struct {
	Text string
	Hit  bool
}

// mark divides a text where the words that were searched for begin and end.
func mark(s string, words []string) []span {
	var spans []span
	at := 0
	for _, hit := range models.Marks(s, words) {
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

// snippet is the part of a text round the first hit, or its beginning.
func snippet(s string, words []string) []span {
	const lead = 12
	spans := mark(oneLine(s), words)
	if len(spans) > 1 && !spans[0].Hit && utf8.RuneCountInString(spans[0].Text) > lead+12 {
		runes := []rune(spans[0].Text)
		rest := string(runes[len(runes)-lead:])
		if i := strings.IndexByte(rest, ' '); i >= 0 {
			rest = rest[i+1:]
		}
		spans[0].Text = "… " + rest
	}
	return clipped(spans)
}

// clipped is the first two hundred characters or so of a text.
func clipped(spans []span) []span {
	left := 200
	for i := range spans {
		runes := []rune(spans[i].Text)
		if len(runes) > left {
			spans[i].Text = string(runes[:left]) + "…"
			return spans[:i+1]
		}
		left -= len(runes)
	}
	return spans
}

// curlGroup is the call that reads what a row shows.
func curlGroup(origin, id string) string {
	return fmt.Sprintf("curl %s/v1/groups/%s -H \"Authorization: Bearer {token}\"", origin, id)
}

// atLeast is a number as a cell shows it: "12", or "1,000+" where there are more.
func atLeast(c models.Count) string {
	if c.More {
		return thousands(c.N) + "+"
	}
	return thousands(c.N)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
