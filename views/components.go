package views

import (
	"context"
	"io"
	"strings"
	"sync"

	"github.com/a-h/templ"

	"protocol.chat/console/static"
)

// The components below are used many times on a page: a row of a list has a dozen. They write
// their HTML directly, since a templ component has several times their cost before it writes
// anything. Components of more than one element are in components.templ.

// icon is a decorative icon, by its name in icons.svg.
type icon string

// iconHead is asked for by the first page, not at the start: files have no addresses before.
var iconHead = sync.OnceValue(func() string {
	return `<svg class="icon" aria-hidden="true"><use href="` + static.URL("icons.svg") + "#"
})

const iconTail = `"></use></svg>`

func (i icon) Render(_ context.Context, w io.Writer) error {
	return write(w, iconHead(), string(i), iconTail)
}

// moment is a time relative to now, with the full time in its title.
type moment struct {
	at  int64
	now Clock
}

func (m moment) Render(_ context.Context, w io.Writer) error {
	html := rowHTML{make([]byte, 0, 128)}
	html.moment(m.at, m.now)
	_, err := w.Write(html.b)
	return err
}

// marked is a text with the search's matches highlighted.
type marked []span

func (m marked) Render(_ context.Context, w io.Writer) error {
	var html rowHTML
	html.spans(m)
	_, err := w.Write(html.b)
	return err
}

// The pills of a status.
const activeHTML = `<span class="pill active">Active</span>`

var (
	archivedHTML = sync.OnceValue(func() string {
		return `<span class="pill">` + iconHead() + `archive` + iconTail + `Archived</span>`
	})
	activePill   = templ.Raw(activeHTML)
	archivedPill = templ.ComponentFunc(func(_ context.Context, w io.Writer) error { return write(w, archivedHTML()) })
)

// fixed is a component that is the same on every page, and so rendered only once.
func fixed(c templ.Component) templ.Component {
	html := sync.OnceValues(func() (string, error) {
		var b strings.Builder
		err := c.Render(context.Background(), &b)
		return b.String(), err
	})
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		all, err := html()
		if err != nil {
			return err
		}
		return write(w, all)
	})
}

// write writes HTML. Untrusted text must be escaped before.
func write(w io.Writer, parts ...string) error {
	for _, part := range parts {
		if _, err := io.WriteString(w, part); err != nil {
			return err
		}
	}
	return nil
}
