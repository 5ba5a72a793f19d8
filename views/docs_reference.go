package views

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
	"protocol.chat/console/views/reference"
)

// ReferenceRegion is the part of the API reference that follows the chosen language.
const ReferenceRegion = "reference"

// APITopic is the topic whose page lists the groups of calls.
const APITopic = "api"

// ReferencePage is a page of the API reference: a group of calls.
type ReferencePage struct {
	Group *reference.Group
	// Language is that of the samples, and Origin where they call.
	Language reference.Language
	Origin   string
}

// ReferenceLinks returns the entries of the menu that lead to the groups of calls, and to their calls.
func ReferenceLinks(ref *reference.Reference) []DocLink {
	var links []DocLink
	for _, g := range ref.Groups {
		link := DocLink{Href: ReferenceURL(g.Slug, ""), Title: g.Name}
		for _, c := range g.Calls {
			link.Under = append(link.Under, DocLink{Href: ReferenceURL(g.Slug, c.ID), Title: c.Summary})
		}
		links = append(links, link)
	}
	return links
}

// in returns the address of the page with samples in another language.
func (p ReferencePage) in(l reference.Language, anchor string) templ.SafeURL {
	return withParams(ReferenceURL(p.Group.Slug, ""), "lang", l.ID) + templ.SafeURL("#"+anchor)
}

// permission returns what the right that a call needs allows: "view groups and their members".
func permission(right string) string { return access.Right(right).Rule().Description }

// statusLine returns a status with its name: 200 OK.
func statusLine(status int) string {
	name := http.StatusText(status)
	if status == 499 {
		name = "Client Closed Request"
	}
	return strings.TrimSpace(strconv.Itoa(status) + " " + name)
}

// about returns the description of a field, with its limits, values, default and example.
func about(f reference.Field) string {
	parts := append([]string{}, f.Limits...)
	if len(f.Values) > 0 && f.Type != "boolean" {
		parts = append(parts, "one of `"+strings.Join(f.Values, "`, `")+"`")
	}
	if f.Default != "" {
		parts = append(parts, "default `"+f.Default+"`")
	}
	limits := strings.Join(parts, "; ")
	if limits != "" {
		limits = strings.ToUpper(limits[:1]) + limits[1:] + "."
	}
	if text, is := f.Example.(string); is && len(f.Values) == 0 {
		limits += " Example: `" + text + "`"
	}
	return strings.TrimSpace(f.Description + " " + strings.TrimSpace(limits))
}

// fieldsToTry are the parameters that a form to try a call has, with those of the path first.
func fieldsToTry(c *reference.Call) []reference.Field { return append(c.In("path"), c.In("query")...) }

// hint is what a field of such a form may contain.
func hint(f reference.Field) string { return cmp.Or(strings.Join(f.Values, ", "), f.Type) }

// languageOf returns the language of a listing by how it begins; "" if it isn't one that is shown in
// colours.
func languageOf(listing string) string {
	for _, l := range []struct{ begins, language string }{
		{"{", "json"},
		{"curl ", "curl"},
		{"export ", "curl"},
		{"<?php", "php"},
		{"package ", "go"},
		{"import {", "javascript"},
		{"import ApiClient", "javascript"},
		{"from ", "python"},
		{"import ", "python"},
	} {
		if strings.HasPrefix(listing, l.begins) {
			return l.language
		}
	}
	return ""
}

// typed returns what is typed of a listing, without the answer below it.
func typed(listing string) string {
	if languageOf(listing) != "curl" {
		return listing
	}
	listing, _, _ = strings.Cut(listing, "\n\n{")
	listing, _, _ = strings.Cut(listing, "\n\nHTTP/")
	return listing
}

// highlighted is a listing in colours. It is written here, because white space matters in it.
func highlighted(language, text string) templ.Component {
	var b strings.Builder
	b.WriteString(`<pre dir="auto"><code>`)
	for _, s := range reference.Highlight(language, text) {
		if s.Kind == "" {
			b.WriteString(templ.EscapeString(s.Text))
			continue
		}
		b.WriteString(`<span class="t-` + s.Kind + `">` + templ.EscapeString(s.Text) + "</span>")
	}
	b.WriteString("</code></pre>")
	return markup(b.String())
}

// prose is text of the API description, in which code stands between backticks.
func prose(text string) templ.Component {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			b.WriteString("<code>" + templ.EscapeString(part) + "</code>")
			continue
		}
		b.WriteString(templ.EscapeString(part))
	}
	return markup(b.String())
}

// markup is HTML that is written already.
func markup(html string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, html)
		return err
	})
}

// CallsPage is what the API calls of a page are.
type CallsPage struct {
	// From is the page's address, or "" if it isn't known.
	From  string
	Calls []reference.Request
	// Missing are the filters and the order of the page that the API doesn't have, as they are typed.
	Missing  []string
	Language reference.Language
}

// in returns the address of the page with samples in another language.
func (p CallsPage) in(l reference.Language) templ.SafeURL {
	return withParams(CallsURL(), "page", p.From, "lang", l.ID)
}
