package handlers_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

func TestSettingUp(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := open(t, store)
		s.get("/groups").leads("/setup")
		s.get("/login").leads("/setup")
		s.post("/groups/new", "name", "x").leads("/setup")
		s.get("/v1/groups").wants(401)
		s.get("/docs/errors/unauthorized").wants(200)
		code, err := store.Identity.Users.NewSetupCode(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := s.get("/setup?code=" + code).wants(200).value("code"); got != code {
			t.Errorf("the link's code is not in the form: %q", got)
		}
		s.get("/setup").wants(200).has("button", "Continue").lacks("#name")
		s.get("/setup?code=").wants(422).has("#code-error", "Enter the setup code")
		s.get("/setup?code=wrong").wants(422).has("#code-error", "incorrect or has expired").lacks("#name")
		refused := s.post("/setup", "code", "wrong", "name", "Anna", "email", "nobody", "password", "short", "workspace", "").wants(422)
		for field, words := range map[string]string{
			"code": "incorrect or has expired", "email": "must look like", "password": "at least 12 characters", "workspace": "Enter a name",
		} {
			refused.has("#"+field+"-error", words)
		}
		if refused.value("name") != "Anna" || refused.value("password") != "" {
			t.Errorf("typed name %q, password %q", refused.value("name"), refused.value("password"))
		}
		for _, weak := range []string{"password1234", "aaaaaaaaaaaaaa", "123456789012", "anna@example.com", "abcdefghijkl", "leavemealone"} {
			s.post("/setup", "code", code, "name", "Anna", "email", email, "password", weak, "workspace", "A").wants(422).has("#password-error", "Too easy to guess")
		}
		if owned, _ := store.Identity.Users.HasOwner(t.Context()); owned {
			t.Fatal("a refused setup made an owner")
		}
		store.DB.Now = func() time.Time { return time.Now().Add(61 * time.Minute) }
		s.post("/setup", "code", code, "name", "Anna", "email", email, "password", password, "workspace", "A").wants(422).has("#code-error", "has expired")
	})
}

func TestTwoSetupsMakeOneOwner(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := open(t, store)
		var wg sync.WaitGroup
		var made, missing atomic.Int32
		for i := range 4 {
			code, err := store.Identity.Users.NewSetupCode(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				p := s.newBrowser().post("/setup", "code", code, "name", "Anna", "email", strings.Repeat("a", i+1)+"@example.com", "password", password, "workspace", "A")
				switch p.status {
				case 303:
					made.Add(1)
				case 404, 422: // 422: its code went with the first one's
					missing.Add(1)
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 || missing.Load() != 3 {
			t.Errorf("%d owners made, %d refused", made.Load(), missing.Load())
		}
		s.get("/setup").wants(404)
	})
}

func TestSigningIn(t *testing.T) {
	each(t, func(s *site) {
		b := s.newBrowser()
		b.get("/groups?q=plaza").leads("/login?next=%2Fgroups%3Fq%3Dplaza")
		for _, who := range []string{email, "nobody@example.com"} {
			refused := b.post("/login", "email", who, "password", "wrong", "next", "/groups?q=plaza").wants(422)
			refused.has(".summary", "Incorrect email or password.").has("title", "Error: Sign in")
			if refused.value("email") != who || refused.value("password") != "" || refused.value("next") != "/groups?q=plaza" {
				s.Errorf("the form has %q, %q, %q", refused.value("email"), refused.value("password"), refused.value("next"))
			}
		}
		in := b.post("/login", "email", strings.ToUpper(email), "password", password, "next", "/groups?q=plaza").leads("/groups?q=plaza")
		cookie := in.header.Get("Set-Cookie")
		if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || strings.Contains(cookie, "Max-Age") {
			s.Errorf("cookie %q", cookie)
		}
		again := b.post("/login", "email", email, "password", password, "remember", "yes", "next", "https://evil.example").leads("/groups")
		kept := again.header.Get("Set-Cookie")
		if secret(kept) == secret(cookie) || !strings.Contains(kept, "Max-Age=2592000") {
			s.Errorf("cookie %q after %q", kept, cookie)
		}
		old := s.newBrowser().with("Cookie", s.sessionCookie()+"="+secret(cookie))
		old.get("/groups").leads("/login?next=%2Fgroups")
		b.get("/login?next=/contacts").leads("/contacts")
		out := b.post("/logout").leads("/login")
		if got := out.header.Get("Clear-Site-Data"); got != `"storage"` || b.get("/login").header.Get("Clear-Site-Data") != "" {
			s.Errorf("signing out clears %q", got)
		}
		s.newBrowser().with("Cookie", s.sessionCookie()+"="+secret(kept)).get("/groups").leads("/login?next=%2Fgroups")
	})
}

func secret(cookie string) string {
	value, _, _ := strings.Cut(cookie[strings.Index(cookie, "=")+1:], ";")
	return value
}

func TestNextIsAlwaysHere(t *testing.T) {
	each(t, func(s *site) {
		for _, next := range []string{
			"//evil.example", "https://evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "javascript:alert(1)",
			"/%2f/evil.example/..//", "evil", "//evil.example/%2f..", "http:evil",
		} {
			p := s.newBrowser().post("/login", "email", email, "password", password, "next", next).wants(303)
			if to := p.header.Get("Location"); !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) || strings.Contains(to, "evil") && to[1] == '/' {
				s.Errorf("next=%q leads to %q", next, to)
			}
		}
	})
}

