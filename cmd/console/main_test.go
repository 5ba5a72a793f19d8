package main

import (
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/modelstest"
)

const password = "glacier-teapot-42-umbrella"

// result is what one command line came to.
type result struct {
	code           int
	stdout, stderr string
}

// console runs a command line with an environment that names the database.
func console(t *testing.T, database, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr strings.Builder
	env := map[string]string{"DATABASE_URL": database, keyVariable: modelstest.Keys.Text()}
	if strings.HasPrefix(database, "postgres:") { // whose mark would be in this folder
		env["CONSOLE_MARK_FILE"] = filepath.Join(t.TempDir(), "console.mark")
	}
	getenv := func(name string) string { return env[name] }
	code := run(t.Context(), args, getenv, strings.NewReader(stdin), &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

// mustRun is console for what has to work; it returns standard output.
func mustRun(t *testing.T, database, stdin string, args ...string) string {
	t.Helper()
	r := console(t, database, stdin, args...)
	if r.code != 0 {
		t.Fatalf("console %s: exit %d, %s", strings.Join(args, " "), r.code, r.stderr)
	}
	return r.stdout
}

func eachDatabase(t *testing.T, test func(t *testing.T, database string)) {
	t.Helper()
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) { test(t, modelstest.URL(t, engine)) })
	}
}

func TestWrongCommandLines(t *testing.T) {
	for _, tc := range []struct {
		args string
		code int
		says string
	}{
		{"dance", 2, `unknown command "dance"`},
		{"token dance now", 2, `unknown command "token dance"`},
		{"-frobnicate", 2, "-frobnicate"},
		{"serve -slow-requests soon", 2, "-slow-requests must be a time like 1s"},
		{"serve extra", 2, "wrong number of arguments"},
		{"token", 2, "needs a subcommand"},
		{"token create -name x -expires 0", 2, "-expires must be a positive time"},
		{"migrate -database sqlite::memory:", 1, "with a plain path"},
		{"serve -listen nowhere", 2, "-listen must be HOST:PORT"},
		{"serve -listen 127.0.0.1:99999", 2, "-listen must be HOST:PORT"},
		{"serve -listen unix:", 2, "-listen must be HOST:PORT"},
		{"serve -listen fd:2", 2, "-listen must be HOST:PORT"},
		{"serve -listen fd:3", 1, "no socket was passed"},
		{"serve -listen unix:console.sock", 2, "a Unix socket has no URL"},
		{"serve -listen unix:main.go -public-url https://console.example.com", 1, "there is a file that is not a socket"},
		{"health -listen fd:3", 2, "-listen must say where fd:3 is"},
		{"serve -tls-cert console.pem", 2, "-tls-cert and -tls-key need each other"},
		{"serve -tls-cert none.pem -tls-key none.key", 1, "can't use the certificate none.pem"},
		{"serve -tls-cert a -tls-key b -public-url http://console.example.com", 2, "-public-url must begin with https"},
		{"serve -public-url console.example.com", 1, "-public-url must be a URL"},
		{"serve -public-url ftp://example.com", 1, "-public-url must be a URL"},
		{"serve -public-url https://example.com/console", 1, "it has a path"},
		{"serve -public-url https://example.com/?x", 1, "it has a query"},
		{"serve -public-url https://anna@example.com", 1, "it has a user name"},
		{"serve -public-url https://example.com:99999", 1, "its port is no number"},
		{"serve -oidc-client-id x -oidc-issuer https://example.com?x", 2, "it has a query"},
		{"serve -debug-listen 0.0.0.0:6060", 2, "-debug-listen takes a loopback address"},
		{"serve -dev -public-url https://console.example.com", 2, "-dev is for this machine only"},
		{"serve -rate-limit many", 2, "-rate-limit must be a number"},
		{"serve -rate-limit -1", 2, "-rate-limit must be a number"},
		{"serve -log-level loud", 2, "-log-level must be debug, info, warn or error"},
		{"serve -webhook-allow-loopback=perhaps", 2, "-webhook-allow-loopback"},
		{"serve -log-format xml", 2, "-log-format must be text or json"},
		{"serve -trusted-proxies proxy.local", 2, "-trusted-proxies must be addresses"},
		{"serve -oidc-issuer login.example.com", 2, "-oidc-issuer must be a URL"},
		{"serve -oidc-issuer https://login.example.com", 2, "-oidc-client-id"},
		{"token create -name x -networks office", 2, "neither an address"},
		{"token rotate", 2, "console token rotate [FLAGS] ID"},
		{"migrate -database mysql://localhost/x", 1, "sqlite:"},
		{"migrate -database postgres://%zz", 1, "can't"},
		{"migrate -database sqlite://two/x.db", 1, "write sqlite:two/x.db for one below this folder, or sqlite:/two/x.db"},
		{"migrate -database sqlite:~/x.db", 1, "~ is not read here"},
		{"migrate -database sqlite:", 1, "sqlite:FILE"},
		{"migrate -database sqlite:/dev/null/x.db", 1, "can't open the database"},
		{"migrate -database postgres://nobody@127.0.0.1:1/x", 1, "can't open the database"},
		{"token create -expires soon", 2, "-expires"},
		{"token create -expires -1h", 2, "-expires must be a positive time"},
		{"token revoke", 2, "console token revoke [FLAGS] ID"},
		{"user password", 2, "-email"},
		{"seed -groups -1", 2, "must be 0 or more"},
		{"seed -groups many", 2, "-groups"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			database := "sqlite:" + filepath.Join(t.TempDir(), "console.db")
			r := console(t, database, "", strings.Fields(tc.args)...)
			if r.code != tc.code || !strings.Contains(r.stderr, tc.says) {
				t.Errorf("exit %d, %q; want %d and %q", r.code, r.stderr, tc.code, tc.says)
			}
			if strings.Count(r.stderr, "\n") != 1 || r.stdout != "" {
				t.Errorf("want one line on standard error and nothing else: %q, %q", r.stderr, r.stdout)
			}
		})
	}
}

