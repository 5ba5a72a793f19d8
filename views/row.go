package views

import (
	"context"
	"html"
	"io"
	"strings"
	"time"

	"github.com/a-h/templ"

	"protocol.chat/console/models/text"
)

// rowHTML is the HTML of a row of a list, to which its parts are appended: a page has 25 to 100 rows,
// and a templ component costs several times what it writes. Components can be rendered into it.
type rowHTML struct{ b []byte }

func (m *rowHTML) Write(p []byte) (int, error) {
	m.b = append(m.b, p...)
	return len(p), nil
}

func (m *rowHTML) WriteString(s string) (int, error) {
	m.b = append(m.b, s...)
	return len(s), nil
}

// raw appends HTML.
func (m *rowHTML) raw(parts ...string) {
	for _, part := range parts {
		m.b = append(m.b, part...)
	}
}

// text appends text, escaped.
func (m *rowHTML) text(s string) {
	if strings.ContainsAny(s, `&'<>"`) {
		s = html.EscapeString(s)
	}
	m.b = append(m.b, s...)
}

// rows renders the rows of a list, each by calling row.
func rows(n int, row func(ctx context.Context, m *rowHTML, i int) error) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		m := rowHTML{make([]byte, 0, 1<<10)}
		for i := range n {
			m.b = m.b[:0]
			if err := row(ctx, &m, i); err != nil {
				return err
			}
			if _, err := w.Write(m.b); err != nil {
				return err
			}
		}
		return nil
	})
}

// moment appends a time relative to now, with the full time in its title.
func (m *rowHTML) moment(at int64, now Clock) {
	t := now.local(at)
	m.raw(`<time datetime="`)
	m.b = t.UTC().AppendFormat(m.b, time.RFC3339)
	m.raw(`" title="`)
	m.b = t.AppendFormat(m.b, now.style().full)
	m.raw(zoneOf(t), `">`, ago(at, now), `</time>`)
}

// marked appends a text with the search's matches highlighted; without words none match.
func (m *rowHTML) marked(s string, words []string) {
	if len(words) == 0 {
		m.text(plain(s))
		return
	}
	m.spans(mark(s, words))
}

func (m *rowHTML) spans(spans marked) {
	for _, s := range spans {
		if s.Hit {
			m.raw(`<mark>`)
		}
		m.text(plain(s.Text))
		if s.Hit {
			m.raw(`</mark>`)
		}
	}
}

// The parts that the rows of lists have in common.

// beginRow begins the row of an object. status is the object's, or "" if it has none.
func (m *rowHTML) beginRow(id, status string) {
	m.raw(`<tr id="row-`, id, `" data-row`)
	if status != "" {
		m.raw(` data-status="`, status, `"`)
	}
	m.raw(`>`)
}

// pickCell appends the cell with the checkbox of a row; with all, it is one of all that match.
func (m *rowHTML) pickCell(id, name string, all bool) {
	m.raw(`<td class="c-pick"><label class="pick"><input type="checkbox" form="bulk" name="ids" value="`, id, `" data-pick data-key="x" aria-label="`)
	m.text(text.Isolated(name))
	m.raw(`"`)
	if all {
		m.raw(` checked disabled`)
	}
	m.raw(`></label></td>`)
}

// beginName begins the cell with an object's name, which leads to its page; endName ends it.
func (m *rowHTML) beginName(ctx context.Context, image pictured, id string, page templ.SafeURL) {
	m.raw(`<td class="c-name"><div class="name">`)
	_ = image.Render(ctx, m)
	m.raw(`<a id="open-`, id, `" href="`)
	m.text(string(page))
	m.raw(`"><bdi>`)
}

func (m *rowHTML) endName() { m.raw(`</div></td>`) }

// textCell appends a cell with a text that users typed, if there is one.
func (m *rowHTML) textCell(class, label string, text marked) {
	m.raw(`<td class="`, class, `" data-label="`, label, `" dir="auto">`)
	if len(text) > 0 {
		m.raw(`<span>`)
		m.spans(text)
		m.raw(`</span>`)
	}
	m.raw(`</td>`)
}

// momentCell appends a cell with a time, which is empty for nil.
func (m *rowHTML) momentCell(label string, at *int64, now Clock) {
	m.beginCell("c-when", label)
	if at != nil {
		m.moment(*at, now)
	}
	m.raw(`</td>`)
}

// numberCell appends a cell with a number, and its noun for cards, which have no headings.
func (m *rowHTML) numberCell(label, number, noun string) {
	m.beginCell("c-num num", label)
	m.raw(number, `<span class="unit"> `, noun, `</span></td>`)
}

// beginCell begins a cell. label is its column's heading, for cards.
func (m *rowHTML) beginCell(class, label string) {
	m.raw(`<td class="`, class, `" data-label="`, label, `">`)
}

// menuCell appends the cell with the button that opens the menu of a row. Without scripts it leads to the
// object's page, which has the same actions: see rowMenu.
func (m *rowHTML) menuCell(page templ.SafeURL, name string) {
	m.raw(`<td class="c-menu"><button form="row" formaction="`, string(page), `" class="dots" data-menu aria-label="Actions for `)
	m.text(text.Isolated(name))
	m.raw(`"></button></td>`)
}
