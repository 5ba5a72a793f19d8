package views

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
	"protocol.chat/console/views/reference"
)

// DocPart is a part of the documentation that a search finds: a page down to its first heading, or what
// stands under a heading.
type DocPart struct {
	Href templ.SafeURL
	// Page is the title of its page; Heading is "" for the part above the first heading.
	Page, Heading, Text string
}

// DocsFound are the parts that a search finds.
type DocsFound struct {
	Q     string
	Hits  []DocPart
	words []string
}

// maxDocsFound is how many parts a search shows.
const maxDocsFound = 20

// SearchDocs returns the parts of the guides, and of others, that contain all words of q, the best first:
// those that have the words in a heading or a title come before those that have them in the text.
func SearchDocs(q string, others []DocPart) DocsFound {
	found := DocsFound{Q: q, words: strings.Fields(q)}
	found.words = found.words[:min(len(found.words), text.MaxWords)]
	if len(found.words) == 0 {
		return found
	}
	type hit struct {
		DocPart
		score int
	}
	var hits []hit
	for _, part := range slices.Concat(guideParts(), others) {
		if score := part.score(found.words); score > 0 {
			hits = append(hits, hit{part, score})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
	for _, h := range hits[:min(len(hits), maxDocsFound)] {
		found.Hits = append(found.Hits, h.DocPart)
	}
	return found
}

// count says how many parts were found.
func (f DocsFound) count() string {
	switch len(f.Hits) {
	case 1:
		return "1 match"
	case maxDocsFound:
		return "The best " + strconv.Itoa(maxDocsFound) + " matches"
	}
	return strconv.Itoa(len(f.Hits)) + " matches"
}

// score returns how well a part has all of the words; 0 if it lacks one.
func (p DocPart) score(words []string) int {
	score := 0
	for _, word := range words {
		one := []string{word}
		inText := len(text.Marks(p.Text, one))
		s := min(inText, 5)
		if len(text.Marks(p.Heading, one)) > 0 {
			s += 20
		}
		if len(text.Marks(p.Page, one)) > 0 {
			s += 10
			if p.Heading == "" {
				s += 20
			}
		}
		if s == 0 {
			return 0
		}
		score += s
	}
	return score
}

// excerptLength is about how many bytes of a part are shown.
const excerptLength = 180

// excerpt returns the text around the first match, with the matches marked.
func (p DocPart) excerpt(words []string) marked {
	start := 0
	if hits := text.Marks(p.Text, words); len(hits) > 0 && hits[0].Start > excerptLength/3 {
		start = hits[0].Start - excerptLength/3
		start += strings.IndexByte(p.Text[start:], ' ') + 1
	}
	end := min(start+excerptLength, len(p.Text))
	if i := strings.LastIndexByte(p.Text[start:end], ' '); end < len(p.Text) && i > 0 {
		end = start + i
	}
	cut := strings.ToValidUTF8(p.Text[start:end], "")
	if start > 0 {
		cut = "… " + cut
	}
	if end < len(p.Text) {
		cut += " …"
	}
	return mark(cut, words)
}

// guideParts are the parts of all guides, and of the roles: what their pages say.
var guideParts = sync.OnceValue(func() (parts []DocPart) {
	for _, d := range allDocs() {
		switch {
		case d.body != nil:
			parts = append(parts, partsOf(d, d.body)...)
		case d.Topic == RolesTopic:
			parts = append(parts, rolePart(d))
		default:
			parts = append(parts, DocPart{Href: DocURL(d.Topic), Page: d.Title, Text: d.Summary})
		}
	}
	return parts
})

// ReferenceParts are the calls of the API.
func ReferenceParts(ref *reference.Reference) []DocPart {
	var parts []DocPart
	for _, g := range ref.Groups {
		for _, c := range g.Calls {
			said := []string{c.Method, c.Path, c.Description}
			for _, f := range c.Params {
				said = append(said, f.Name)
			}
			parts = append(parts, DocPart{Href: ReferenceURL(g.Slug, c.ID), Page: g.Name, Heading: c.Summary, Text: strings.Join(said, " ")})
		}
	}
	return parts
}

// rolePart is the page of the roles in words: its table has a mark for most of what it says.
func rolePart(d Doc) DocPart {
	said := []string{d.Summary}
	for _, r := range access.Roles {
		said = append(said, r.Name()+": "+roleDescription(r))
	}
	for _, rule := range access.Rules {
		said = append(said, string(rule.Right)+": "+rule.Description+".")
	}
	return DocPart{Href: RolesURL(), Page: d.Title, Text: strings.Join(said, " ")}
}

// partsOf splits a page at its second-level headings.
func partsOf(d Doc, body templ.Component) []DocPart {
	var page strings.Builder
	if err := body.Render(context.Background(), &page); err != nil {
		return nil // it doesn't fail: it has no data
	}
	parts := []DocPart{{Href: DocURL(d.Topic), Page: d.Title, Text: d.Summary}}
	inHeading, inButton := false, false
	for z := html.NewTokenizer(strings.NewReader(page.String())); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		token, last := z.Token(), &parts[len(parts)-1]
		switch {
		case kind == html.StartTagToken && token.Data == "h2":
			inHeading = true
			parts = append(parts, DocPart{Href: DocURL(d.Topic), Page: d.Title})
			for _, a := range token.Attr {
				if a.Key == "id" {
					parts[len(parts)-1].Href += templ.SafeURL("#" + a.Val)
				}
			}
		case kind == html.EndTagToken && token.Data == "h2":
			inHeading = false
		case token.Data == "button" && kind != html.TextToken:
			inButton = kind == html.StartTagToken
		case inButton: // it is no text of the page
		case kind == html.TextToken && inHeading:
			last.Heading += token.Data
		case kind == html.TextToken:
			last.Text += token.Data
		case kind == html.StartTagToken && slices.Contains([]string{"p", "li", "td", "th", "pre", "h3", "dt", "dd"}, token.Data):
			last.Text += " "
		}
	}
	for i := range parts {
		parts[i].Text = strings.Join(strings.Fields(parts[i].Text), " ")
	}
	return parts
}
