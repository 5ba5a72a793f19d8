package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"protocol.chat/console/models/modelstest"
)

// TestDocs follows every link of the documentation, as a stranger and signed in: each page is
// there with a title and one heading, each link leads somewhere, and each anchor to something
// on its page.
func TestDocs(t *testing.T) {
	t.Parallel()
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	s.setUp()
	for name, b := range map[string]*browser{"stranger": s.newBrowser(), "signed in": s.browser} {
		pages, anchors := map[string]*page{}, map[string][]string{}
		for queue := []string{"/docs"}; len(queue) > 0; queue = queue[1:] {
			path, anchor, _ := strings.Cut(queue[0], "#")
			if anchor != "" {
				anchors[path] = append(anchors[path], anchor)
			}
			if pages[path] != nil {
				continue
			}
			p := b.get(path).wants(http.StatusOK)
			pages[path] = p
			if !strings.HasPrefix(path, "/docs") || strings.HasPrefix(path, "/docs/clients/") || strings.HasPrefix(path, "/docs/metrics/") { // which are files
				continue
			}
			if p.doc.Find("h1").Length() != 1 || !strings.HasPrefix(p.text("title"), p.text("h1")) {
				t.Errorf("%s, %s: the title %q doesn't begin with the heading %q", name, path, p.text("title"), p.text("h1"))
			}
			p.doc.Find("main a[href^='/'], main a[href^='#']").Each(func(_ int, a *goquery.Selection) {
				href := a.AttrOr("href", "")
				if strings.HasPrefix(href, "#") {
					href = path + href
				}
				queue = append(queue, href)
			})
		}
		for path, ids := range anchors {
			for _, id := range ids {
				if pages[path].doc.Find("#"+id).Length() != 1 {
					t.Errorf("%s: there is no #%s on %s", name, id, path)
				}
			}
		}
		if len(pages) < 30 {
			t.Errorf("%s: only %d pages were found", name, len(pages))
		}
	}
	s.get("/docs/nothing").wants(http.StatusNotFound)
	if first := s.get("/docs?q=restore+a+group").wants(http.StatusOK).doc.Find("main .things a").First(); first.AttrOr("href", "") != "/docs/api/groups#restoreGroup" {
		t.Errorf("a call is found as %s, %s", first.AttrOr("href", ""), first.Text())
	}
}
