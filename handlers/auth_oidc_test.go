package handlers_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/modelstest"
)

const (
	clientID     = "console"
	clientSecret = "a secret of the client"
)

// withProvider is a site whose people can sign in with a provider; setUp makes its owner,
// unless that is to be done as always.
func withProvider(t *testing.T, store *models.Store, setUp ...func(*site)) (*site, *providerOf) {
	t.Helper()
	p := startProvider(t)
	s := open(t, store, func(c *handlers.Config) {
		c.OIDC = &handlers.OIDC{Issuer: p.URL, ClientID: clientID, ClientSecret: clientSecret, Name: "Acme"}
	})
	modelstest.SecretsOf(store).Keep(modelstest.ProviderCode, clientSecret)
	p.knows(t, s.url)
	for _, set := range append(setUp, (*site).setUp)[:1] {
		set(s)
	}
	return s, p
}

// sent is where the browser is sent by the link on the sign-in page.
func (s *site) sent(b *browser, next string) *url.URL {
	s.Helper()
	login := b.get("/login?next=" + url.QueryEscape(next))
	to := b.get(login.doc.Find(`a[href^="/login/oidc"]`).AttrOr("href", "")).wants(303).header.Get("Location")
	at, err := url.Parse(to)
	if err != nil {
		s.Fatal(err)
	}
	return at
}

// back goes to the provider, signs in there, and is the path with which the provider
// sends the browser back.
func (s *site) back(at *url.URL) string {
	s.Helper()
	client := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), s.url) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	answer, err := client.Get(at.String())
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	to, ours := strings.CutPrefix(answer.Header.Get("Location"), s.url)
	if !ours {
		body, _ := io.ReadAll(answer.Body)
		s.Fatalf("the provider answers %d %s %s", answer.StatusCode, to, body)
	}
	return to
}

func (s *site) through(b *browser) *page {
	s.Helper()
	return b.get(s.back(s.sent(b, "")))
}

// nobody fails the test where the browser is signed in.
func (s *site) nobody(b *browser) {
	s.Helper()
	b.get("/groups").leads("/login?next=%2Fgroups")
}

func eachProvider(t *testing.T, test func(s *site, p *providerOf)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s, p := withProvider(t, store)
		test(s, p)
	})
}

func TestSigningInWithAProvider(t *testing.T) {
	eachProvider(t, func(s *site, p *providerOf) {
		b := s.newBrowser()
		b.get("/login").has("main", "Continue with Acme")
		p.person("anna", strings.ToUpper(email), true)
		at := s.sent(b, "/contacts?q=x")
		asked := at.Query()
		if asked.Get("redirect_uri") != s.url+"/login/oidc/callback" || asked.Get("code_challenge_method") != "S256" || asked.Get("response_type") != "code" {
			s.Errorf("the provider is asked %v", asked)
		}
		if len(asked.Get("state")) < 40 || len(asked.Get("nonce")) < 40 || asked.Get("state") == asked.Get("nonce") {
			s.Errorf("state and nonce: %v", asked)
		}
		b.get(s.back(at)).leads("/contacts?q=x")
		b.get("/groups").wants(200).has("header", "Anna")

		p.users["anna"].Email = "married@example.com" // the identity counts from now on, not the address
		again := s.newBrowser()
		s.through(again).leads("/groups")
		again.get("/groups").wants(200)
		links := slices.DeleteFunc(s.actions(), func(a audit.Action) bool { return a != audit.LinkedIdentity })
		if len(links) != 1 {
			s.Errorf("%d lines about links", len(links))
		}
		s.newBrowser().post("/login", "email", email, "password", password).wants(303) // break-glass
	})
}

