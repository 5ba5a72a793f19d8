package handlers_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// link invites somebody as the owner and returns the address that the page shows.
func (s *site) link(address string, role access.Role) string {
	s.Helper()
	made := s.post("/users/invite", "email", address, "name", "Bea", "role", string(role)).wants(http.StatusCreated)
	made.has("h1", "Invite link for Bea").has(".notice", "It won't be shown again.")
	link := made.doc.Find("#secret").AttrOr("value", "")
	if !strings.HasPrefix(link, s.url+"/invite/") {
		s.Fatalf("the link is %q", link)
	}
	return strings.TrimPrefix(link, s.url)
}

func TestInvitingSomebody(t *testing.T) {
	each(t, func(s *site) {
		refused := s.post("/users/invite", "email", "nobody", "name", "Bea", "role", "").wants(422)
		refused.has("#email-error", "must look like").has("#role-error", "Choose a role.")
		if refused.value("name") != "Bea" {
			s.Errorf("typed name %q", refused.value("name"))
		}
		s.post("/users/invite", "email", strings.ToUpper(email), "role", "editor").wants(422).has("#email-error", "already")
		link := s.link("bea@example.com", access.Moderator)
		s.post("/users/invite", "email", "bea@example.com", "role", "editor").wants(409).has("h1", "is already invited").has("form", "Create new link")
		list := s.get("/users").has("#invitations", "Invitations").has("tbody", "bea@example.com")
		if strings.Contains(list.body, strings.TrimPrefix(link, "/invite/")) {
			s.Error("the list shows the link")
		}

		b := s.newBrowser()
		b.get(link).wants(200).has("h1", "Join Acme").has("form", "Anna invited you to this console as a moderator.").has("form strong", "bea@example.com")
		weak := b.post(link, "name", "Beatrix", "password", "short").wants(422).has("#password-error", "at least 12 characters")
		if weak.value("name") != "Beatrix" || weak.value("password") != "" {
			s.Errorf("typed %q, %q", weak.value("name"), weak.value("password"))
		}
		before := b.client.Jar.Cookies(s.at())
		b.post(link, "name", "Beatrix", "password", password).leads("/groups")
		if len(before) != 0 || s.cookie(b) == "" {
			s.Error("no new session")
		}
		b.get("/groups").wants(200).has(".account", "Beatrix")
		s.get("/users").has("tbody", "Beatrix").lacks("#invitations")
		s.newBrowser().post("/login", "email", "bea@example.com", "password", password).wants(303)
	})
}

// Who accepts an invitation gets a new session, also where somebody was signed in before.
func TestAcceptingAnInvitationGivesANewSession(t *testing.T) {
	each(t, func(s *site) {
		link := s.link("bea@example.com", access.Editor)
		b := s.session(s.person(access.Admin))
		b.get("/users").wants(200)
		in := b.post(link, "name", "Bea", "password", password).leads("/groups")
		if cookie := in.header.Get("Set-Cookie"); !strings.HasPrefix(cookie, s.sessionCookie()+"=") || strings.Contains(cookie, b.header.Get("Cookie")) {
			s.Errorf("the cookie is %q", cookie)
		}
		s.newBrowser().with("Cookie", b.header.Get("Cookie")).get("/users").leads("/login?next=%2Fusers")
	})
}

func TestALinkThatIsNoGoodSaysSoAlike(t *testing.T) {
	each(t, func(s *site) {
		now := time.Now()
		s.store.DB.Now = func() time.Time { return now }
		used, revoked, replaced, expired := s.link("a@example.com", "editor"), s.link("b@example.com", "editor"), s.link("c@example.com", "editor"), s.link("d@example.com", "editor")
		s.newBrowser().post(used, "name", "A", "password", password).wants(303)
		invitations, err := s.store.Identity.Invitations.Invitations(s.Context(), s.by)
		if err != nil {
			s.Fatal(err)
		}
		for _, i := range invitations {
			switch i.Email {
			case "b@example.com":
				s.post("/users/invitations/"+i.ID+"/revoke").leads("/users").follow(s.browser).has("#flashes", "b@example.com revoked")
			case "c@example.com":
				now = now.Add(time.Hour)
				s.post("/users/invitations/"+i.ID+"/renew", "confirm.password", password).wants(201).has("h1", "Invite link for")
			}
		}
		now = now.Add(identity.InvitationLimit - time.Hour)
		s.signInAgain()
		var words string
		for name, link := range map[string]string{"used": used, "revoked": revoked, "replaced": replaced, "expired": expired, "unknown": "/invite/x"} {
			b := s.newBrowser()
			shown := b.get(link).wants(404).has("h1", "This invitation is no longer valid").has("main", "ask whoever invited you").has(`.card a[href="/login"].primary`, "Sign in").lacks(`main a[href="/groups"]`).text("[data-sentence]")
			sent := b.post(link, "name", "X", "password", password).wants(404).text("[data-sentence]")
			if words == "" {
				words = shown
			}
			if shown != words || sent != words {
				s.Errorf("%s: %q, %q", name, shown, sent)
			}
		}
		s.get("/users").has("thead", "Expires").has("tbody", "Expired")
	})
}

