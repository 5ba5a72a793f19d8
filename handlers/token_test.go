package handlers_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

func TestATokensLife(t *testing.T) {
	each(t, func(s *site) {
		s.get("/settings/tokens").has("main", "No tokens yet")
		key := s.get("/settings/tokens/new").value("key")
		for _, status := range []int{201, 409} { // the second is a reload
			s.post("/settings/tokens/new", "key", key, "name", "Once", "scope", "read", "expires", "30").wants(status)
		}
		if page, err := s.store.Identity.Tokens.Tokens(s.Context(), s.by, identity.TokenQuery{}); err != nil || len(page.Tokens) != 1 {
			s.Fatalf("%d tokens, %v", len(page.Tokens), err)
		}
		s.post(s.get("/settings/tokens").doc.Find(`a[href$="/revoke"]`).AttrOr("href", "")).wants(303)
		s.get("/settings/tokens") // reads the message
		refused := s.post("/settings/tokens/new", "name", "", "scope", "all", "expires", "soon").wants(422)
		refused.has("#name-error", "what the token is for").has("#scopes-error", "at least one permission").has("#expires-error", "in the future")
		made := s.post("/settings/tokens/new", "name", "Nightly", "scope", "read", "expires", "30").wants(201)
		secret := made.doc.Find("#secret").AttrOr("value", "")
		if !identity.LooksLikeToken(secret) {
			s.Fatalf("the token is %q", secret)
		}
		s.get("/settings/tokens").has("tbody", "Nightly").has("tbody", secret[len(secret)-4:]).has("tbody", "Never")
		if list := s.get("/settings/tokens"); strings.Contains(list.body, secret) {
			s.Error("the list shows the token")
		}
		api := s.newBrowser().with("Authorization", "Bearer "+secret)
		api.get("/v1/groups").wants(200)
		api.post("/v1/groups", "name", "x").wants(403)
		list := s.get("/settings/tokens").has("tbody", "127.0.0.1").has("td[data-label=Owner]", "Anna").has(".menu", "Rotate…").has("td[data-label=Expires]", "in 30 days")
		path := list.doc.Find(`a[href$="/revoke"]`).AttrOr("href", "")
		s.get(path).has("h1", "Revoke Nightly?")
		s.post(path).leads("/settings/tokens").follow(s.browser).has("tbody", "Revoked").has("td[data-label=Expires]", "–")
		s.get(strings.TrimSuffix(path, "/revoke")).has(".facts", "Revoked").lacks(".facts dt:contains(Expires)")
		api.get("/v1/groups").wants(401)
		s.newBrowser().with("Authorization", "Bearer "+secret[:len(secret)-1]+"x").get("/v1/groups").wants(401)
		s.get("/groups") // a token opens no page
		s.newBrowser().with("Authorization", "Bearer "+secret).get("/groups").wants(303)
	})
}

// colleague makes somebody with a role, and a browser in which they are signed in.
func (s *site) colleague(role access.Role) (access.Actor, *browser) {
	s.Helper()
	address := string(role) + "@example.com"
	u, err := s.store.Identity.Users.CreateUser(s.Context(), access.System("test"), identity.NewUser{Email: address, Name: "Some " + role.Name(), Password: password, Role: role})
	if err != nil {
		s.Fatal(err)
	}
	b := s.newBrowser()
	b.post("/login", "email", address, "password", password).wants(303)
	return u.Actor(), b
}

// tokenOf makes a token for somebody.
func (s *site) tokenOf(by access.Actor, name string) (identity.Token, string) {
	s.Helper()
	t, secret, err := s.store.Identity.Tokens.CreateToken(s.Context(), by, identity.NewToken{Name: name, Scopes: access.ReadScopes()}, nil)
	if err != nil {
		s.Fatal(err)
	}
	return t, secret
}

func (s *site) withToken(secret string) *browser {
	return s.newBrowser().with("Authorization", "Bearer "+secret)
}

