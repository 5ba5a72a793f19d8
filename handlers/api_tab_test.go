package handlers_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/views/reference"
)

// TestAPITabs compares them with the responses of the API.
func TestAPITabs(t *testing.T) {
	each(t, func(s *site) {
		token := s.token(identity.NewToken{Scopes: access.ReadScopes()})
		hector := s.contact("hector")
		g := s.group("Plaza “Hotel” & <Bar>", hector)
		for path, calls := range map[string][]string{
			"/groups/" + g.ID:        {"getGroup", "updateGroup", "archiveGroup", "deleteGroup"},
			"/contacts/" + hector.ID: {"getContact", "updateContact", "deleteContact"},
		} {
			answer := s.newBrowser().with("Authorization", "Bearer "+token).get("/v1" + path).wants(200)
			tag := answer.header.Get("ETag")
			for _, l := range reference.Languages {
				page := s.get(path+"/api?lang="+l.ID).wants(200).has("nav.tabs [aria-current]", "API").has(".id", tag)
				if shown := page.doc.Find(".call pre").First().Text(); compact(s, shown) != compact(s, answer.body) {
					s.Errorf("%s shows\n%s\nnot\n%s", path, shown, answer.body)
				}
				for _, id := range calls {
					link := fmt.Sprintf("#%s-%s[aria-current]", id, l.ID)
					sample := page.doc.Find(link).Closest(".listing").Find("pre").Text()
					if changes := strings.HasPrefix(id, "update") || strings.HasPrefix(id, "delete"); sample == "" || strings.Contains(sample, strings.Trim(tag, `"`)) != changes {
						s.Errorf("%s in %s: %s", id, l.Name, sample)
					}
				}
			}
		}
		s.get("/groups/"+g.ID).has("nav.tabs", "API")
		s.get("/contacts/"+hector.ID).has("nav.tabs [aria-current]", "Overview")
		s.post("/groups/" + g.ID + "/archive").wants(303)
		s.get("/groups/"+g.ID+"/api").has("#restoreGroup-curl", "curl")
	})
}

func compact(s *site, body string) string {
	s.Helper()
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		s.Fatal(err)
	}
	whole, _ := json.Marshal(value)
	return string(whole)
}
