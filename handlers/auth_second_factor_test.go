package handlers_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
)

// authenticator is an app that makes codes, by RFC 6238 alone.
type authenticator struct {
	site *site
	seed []byte
}

// code is what the app shows now, or so many steps from now.
func (p authenticator) code(steps int) string {
	mac := hmac.New(sha1.New, p.seed)
	_ = binary.Write(mac, binary.BigEndian, p.site.store.DB.Now().Unix()/30+int64(steps))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// stopClock lets the test set the time.
func (s *site) stopClock() *time.Time {
	now := time.Now().Truncate(30 * time.Second)
	s.store.DB.Now = func() time.Time { return now }
	return &now
}

// setUpApp turns codes on for who is signed in, as a person would.
func (s *site) setUpApp() (authenticator, []string) {
	s.Helper()
	shown := s.get("/profile/security/app").wants(200)
	if shown.doc.Find("svg.qr path").Length() != 1 {
		s.Error("there is no QR code")
	}
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(shown.text("code.key"), " ", ""))
	if err != nil {
		s.Fatal(err)
	}
	p := authenticator{s, seed}
	s.post("/profile/security/app", "code", "000000").wants(422).has("#code-error", "Incorrect code")
	kept := s.post("/profile/security/app", "code", p.code(0)).wants(201).has("h1", "Authenticator app set up")
	codes := kept.doc.Find(".codes code").Map(func(_ int, code *goquery.Selection) string { return code.Text() })
	if len(codes) != 10 {
		s.Fatal(codes)
	}
	return p, codes
}

func TestWhoHadToSetUpASecondFactorGoesOn(t *testing.T) {
	each(t, func(s *site) {
		if err := s.store.Identity.Policies.SetPolicy(s.Context(), s.by, identity.Policy{SecondFactor: map[access.Role]int64{access.Owner: 0}}); err != nil {
			s.Fatal(err)
		}
		s.get("/groups").leads("/profile/security?next=%2Fgroups")
		s.get("/profile/security").has("h1", "Set up a second factor").has("main", "Your role, Owner, has required one since").lacks("#password").lacks("#sessions")
		shown := s.get("/profile/security/app").lacks("header nav")
		seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(shown.text("code.key"), " ", ""))
		if err != nil {
			s.Fatal(err)
		}
		kept := s.post("/profile/security/app", "code", authenticator{s, seed}.code(0)).wants(201).has("header nav", "Groups")
		if to := kept.doc.Find("form[data-guard]").AttrOr("action", ""); to != "/" {
			s.Errorf("the page leads to %q", to)
		}
		s.get("/groups").wants(200)
		s.get("/profile/security").has("h1", "Security").lacks(".notice.warn")
	})
}

// TestSettingUpASecondFactorLeadsOn to where somebody wanted to go, on this console only.
func TestSettingUpASecondFactorLeadsOn(t *testing.T) {
	each(t, func(s *site) {
		if err := s.store.Identity.Policies.SetPolicy(s.Context(), s.by, identity.Policy{SecondFactor: map[access.Role]int64{access.Owner: 0}}); err != nil {
			s.Fatal(err)
		}
		const next = "?next=%2Fcontacts%3Fq%3Da%26limit%3D10"
		s.get("/contacts?q=a&limit=10").leads("/profile/security" + next)
		s.get("/profile/security"+next).has(`main a[href="/profile/security/app`+next+`"]`, "Set up authenticator").has(`a[href="/profile/security/passkeys/new`+next+`"]`, "Add passkey")
		if got := s.get("/profile/security/passkeys/new" + next).value("next"); got != "/contacts?q=a&limit=10" {
			s.Errorf("a passkey leads to %q", got)
		}
		for _, foreign := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "/v1/groups", "javascript:alert(1)"} {
			q := "?next=" + url.QueryEscape(foreign)
			for _, path := range []string{"/profile/security", "/profile/security/app", "/profile/security/passkeys/new"} {
				if p := s.get(path + q).wants(200); strings.Contains(p.text("main"), "evil") || p.doc.Find(`main [href*="next="], main [name="next"]`).Length() > 0 {
					s.Errorf("%s carries %q on", path, foreign)
				}
			}
		}
		shown := s.get("/profile/security/app" + next)
		seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(shown.text("code.key"), " ", ""))
		if err != nil {
			s.Fatal(err)
		}
		if got := s.post("/profile/security/app", "code", "000000", "next", shown.value("next")).wants(422).value("next"); got != "/contacts?q=a&limit=10" {
			s.Errorf("after a wrong code an app leads to %q", got)
		}
		kept := s.post("/profile/security/app", "code", authenticator{s, seed}.code(0), "next", shown.value("next")).wants(201).has("button.primary", "Continue")
		form := kept.doc.Find("form[data-guard]")
		if form.AttrOr("action", "") != "/contacts" || form.Find(`[name="q"]`).AttrOr("value", "") != "a" || form.Find(`[name="limit"]`).AttrOr("value", "") != "10" {
			html, _ := form.Html()
			s.Errorf("the page leads to %q %s", form.AttrOr("action", ""), html)
		}
		codes := s.post("/profile/security/codes", "next", "//evil.example").wants(201)
		if to := codes.doc.Find("form[data-guard]").AttrOr("action", ""); to != "/profile/security" {
			s.Errorf("new codes lead to %q", to)
		}
	})
}

