package views

import (
	"slices"

	"github.com/a-h/templ"
)

// DocsNav is what stands beside every page of the documentation, in place of the console's menu.
type DocsNav struct {
	// At is the address of the page that it stands beside. For a page that no entry leads to, it is
	// that of the entry above it.
	At templ.SafeURL
	// Q is what was searched for; the page has the search box then.
	Q string
	// Reference are the parts of the API reference.
	Reference []DocLink
}

// DocLink is an entry in the menu of the documentation.
type DocLink struct {
	Href  templ.SafeURL
	Title string
	// Under are the parts of its page, which are shown while it is the current one.
	Under []DocLink
}

// docLinks returns the entries of the menu under a section of docSections.
func docLinks(s docSection) []DocLink {
	var links []DocLink
	for _, d := range s.docs {
		links = append(links, DocLink{Href: DocURL(d.Topic), Title: d.Title})
	}
	return links
}

// docsOpen reports whether a section of the menu is open: the one with the current page, and the
// guides where no section has it.
func docsOpen(at templ.SafeURL, title string, links []DocLink) bool {
	return title == docsGuides && at == DocsURL() || slices.ContainsFunc(links, func(l DocLink) bool { return l.Href == at })
}
