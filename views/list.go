package views

import (
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models/identity"
)

// paging is what a pager shows.
type paging struct {
	Next, Previous templ.SafeURL
	Sizes          []size
}

type size struct {
	N       int
	Href    templ.SafeURL
	Current bool
}

type chip struct {
	Words string
	Href  templ.SafeURL
}

// sizes are the numbers of rows to choose from. limit is the one of the list's address and
// own that of the reader's other pages, for which an address says nothing.
func sizes(limit, own int, href func(limit int) templ.SafeURL) []size {
	if own == 0 {
		own = identity.DefaultPageSize
	}
	choices := make([]size, len(identity.PageSizes))
	for i, n := range identity.PageSizes {
		limited := n
		if n == own {
			limited = 0
		}
		choices[i] = size{N: n, Href: href(limited), Current: limited == limit}
	}
	return choices
}

// thenBack is the Next to a page that was opened from a list; "" if it says nothing more than
// the page itself.
func thenBack(page, list templ.SafeURL) templ.SafeURL {
	if list == "" {
		return ""
	}
	return templ.SafeURL(Then(page + FromList(list)))
}

// listIn is the list that next leads to a row of.
func listIn(next string) templ.SafeURL {
	list, _, _ := strings.Cut(next, "#")
	return templ.SafeURL(list)
}

// leaving is where an edit form leads that is left without saving, and what is there: next, or
// else the page of what is edited, which has a name.
func leaving(next string, page templ.SafeURL, name, section string, list templ.SafeURL) (templ.SafeURL, string) {
	path, _, _ := strings.Cut(next, "?")
	path, _, _ = strings.Cut(path, "#")
	switch path {
	case "":
		return page, name
	case string(list):
		return templ.SafeURL(next), section
	}
	return templ.SafeURL(next), name
}

func rowID(id string) string { return "row-" + id }

// openID is the link that a row begins with. An address that ends in it puts the
// focus there.
func openID(id string) string { return "open-" + id }
