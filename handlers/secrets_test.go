package handlers_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

// TestSecretsAreNowhere uses every kind of secret that there is, rightly and wrongly.
// Like every test it ends with a search for them, in the database and the log; this one
// looks into what can be had from the activity, too. Whoever makes a new kind of secret
// lets the story use it, and teaches modelstest.Secrets to see it.
func TestSecretsAreNowhere(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			address := modelstest.URL(t, engine)
			s, p := withProvider(t, modelstest.OpenURL(t, address), (*site).setUpSlowly)
			s.signIns()
			s.meet(p)
			s.useTokens()
			s.useInvitation()
			s.useSecondFactor()
			if err := s.store.Identity.Tokens.FlushUses(t.Context()); err != nil {
				t.Fatal(err)
			}
			used := modelstest.SecretsOf(s.store)
			for _, format := range []string{"csv", "ndjson"} {
				export := s.post("/activity/export", "format", format).wants(200).body
				for _, found := range used.In([]byte(export)) {
					t.Errorf("the export holds %s", found)
				}
			}
			for kind, least := range map[string]int{
				modelstest.Password: 4, modelstest.Cookie: 8, modelstest.APIToken: 3, modelstest.InviteLink: 2, modelstest.SetupCode: 2,
				modelstest.RecoveryCode: 20, modelstest.TOTPKey: 2, modelstest.ProviderCode: 3,
			} {
				if n := used.Kinds()[kind]; n < least {
					t.Errorf("the story used %d times a %s", n, kind)
				}
			}
			// What is no secret can be found: there is something to search in.
			content, err := modelstest.Dump(t.Context(), address)
			if err != nil || !bytes.Contains(content, []byte(email)) || !bytes.Contains(used.Logged(), []byte("/login")) {
				t.Error("there is nothing to search in", err)
			}
		})
	}
}

// setUpSlowly makes the owner, with a code that is tried wrongly before.
func (s *site) setUpSlowly() {
	code, err := s.store.Identity.Users.NewSetupCode(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	s.get("/setup?code=" + code).wants(200)
	s.post("/setup", "code", "wrong-"+code, "name", "Anna", "email", email, "password", password, "workspace", "Acme").wants(422)
	s.post("/setup", "code", code, "name", "Anna", "email", email, "password", password, "workspace", "Acme").wants(303)
}

// signIns are those that work and those that don't.
func (s *site) signIns() {
	b := s.newBrowser()
	const wrong = "mistyped battery horse"
	b.post("/login", "email", email, "password", wrong).wants(422)
	b.post("/groups/new", "name", "Typed", "password", wrong).wants(401)
	b.post("/login", "email", email, "password", password, "remember", "yes", "next", "/groups/new", "carried.name", "Typed").wants(303)
	modelstest.Exec(s.T, s.store, "ALTER TABLE drafts RENAME TO drafts_away")
	b.get("/groups/new").wants(500) // what fails is logged at length
	modelstest.Exec(s.T, s.store, "ALTER TABLE drafts_away RENAME TO drafts")
	b.post("/logout").wants(303)
	if err := s.store.Identity.Users.SetPassword(s.Context(), access.System("test"), email, "another fine phrase"); err != nil {
		s.Fatal(err)
	}
	s.post("/login", "email", email, "password", "another fine phrase").wants(303)
}

// meet signs in with another service, rightly and wrongly.
func (s *site) meet(p *providerOf) {
	p.person("anna", email, true)
	b := s.newBrowser()
	b.get(s.changed(s.back(s.sent(b, "")), "code", "invented-by-somebody")).wants(400)
	b.get(s.back(s.sent(b, ""))).wants(303)
}

// useTokens makes, uses, rotates and revokes one, and tries wrong ones.
func (s *site) useTokens() {
	made := s.post("/settings/tokens/new", "name", "Nightly", "scope", "write", "expires", "30").wants(201)
	first, path := made.valueOf("#secret"), made.doc.Find(`form[data-guard]`).AttrOr("action", "")
	second := s.post(path+"/rotate", "overlap", "24").wants(200).valueOf("#secret")
	for _, secret := range []string{first, second} {
		s.withToken(secret).post("/v1/groups", "name", "Made by a program").wants(201)
		s.withToken(secret).get("/v1/groups?q=x").wants(200)
	}
	s.post(path + "/revoke").wants(303)
	s.withToken(second).get("/v1/groups").wants(401)
	s.withToken(first + "x").get("/v1/groups").wants(401)
	s.get(path).wants(200)
}

// useInvitation opens a link, mistypes it and accepts it.
func (s *site) useInvitation() {
	link := s.link("bea@example.com", access.Editor)
	s.newBrowser().get(link).wants(200)
	s.newBrowser().get(strings.Replace(link, "/invite/", "/invite/wrong-", 1)).wants(404)
	b := s.newBrowser()
	b.post(link, "name", "Bea", "password", "abcabcabcabcabc").wants(422)
	b.post(link, "name", "Bea", "password", "quite another phrase").wants(303)
}

// useSecondFactor turns codes on, signs in with one and with a recovery code, and proves
// who it is.
func (s *site) useSecondFactor() {
	now := s.stopClock()
	app, codes := s.setUpApp()
	*now = now.Add(time.Minute)
	for _, code := range []string{app.code(0), codes[0]} {
		b := s.newBrowser()
		b.post("/login", "email", email, "password", "another fine phrase").leads("/login/code")
		b.post("/login/code", "code", code).wants(303)
	}
	*now = now.Add(time.Hour)
	s.post("/confirm", "confirm.password", "another fine phrase", "next", "/profile").wants(303)
	s.store.DB.Now = time.Now
}
