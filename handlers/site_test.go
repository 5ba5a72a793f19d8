package handlers_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"protocol.chat/console/handlers"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/webhooks"
	"protocol.chat/console/views"
)

const (
	email    = "anna@example.com"
	password = "correct horse battery"
)

// site is a whole console on a real database and a real port, with a browser of
// its owner's, who is signed in.
type site struct {
	*testing.T
	*browser
	console *handlers.Console
	store   *models.Store
	url     string
	by      access.Actor
}

// each runs a test on a fresh site of each engine.
func each(t *testing.T, test func(s *site)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		s := open(t, store)
		s.setUp()
		test(s)
	})
}

// open starts a console that has no owner yet, set up as configure says.
func open(t *testing.T, store *models.Store, configure ...func(*handlers.Config)) *site {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	// Passkeys need a name, which an address is not.
	s := &site{T: t, store: store, url: fmt.Sprint("http://localhost:", server.Listener.Addr().(*net.TCPAddr).Port)}
	config := handlers.Config{
		Store: store, Log: slog.New(slog.NewTextHandler(modelstest.SecretsOf(store), nil)), PublicURL: s.url, Version: "test",
		Checks: func(context.Context) []views.Check {
			return []views.Check{{What: "database", Detail: "SQLite at sqlite:console.db"}, {What: "key", Problem: "there is no key: restore its key file"}}
		},
	}
	for _, change := range configure {
		change(&config)
	}
	store.Webhooks.SetReach(webhooks.Reach{Loopback: true})
	s.console = handlers.New(config)
	server.Config.Handler = modelstest.SecretsOf(store).Watch(s.console)
	server.Start()
	t.Cleanup(func() {
		s.console.Drain() // or Close would wait for the feeds of tabs
		server.Close()
	})
	s.browser = s.newBrowser()
	return s
}

