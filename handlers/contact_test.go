package handlers_test

import (
	"fmt"
	"strings"
	"testing"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

func TestAContactsLife(t *testing.T) {
	each(t, func(s *site) {
		s.get("/contacts").wants(200).has("main", "No contacts yet")
		refused := s.post("/contacts/new", "username", "no spaces", "display_name", "Hector McCallister", "phone_number", "none", "avatar_url", "x").wants(422)
		refused.has("#username-error", "letters A to Z").has("#phone_number-error", "must contain digits").has("#avatar_url-error", "full web address")
		if refused.value("display_name") != "Hector McCallister" {
			s.Errorf("typed name %q", refused.value("display_name"))
		}
		path := s.post("/contacts/new", "username", "Hector", "display_name", "Hector McCallister", "phone_number", "+1 (555) 010").wants(303).header.Get("Location")
		s.get(path).wants(200).has("h1", "Hector McCallister").has("main", "+1 (555) 010")
		s.post("/contacts/new", "username", "hECTOR").wants(422).has("#username-error", "is taken")

		for _, q := range []string{"hector", "mccall", "555010", "m", strings.TrimPrefix(path, "/contacts/")} {
			s.get("/contacts?q="+q).has("tbody", "Hector McCallister")
		}
		s.get("/contacts?q=nobody").has("main", "No contacts match “nobody”")
		s.get("/contacts?after=x&sort=size").has("#results .notes", "couldn't be read").has("#results .notes", "isn't valid")

		s.post(path+"/edit", "username", "hector", "was_username", "Hector", "display_name", "", "was_display_name", "Hector McCallister").leads(path)
		s.get(path).has("h1", "hector")
		s.post(path+"/edit", "username", "zed", "was_username", "Hector").wants(409).has(".versus", "zed").has(".versus", "hector")

		c, err := s.store.Contact(s.Context(), strings.TrimPrefix(path, "/contacts/"))
		if err != nil {
			s.Fatal(err)
		}
		g := s.group("Plaza Hotel", c)
		if _, err := s.store.Messages.PostMessage(s.Context(), s.by, c.ConversationID, models.NewMessage{Text: "Hello"}, nil); err != nil {
			s.Fatal(err)
		}
		s.get("/contacts").has("tbody", "1")
		s.get("/groups?member="+c.ID).has(".chips", "Member hector").has("tbody", "Plaza Hotel")
		s.get(path+"/delete").has("main", "Plaza Hotel").has("main", "permanently deletes the contact and their conversation")
		s.post(path+"/delete").follow(s.browser).has("#flashes", "hector deleted.")
		if g, _ = s.store.Group(s.Context(), g.ID); g.ContactsCount != 0 || len(g.Contacts) != 0 {
			s.Errorf("%d members are left, counted %d", len(g.Contacts), g.ContactsCount)
		}
		if _, err := s.store.Messages.List(s.Context(), c.ConversationID, db.Range{}); err == nil {
			s.Error("the conversation is left")
		}
		s.get(path).wants(404)
	})
}

func TestTwoInstancesBehaveAsOne(t *testing.T) {
	for _, engine := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			url := modelstest.URL(t, engine)
			one := open(t, modelstest.OpenURL(t, url))
			two := open(t, modelstest.OpenURL(t, url), func(c *handlers.Config) { c.PublicURL = one.url }) // by which their cookies are the same
			one.setUp()
			two.browser.client.Jar = one.browser.client.Jar // cookies don't tell ports apart
			two.get("/groups").wants(200).has("header", "Anna")

			key := one.get("/groups/new").value("key")
			first := one.post("/groups/new", "key", key, "name", "Plaza Hotel").wants(303).header.Get("Location")
			two.post("/groups/new", "key", key, "name", "Plaza Hotel").leads(first)
			two.get("/groups?q=plaza").has("tbody", "Plaza Hotel")
			one.post(first + "/archive").wants(303)
			two.get(first).has("#flashes", "Plaza Hotel archived.").has(".notes", "Archived")

			for i := range 5 { // ids ascend although two programs make them
				at := []*site{one, two}[i%2]
				at.post("/groups/new", "name", fmt.Sprint("Group ", i)).wants(303)
			}
			if got := strings.Join(two.get("/groups").rows(), ","); got != "Group 4,Group 3,Group 2,Group 1,Group 0" {
				t.Errorf("the list is %s", got)
			}
			two.post("/logout").wants(303)
			one.get("/groups").leads("/login?next=%2Fgroups")
		})
	}
}
