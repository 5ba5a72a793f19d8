package views

import (
	"context"
	"io"

	"github.com/a-h/templ"

	"protocol.chat/console/models/text"
	"protocol.chat/console/static"
)

// The components below are used many times on a page: a row of a list has a dozen. They write
// their HTML directly, since a templ component has several times their cost before it writes
// anything. Components of more than one element are in components.templ.

// icon is a decorative icon, by its name in icons.svg.
type icon string

var iconHead = `<svg class="icon" aria-hidden="true"><use href="` + static.URL("icons.svg") + "#"

const iconTail = `"></use></svg>`

func (i icon) Render(_ context.Context, w io.Writer) error {
	return write(w, iconHead, string(i), iconTail)
}

// moment is a time relative to now, with the full time in its title.
type moment struct {
	at  int64
	now Clock
}

func (m moment) Render(_ context.Context, w io.Writer) error {
	return write(w, `<time datetime="`, isoTime(m.at), `" title="`, fullTime(m.at, m.now), `">`, ago(m.at, m.now), `</time>`)
}

// pick is the checkbox that selects a row of a list; with all, it is one of all that match.
type pick struct {
	id, name string
	all      bool
}

func (p pick) Render(_ context.Context, w io.Writer) error {
	state := ""
	if p.all {
		state = " checked disabled"
	}
	return write(w, `<label class="pick"><input type="checkbox" form="bulk" name="ids" value="`, p.id, `" data-pick data-key="x" aria-label="`, templ.EscapeString(text.Isolated(p.name)), `"`, state, `></label>`)
}

// marked is a text with the search's matches highlighted.
type marked []span

func (m marked) Render(_ context.Context, w io.Writer) error {
	for _, s := range m {
		text := templ.EscapeString(plain(s.Text))
		if s.Hit {
			text = "<mark>" + text + "</mark>"
		}
		if err := write(w, text); err != nil {
			return err
		}
	}
	return nil
}

// The pills of a status.
var (
	activePill   = templ.Raw(`<span class="pill active">Active</span>`)
	archivedPill = templ.Raw(`<span class="pill">` + iconHead + `archive` + iconTail + `Archived</span>`)
)

// write writes HTML. Untrusted text must be escaped before.
func write(w io.Writer, parts ...string) error {
	for _, part := range parts {
		if _, err := io.WriteString(w, part); err != nil {
			return err
		}
	}
	return nil
}
