package handlers_test

import (
	"fmt"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

func TestAContactsLife(t *testing.T) {
	each(t, func(s *site) {
		s.get("/contacts").wants(200).has("main", "No contacts yet")
		refused := s.post("/contacts/new", "username", "no spaces", "display_name", "Hector McCallister", "phone_number", "none", "avatar_url", "x").wants(422)
		refused.has("#username-error", "letters A to Z").has("#phone_number-error", "must have digits").has("#avatar_url-error", "full web address")
		if refused.value("display_name") != "Hector McCallister" {
			s.Errorf("typed name %q", refused.value("display_name"))
		}
		path := s.post("/contacts/new", "username", "Hector", "display_name", "Hector McCallister", "phone_number", "+1 (555) 010").wants(303).header.Get("Location")
		s.get(path).wants(200).has("h1", "Hector McCallister").has("main", "+1 (555) 010")
		s.post("/contacts/new", "username", "hECTOR").wants(422).has("#username-error", "is taken")

		for _, q := range []string{"hector", "mccall", "555010", "m", strings.TrimPrefix(path, "/contacts/")} {
			s.get("/contacts?q="+q).has("tbody", "Hector McCallister")
		}
		s.get("/contacts?q=nobody").has("main", "No contact matches “nobody”")
		s.get("/contacts?after=x&sort=size").has("#results .notes", "could not be read").has("#results .notes", "not known")

		s.post(path+"/edit", "username", "hector", "was_username", "Hector", "display_name", "", "was_display_name", "Hector McCallister").leads(path)
		s.get(path).has("h1", "hector")
		s.post(path+"/edit", "username", "zed", "was_username", "Hector").wants(409).has(".versus", "zed").has(".versus", "hector")

		c, err := s.store.Contact(s.Context(), strings.TrimPrefix(path, "/contacts/"))
		if err != nil {
			s.Fatal(err)
		}
		g := s.group("Plaza Hotel", c)
		if _, err := s.store.PostMessage(s.Context(), s.by, c.ConversationID, models.NewMessage{Text: "Hello"}, nil); err != nil {
			s.Fatal(err)
		}
		s.get("/contacts").has("tbody", "1")
		s.get("/groups?member="+c.ID).has(".chips", "Member hector").has("tbody", "Plaza Hotel")
		s.get(path+"/delete").has("main", "Plaza Hotel").has("main", "conversation with this contact is deleted too")
		s.post(path+"/delete").follow(s.browser).has("#flashes", "hector deleted for good.")
		if g, _ = s.store.Group(s.Context(), g.ID); g.ContactsCount != 0 || len(g.Contacts) != 0 {
			s.Errorf("%d members are left, counted %d", len(g.Contacts), g.ContactsCount)
		}
		if _, err := s.store.Messages(s.Context(), c.ConversationID, models.Range{}); err == nil {
			s.Error("the conversation is left")
		}
		s.get(path).wants(404)
	})
}

func TestATokensLife(t *testing.T) {
	each(t, func(s *site) {
		s.get("/settings/tokens").has("main", "No tokens yet")
		key := s.get("/settings/tokens/new").value("key")
		for _, status := range []int{201, 409} { // the second is a reload
			s.post("/settings/tokens/new", "key", key, "name", "Once", "scope", "read", "expires", "30").wants(status)
		}
		if tokens, err := s.store.Tokens(s.Context(), s.by); err != nil || len(tokens) != 1 {
			s.Fatalf("%d tokens, %v", len(tokens), err)
		}
		s.post(s.get("/settings/tokens").doc.Find(`a[href$="/revoke"]`).AttrOr("href", "")).wants(303)
		s.get("/settings/tokens") // reads the message
		refused := s.post("/settings/tokens/new", "name", "", "scope", "all", "expires", "soon").wants(422)
		refused.has("#name-error", "what the token is for").has("#scope-error", "read or write").has("#expires-error", "in the future")
		made := s.post("/settings/tokens/new", "name", "Nightly", "scope", "read", "expires", "30").wants(201)
		secret := made.doc.Find("#secret").AttrOr("value", "")
		if !models.LooksLikeToken(secret) {
			s.Fatalf("the token is %q", secret)
		}
		s.get("/settings/tokens").has("tbody", "Nightly").has("tbody", secret[len(secret)-4:]).has("tbody", "Never")
		if list := s.get("/settings/tokens"); strings.Contains(list.body, secret) {
			s.Error("the list shows the token")
		}
		api := s.newBrowser().with("Authorization", "Bearer "+secret)
		api.get("/v1/groups").wants(200)
		api.post("/v1/groups", "name", "x").wants(403)
		list := s.get("/settings/tokens").has("tbody", "127.0.0.1")
		path := list.doc.Find(`a[href$="/revoke"]`).AttrOr("href", "")
		s.get(path).has("h1", "Revoke Nightly?")
		s.post(path).leads("/settings/tokens#main").follow(s.browser).has("tbody", "Revoked")
		api.get("/v1/groups").wants(401)
		s.newBrowser().with("Authorization", "Bearer "+secret[:len(secret)-1]+"x").get("/v1/groups").wants(401)
		s.get("/groups") // a token opens no page
		s.newBrowser().with("Authorization", "Bearer "+secret).get("/groups").wants(303)
	})
}

func TestTwoInstancesBehaveAsOne(t *testing.T) {
	for _, engine := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			url := modelstest.URL(t, engine)
			one, two := open(t, modelstest.OpenURL(t, url)), open(t, modelstest.OpenURL(t, url))
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