// TestRightsAreCheckedForTheObject asks for every page and act of a token who may: its
// owner, who manages tokens, and others, to whom there is no such token.
func TestRightsAreCheckedForTheObject(t *testing.T) {
	each(t, func(s *site) {
		editor, e := s.colleague(access.Editor)
		_, admin := s.colleague(access.Admin)
		_, moderator := s.colleague(access.Moderator)
		pages := []string{"", "/revoke", "/end-old-secret"}
		acts := []string{"/end-old-secret", "/revoke"}
		for _, tc := range []struct {
			who             string
			b               *browser
			page, act       int
			rotate, rotates int
		}{
			{"its owner", e, 200, 303, 200, 200},
			{"an admin", admin, 200, 303, 403, 403},
			{"the owner", s.browser, 200, 303, 403, 403},
			{"somebody else", moderator, 404, 404, 404, 404},
		} {
			token, _ := s.tokenOf(editor, "Editor's")
			path := "/settings/tokens/" + token.ID
			for _, page := range pages {
				if got := tc.b.get(path + page).status; got != tc.page {
					s.Errorf("%s: %s is %d", tc.who, page, got)
				}
			}
			if got := tc.b.get(path + "/rotate").status; got != tc.rotate {
				s.Errorf("%s: /rotate is %d", tc.who, got)
			}
			if got := tc.b.post(path+"/rotate", "overlap", "1").status; got != tc.rotates {
				s.Errorf("%s: rotating gives %d", tc.who, got)
			}
			for _, act := range acts {
				if got := tc.b.post(path + act).status; got != tc.act {
					s.Errorf("%s: %s gives %d", tc.who, act, got)
				}
			}
			after, err := s.store.Identity.Tokens.Token(s.Context(), s.by, token.ID)
			if err != nil || (after.RevokedAt != nil) != (tc.act == 303) || (after.RotatedAt != nil) != (tc.rotates == 200) {
				s.Errorf("%s: the token is %+v, %v", tc.who, after, err)
			}
		}
		const whose = `nav[aria-label="Tokens"]`
		moderator.get("/settings/tokens").has("main", "No tokens yet").lacks(whose)
		e.get("/settings/tokens").has("tbody", "Editor's").lacks(whose)
		s.get("/settings/tokens").has("tbody", "Editor's").has(whose, "Mine")
		s.get("/settings/tokens?whose=own").has("main", "You have no tokens yet")
		admin.get("/settings/tokens?whose=everybody").has(".notes", "isn't valid")
	})
}

// TestATokensScopesAreItsMakers: nobody gives a token what they may not do themselves,
// and no token can make tokens or people, whatever a form says.
func TestATokensScopesAreItsMakers(t *testing.T) {
	each(t, func(s *site) {
		_, moderator := s.colleague(access.Moderator)
		form := moderator.get("/settings/tokens/new").wants(200)
		form.has("main", "Not available: only owners and admins can do this.")
		const deleting = "Includes permanently deleting groups and contacts"
		if s.get("/settings/tokens/new").has("#scopes", deleting); strings.Contains(form.text("#scopes"), deleting) {
			s.Error("a moderator is told of deleting")
		}
		if n := form.doc.Find(`[name="scopes"][value="groups.delete"][disabled]`).Length(); n != 1 {
			s.Errorf("%d boxes to delete groups are disabled", n)
		}
		refused := moderator.post("/settings/tokens/new", "name", "Too much", "scope", "choose", "scopes", "groups.delete", "expires", "30").wants(422)
		refused.has("#scopes-error", "Your role doesn't let you create a token that can permanently delete groups.")
		for _, right := range []string{"tokens.make", "tokens.manage", "people.manage", "roles.manage", "nonsense"} {
			s.post("/settings/tokens/new", "name", "T6", "scope", "choose", "scopes", right, "scopes", "groups.read", "expires", "30").wants(422).
				has("#scopes-error", "isn't a permission that a token can have")
		}
		s.post("/settings/tokens/new", "name", "Nothing", "scope", "choose", "expires", "30").wants(422).has("#scopes-error", "at least one permission")

		made := moderator.post("/settings/tokens/new", "name", "Some", "scope", "write", "expires", "30").wants(201)
		api := s.withToken(made.valueOf("#secret"))
		g := s.group("Plaza Hotel")
		api.post("/v1/groups/"+g.ID+"/contacts", "contacts", "").wants(200)
		api.post("/v1/groups", "name", "x").wants(403)
		api.do("DELETE", "/v1/groups/"+g.ID, nil).wants(403)
		chosen := s.post("/settings/tokens/new", "name", "Chosen", "scope", "choose", "scopes", "groups.read", "scopes", "groups.delete", "expires", "never").wants(201)
		chosen.has("main", "View groups and their members, permanently delete groups.").has("main", "Never expires.")
		api = s.withToken(chosen.valueOf("#secret"))
		api.get("/v1/groups").wants(200)
		api.get("/v1/contacts").wants(403)
		api.do("DELETE", "/v1/groups/"+g.ID, nil).wants(204)
	})
}