// TestOnlyAVerifiedAddressLinks, and what is said of others does not tell whether their
// address is anybody's.
func TestOnlyAVerifiedAddressLinks(t *testing.T) {
	eachProvider(t, func(s *site, p *providerOf) {
		disabled, _ := s.colleague(access.Editor)
		if _, err := s.store.Identity.Users.UserByEmail(s.Context(), "editor@example.com"); err != nil || disabled.ID == "" {
			s.Fatal(err)
		}
		words := map[bool]string{}
		for _, who := range []struct {
			id, email string
			verified  bool
		}{{"eve", email, false}, {"eve2", "nobody@example.com", true}, {"eve3", "", true}, {"eve4", "nobody@example.com", false}} {
			p.person(who.id, who.email, who.verified)
			b := s.newBrowser()
			refused := s.through(b).wants(403)
			if got := refused.text("main"); words[who.verified] != "" && got != words[who.verified] {
				s.Errorf("%s: %q, and before %q", who.id, got, words[who.verified])
			}
			words[who.verified] = refused.text("main")
			s.nobody(b)
		}
		p.person("anna", email, true)
		s.through(s.newBrowser()).wants(303)
		p.person("heir", email, true) // somebody else has got the address
		b := s.newBrowser()
		if got := s.through(b).wants(403).text("main"); got != words[true] {
			s.Errorf("another identity: %q", got)
		}
		s.nobody(b)
		if !slices.Contains(s.actions(), audit.RefusedSignIn) {
			s.Error("refusals are not in the activity")
		}
	})
}

// TestWrongAnswersOfAProvider: each is refused and signs nobody in, and the next sign-in
// works.
func TestWrongAnswersOfAProvider(t *testing.T) {
	eachProvider(t, func(s *site, p *providerOf) {
		p.person("anna", email, true)
		var replayed string
		for name, tc := range map[string]struct {
			status int
			says   string
			answer func(b *browser) string
		}{
			"no sign-in under way": {400, "already used or has expired", func(*browser) string { return "/login/oidc/callback?code=x&state=y" }},
			"wrong state": {400, "already used or has expired", func(b *browser) string {
				return s.changed(s.back(s.sent(b, "")), "state", "guessed")
			}},
			"no state": {400, "already used or has expired", func(b *browser) string {
				return s.changed(s.back(s.sent(b, "")), "state", "")
			}},
			"wrong nonce": {400, "wasn't valid", func(b *browser) string {
				at := s.sent(b, "")
				asked := at.Query()
				asked.Set("nonce", "another")
				at.RawQuery = asked.Encode()
				return s.back(at)
			}},
			"replayed": {400, "already used or has expired", func(b *browser) string {
				replayed = s.back(s.sent(b, ""))
				b.get(replayed).wants(303)
				b.post("/logout").wants(303)
				return replayed
			}},
			"another browser's code": {400, "wasn't valid", func(b *browser) string { // PKCE
				theirs, err := url.Parse(s.back(s.sent(s.newBrowser(), "")))
				if err != nil {
					s.Fatal(err)
				}
				return s.changed(s.back(s.sent(b, "")), "code", theirs.Query().Get("code"))
			}},
			"another browser's answer": {400, "already used or has expired", func(b *browser) string {
				s.sent(b, "")
				return s.back(s.sent(s.newBrowser(), ""))
			}},
			"invented code": {400, "wasn't valid", func(b *browser) string {
				return s.changed(s.back(s.sent(b, "")), "code", "invented")
			}},
			"access denied": {403, "Acme didn't sign you in.", func(b *browser) string {
				state := s.sent(b, "").Query().Get("state")
				return "/login/oidc/callback?error=access_denied&state=" + state
			}},
			"another issuer's answer": {400, "wasn't valid", func(b *browser) string {
				return s.changed(s.back(s.sent(b, "")), "iss", "https://evil.example")
			}},
		} {
			b := s.newBrowser()
			refused := b.get(tc.answer(b))
			if refused.status != tc.status || !strings.Contains(refused.text(".summary"), tc.says) {
				s.Errorf("%s: %d %s", name, refused.status, refused.text("main"))
			}
			s.nobody(b)
			s.through(b).leads("/groups")
		}
		b := s.newBrowser()
		old := s.back(s.sent(b, ""))
		s.store.DB.Now = func() time.Time { return time.Now().Add(11 * time.Minute) }
		b.get(old).wants(400).has(".summary", "already used or has expired")
	})
}