func TestSigningInWithASecondFactor(t *testing.T) {
	each(t, func(s *site) {
		now := s.stopClock()
		p, codes := s.setUpApp()
		b := s.newBrowser()
		b.get("/login/code").leads("/login")
		wrong := b.post("/login", "email", email, "password", "wrong").wants(422).has(`.summary[autofocus] a[href="#email"]`, "Incorrect email or password.")
		for _, field := range []string{"email", "password"} { // neither is told to be the wrong one
			if wrong.doc.Find("#"+field+`[aria-invalid="true"][aria-describedby~="`+field+`-error"]`).Length() != 1 || wrong.text("#"+field+"-error.hide") != "Error: Incorrect email or password." {
				s.Errorf("beside %s stands %q", field, wrong.text("#"+field+"-error"))
			}
		}
		if wrong.value("email") != email || wrong.value("password") != "" {
			s.Errorf("typed %q, %q", wrong.value("email"), wrong.value("password"))
		}
		b.post("/login", "email", email, "password", password, "next", "/groups/new", "remember", "yes", "carried.name", "Typed").leads("/login/code")
		b.get("/groups").leads("/login?next=%2Fgroups")
		b.get("/login/code").wants(200).has("label", "Authentication code").has("a[href='/login/code?with=recovery']", "Use a recovery code").
			has(".card", "Signing in as "+email).has("a[href='/login?next=%2Fgroups%2Fnew']", "Use a different account")
		b.get("/login/code?with=recovery").wants(200).has("label", "Recovery code")
		b.post("/login/code", "code", "123456").wants(422).has(".summary", "Incorrect code")
		*now = now.Add(time.Minute)
		code := p.code(0)
		in := b.post("/login/code", "code", code[:3]+" "+code[3:]).leads("/groups/new")
		if !strings.Contains(strings.Join(in.header.Values("Set-Cookie"), " "), "Max-Age=2592000") {
			s.Errorf("“Keep me signed in” is forgotten: %q", in.header.Values("Set-Cookie"))
		}
		if got := in.follow(b).wants(200).value("name"); got != "Typed" {
			s.Errorf("what was typed is %q", got)
		}
		lost := s.newBrowser()
		lost.post("/login", "email", email, "password", password).leads("/login/code")
		lost.post("/login/code", "code", codes[0], "with", "recovery").leads("/groups")
		lost.get("/profile/security").wants(200).has("#codes + p", "9 codes left")
		last := s.lines()[len(s.lines())-1]
		if last.Action != audit.SignedIn || !strings.Contains(last.Changes, identity.ByRecoveryCode) {
			s.Errorf("%s %s", last.Action, last.Changes)
		}
		for _, secret := range append(codes, code, base32.StdEncoding.EncodeToString(p.seed)) {
			for _, line := range s.lines() {
				if strings.Contains(line.Changes, secret) {
					s.Errorf("%s has a secret: %s", line.Action, line.Changes)
				}
			}
		}
	})
}

func TestACodeUsedTwice(t *testing.T) {
	each(t, func(s *site) {
		now := s.stopClock()
		p, codes := s.setUpApp()
		*now = now.Add(time.Minute)
		for i, code := range []string{p.code(0), p.code(0), codes[0], codes[0]} {
			b := s.newBrowser()
			b.post("/login", "email", email, "password", password).leads("/login/code")
			b.post("/login/code", "code", code).wants([]int{303, 422}[i%2])
		}
	})
}