// valueOf is the value of what a selector finds.
func (p *page) valueOf(selector string) string { return p.doc.Find(selector).AttrOr("value", "") }

func TestNetworksOfAToken(t *testing.T) {
	each(t, func(s *site) {
		fields := []string{"name", "", "scope", "read", "expires", "30", "networks"}
		refused := s.post("/settings/tokens/new", append(fields, "10.0.0.1\nnowhere")...).wants(422)
		refused.has("#networks-error", "“nowhere” is neither an address").has("#name-error", "what the token is for")
		s.post("/settings/tokens/new", append(fields, "garbage\n10.0.0.1/99")...).wants(422).
			has("#networks-error", "“garbage” and “10.0.0.1/99” are neither addresses")
		if got := refused.value("networks"); !strings.Contains(got, "10.0.0.1") {
			s.Errorf("the addresses are %q", got)
		}
		fields[1] = "Elsewhere"
		secret := s.post("/settings/tokens/new", append(fields, "198.51.100.0/24\r\n2001:db8::/32")...).wants(201).valueOf("#secret")
		answer := s.withToken(secret).get("/v1/groups").wants(403)
		if !strings.Contains(answer.body, `"forbidden"`) || !strings.Contains(answer.body, "isn't allowed from the address") {
			s.Errorf("it says %s", answer.body)
		}
		if err := s.store.Identity.Tokens.FlushUses(s.Context()); err != nil {
			s.Fatal(err)
		}
		path := s.get("/settings/tokens").doc.Find("tbody a").AttrOr("href", "")
		shown := s.get(path).has("main", "A request from 127.0.0.1 was blocked").has(".facts", "198.51.100.0/24").has(".facts", "2001:db8::/32")
		shown.has("tbody", "403")
		s.get("/settings/tokens").has("tbody", "Never")

		fields[1] = "Here"
		secret = s.post("/settings/tokens/new", append(fields, "127.0.0.1")...).wants(201).valueOf("#secret")
		s.withToken(secret).get("/v1/groups").wants(200)
	})
}

func TestRollingAToken(t *testing.T) {
	each(t, func(s *site) {
		now := time.Now()
		s.store.DB.Now = func() time.Time { return now }
		token, first := s.tokenOf(s.by, "Nightly")
		path := "/settings/tokens/" + token.ID
		s.withToken(first).get("/v1/groups").wants(200)
		form := s.get(path+"/rotate").wants(200).has("h1", "Rotate Nightly")
		s.post(path+"/rotate", "overlap", "2").wants(422).has("#overlap-error", "0, 1, 24 or 72 hours")
		made := s.post(path+"/rotate", "key", form.value("key"), "overlap", "24").wants(200).has("h1", "New secret for Nightly").has("main", "The old secret works until")
		second := made.valueOf("#secret")
		s.post(path+"/rotate", "key", form.value("key"), "overlap", "24").wants(409)
		for _, secret := range []string{first, second} {
			s.withToken(secret).get("/v1/groups").wants(200)
		}
		now = now.Add(2 * time.Hour)
		s.withToken(first).get("/v1/groups").wants(200)
		now = now.Add(time.Hour)
		s.get(path).has(".notice", "expires in 21 h").has(".notice", "It was last used 1 h ago")
		s.get("/settings/tokens").has("tbody", "Old secret active")

		now = now.Add(21 * time.Hour)
		s.post("/login", "email", email, "password", password).wants(303)
		s.withToken(first).get("/v1/groups").wants(401)
		s.withToken(second).get("/v1/groups").wants(200)
		s.get(path).lacks(".notice")

		third := s.post(path+"/rotate", "overlap", "72").wants(200).valueOf("#secret")
		s.withToken(second).get("/v1/groups").wants(200)
		s.get(path+"/end-old-secret").has("h1", "Revoke the old secret of Nightly?")
		s.post(path + "/end-old-secret").leads(path)
		s.post(path + "/end-old-secret").leads(path) // twice is no harm
		s.withToken(second).get("/v1/groups").wants(401)
		fourth := s.post(path+"/rotate", "overlap", "0").wants(200).has("main", "The old secret no longer works.").valueOf("#secret")
		s.withToken(third).get("/v1/groups").wants(401)
		s.withToken(fourth).get("/v1/groups").wants(200)
		s.post(path + "/revoke").wants(303)
		s.withToken(fourth).get("/v1/groups").wants(401)
		s.post(path+"/rotate", "overlap", "1").wants(409).has("main", "can't be rotated")

		var rotated, ended int
		for _, action := range s.actions() {
			switch action {
			case audit.RotatedToken:
				rotated++
			case audit.EndedOldSecret:
				ended++
			}
		}
		if rotated != 3 || ended != 1 {
			s.Errorf("%d lines about rotations, %d about an old secret", rotated, ended)
		}
	})
}

