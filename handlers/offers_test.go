package handlers_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"protocol.chat/console/models"
)

// TestNobodyIsOfferedWhatTheyMayNotDo follows, as each role, every link that the console
// offers, and looks at every form: none leads to what the role has no right to.
func TestNobodyIsOfferedWhatTheyMayNotDo(t *testing.T) {
	each(t, func(s *site) {
		member := s.contact("hector")
		s.group("Plaza Hotel", member)
		archived := s.group("Old Mill")
		if _, err := s.store.ArchiveGroup(s.Context(), s.by, archived.ID, 0); err != nil {
			s.Fatal(err)
		}
		aToken(s)
		for _, role := range models.Roles {
			s.T.Run(string(role), func(t *testing.T) {
				inner := *s
				inner.T = t
				inner.browser = inner.as(role)
				pages := inner.crawl("/groups", role)
				if pages < 10 {
					t.Errorf("%s sees %d pages only", role, pages)
				}
			})
		}
	})
}

// as is a browser in which somebody of a role is signed in.
func (s *site) as(role models.Role) *browser {
	s.Helper()
	address := string(role) + "@example.com"
	_, err := s.store.CreateUser(s.Context(), models.System("test"), models.NewUser{
		Email: address, Name: role.Name() + " Example", Password: password, Role: role,
	})
	if err != nil {
		s.Fatal(err)
	}
	b := s.newBrowser()
	b.site = s
	b.post("/login", "email", address, "password", password).wants(http.StatusSeeOther)
	return b
}

// mostPages ends a crawl that would go on for ever.
const mostPages = 300

// crawl visits every page that links lead to, and answers how many there are. Pages whose
// addresses differ only in what their parameters say count as one.
func (s *site) crawl(from string, role models.Role) int {
	s.Helper()
	seen := map[string]bool{kindOf(from): true}
	for queue := []string{from}; len(queue) > 0 && len(seen) < mostPages; queue = queue[1:] {
		at := queue[0]
		p := s.get(at)
		if p.status >= http.StatusBadRequest {
			s.Errorf("%s is led to %s, which answers %d: %s", role, at, p.status, p.text("main"))
		}
		next := p.links(role)
		if to := p.header.Get("Location"); to != "" {
			next = append(next, to)
		}
		for _, to := range next {
			if !seen[kindOf(to)] {
				seen[kindOf(to)] = true
				queue = append(queue, to)
			}
		}
	}
	return len(seen)
}

// kindOf is an address with the names of its parameters only.
func kindOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Path + "?" + strings.Join(slices.Sorted(maps.Keys(u.Query())), "&")
}

// links are the addresses of this console that a page links to. Its forms must be for
// what the role has the right to.
func (p *page) links(role models.Role) []string {
	var found []string
	p.doc.Find("a[href]").Each(func(_ int, a *goquery.Selection) {
		if to := local(p, a.AttrOr("href", "")); to != "" {
			found = append(found, to)
		}
	})
	p.doc.Find("form").Each(func(_ int, form *goquery.Selection) {
		method, action := form.AttrOr("method", "get"), form.AttrOr("action", "")
		targets := []string{action}
		form.Find("[formaction]").Each(func(_ int, b *goquery.Selection) { targets = append(targets, b.AttrOr("formaction", "")) })
		for _, target := range targets {
			right, open, known := p.site.console.Asks(strings.ToUpper(method), target)
			actor := models.Actor{Kind: models.UserActor, Role: role}
			if !known || !open && !actor.May(right) {
				p.site.Errorf("%s: %s is offered a form for %s %s, which asks for %q", p.what, role, method, target, right)
			}
		}
	})
	return found
}

// local is the address of a link within the console, without its fragment; "" for others.
func local(p *page, href string) string {
	u, err := url.Parse(href)
	if err != nil || u.Host != "" || u.Scheme != "" {
		return ""
	}
	if u.Path == "" {
		return "" // a place on this page
	}
	if !strings.HasPrefix(u.Path, "/") {
		p.site.Errorf("%s: a link to %q", p.what, href)
	}
	if strings.HasPrefix(u.Path, "/static/") || strings.HasPrefix(u.Path, "/v1/") {
		return ""
	}
	u.Fragment = ""
	return u.String()
}