func TestHelpExplainsEveryFlag(t *testing.T) {
	for _, args := range []string{"-help", "--help", "-h", "help"} {
		help := mustRun(t, "postgres://secret@host/x", "", args)
		for _, word := range []string{
			"serve", "migrate", "user create", "user password", "user list", "user role", "user disable", "user enable", "user reset-second-factor", "roles", "audit verify", "-key-file", "CONSOLE_KEY", "token create", "token list", "token rotate", "token revoke", "key rotate", "-rate-limit", "-trusted-proxies", "-avatar-folder", "AVATAR_FOLDER", "OIDC_CLIENT_SECRET", "seed", "version",
			"-listen", "LISTEN", "127.0.0.1:8080", "-database", "DATABASE_URL", "-database-read", "DATABASE_READ_URL", "sqlite:data/console.db", "-public-url", "PUBLIC_URL", "-tls-cert", "TLS_CERT", "-tls-key", "TLS_KEY",
			"-log-level", "LOG_LEVEL", "default info", "-log-format", "LOG_FORMAT", "default text", "-slow-requests", "SLOW_REQUESTS", "default 1s", "-debug-listen", "DEBUG_LISTEN", "-webhook-allow-loopback", "WEBHOOK_ALLOW_LOOPBACK", "-dev",
			"-password-stdin", "-scopes", "-expires", "-user", "-groups", "-contacts",
		} {
			if !strings.Contains(help, word) {
				t.Errorf("console %s does not mention %s", args, word)
			}
		}
		if strings.Contains(help, "secret@host") || strings.Contains(help, "pck_") {
			t.Errorf("console %s shows the environment", args)
		}
	}
	if got := mustRun(t, "", "", "token", "create", "-help"); !strings.Contains(got, "-scopes") || strings.Contains(got, "-listen") {
		t.Errorf("help of token create: %s", got)
	}
}

func TestLicenses(t *testing.T) {
	if got := mustRun(t, "", "", "licenses"); !strings.Contains(got, "gorm.io/gorm v") || !strings.Contains(got, "htmx") || !strings.Contains(got, "Permission is hereby granted") {
		t.Errorf("%d bytes: %.200s", len(got), got)
	}
}