func TestWhatATokenWasUsedFor(t *testing.T) {
	each(t, func(s *site) {
		token, secret := s.tokenOf(s.by, "Nightly")
		path, api := "/settings/tokens/"+token.ID, s.withToken(secret)
		s.get(path).has("main", "No requests yet").lacks("#hours")
		api.get("/v1/groups?q=secret%20plan").wants(200)
		answer := api.post("/v1/groups", "name", "x").wants(403)
		s.get(path).has("main", "Requests appear here within a few seconds.").lacks("#hours")
		if err := s.store.Identity.Tokens.FlushUses(s.Context()); err != nil {
			s.Fatal(err)
		}
		shown := s.get(path).has("figcaption", "2 requests in the last 24 hours, 1 failed.").has(".calls", "POST /v1/groups").has(".calls", "403")
		shown.has(".bars .beside", "2").has(".legend", "Succeeded").has(".facts", "View contacts contacts.read")
		shown.has(".calls", answer.header.Get("Request-Id")).has(".as-table", "2").has(".facts", "Rate limitNone")
		if strings.Contains(shown.body, "plan") {
			s.Error("it shows what was searched for")
		}
	})
}

// TestRevocationHoldsWithinASecond on another instance, which may remember for that long
// who a token belongs to.
func TestRevocationHoldsWithinASecond(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			url := modelstest.URL(t, engine)
			one, two := open(t, modelstest.OpenURL(t, url)), open(t, modelstest.OpenURL(t, url))
			one.setUp()
			now := time.Now()
			two.store.DB.Now = func() time.Time { return now }
			token, secret := one.tokenOf(one.by, "Nightly")
			two.withToken(secret).get("/v1/groups").wants(200)
			one.post("/settings/tokens/" + token.ID + "/revoke").wants(303)
			one.withToken(secret).get("/v1/groups").wants(401)
			now = now.Add(time.Second)
			two.withToken(secret).get("/v1/groups").wants(401)
		})
	}
}

