package views

import (
	"strings"

	"github.com/a-h/templ"

	"protocol.chat/console/models/identity"
)

// paging is what a pager shows.
type paging struct {
	Next, Previous templ.SafeURL
	// First and Last are the ends of the list, if it knows the way there.
	First, Last templ.SafeURL
	Sizes       []size
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

// sizes returns the page sizes to choose from. limit is that of the list's address, and own that
// of the reader's other pages, for which the address has none.
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

// returnTo returns the Next to a page that was opened from a list, or "" if it is the default.
func returnTo(page, list templ.SafeURL) templ.SafeURL {
	if list == "" {
		return ""
	}
	return templ.SafeURL(Then(page + FromList(list)))
}

// listIn returns the list with the row that next leads to.
func listIn(next string) templ.SafeURL {
	list, _, _ := strings.Cut(next, "#")
	return templ.SafeURL(list)
}

// cancelLink returns where an edit form's Cancel leads, and its label: next, or else the page of
// the edited object, which has a name.
func cancelLink(next string, page templ.SafeURL, name, section string, list templ.SafeURL) (templ.SafeURL, string) {
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

// openID returns the ID of a row's link. An address with it as fragment focuses the row.
func openID(id string) string { return "open-" + id }