func TestVersion(t *testing.T) {
	if got := mustRun(t, "", "", "version"); !strings.HasPrefix(got, "console ") || !strings.Contains(got, "go1.") {
		t.Errorf("got %q", got)
	}
}

func TestFlagWinsOverEnvironment(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "console.db")
	mustRun(t, "mysql://nonsense", "", "migrate", "-database", database)
}

func TestWhiteSpaceRoundSettings(t *testing.T) {
	database := " sqlite:" + filepath.Join(t.TempDir(), "console.db") + "\r\n"
	mustRun(t, database, "", "migrate")
	mustRun(t, "", "", "migrate", "-database", database)
	if _, err := os.Stat(strings.TrimPrefix(strings.TrimSpace(database), "sqlite:")); err != nil {
		t.Error(err)
	}
	r := console(t, database, "", "serve", "-listen", " nowhere ")
	if r.code != 2 || !strings.Contains(r.stderr, `not "nowhere"`) {
		t.Errorf("exit %d, %q", r.code, r.stderr)
	}
	blank := func(name string) string {
		return map[string]string{"DATABASE_URL": database, keyVariable: modelstest.Keys.Text(), "RATE_LIMIT": " ", "LISTEN": " nowhere\n"}[name]
	}
	var stderr strings.Builder
	if code := run(t.Context(), []string{"serve"}, blank, strings.NewReader(""), io.Discard, &stderr); code != 2 || !strings.Contains(stderr.String(), `not "nowhere"`) {
		t.Errorf("exit %d, %q", code, &stderr)
	}
}

func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	r := console(t, "sqlite:"+filepath.Join(t.TempDir(), "console.db"), "", "-listen", address)
	if r.code != 1 || !strings.Contains(r.stderr, "can't listen on "+address) || strings.Count(r.stderr, "\n") != 1 {
		t.Errorf("exit %d, %q", r.code, r.stderr)
	}
}

func TestUsersAndTokens(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		r := console(t, database, "", "token", "create", "-name", "robot")
		if r.code != 1 || !strings.Contains(r.stderr, "console user create") {
			t.Errorf("a token without an owner: exit %d, %q", r.code, r.stderr)
		}
		r = console(t, database, "", "user", "create", "-email", "ada@example.com", "-name", "Ada")
		if r.code != 2 || !strings.Contains(r.stderr, "-password-stdin") {
			t.Errorf("no terminal to ask on: exit %d, %q", r.code, r.stderr)
		}
		r = console(t, database, "short\n", "user", "create", "-email", "ada", "-name", "Ada", "-password-stdin")
		if r.code != 2 || !strings.Contains(r.stderr, "12 characters") {
			t.Errorf("a short password: exit %d, %q", r.code, r.stderr)
		}
		mustRun(t, database, password+"\n", "user", "create", "-email", "ada@example.com", "-name", "Ada", "-role", "owner", "-password-stdin")
		mustRun(t, database, "another-"+password, "user", "password", "-email", "ADA@example.com", "-password-stdin")
		r = console(t, database, password, "user", "password", "-email", "bob@example.com", "-password-stdin")
		if r.code != 1 || !strings.Contains(r.stderr, "no user with the email bob@example.com") {
			t.Errorf("unknown person: exit %d, %q", r.code, r.stderr)
		}

		secret := mustRun(t, database, "", "token", "create", "-name", "robot", "-scopes", "write", "-expires", "720h")
		if !regexp.MustCompile(`^\S{20,}\n$`).MatchString(secret) {
			t.Errorf("token create prints %q, not a token alone", secret)
		}
		r = console(t, database, "", "token", "create", "-name", "robot", "-scopes", "everything")
		if r.code != 2 {
			t.Errorf("a wrong scope: exit %d, %q", r.code, r.stderr)
		}

		list := mustRun(t, database, "", "token", "list")
		id := regexp.MustCompile(`(?m)^([0-9A-Za-z]{16})  pcl_…\w{4}  robot +Ada +write`).FindStringSubmatch(list)
		if id == nil || strings.Contains(list, strings.TrimSpace(secret)) {
			t.Fatalf("token list: %s", list)
		}
		rotated := mustRun(t, database, "", "token", "rotate", "-overlap", "24h", id[1])
		if !regexp.MustCompile(`^pcl_\w+\n$`).MatchString(rotated) || rotated == secret {
			t.Errorf("token rotate prints %q", rotated)
		}
		if r := console(t, database, "", "token", "rotate", "-overlap", "2h", id[1]); r.code != 2 || !strings.Contains(r.stderr, "0, 1, 24 or 72 hours") {
			t.Errorf("a wrong overlap: exit %d, %q", r.code, r.stderr)
		}
		if r := console(t, database, "", "token", "rotate", "nonsense"); r.code != 1 || !strings.Contains(r.stderr, "no token with ID nonsense") {
			t.Errorf("an unknown token: exit %d, %q", r.code, r.stderr)
		}
		mustRun(t, database, "", "token", "revoke", id[1])
		if list := mustRun(t, database, "", "token", "list"); !strings.Contains(list, "revoked") {
			t.Errorf("token list after the end: %s", list)
		}
		if r := console(t, database, "", "token", "revoke", "nonsense"); r.code != 1 {
			t.Errorf("an unknown token: exit %d, %q", r.code, r.stderr)
		}
	})
}