// TestTokensOfAPerson is the list of somebody's tokens, which their page links to for who
// may see the tokens of others.
func TestTokensOfAPerson(t *testing.T) {
	each(t, func(s *site) {
		editor, e := s.colleague(access.Editor)
		auditor, a := s.colleague(access.Auditor)
		_, admin := s.colleague(access.Admin)
		const rows = 25 // on a page
		for range rows + 1 {
			s.tokenOf(editor, "Editor's")
		}
		s.tokenOf(s.by, "Anna's")
		of := s.get("/users/"+editor.UserID).has("#access ~ .facts", fmt.Sprint(rows+1)+" active").doc.Find(`#access ~ .facts a`).AttrOr("href", "")
		if of != "/settings/tokens?user="+editor.UserID {
			s.Fatalf("the page leads to %q", of)
		}
		for who, b := range map[string]*browser{"the owner": s.browser, "an admin": admin} {
			list := b.get(of).wants(200).has(".chip", "Remove filter: Owner: Some Editor").has(".tabs [aria-current=true]", "All").lacks(".notes li")
			if n := len(list.rows()); n != rows || strings.Contains(list.text("tbody"), "Anna's") {
				s.Errorf("%s sees %d tokens: %s", who, n, list.text("tbody"))
			}
			next := list.doc.Find("[rel=next]").AttrOr("href", "")
			if more := b.get(next).has(".chip", "Owner:").rows(); len(more) != 1 {
				s.Errorf("%s sees %d tokens on the next page", who, len(more))
			}
		}
		s.get("/settings/tokens").has("tbody td[data-label=Owner] a[href$='"+editor.UserID+"']", "Some Editor").lacks(".chip")
		s.get("/settings/tokens?user="+auditor.UserID).has("main", "Some Auditor has no tokens yet")
		for _, nobody := range []string{"nobody", "0000000000000000"} {
			s.get("/settings/tokens?user="+nobody).has(".notes", "isn't valid").has("tbody", "Anna's").lacks(".chip")
		}
		// Who sees no tokens of others sees their own, whatever the address says.
		a.get("/users/" + editor.UserID).lacks("#access ~ .facts a")
		a.get("/settings/tokens?user="+editor.UserID).has(".notes", "isn't valid").has("main", "No tokens yet").lacks(".chip")
		e.get("/settings/tokens?user="+s.by.UserID).has(".notes", "isn't valid").has("tbody", "Editor's").lacks("tbody td[data-label=Owner] a")
	})
}

// TestOneWordingForRights: the form, the page of a token, the list and the activity call
// what a token may do by the same words.
func TestOneWordingForRights(t *testing.T) {
	each(t, func(s *site) {
		form := s.get("/settings/tokens/new")
		for _, made := range []struct {
			scopes       []string
			short, whole string
		}{
			{[]string{"scope", "read"}, "Read only", "Read only"},
			{[]string{"scope", "write"}, "Read and write", "Read and write"},
			{[]string{"scope", "choose", "scopes", "groups.read", "scopes", "contacts.read"}, "View groups and their members and 1 more", "View groups and their members, view contacts"},
			{
				[]string{"scope", "choose", "scopes", "groups.read", "scopes", "contacts.read", "scopes", "activity.read"},
				"View groups and their members and 2 more", "View groups and their members, view contacts, view activity",
			},
		} {
			shown := s.post("/settings/tokens/new", append(made.scopes, "name", "Nightly", "expires", "30")...).wants(201).has(".secret", made.whole+".")
			path := shown.doc.Find("form[data-guard]").AttrOr("action", "")
			if got := s.get("/settings/tokens").doc.Find("tbody tr").First().Find("td[data-label=Permissions]").Text(); got != made.short {
				s.Errorf("the list says %q, not %q", got, made.short)
			}
			for _, does := range s.get(path).doc.Find(".facts .lines li").EachIter() {
				words, _, _ := strings.Cut(does.Text(), " "+does.Find("code").Text())
				form.has("#scopes", words)
			}
			page, err := s.store.Audit.Activity(s.Context(), audit.ActivityQuery{Action: string(audit.CreatedToken)})
			if err != nil {
				s.Fatal(err)
			}
			s.get("/activity/"+page.Lines[0].ID).has("main", "Permissions").has(".diff", made.whole)
		}
		form.has("#scopes", "Read only").has("#scopes", "Read and write")
	})
}

// TestTheListOfTokensIsPaged looks at each token once.
func TestTheListOfTokensIsPaged(t *testing.T) {
	each(t, func(s *site) {
		for range 60 {
			s.tokenOf(s.by, "Nightly")
		}
		seen := map[string]bool{}
		path := "/settings/tokens"
		for n := 0; path != "" && n < 10; n++ {
			p := s.get(path).wants(200)
			for _, href := range p.doc.Find("tbody .name a").EachIter() {
				seen[href.AttrOr("href", "")] = true
			}
			path = p.doc.Find(`a[rel="next"]`).AttrOr("href", "")
		}
		if len(seen) != 60 {
			s.Errorf("%d tokens were seen", len(seen))
		}
	})
}
