package views

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Live is what a page shows, for live.js to hear that it has changed. The zero Live hears of
// nothing.
type Live struct {
	// On is what it shows: "group", "contact" or "job".
	On string
	// IDs are the objects, if they have no rows.
	IDs []string
	// At is how new the page is: see events.Log.Position.
	At int64
}

// LiveURL returns the address of the feed about what a page shows.
func LiveURL(l Live, withNew bool) templ.SafeURL {
	fresh := ""
	if withNew {
		fresh = "1"
	}
	at := ""
	if l.At > 0 {
		at = strconv.FormatInt(l.At, 10)
	}
	return withParams("/live", "on", l.On, "new", fresh, "at", at, "ids", strings.Join(l.IDs, ","))
}

// list returns the attributes of a list with rows. first says that new objects may stand on the
// page, and noun what they are if a filter may leave them out.
func (l Live) list(first bool, noun string) templ.OrderedAttributes {
	return append(l.shows(first), attribute("data-live-noun", noun)...)
}

// object returns the attributes of an object's page.
func (l Live) object() templ.OrderedAttributes {
	return l.says("Changed by somebody since you opened this page", "Deleted by somebody since you opened this page")
}

// form returns the attributes of an object's edit form. page is the object's.
func (l Live) form(page templ.SafeURL) templ.OrderedAttributes {
	a := l.says("Somebody saved changes since you opened this form. If you changed the same fields, you can choose which version to keep.",
		"Somebody deleted this since you opened the form")
	return append(a, attribute("data-live-to", string(page))...)
}

func (l Live) says(changed, gone string) templ.OrderedAttributes {
	return slices.Concat(l.shows(false), attribute("data-live-changed", changed), attribute("data-live-gone", gone))
}

func (l Live) shows(withNew bool) templ.OrderedAttributes {
	if l.On == "" {
		return nil
	}
	return attribute("data-live", string(LiveURL(l, withNew)))
}

// attribute returns an attribute, or none if it has no value.
func attribute(key, value string) templ.OrderedAttributes {
	if value == "" {
		return nil
	}
	return templ.OrderedAttributes{{Key: key, Value: value}}
}
