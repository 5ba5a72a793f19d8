package handlers_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// secrets are what they are, of all secrets that a story has used.
type secrets map[string]string

// keep notes a secret; there must be one.
func (k secrets) keep(t *testing.T, name, secret string) string {
	t.Helper()
	if len(secret) < 8 {
		t.Fatalf("%s is %q, which is no secret", name, secret)
	}
	k[secret] = name
	return secret
}

// writtenAs are the ways in which a secret could have been written down.
func writtenAs(secret string) map[string]string {
	b := []byte(secret)
	return map[string]string{
		"as it is": secret, "in hex": hex.EncodeToString(b), "in HEX": strings.ToUpper(hex.EncodeToString(b)),
		// Without the last characters, which depend on what follows.
		"in base64": strings.TrimRight(base64.StdEncoding.EncodeToString(b[:len(b)/3*3]), "="),
		"for a URL": strings.TrimRight(base64.URLEncoding.EncodeToString(b[:len(b)/3*3]), "="),
		"escaped":   url.QueryEscape(secret),
	}
}

// absent fails the test where a secret can be found in a place.
func (k secrets) absent(t *testing.T, place string, content []byte) {
	t.Helper()
	if len(content) == 0 {
		t.Fatalf("there is nothing to search in %s", place)
	}
	for secret, name := range k {
		for how, form := range writtenAs(secret) {
			if bytes.Contains(content, []byte(form)) {
				t.Errorf("%s is in %s, %s", name, place, how)
			}
		}
	}
}

// logbook is what the console logs, from many goroutines.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// TestSecretsAreNowhere uses every secret that there is and then looks for it in the
// whole database, the logs and the activity. Whoever makes a new kind of secret lets the
// story use it, and keeps it.
func TestSecretsAreNowhere(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			address, logs, used := modelstest.URL(t, engine), &logbook{}, secrets{}
			s, p := withProvider(t, modelstest.OpenURL(t, address), logs, func(s *site) { used.setUp(s) })
			used.signIns(s)
			used.provider(s, p)
			used.tokens(s)
			used.invitation(s)
			used.secondFactor(s)
			if err := s.store.WriteUses(t.Context()); err != nil {
				t.Fatal(err)
			}
			for i, key := range strings.Fields(modelstest.Keys.Text()) {
				if strings.HasPrefix(key, "pck_") {
					used.keep(t, "key "+string(rune('1'+i)), key)
				}
			}
			used.absent(t, "the database", dump(t, address))
			used.absent(t, "the logs", logs.text.Bytes())
			used.absent(t, "the activity", activity(s))
			for _, format := range []string{"csv", "ndjson"} {
				used.absent(t, "the export", []byte(s.get("/activity/export?format="+format).wants(200).body))
			}
			if len(used) < 30 {
				t.Errorf("the story used %d secrets", len(used))
			}
			// That one would be found is the other half of the test.
			if !bytes.Contains(dump(t, address), []byte(email)) || !bytes.Contains(logs.text.Bytes(), []byte("/login")) {
				t.Error("the search finds nothing at all")
			}
		})
	}
}