// setUp makes the owner, as a person would.
func (s *site) setUp() {
	s.Helper()
	code, err := s.store.Identity.Users.NewSetupCode(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	s.post("/setup", "code", code, "name", "Anna", "email", email, "password", password, "workspace", "Acme").wants(303)
	u, err := s.store.Identity.Users.FirstOwner(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	s.by = u.Actor()
}

func (s *site) group(name string, members ...models.Contact) models.Group {
	s.Helper()
	return modelstest.Group(s.T, s.store, s.by, name, members...)
}

func (s *site) contact(username string) models.Contact {
	s.Helper()
	c, err := s.store.CreateContact(s.Context(), s.by, models.ContactChange{Username: &username}, nil)
	if err != nil {
		s.Fatal(err)
	}
	return c
}

// uncompressed asks for pages as they are: with the race detector, packing and unpacking
// them would take longer than making them. Tabs of Chromium get them compressed.
var uncompressed = &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8}

// browser keeps cookies and follows no redirects, so that tests see them.
type browser struct {
	site   *site
	client *http.Client
	header http.Header
}

func (s *site) newBrowser() *browser {
	jar, _ := cookiejar.New(nil) // never fails
	return &browser{site: s, header: http.Header{"Sec-Fetch-Site": {"same-origin"}}, client: &http.Client{
		Jar: jar, Timeout: 20 * time.Second, Transport: uncompressed,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// with is the same browser, with another header.
func (b *browser) with(name, value string) *browser {
	other := *b
	other.header = b.header.Clone()
	other.header.Set(name, value)
	return &other
}

// part is a browser that asks for a region, as htmx does.
func (b *browser) part(region string) *browser {
	return b.with("HX-Request", "true").with("HX-Request-Type", "partial").with("HX-Target", "section#"+region)
}

func (b *browser) get(path string) *page { return b.do(http.MethodGet, path, nil) }

// post sends a form, given as names and values in turn.
func (b *browser) post(path string, fields ...string) *page {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.do(http.MethodPost, path, strings.NewReader(form.Encode()))
}

func (b *browser) do(method, path string, body io.Reader) *page {
	t := b.site
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, t.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = b.header.Clone()
	if body != nil && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := b.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	p := t.pageOf(answer)
	p.what = method + " " + path
	return p
}

// pageOf reads an answer.
func (s *site) pageOf(answer *http.Response) *page {
	s.Helper()
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.Fatal(err)
	}
	return &page{site: s, status: answer.StatusCode, header: answer.Header, body: string(text), doc: &document{text: string(text)}}
}

// page is an answer, to be looked at.
type page struct {
	site       *site
	what, body string
	status     int
	header     http.Header
	doc        *document
}

// document is a page that is parsed when something is first looked for in it.
type document struct {
	text   string
	parsed *goquery.Document
}

// Find returns what a selector finds.
func (d *document) Find(selector string) *goquery.Selection {
	if d.parsed == nil {
		d.parsed, _ = goquery.NewDocumentFromReader(strings.NewReader(d.text)) // any text is a document
	}
	return d.parsed.Find(selector)
}

// wants fails the test where the status is another one.
func (p *page) wants(status int) *page {
	p.site.Helper()
	if p.status != status {
		p.site.Fatalf("%s: got %d, want %d: %s", p.what, p.status, status, p.text("main"))
	}
	return p
}

// leads fails the test where the answer is no redirect to the address.
func (p *page) leads(to string) *page {
	p.site.Helper()
	p.wants(http.StatusSeeOther)
	if got := p.header.Get("Location"); got != to {
		p.site.Fatalf("%s: leads to %s, want %s", p.what, got, to)
	}
	return p
}

// follow is the page that a redirect leads to.
func (p *page) follow(b *browser) *page {
	p.site.Helper()
	p.wants(http.StatusSeeOther)
	return b.get(p.header.Get("Location"))
}

// text is the text of what a selector finds, with single spaces.
func (p *page) text(selector string) string {
	return strings.Join(strings.Fields(p.doc.Find(selector).Text()), " ")
}

// has fails the test where the selector finds no text that contains words.
func (p *page) has(selector, words string) *page {
	p.site.Helper()
	if got := p.text(selector); !strings.Contains(got, words) {
		p.site.Errorf("%s: %s says %q, want %q", p.what, selector, got, words)
	}
	return p
}

// lacks fails the test where the selector finds anything.
func (p *page) lacks(selector string) *page {
	p.site.Helper()
	if found := p.doc.Find(selector); found.Length() > 0 {
		p.site.Errorf("%s: there is a %s: %q", p.what, selector, found.Text())
	}
	return p
}

// value is the value of a field, by its name.
func (p *page) value(name string) string {
	input := p.doc.Find(`[name="` + name + `"]`).First()
	if goquery.NodeName(input) == "textarea" {
		return input.Text()
	}
	return input.AttrOr("value", "")
}

// rows are the first links of the rows of a list.
func (p *page) rows() []string {
	rows := []string{}
	p.doc.Find("tbody tr").Each(func(_ int, tr *goquery.Selection) {
		rows = append(rows, strings.Join(strings.Fields(tr.Find("a").First().Text()), " "))
	})
	return rows
}

// lines are all audit lines, the oldest first.
func (s *site) lines() []audit.Line {
	s.Helper()
	return s.linesSince("")
}

// linesSince are the audit lines after that of an id, the oldest first.
func (s *site) linesSince(id string) []audit.Line {
	s.Helper()
	var lines []audit.Line
	r := db.Range{Limit: db.MaxLimit}
	if id != "" {
		r.Limit = 10
	}
	for {
		page, err := s.store.Audit.Activity(s.Context(), audit.ActivityQuery{Range: r})
		if err != nil {
			s.Fatal(err)
		}
		for _, line := range page.Lines {
			if line.ID == id {
				page.More = false
				break
			}
			lines = append(lines, line)
		}
		if !page.More {
			slices.Reverse(lines)
			return lines
		}
		r.After = db.Cursor{ID: lines[len(lines)-1].ID}
	}
}

// actions are the actions of all audit lines, the oldest first.
func (s *site) actions() []audit.Action {
	s.Helper()
	return s.actionsSince("")
}

// actionsSince are the actions of the audit lines after that of an id, the oldest first.
func (s *site) actionsSince(id string) []audit.Action {
	s.Helper()
	lines := s.linesSince(id)
	actions := make([]audit.Action, len(lines))
	for i, line := range lines {
		actions[i] = line.Action
		if line.ActorName == "" || line.ActorKind == "" || line.RequestID == "" && line.ActorKind == access.UserActor && line.IP != "" {
			s.Errorf("audit line %s does not say who: %+v", line.Action, line)
		}
	}
	return actions
}

// signInAgain is for when the clock has moved on.
func (s *site) signInAgain() {
	s.Helper()
	s.post("/login", "email", email, "password", password).wants(http.StatusSeeOther)
}

// at is the address of the site, for a browser's cookies.
func (s *site) at() *url.URL {
	at, _ := url.Parse(s.url) // it was parsed before
	return at
}

// sessionCookie is the name of the cookie of sessions.
func (s *site) sessionCookie() string { return "console-" + s.at().Port() }

// cookie is the secret of a browser's session.
func (s *site) cookie(b *browser) string {
	for _, cookie := range b.client.Jar.Cookies(s.at()) {
		if cookie.Name == s.sessionCookie() {
			return cookie.Value
		}
	}
	return ""
}