func TestPeopleByCommand(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		for _, name := range []string{"ada", "bob"} {
			mustRun(t, database, password, "user", "create", "-email", name+"@example.com", "-name", name, "-password-stdin")
		}
		r := console(t, database, "", "user", "role", "-email", "bob@example.com", "-role", "king")
		if r.code != 2 || !strings.Contains(r.stderr, "Choose a role") {
			t.Errorf("a wrong role: exit %d, %q", r.code, r.stderr)
		}
		if got := mustRun(t, database, "", "user", "role", "-email", "BOB@example.com", "-role", "editor"); got != "bob@example.com has the new role.\n" {
			t.Errorf("got %q", got)
		}
		for _, args := range [][]string{{"user", "role", "-role", "auditor"}, {"user", "disable"}} {
			r := console(t, database, "", append(args, "-email", "ada@example.com")...)
			if r.code != 1 || !strings.Contains(r.stderr, "ada is the only owner. Make another user an owner first.") {
				t.Errorf("%v of the last owner: exit %d, %q", args, r.code, r.stderr)
			}
		}
		mustRun(t, database, "", "user", "disable", "-email", "bob@example.com")
		list := mustRun(t, database, "", "user", "list")
		for _, row := range []string{`(?m)^ada@example.com +ada +owner +off +never +active$`, `(?m)^bob@example.com +bob +editor +off +never +disabled 20\d\d-\d\d-\d\d$`} {
			if !regexp.MustCompile(row).MatchString(list) {
				t.Errorf("user list: %s", list)
			}
		}
		mustRun(t, database, "", "user", "enable", "-email", "bob@example.com")
		if r := console(t, database, "", "user", "reset-second-factor", "-email", "bob@example.com"); r.code != 1 || !strings.Contains(r.stderr, "has no second factor") {
			t.Errorf("nothing to reset: exit %d, %q", r.code, r.stderr)
		}
		if r := console(t, database, "", "user", "enable"); r.code != 2 || !strings.Contains(r.stderr, "-email") {
			t.Errorf("nobody named: exit %d, %q", r.code, r.stderr)
		}
		if r := console(t, database, "", "user", "enable", "-email", "eve@example.com"); r.code != 1 || !strings.Contains(r.stderr, "no user with the email") {
			t.Errorf("somebody unknown: exit %d, %q", r.code, r.stderr)
		}
		store := modelstest.OpenURL(t, database)
		page, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Range: db.Range{Limit: 3}})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []audit.Action{audit.EnabledUser, audit.DisabledUser, audit.ChangedRole} {
			if line := page.Lines[i]; line.Action != want || line.ActorKind != access.SystemActor || !strings.HasPrefix(line.ActorName, "console user ") || line.ObjectName != "bob" {
				t.Errorf("the line is %+v, want %s", line, want)
			}
		}
	})
}

