package views

import (
	"strings"
	"testing"

	"github.com/a-h/templ"
)

func TestSearchDocs(t *testing.T) {
	errors := []DocPart{{Href: ErrorDocsURL("rate_limited"), Page: "rate_limited", Text: "Too many requests. Wait the seconds in Retry-After."}}
	for _, c := range []struct {
		q     string
		first templ.SafeURL
	}{
		{"pagination", "/docs/pagination"},
		{"RETRY", "/docs/idempotency#retry"},
		{"rate_limited", "/docs/errors/rate_limited"},
		{"wai many reques", "/docs/errors/rate_limited"},
		{"groups.delete", "/docs/roles"},
		{"pgbouncer pooler", "/docs/running#postgresql"},
	} {
		found := SearchDocs(c.q, errors)
		if len(found.Hits) == 0 || found.Hits[0].Href != c.first {
			t.Errorf("%q: %v", c.q, found.Hits)
		}
	}
	for _, q := range []string{"", "  ", "qwertz", "pagination qwertz"} {
		if found := SearchDocs(q, errors); len(found.Hits) > 0 {
			t.Errorf("%q: %v", q, found.Hits)
		}
	}
	if n := len(SearchDocs("e", nil).Hits); n > maxDocsFound {
		t.Errorf("%d parts are shown", n)
	}
}

// TestExcerpts: what is shown of a part is short, holds a match, and marks it.
func TestExcerpts(t *testing.T) {
	long := strings.Repeat("Łódź and words ", 40) + "then the Café " + strings.Repeat("and more words ", 40)
	for _, word := range []string{"cafe", "lodz", "nothing"} {
		html := draw(t, DocPart{Text: long}.excerpt([]string{word}))
		if len(html) > 500 || strings.Contains(html, "<mark>") != (word != "nothing") {
			t.Errorf("%s: %s", word, html)
		}
	}
	if html := draw(t, DocPart{Text: "a <b>"}.excerpt([]string{"b"})); html != "a &lt;<mark>b</mark>&gt;" {
		t.Error(html)
	}
}
