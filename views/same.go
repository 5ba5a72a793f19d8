package views

import (
	"context"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/a-h/templ"

	"protocol.chat/console/models/access"
)

// same is a part that many pages have in common, such as the main menu. It is rendered once for each
// value that it depends on, of which there are few, and then repeated: that costs a tenth. What part
// returns depends on nothing else, so it is never out of date.
type same[K comparable] struct {
	part func(K) templ.Component

	mu   sync.RWMutex
	html map[K]string
}

// maxSame is how many values of a part are kept.
const maxSame = 200

// developing reports whether templates change while the program runs: see make dev.
var developing = os.Getenv("TEMPL_DEV_MODE") == "true"

func (s *same[K]) of(value K) templ.Component {
	if developing {
		return s.part(value)
	}
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		html, err := s.render(value)
		if err != nil {
			return err
		}
		return write(w, html)
	})
}

func (s *same[K]) render(value K) (string, error) {
	s.mu.RLock()
	html, known := s.html[value]
	s.mu.RUnlock()
	if known {
		return html, nil
	}
	var b strings.Builder
	if err := s.part(value).Render(context.Background(), &b); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.html == nil || len(s.html) >= maxSame {
		s.html = map[K]string{}
	}
	s.html[value] = b.String()
	return b.String(), nil
}

// reader is what menus depend on: who reads a page, and in which section.
type reader struct {
	name, section string
	kind          access.ActorKind
	role          access.Role
	restricted    bool
}

// page returns a page of which nothing but its reader is known.
func (r reader) page() Page {
	return Page{Section: r.section, Frame: Frame{User: r.name, By: access.Actor{Kind: r.kind, Role: r.role}, Restricted: r.restricted}}
}

// menuReader returns the reader for the main menu, and accountReader that for the account's.
func (p Page) menuReader() reader {
	return reader{section: p.Section, kind: p.Frame.By.Kind, role: p.Frame.By.Role}
}

func (p Page) accountReader() reader {
	return reader{name: p.Frame.User, kind: p.Frame.By.Kind, role: p.Frame.By.Role, restricted: p.Frame.Restricted}
}

// menuReader is what the menu of a list's rows depends on: who reads which list.
type menuReader struct {
	kind access.ActorKind
	role access.Role
	list templ.SafeURL
}

func menuOf(by access.Actor, list templ.SafeURL) menuReader {
	return menuReader{by.Kind, by.Role, list}
}

func (r menuReader) by() access.Actor { return access.Actor{Kind: r.kind, Role: r.role} }

// header is the heading of a column by which a list can be sorted. order is its aria-sort, or "".
type header struct {
	column, label, class, order string
	href                        templ.SafeURL
}

var (
	mainMenus     = same[reader]{part: func(r reader) templ.Component { return mainMenu(r.page()) }}
	accountMenus  = same[reader]{part: func(r reader) templ.Component { return accountMenu(r.page()) }}
	themeChoices  = same[string]{part: themeButtons}
	groupMenus    = same[menuReader]{part: groupMenu}
	contactMenus  = same[menuReader]{part: contactMenu}
	groupsTools   = same[templ.SafeURL]{part: groupsMenus}
	sortedColumns = same[header]{part: sortedColumn}

	troubleBar, idleBar, oldBar = fixed(trouble()), fixed(idle()), fixed(liveBar())
)