func TestFailedSignInsMustWait(t *testing.T) {
	each(t, func(s *site) {
		now := time.Now().Truncate(time.Second)
		s.store.DB.Now = func() time.Time { return now }
		b := s.newBrowser()
		for range 4 {
			b.post("/login", "email", email, "password", "wrong").wants(422)
		}
		b.post("/login", "email", " "+strings.ToUpper(email), "password", "wrong").wants(422)
		refused := b.post("/login", "email", email, "password", password).wants(http.StatusTooManyRequests)
		refused.has(".summary", "Too many attempts. Try again in 15 seconds.")
		if refused.header.Get("Retry-After") != "15" {
			s.Errorf("Retry-After %q", refused.header.Get("Retry-After"))
		}
		b.post("/login", "email", "other@example.com", "password", "x").wants(422)
		now = now.Add(16 * time.Second)
		b.post("/login", "email", email, "password", "wrong").wants(422)
		b.post("/login", "email", email, "password", password).wants(429).has(".summary", "30 seconds")
		now = now.Add(31 * time.Second)
		b.post("/login", "email", email, "password", password).wants(303)
		b.post("/login", "email", email, "password", "wrong").wants(422)
	})
}

func TestManyWrongPasswordsAtOnceAreCounted(t *testing.T) {
	each(t, func(s *site) {
		var tried atomic.Int32
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				if s.newBrowser().post("/login", "email", email, "password", "wrong").status == 422 {
					tried.Add(1)
				}
			})
		}
		wg.Wait()
		if tried.Load() > 5 {
			s.Errorf("%d passwords were tried", tried.Load())
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	each(t, func(s *site) {
		now := time.Now()
		s.store.DB.Now = func() time.Time { return now }
		b := s.newBrowser()
		b.post("/login", "email", email, "password", password).wants(303)
		for range 3 { // in use, it goes on
			now = now.Add(11 * time.Hour)
			b.get("/groups").wants(200)
		}
		now = now.Add(13 * time.Hour)
		b.get("/groups").leads("/login?next=%2Fgroups")

		b.post("/login", "email", email, "password", password, "remember", "yes").wants(303)
		now = now.Add(29 * 24 * time.Hour)
		b.get("/groups").wants(200)
		now = now.Add(2 * 24 * time.Hour)
		b.get("/groups").leads("/login?next=%2Fgroups")

		b.post("/login", "email", email, "password", password).wants(303)
		if err := s.store.Identity.Users.SetPassword(s.Context(), access.System("test"), email, "another fine phrase"); err != nil {
			s.Fatal(err)
		}
		b.get("/groups").leads("/login?next=%2Fgroups")
	})
}