func TestSeed(t *testing.T) {
	eachDatabase(t, func(t *testing.T, database string) {
		got := mustRun(t, database, "", "seed", "-groups", "300", "-contacts", "200")
		if got != "Created 300 groups and 200 contacts.\n" {
			t.Errorf("got %q", got)
		}
		store := modelstest.OpenURL(t, database)
		page, err := store.Groups(t.Context(), models.GroupQuery{Range: db.Range{Limit: 100}})
		if err != nil || len(page.Groups) != 100 {
			t.Fatalf("%d groups, %v", len(page.Groups), err)
		}
		members := 0
		for i, g := range page.Groups {
			members += g.ContactsCount
			if i > 0 && g.CreatedAt > page.Groups[i-1].CreatedAt {
				t.Errorf("%s is older by id and younger by time", g.ID)
			}
		}
		if members < 100 {
			t.Errorf("only %d members in 100 groups", members)
		}

		r := console(t, database, "", "seed")
		if r.code != 1 || !strings.Contains(r.stderr, "without groups") {
			t.Errorf("a second time: exit %d, %q", r.code, r.stderr)
		}
	})
}

func TestSampleIsDeterministicAndValid(t *testing.T) {
	username := regexp.MustCompile(`^[a-z.0-9]+$`)
	past := invention{groups: 200, contacts: 20_000}
	first, second := past.sample(), past.sample()
	var names, again []string
	taken := map[string]bool{}
	for c := range first.Contacts {
		if !username.MatchString(c.Username) || taken[c.Username] {
			t.Errorf("username %q", c.Username)
		}
		taken[c.Username] = true
	}
	for g := range first.Groups {
		names = append(names, g.Name+g.Description)
	}
	for g := range second.Groups {
		again = append(again, g.Name+g.Description)
	}
	if strings.Join(names, "\n") != strings.Join(again, "\n") {
		t.Error("the same numbers give another sample")
	}
}

func TestSampleHasGiantsWhereThereIsRoom(t *testing.T) {
	for _, c := range []struct{ groups, contacts, giants, huge int }{
		{1000, 1000, 0, 0},
		{1000, 200_000, 0, 0},
		{100_000, 1000, 0, 0},
		{30_000, 20_000, 3, 0},
		{100_000, 20_000, 10, 0},
		{100_000, 100_000, 10, 1},
		{1_000_000, 200_000, 10, 1},
	} {
		past, random := invention{groups: c.groups, contacts: c.contacts}, rand.New(rand.NewPCG(1, 1))
		sizes, members := map[int]int{}, 0
		for place := range c.groups {
			n := past.size(random, place)
			sizes[n]++
			members += n
		}
		if sizes[giantSize] != c.giants || sizes[hugeSize] != c.huge {
			t.Errorf("%+v: %d giants, %d huge", c, sizes[giantSize], sizes[hugeSize])
		}
		if average := float64(members) / float64(c.groups); average < 4 || average > 7 {
			t.Errorf("%+v: %.1f members a group", c, average)
		}
	}
}

func TestSampleHasWordsOfKnownShare(t *testing.T) {
	const groups = 60_000
	found, random := map[string]int{}, rand.New(rand.NewPCG(1, 1))
	for range groups {
		g := inventFields(random)
		for _, word := range []string{"questions", "keys", "Lisbon", "penguin", "lighthouse", "zeppelin"} {
			if strings.Contains(g.Name+g.Description, word) {
				found[word]++
			}
		}
	}
	for word, oneIn := range map[string]int{"questions": 6, "keys": 11, "Lisbon": 60, "penguin": 1000, "lighthouse": 30_000} {
		if n, want := found[word], groups/oneIn; n < want/3 || n > want*2+5 {
			t.Errorf("%s is in %d of %d groups, want about %d", word, n, groups, want)
		}
	}
	if found["zeppelin"] > 0 {
		t.Error("a zeppelin")
	}
}

func TestRolesArePrinted(t *testing.T) {
	table := mustRun(t, "", "", "roles")
	for _, line := range []string{`(?m)^OWNER +ADMIN +EDITOR +MODERATOR +AUDITOR +PERMISSION$`, `(?m)^yes +yes +permanently delete groups$`, `(?m)^yes +yes +yes +yes +yes +view contacts$`} {
		if !regexp.MustCompile(line).MatchString(table) {
			t.Errorf("no line is like %s:\n%s", line, table)
		}
	}
}