// changed is an address with another value for a parameter.
func (s *site) changed(path, name, value string) string {
	at, err := url.Parse(path)
	if err != nil {
		s.Fatal(err)
	}
	query := at.Query()
	query.Set(name, value)
	at.RawQuery = query.Encode()
	return at.String()
}

// TestOpenRedirectAtTheCallback: whatever is asked for, one comes out on the console, and
// the provider sends people to the public URL only, whatever Host says.
func TestOpenRedirectAtTheCallback(t *testing.T) {
	eachProvider(t, func(s *site, p *providerOf) {
		p.person("anna", email, true)
		for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "/groups/..//evil.example", "javascript:alert(1)", "/v1/groups"} {
			b := s.newBrowser()
			at, err := url.Parse(b.get("/login/oidc?next=" + url.QueryEscape(next)).wants(303).header.Get("Location"))
			if err != nil {
				s.Fatal(err)
			}
			b.get(s.back(at) + "&next=" + url.QueryEscape(next)).leads("/groups")
		}
		r := httptest.NewRequest(http.MethodGet, "/login/oidc", nil)
		r.Host = "evil.example"
		r.Header.Set("X-Forwarded-Host", "evil.example")
		answer := httptest.NewRecorder()
		s.console.ServeHTTP(answer, r)
		if to := answer.Header().Get("Location"); answer.Code != 303 || strings.Contains(to, "evil") || !strings.HasPrefix(to, p.URL) {
			s.Errorf("%d %s", answer.Code, to)
		}
		for _, cookie := range answer.Result().Cookies() {
			if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge > 600 {
				s.Errorf("the cookie is %v", cookie)
			}
		}
	})
}

// TestAProviderThatIsAway never stops the console, which says so and tries again.
func TestAProviderThatIsAway(t *testing.T) {
	s, p := withProvider(t, modelstest.Open(t, modelstest.SQLite))
	p.person("anna", email, true)
	const discovery = "/.well-known/openid-configuration"
	b := s.newBrowser()
	for name, answer := range map[string]func(string) string{
		"nonsense": func(string) string { return "<html>" },
		"too much": func(body string) string { return strings.Repeat(" ", 2<<20) + body },
		"foreign issuer": func(body string) string {
			return strings.ReplaceAll(body, `"issuer":"`+p.URL, `"issuer":"https://evil.example`)
		},
	} {
		p.tamper[discovery] = answer
		away := b.get("/login/oidc?next=/contacts").wants(503).has(".summary", "Acme can't be reached right now.")
		if away.header.Get("Retry-After") == "" || away.value("next") != "/contacts" {
			t.Errorf("%s: Retry-After %q, next %q", name, away.header.Get("Retry-After"), away.value("next"))
		}
	}
	delete(p.tamper, discovery)
	to := s.back(s.sent(b, "")) // it is asked again
	p.Close()                   // and goes away on the way back
	b.get(to).wants(503).has(".summary", "sign in with your password")
	b.post("/login", "email", email, "password", password).wants(303)
}

// TestAProviderThatRedirectsIsNotFollowed to where somebody else could answer in its place.
func TestAProviderThatRedirectsIsNotFollowed(t *testing.T) {
	s, p := withProvider(t, modelstest.Open(t, modelstest.SQLite))
	const discovery = "/.well-known/openid-configuration"
	asked, other := p.Config.Handler, false
	p.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case discovery:
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		case "/elsewhere":
			other, r.URL.Path = true, discovery
			fallthrough
		default:
			asked.ServeHTTP(w, r)
		}
	})
	s.newBrowser().get("/login/oidc").wants(503).has(".summary", "Acme can't be reached right now.")
	if other {
		t.Error("the redirect was followed")
	}
}

func TestASlowProvider(t *testing.T) {
	modelstest.Slow(t)
	t.Parallel()
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(slow.Close)
	s := open(t, modelstest.Open(t, modelstest.SQLite), func(c *handlers.Config) {
		c.OIDC = &handlers.OIDC{Issuer: slow.URL, ClientID: clientID, Name: "Acme"}
	})
	s.setUp()
	start := time.Now()
	s.newBrowser().get("/login/oidc").wants(503).has(".summary", "Acme can't be reached right now.")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