// TestSecretsOfInvitationsAreNotLogged is about the log of requests, also of strange ones.
func TestSecretsOfInvitationsAreNotLogged(t *testing.T) {
	var log logBuffer
	console := handlers.New(handlers.Config{
		Store: modelstest.Open(t, modelstest.SQLite), Log: slog.New(slog.NewTextHandler(&log, nil)), PublicURL: "http://console.example",
	})
	for _, path := range []string{"/invite/hidden", "/invite/hidden/", "//invite/hidden", "/x/../invite/hidden", "/invite/./hidden", "/invite//hidden", "/invite/hidden/x"} {
		for _, target := range []string{"", "section#nowhere"} {
			r := httptest.NewRequest(http.MethodGet, "http://console.example"+path, nil)
			if target != "" {
				r.Header = http.Header{"Hx-Request": {"true"}, "Hx-Request-Type": {"partial"}, "Hx-Target": {target}}
			}
			console.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	if !strings.Contains(log.String(), "/invite/…") || strings.Contains(log.String(), "hidden") {
		t.Errorf("the log says %s", log.String())
	}
}

func TestDisabledPersonIsOutFromTheNextRequestOn(t *testing.T) {
	each(t, func(s *site) {
		bea := s.person(access.Editor)
		b := s.session(bea)
		_, token, err := s.store.Identity.Tokens.CreateToken(s.Context(), bea.Actor(), identity.NewToken{Name: "robot", Scopes: access.ReadScopes()}, nil)
		if err != nil {
			s.Fatal(err)
		}
		robot := s.newBrowser().with("Authorization", "Bearer "+token)
		b.get("/groups").wants(200)
		robot.get("/v1/groups").wants(200)
		s.get("/users/"+bea.ID+"/disable").has("#question", "signed out immediately").has("main", "1 API token is permanently revoked.")
		s.post("/users/"+bea.ID+"/disable").leads("/users/"+bea.ID).follow(s.browser).has("#flashes", "disabled and signed out").has(".notes", "revoked")
		b.get("/groups").leads("/login?next=%2Fgroups")
		b.post("/groups/new", "name", "X").wants(401)
		robot.get("/v1/groups").wants(401)
		s.newBrowser().post("/login", "email", bea.Email, "password", password).wants(422).has(".summary", "Incorrect email or password.")
		s.post("/users/" + bea.ID + "/enable").leads("/users/" + bea.ID)
		b.get("/groups").leads("/login?next=%2Fgroups")
		robot.get("/v1/groups").wants(401)
		s.newBrowser().post("/login", "email", bea.Email, "password", password).wants(303)
	})
}

func TestRightsAreNotKeptAfterARoleWasTaken(t *testing.T) {
	each(t, func(s *site) {
		bea, group := s.person(access.Admin), aGroup(s)
		b := s.session(bea)
		b.get("/groups/" + group + "/delete").wants(200)
		s.post("/users/"+bea.ID+"/role", "role", "king").wants(422).has("#role-error", "Choose a role.")
		s.post("/users/"+bea.ID+"/role", "role", "moderator").wants(303).follow(s.browser).has("#flashes", "now has the role Moderator.")
		b.post("/groups/" + group + "/delete").wants(401)
		s.session(bea).post("/groups/" + group + "/delete").wants(403)
		s.post("/users/"+bea.ID+"/role", "role", "moderator").wants(303).follow(s.browser).has("#flashes", "Nothing changed.")
	})
}

func TestAnOwnerStepsDownOnPurposeAndNotAsTheLast(t *testing.T) {
	each(t, func(s *site) {
		own := "/users/" + s.by.ID
		s.get(own).has(".who", "You").lacks(`a[href$="/disable"]`)
		s.get(own+"/role").has("h1", "Change your own role").has(".notice", "You're the only owner").has(`.notice a[href="/users"]`, "Users")
		s.post(own+"/role", "role", "editor").wants(422).has("#sure-error", "Confirm that you want to stop being an owner.")
		s.post(own+"/role", "role", "editor", "sure", "yes").wants(409).has("#role-error", "Anna is the only owner. Make another user an owner first.")
		s.post(own + "/disable").wants(409)
		bea := s.person(access.Admin)
		s.post("/users/"+bea.ID+"/role", "role", "owner").wants(303)
		s.get(own+"/role").has(".notice", "only another owner can change it back")
		s.post(own+"/role", "role", "editor", "sure", "yes").leads("/login")
		s.get("/groups").leads("/login?next=%2Fgroups")
		s.session(bea).get("/users").has("tbody", "Editor")
	})
}

func TestSigningSomebodyOutEverywhere(t *testing.T) {
	each(t, func(s *site) {
		bea := s.person(access.Editor)
		b := s.session(bea)
		s.get("/users/"+bea.ID).has("dl", "Sessions1 active")
		s.get("/users/"+bea.ID).has(`a[href$="/sessions"][data-dialog]`, "Sign out everywhere…")
		s.get("/users/"+bea.ID+"/sessions").wants(200).has("#question", "1 session ends immediately.")
		s.get("/users/"+s.by.ID+"/sessions").wants(200).has("h1", "Sign out everywhere?")
		s.post("/users/"+bea.ID+"/sessions").wants(303).follow(s.browser).has("#flashes", "was signed out everywhere.").has("dl", "SessionsNone")
		b.get("/groups").leads("/login?next=%2Fgroups").follow(b).has(".notice", "You were signed out. Sign in again to continue.")
		s.newBrowser().get("/login").lacks(".notice")
		s.post("/users/" + s.by.ID + "/sessions").leads("/login")
	})
}

func TestWhoNeedsASecondFactorIsLedToIt(t *testing.T) {
	each(t, func(s *site) {
		now := time.Now()
		s.store.DB.Now = func() time.Time { return now }
		editor := s.session(s.person(access.Editor))
		s.get("/users/policy").has(".rule", "Editors need a second factor").has("main", "1 doesn't have one yet.")
		wrong := s.post("/users/policy", "need", "editor", "editor", "soon").wants(422).has("#editor-error", "Enter a date like 2027-01-31.")
		if wrong.doc.Find("input[checked]").AttrOr("value", "") != "editor" {
			s.Error("the choice is lost")
		}
		s.post("/users/policy", "need", "editor", "editor", "").wants(422).has("#editor-error", "Choose the day from which this applies.")
		soon := now.UTC().AddDate(0, 0, 14).Format(time.DateOnly)
		s.get("/users/policy").has("main", "No auditors yet.").lacks("input[checked]")
		tomorrow := now.Add(24 * time.Hour).UTC().Format(time.DateOnly)
		s.post("/users/policy", "need", "editor", "editor", tomorrow, "auditor", tomorrow).leads("/users").follow(s.browser).has(".flash", "A second factor is required for editors from ").has("tbody .warn", "Missing")
		if shown := s.get("/users/policy"); shown.value("editor") != tomorrow || shown.value("auditor") != soon {
			s.Errorf("the rules are %q and %q", shown.value("editor"), shown.value("auditor"))
		}
		editor.get("/groups").wants(200)
		editor.get("/profile/security").has(".notice.warn", "From ").has(".notice.warn", "your role, Editor, requires a second factor.").has("nav", "Groups")
		told := s.newBrowser()
		told.post("/login", "email", s.person(access.Editor).Email, "password", password).wants(303)
		told.get("/groups").has(".flash", "you'll need a second factor. Set one up in Security.")
		now = now.Add(25 * time.Hour)
		s.signInAgain()
		editor = s.session(s.person(access.Editor))
		editor.get("/groups").leads("/profile/security?next=%2Fgroups").follow(editor).has("h1", "Set up a second factor").
			has(".head", "Your role, Editor, has required one since ").has("a.primary", "Set up authenticator").lacks(`nav a[href="/groups"]`)
		editor.part("results").get("/groups").wants(403).has("h1", "Set up a second factor first")
		editor.post("/groups/new", "name", "X").wants(403)
		editor.get("/profile/securityx").wants(404)
		s.session(s.person(access.Auditor)).get("/groups").wants(200)
		editor.post("/logout").leads("/login")
		s.post("/users/policy").leads("/users")
		s.session(s.person(access.Editor)).get("/groups").wants(200)
	})
}

func TestWhoMayDoWhatIsPublic(t *testing.T) {
	each(t, func(s *site) {
		for _, b := range []*browser{s.newBrowser(), s.browser} {
			p := b.get("/docs/roles").wants(200).has("h1", "Roles and permissions")
			rows := p.doc.Find("tbody tr")
			if rows.Length() != len(access.Rules) {
				s.Errorf("%d rights", rows.Length())
			}
			for i, rule := range access.Rules {
				if yes := strings.Count(rows.Eq(i).Text(), "Yes"); yes != len(rule.Roles) {
					s.Errorf("%s: %d roles", rule.Right, yes)
				}
			}
		}
		s.get("/docs/roles").has(".account", "Anna")
	})
}