func TestWhatWasTypedSurvivesSigningIn(t *testing.T) {
	each(t, func(s *site) {
		g := s.group("Plaza Hotel")
		b := s.newBrowser()
		for path, fields := range map[string][]string{
			"/groups/new":               {"name", "Typed", "description", "Line 1\nLine 2"},
			"/groups/" + g.ID + "/edit": {"name", "Typed", "was_name", "Plaza Hotel"},
			"/contacts/new":             {"username", "Typed"},
		} {
			login := b.post(path, fields...).wants(401).has("h1", "Sign in").has("main", "What you entered is kept")
			form := []string{"email", email, "password", password}
			login.doc.Find(`input[type="hidden"]`).Each(func(_ int, in *goquery.Selection) {
				if name := in.AttrOr("name", ""); strings.HasPrefix(name, "carried.") || name == "next" && in.AttrOr("value", "") == path {
					form = append(form, name, in.AttrOr("value", ""))
				}
			})
			shown := b.post("/login", form...).leads(path).follow(b).wants(200)
			if got := shown.value(fields[0]); got != "Typed" {
				s.Errorf("%s: %s is %q", path, fields[0], got)
			}
			b.post("/logout")
		}
	})
}

func TestTheTheme(t *testing.T) {
	each(t, func(s *site) {
		s.post("/theme", "theme", "dark", "next", "/contacts").leads("/contacts")
		if got := s.get("/contacts").doc.Find("html").AttrOr("data-theme", ""); got != "dark" {
			s.Errorf("theme %q", got)
		}
		s.post("/theme", "theme", "system", "next", "//evil").leads("/")
		if got := s.get("/contacts").doc.Find("html").AttrOr("data-theme", ""); got != "system" {
			s.Errorf("theme %q", got)
		}
		s.post("/theme", "theme", "pink").wants(422)
	})
}

func TestBadRequests(t *testing.T) {
	each(t, func(s *site) {
		for _, path := range []string{"//groups", "/groups/../groups", "/groups%2fnew", "/nowhere", "/Groups", "/groups/%00"} {
			s.get(path).wants(404).has("h1", "Page not found")
		}
		s.post("/groups/new", "name", strings.Repeat("x", 2<<20)).wants(413)
		s.do("POST", "/groups/new", strings.NewReader("name=%zz")).wants(400)
		s.do("POST", "/groups/new", strings.NewReader("name=%ff%fe")).wants(422).has("#name-error", "UTF-8")
		s.post("/groups/new", "name", "a\x00b").wants(422).has("#name-error", "control characters")
		s.post("/groups/new", "name", "\u200b\u3164 ").wants(422).has("#name-error", "Enter a name")
		s.post("/groups/new", "name", strings.Repeat("é", 256)).wants(422).has("#name-error", "at most 255 characters; this has 256")
		s.post("/groups/new", "name", strings.Repeat("e\u0301", 255)).wants(303)
		s.post("/groups/new", "name", strings.Repeat("\ufdfa", 255)).wants(303)
		s.post("/groups/new", "name", "x", "contacts", "nobody").wants(422).has("#find-error", "There is no contact")
		head := s.do("HEAD", "/groups", nil).wants(200)
		if head.body != "" {
			s.Errorf("HEAD has a body of %d bytes", len(head.body))
		}
	})
}

func TestTheDatabaseAwayAndBack(t *testing.T) {
	cluster := modelstest.StartCluster(t)
	store := modelstest.OpenEmpty(t, cluster.URL())
	s := open(t, store)
	s.setUp()
	g := s.group("Plaza Hotel")
	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/groups", "/groups/" + g.ID, "/readyz", "/login"} {
		if p := s.get(path).wants(503); p.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", path)
		}
	}
	away := s.post("/groups/new", "name", "Typed").wants(503).has("h1", "The database can't be reached")
	if away.value("name") != "Typed" || away.doc.Find(`form[action="/groups/new"][method="post"]`).Length() != 1 {
		t.Error("what was typed can't be sent again")
	}
	s.get("/healthz").wants(200)
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}
	s.get("/groups").wants(200).has("tbody", "Plaza Hotel")
	s.get("/readyz").wants(200)
}
