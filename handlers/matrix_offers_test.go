package handlers_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"protocol.chat/console/models/access"
)

// TestPagesOfferNothingThatIsRefused follows, as each role, every link from page to page,
// and looks at every form: nothing leads to what the role may not do.
func TestPagesOfferNothingThatIsRefused(t *testing.T) {
	each(t, func(s *site) {
		member := s.contact("hector")
		s.group("Plaza Hotel", member)
		archivedGroup(s)
		s.invitation()
		aToken(s)
		for _, caller := range callers[:5] {
			u := s.person(caller.role)
			b := s.session(u)
			seen := map[string]bool{}
			for queue := []string{"/groups", "/groups?status=archived", "/contacts", "/docs/roles"}; len(queue) > 0; queue = queue[1:] {
				path := queue[0]
				if seen[shape(path)] || shape(path) == "/settings/tokens" && !strings.Contains(matrix["GET /settings/tokens"]["any"], caller.letter) {
					continue
				}
				seen[shape(path)] = true
				p := b.get(path)
				if p.status >= 400 {
					s.Errorf("%s: %s gives %d", caller.role, path, p.status)
				}
				queue = append(queue, links(p)...)
				for _, action := range forms(p) {
					if !mayPost(caller.letter, action) {
						s.Errorf("%s: %s offers %s", caller.role, path, action)
					}
				}
			}
			if caller.role == access.Owner && len(seen) < 20 {
				s.Errorf("only %d pages were looked at", len(seen))
			}
			if offered := seen["/users"]; offered != strings.Contains(matrix["GET /users"]["any"], caller.letter) {
				s.Errorf("%s is led to the people: %v", caller.role, offered)
			}
		}
	})
}

var anID = regexp.MustCompile(`/[0-9A-Za-z]{16}(/|$)`)

// shape is a path with {id} in the place of ids.
func shape(path string) string {
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	return anID.ReplaceAllString(path, "/{id}$1")
}

// offered returns the elements of a page that match a selector, in the menu of its first row as
// well, which is made of a template.
func offered(p *page, selector string) *goquery.Selection {
	isTemplate := func(_ int, e *goquery.Selection) bool { return e.Closest("template").Length() > 0 }
	found := p.doc.Find(selector)
	found = found.NotSelection(found.FilterFunction(isTemplate))
	row := p.doc.Find("[data-row]").First()
	template, err := p.doc.Find("#row-menu").Html()
	if err != nil || row.Length() == 0 {
		return found
	}
	id := strings.TrimPrefix(row.AttrOr("id", ""), "row-")
	menu, err := goquery.NewDocumentFromReader(strings.NewReader(strings.NewReplacer("?list=LIST", "", "ID", id, "NEXT", id, "LIST", "%2Fgroups").Replace(template)))
	if err != nil {
		p.site.Fatal(err)
	}
	menu.Find("[data-when]").Not(`[data-when="` + row.AttrOr("data-status", "") + `"]`).Remove()
	return found.AddSelection(menu.Find(selector))
}

func links(p *page) []string {
	var paths []string
	offered(p, "a[href]").Each(func(_ int, a *goquery.Selection) {
		if href := a.AttrOr("href", ""); strings.HasPrefix(href, "/") {
			paths = append(paths, href)
		}
	})
	return paths
}

func forms(p *page) []string {
	var actions []string
	offered(p, `form[method="post"]`).Each(func(_ int, form *goquery.Selection) {
		actions = append(actions, form.AttrOr("action", ""))
	})
	return actions
}

// mayPost reports whether a role may send a form, at least about some object.
func mayPost(letter, action string) bool {
	path := shape(action)
	if strings.HasPrefix(path, "/drafts/") {
		path = "/drafts/{form}"
	}
	for _, roles := range matrix["POST "+path] {
		if roles == everybody || strings.Contains(roles, letter) {
			return true
		}
	}
	return false
}

// TestRefusalNamesWhoCanHelp is about the words of a refusal.
func TestRefusalNamesWhoCanHelp(t *testing.T) {
	each(t, func(s *site) {
		editor := s.session(s.person(access.Editor))
		id := aGroup(s)
		refused := editor.post("/groups/" + id + "/delete").wants(http.StatusForbidden)
		refused.has("[data-sentence]", "Your role, Editor, doesn't let you permanently delete groups. Owners and admins can. Anna (owner) can change your role.")
		for range 4 {
			s.person(access.Owner)
		}
		editor.get("/users").wants(http.StatusForbidden).
			has("[data-sentence]", "Anna, Some Owner or Some Owner (owners) can change your role.")
		s.session(s.person(access.Admin)).get("/users/"+s.by.ID+"/disable").wants(http.StatusForbidden).
			has("[data-sentence]", "doesn't let you change roles, or manage owners or admins. Owners can.")
	})
}
