package handlers_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
)

// TestSearchEverything searches for each kind of thing, as somebody who may open all of them and as
// somebody who may not.
func TestSearchEverything(t *testing.T) {
	each(t, func(s *site) {
		hector := s.contact("hector")
		hotel, opera := s.group("Plaza Hotel", hector), s.group("Opera by the Plaza")
		if _, err := s.store.ArchiveGroup(s.Context(), s.by, opera.ID, time.Now().Unix()); err != nil {
			s.Fatal(err)
		}
		if _, err := s.store.Identity.SavedViews.Create(s.Context(), s.by, identity.ViewChange{Name: new("Plazas"), Query: new("q=plaza")}); err != nil {
			s.Fatal(err)
		}
		auditor := s.person(access.Auditor)
		found := func(b *browser, query string) string {
			p := b.get("/search?" + query).wants(200)
			results := []string{p.text("#found h2")}
			p.doc.Find("#found li").Each(func(_ int, li *goquery.Selection) {
				results = append(results, strings.Join(append(li.Find("bdi").Map(func(_ int, name *goquery.Selection) string { return name.Text() }), li.Find("small").Last().Text()), " "))
			})
			return strings.TrimSpace(strings.Join(results, " "))
		}
		for query, want := range map[string]string{
			"q=plaza":                              "Plazas View Plaza Hotel Group Opera by the Plaza Archived group",
			"q=" + hotel.ID:                        "Plaza Hotel Group",
			"q=" + opera.ConversationID:            "Opera by the Plaza Archived group",
			"q=hector":                             "hector Contact",
			"q=deliveries":                         "Webhook deliveries Settings",
			"q=" + url.QueryEscape(auditor.Email):  auditor.Name + " " + auditor.Email + " User",
			"from=/groups/" + hotel.ID + "&q=arch": "Archive Plaza Hotel Action Archive rules Settings",
			"from=/groups/" + opera.ID + "&q=rest": "Restore Opera by the Plaza Action",
			"from=/contacts/" + hector.ID:          "Groups of hector Action Edit hector Action",
			"q=zzzz":                               "Nothing matches “zzzz”",
		} {
			if got := found(s.browser, query); !strings.HasPrefix(got, want) {
				s.Errorf("%s finds %q, want %q first", query, got, want)
			}
		}
		// Without a search it shows what its reader changed last, and where they can go.
		if got := found(s.browser, ""); !strings.HasPrefix(got, "Opera by the Plaza Archived group") || !strings.Contains(got, "Jobs Page") {
			s.Errorf("without a search there is %q", got)
		}
		s.get("/groups/"+hotel.ID).has(`.finder[href="/search?from=%2Fgroups%2F`+hotel.ID+`"]`, "Search")
		s.get("/groups").has(`.finder[href="/search"]`, "Search")

		moderator := s.session(s.person(access.Moderator))
		for query, not := range map[string]string{
			"q=" + url.QueryEscape(auditor.Email):    " User",
			"q=webhook":                              "Settings",
			"from=/groups/" + hotel.ID + "&q=delete": "Delete Plaza Hotel",
			"from=/users/" + auditor.ID:              auditor.Name,
		} {
			if got := found(moderator, query); strings.Contains(got, not) {
				s.Errorf("a moderator finds %q by %s", got, query)
			}
		}
	})
}