// setUp makes the owner, with a code that is tried wrongly before.
func (k secrets) setUp(s *site) {
	code, err := s.store.NewSetupCode(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	k.keep(s.T, "the setup code", code)
	s.get("/setup?code=" + code).wants(200)
	s.post("/setup", "code", k.keep(s.T, "a wrong setup code", "wrong-"+code), "name", "Anna", "email", email, "password", password, "workspace", "Acme").wants(422)
	s.post("/setup", "code", code, "name", "Anna", "email", email, "password", k.keep(s.T, "the password", password), "workspace", "Acme").wants(303)
	k.keep(s.T, "the cookie after the set-up", s.cookie(s.browser))
}

// signIns are those that work and those that don't.
func (k secrets) signIns(s *site) {
	b := s.newBrowser()
	wrong := k.keep(s.T, "a wrong password", "mistyped battery horse")
	b.post("/login", "email", email, "password", wrong).wants(422)
	b.post("/groups/new", "name", "Typed", "password", wrong).wants(401)
	b.post("/login", "email", email, "password", password, "remember", "yes", "next", "/groups/new", "carried.name", "Typed").wants(303)
	k.keep(s.T, "the cookie", s.cookie(b))
	b.part("nowhere").get("/groups").wants(500) // what fails is logged at length
	b.post("/logout").wants(303)
	if err := s.store.SetPassword(s.Context(), models.System("test"), email, k.keep(s.T, "the new password", "another fine phrase")); err != nil {
		s.Fatal(err)
	}
	s.post("/login", "email", email, "password", "another fine phrase").wants(303)
}

// provider signs in with another service, rightly and wrongly.
func (k secrets) provider(s *site, p *providerOf) {
	k.keep(s.T, "the secret of the OIDC client", clientSecret)
	p.person("anna", email, true)
	for _, wrong := range []bool{true, false} {
		b := s.newBrowser()
		to := s.back(s.sent(b, ""))
		for _, cookie := range b.client.Jar.Cookies(s.at()) {
			k.keep(s.T, "the cookie "+cookie.Name, cookie.Value)
		}
		at, err := url.Parse(to)
		if err != nil {
			s.Fatal(err)
		}
		k.keep(s.T, "the code of the provider", at.Query().Get("code"))
		if wrong {
			b.get(s.changed(to, "code", k.keep(s.T, "an invented code", "invented-by-somebody"))).wants(400)
			continue
		}
		b.get(to).wants(303)
		k.keep(s.T, "the cookie after the provider", s.cookie(b))
	}
}

// tokens makes, uses, rolls and revokes one, and tries wrong ones.
func (k secrets) tokens(s *site) {
	made := s.post("/settings/tokens/new", "name", "Nightly", "scope", "write", "expires", "30").wants(201)
	first := k.keep(s.T, "the token", made.valueOf("#secret"))
	path := made.doc.Find(`form[data-guard]`).AttrOr("action", "")
	second := k.keep(s.T, "the rolled token", s.post(path+"/roll", "overlap", "24").wants(200).valueOf("#secret"))
	for _, secret := range []string{first, second} {
		s.withToken(secret).post("/v1/groups", "name", "Made by a program").wants(201)
		s.withToken(secret).get("/v1/groups?q=x").wants(200)
	}
	s.post(path + "/revoke").wants(303)
	s.withToken(second).get("/v1/groups").wants(401)
	s.withToken(k.keep(s.T, "a mistyped token", first+"x")).get("/v1/groups").wants(401)
	s.get(path).wants(200)
}

// invitation is a link that is opened, mistyped and used.
func (k secrets) invitation(s *site) {
	link := s.link("bea@example.com", models.Editor)
	_, secret, _ := strings.Cut(link, "/invite/")
	k.keep(s.T, "the invitation", secret)
	s.newBrowser().get(link).wants(200)
	s.newBrowser().get("/invite/" + k.keep(s.T, "a mistyped invitation", "wrong-"+secret)).wants(404)
	b := s.newBrowser()
	b.post(link, "name", "Bea", "password", k.keep(s.T, "a short password", "brevity-9")).wants(422)
	b.post(link, "name", "Bea", "password", k.keep(s.T, "an invited password", "quite another phrase")).wants(303)
	k.keep(s.T, "the cookie of an invited person", s.cookie(b))
}

// secondFactor turns codes on, signs in with one and with a recovery code, and proves who
// it is.
func (k secrets) secondFactor(s *site) {
	now := s.stopClock()
	app, codes := s.setUpApp()
	k.keep(s.T, "the seed", base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(app.seed))
	k.keep(s.T, "the seed in bytes", string(app.seed))
	for _, code := range codes {
		k.keep(s.T, "a recovery code", code)
		k.keep(s.T, "a recovery code as it is read", strings.ReplaceAll(code, "-", ""))
	}
	*now = now.Add(time.Minute)
	for _, code := range []string{app.code(0), codes[0]} {
		b := s.newBrowser()
		b.post("/login", "email", email, "password", "another fine phrase").leads("/login/code")
		for _, cookie := range b.client.Jar.Cookies(s.at()) {
			k.keep(s.T, "the cookie "+cookie.Name, cookie.Value)
		}
		b.post("/login/code", "code", code).wants(303)
		k.keep(s.T, "the cookie after the second factor", s.cookie(b))
	}
	*now = now.Add(time.Hour)
	s.post("/confirm", "confirm.password", "another fine phrase", "next", "/profile").wants(303)
	k.keep(s.T, "the cookie after a proof", s.cookie(s.browser))
	s.store.Now = time.Now
}

// at is the address of the site.
func (s *site) at() *url.URL {
	s.Helper()
	at, err := url.Parse(s.url)
	if err != nil {
		s.Fatal(err)
	}
	return at
}

// cookie is the secret of a browser's session.
func (s *site) cookie(b *browser) string {
	for _, cookie := range b.client.Jar.Cookies(s.at()) {
		if cookie.Name == "console" {
			return cookie.Value
		}
	}
	return ""
}

// activity is every line of the audit log.
func activity(s *site) []byte {
	var all bytes.Buffer
	var r models.Range
	for {
		page, err := s.store.AuditLines(s.Context(), r)
		if err == nil {
			err = json.NewEncoder(&all).Encode(page.Lines)
		}
		if err != nil {
			s.Fatal(err)
		}
		if !page.More {
			return all.Bytes()
		}
		r.After.ID = page.Lines[len(page.Lines)-1].ID
	}
}

// dump is all that a database holds: SQLite's file as it is, with what has been deleted
// and not been overwritten, and every row of PostgreSQL's tables.
func dump(t *testing.T, address string) []byte {
	t.Helper()
	file, ok := strings.CutPrefix(address, "sqlite:")
	if !ok {
		return dumpTables(t, address)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, beside := range []string{"-wal", "-journal"} {
		more, err := os.ReadFile(file + beside)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		whole = append(whole, more...)
	}
	return whole
}

func dumpTables(t *testing.T, address string) []byte {
	t.Helper()
	db, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	var all bytes.Buffer
	for _, table := range column(t, db, "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1") {
		for _, row := range column(t, db, "SELECT row_to_json(whole)::text FROM "+table+" AS whole") {
			_, _ = io.WriteString(&all, row+"\n")
		}
	}
	return all.Bytes()
}

// column reads the only column of a query.
func column(t *testing.T, db *pgx.Conn, query string) []string {
	t.Helper()
	rows, err := db.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return values
}