func TestASecondFactorTakesNoLongerThanTenMinutes(t *testing.T) {
	each(t, func(s *site) {
		now := s.stopClock()
		p, _ := s.setUpApp()
		b := s.newBrowser()
		b.post("/login", "email", email, "password", password).leads("/login/code")
		*now = now.Add(11 * time.Minute)
		b.post("/login/code", "code", p.code(0)).wants(422).has(".summary", "Your sign-in expired after 10 minutes.")
		b.post("/login", "email", email, "password", password).leads("/login/code")
		if err := s.store.Identity.Users.SetPassword(s.Context(), access.System("test"), email, "another fine phrase"); err != nil {
			s.Fatal(err)
		}
		b.post("/login/code", "code", p.code(0)).wants(422).has(".summary", "Sign in again")
		b.get("/groups").leads("/login?next=%2Fgroups")
	})
}

func TestWrongCodesOfASignInMustWait(t *testing.T) {
	each(t, func(s *site) {
		now := s.stopClock()
		p, _ := s.setUpApp()
		*now = now.Add(time.Minute)
		b := s.newBrowser()
		for range 5 {
			b = s.newBrowser()
			b.post("/login", "email", email, "password", password).leads("/login/code")
			b.post("/login/code", "code", "000001").wants(422)
		}
		b.post("/login/code", "code", p.code(0)).wants(http.StatusTooManyRequests).has(".summary", "Try again in 15 seconds.").lacks(".summary a").lacks("[aria-invalid]")
		*now = now.Add(16 * time.Second)
		b.post("/login/code", "code", p.code(0)).wants(303)
	})
}

func TestRecoveryCodesAndTurningCodesOff(t *testing.T) {
	each(t, func(s *site) {
		_, codes := s.setUpApp()
		s.get("/profile/security").has("#app", "On").has("#codes + p", "10 codes left")
		file := s.post("/profile/security/codes/file", "code", codes[0], "code", codes[1]).wants(200)
		if !strings.Contains(file.body, codes[1]) || !strings.Contains(file.header.Get("Content-Disposition"), "attachment") {
			s.Errorf("%q", file.body)
		}
		s.post("/profile/security/codes/file", "code", "<script>").wants(422)
		s.post("/profile/security/codes").wants(201).has("h1", "New recovery codes")
		s.post("/profile/security/app/off").leads("/profile/security").follow(s.browser).has("#app", "Off").lacks("#codes")
		b := s.newBrowser()
		b.post("/login", "email", email, "password", password).leads("/groups")
	})
}

func TestTheOnlySecondFactorOfWhoNeedsOneGoesWithAWarning(t *testing.T) {
	each(t, func(s *site) {
		s.setUpApp()
		s.get("/profile/security/app/off").wants(200).lacks(".notice.warn")
		today := s.store.DB.Now().UTC().Format(time.DateOnly)
		s.post("/users/policy", "need", "owner", "owner", today).leads("/users")
		s.get("/profile/security/app/off").wants(200).has("#question .notice.warn", "Your role, Owner, requires a second factor. Until you set up another, you can only use the Security page.")
		if _, err := s.store.Identity.SecondFactors.AddPasskey(s.Context(), s.by, identity.NewPasskey{Name: "Laptop", CredentialID: "laptop", Data: "{}"}); err != nil {
			s.Fatal(err)
		}
		s.get("/profile/security/app/off").wants(200).lacks(".notice.warn")
	})
}

func TestTheLastSignInIsTold(t *testing.T) {
	each(t, func(s *site) {
		agent := "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
		now := s.stopClock()
		*now = now.Add(time.Minute)
		b := s.newBrowser().with("User-Agent", agent)
		b.post("/login", "email", email, "password", password).wants(303)
		b.get("/groups").has(".flash[data-kind=info]", "Last sign-in: ").has(".flash", "from 127.0.0.1")
		b.get("/groups").lacks("#flashes .flash")
		first := s.lines()[len(s.lines())-1]
		*now = now.Add(time.Minute)
		b = s.newBrowser().with("User-Agent", agent)
		b.post("/login", "email", email, "password", password).wants(303)
		b.get("/groups").has(".flash", "Firefox on Linux")
		second := s.lines()[len(s.lines())-1]
		if !strings.Contains(first.Changes, "new_device") || strings.Contains(second.Changes, "new_device") {
			s.Errorf("%s, then %s", first.Changes, second.Changes)
		}
	})
}
