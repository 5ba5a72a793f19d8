package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// pagesHTML is the console's own HTML, cut into parts. What differs from page to
// page is a {{hole}}, an icon is [[named]].
//
//go:embed pages.html
var pagesHTML string

// template is HTML cut at its holes, so that to fill it is to append.
type template struct {
	texts []string // one more than holes
	holes []int    // places in the values that append is given; -1 where it divides
}

// divide is the hole in which a template comes apart, for what is in the middle
// to be appended between head and foot.
const divide = "..."

var hole = regexp.MustCompile(`\{\{(\w+)\}\}`)

var icon = regexp.MustCompile(`\[\[([\w-]+)\]\]`)

// cut returns the named part of pages.html, to be filled with values in the order of
// names. The hole after divide is where it comes apart.
func cut(part string, names ...string) *template {
	_, text, ok := strings.Cut(pagesHTML, "<!-- "+part+" -->\n")
	if !ok {
		panic("pages.html has no part " + part)
	}
	text, _, _ = strings.Cut(text, "\n<!-- ")
	text = strings.ReplaceAll(text, "\n", "")
	text = icon.ReplaceAllString(text, `<svg class="icon" aria-hidden="true"><use href="/static/icons.0123456789abcdef.svg#$1"></use></svg>`)
	middle := ""
	if i := slices.Index(names, divide); i >= 0 {
		middle = names[i+1]
		names = names[:i]
	}
	t := new(template)
	from := 0
	for _, at := range hole.FindAllStringSubmatchIndex(text, -1) {
		name := text[at[2]:at[3]]
		place := slices.Index(names, name)
		if place < 0 && name != middle {
			panic(fmt.Sprintf("the hole %s of %s is not filled", name, part))
		}
		t.texts, t.holes = append(t.texts, text[from:at[0]]), append(t.holes, place)
		from = at[1]
	}
	t.texts = append(t.texts, text[from:])
	return t
}

// head appends the template up to where it divides, or the whole of it.
func (b *buffer) head(t *template, values ...[]byte) {
	for i, place := range t.holes {
		b.out = append(b.out, t.texts[i]...)
		if place < 0 {
			return
		}
		b.out = append(b.out, values[place]...)
	}
	b.out = append(b.out, t.texts[len(t.texts)-1]...)
}

// foot appends the rest.
func (b *buffer) foot(t *template, values ...[]byte) {
	from := slices.Index(t.holes, -1) + 1
	for i := from; i < len(t.holes); i++ {
		b.out = append(b.out, t.texts[i]...)
		b.out = append(b.out, values[t.holes[i]]...)
	}
	b.out = append(b.out, t.texts[len(t.texts)-1]...)
}

// part returns a filled template as a value of another.
func (b *buffer) part(t *template, values ...[]byte) []byte {
	from := len(b.out)
	b.head(t, values...)
	b.scratch = append(b.scratch, b.out[from:]...)
	n := len(b.out) - from
	b.out = b.out[:from]
	return b.scratch[len(b.scratch)-n:]
}

// The values of holes. They stay in the scratch buffer until the answer is sent.

func (b *buffer) raw(s string) []byte {
	from := len(b.scratch)
	b.scratch = append(b.scratch, s...)
	return b.scratch[from:]
}

func (b *buffer) text(s string) []byte {
	from := len(b.scratch)
	b.scratch = appendEscapedHTML(b.scratch, s)
	return b.scratch[from:]
}

func appendEscapedHTML(b []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		var entity string
		switch s[i] {
		case '&':
			entity = "&amp;"
		case '<':
			entity = "&lt;"
		case '>':
			entity = "&gt;"
		case '"':
			entity = "&#34;"
		case '\'':
			entity = "&#39;"
		default:
			continue
		}
		b = append(append(b, s[from:i]...), entity...)
		from = i + 1
	}
	return append(b, s[from:]...)
}

// marked returns text with the words of a search marked.
func (b *buffer) marked(s string, terms []string) []byte {
	from := len(b.scratch)
	lower := s
	if len(terms) > 0 {
		lower = strings.ToLower(s)
	}
	for at := 0; at < len(s); {
		start, end := len(s), len(s)
		for _, term := range terms {
			if i, n := find(lower, at, term); i >= 0 && i < start {
				start, end = i, i+n
			}
		}
		b.scratch = appendEscapedHTML(b.scratch, s[at:start])
		if end > start {
			b.scratch = append(b.scratch, "<mark>"...)
			b.scratch = appendEscapedHTML(b.scratch, s[start:end])
			b.scratch = append(b.scratch, "</mark>"...)
		}
		at = end
	}
	return b.scratch[from:]
}

// find returns where from a place on a term is in a text in lower case, and how long
// it is there: a short one at the beginning of a word.
func find(lower string, from int, term string) (at, length int) {
	word := strings.TrimLeft(term, " ")
	for {
		i := strings.Index(lower[from:], word)
		if i < 0 {
			return -1, 0
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(lower[:i])
		if word == term || i == 0 || !isWord(before) {
			return i, len(word)
		}
		from = i + len(word)
	}
}

func (b *buffer) number(n int) []byte {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return b.raw(s)
}

var (
	timeHTML    = cut("time", "iso", "full", "ago")
	exactlyHTML = cut("exactly", "iso", "full")
)

func (b *buffer) moment(at int64) []byte {
	t := time.Unix(at, 0).UTC()
	short := "2 Jan 2006"
	if t.Year() == time.Now().UTC().Year() {
		short = "2 Jan"
	}
	return b.part(timeHTML, b.date(t, time.RFC3339), b.date(t, "2 January 2006, 15:04 UTC"), b.date(t, short))
}

func (b *buffer) exactly(at int64) []byte {
	t := time.Unix(at, 0).UTC()
	return b.part(exactlyHTML, b.date(t, time.RFC3339), b.date(t, "2 January 2006, 15:04 UTC"))
}

func (b *buffer) date(t time.Time, layout string) []byte {
	from := len(b.scratch)
	b.scratch = t.AppendFormat(b.scratch, layout)
	return b.scratch[from:]
}

// hue and initials are an avatar's, as the console draws it.
func (b *buffer) hue(name string) []byte {
	h := uint32(2166136261)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return b.raw(string(rune('0' + h%8)))
}

func (b *buffer) initials(name string) []byte {
	var first, last rune
	inWord := false
	for _, r := range name {
		word := unicode.IsLetter(r) || unicode.IsNumber(r)
		if word && !inWord {
			if last = unicode.ToUpper(r); first == 0 {
				first, last = last, 0
			}
		}
		inWord = word
	}
	from := len(b.scratch)
	b.scratch = utf8.AppendRune(b.scratch, first)
	if last != 0 {
		b.scratch = utf8.AppendRune(b.scratch, last)
	}
	return b.scratch[from:]
}
