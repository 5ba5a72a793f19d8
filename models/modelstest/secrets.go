package modelstest

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"protocol.chat/console/models"
)

// Secrets are the secrets that a test used with a database. They must occur neither in it
// nor in the log. OpenURL checks that at the end of every test.
type Secrets struct {
	mu    sync.Mutex
	kinds map[string]string // of each secret
	log   bytes.Buffer
}

// leastSecret is the minimum length of a secret to search for. Anything shorter, such as
// codes from an app, occurs by chance in any large file.
const leastSecret = 8

// ledgers are the Secrets of each database, by its address.
var ledgers sync.Map

// SecretsOf returns those of a store's database, shared by all its stores. Those of a store
// that Open or OpenURL didn't open are never searched for.
func SecretsOf(store *models.Store) *Secrets {
	address := asideOf(store).url
	if address == "" {
		return &Secrets{}
	}
	known, _ := ledgers.LoadOrStore(address, &Secrets{})
	return known.(*Secrets)
}

// Keep records a secret of a store's database, and returns it.
func Keep(store *models.Store, kind, secret string) string {
	SecretsOf(store).Keep(kind, secret)
	return secret
}

// Keep records a secret, unless it is too short to be searched for, or one repeated
// character, as in ids that tests make up. The key of an app is also recorded as the bytes
// that it encodes.
func (s *Secrets) Keep(kind, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(secret) < leastSecret || strings.Trim(secret, secret[:1]) == "" {
		return
	}
	if s.kinds == nil {
		s.kinds = map[string]string{}
	}
	s.kinds[secret] = kind
	if seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret); err == nil && kind == TOTPKey && len(seed) >= leastSecret {
		s.kinds[string(seed)] = kind
	}
}

// Kinds returns how many secrets of each kind there are.
func (s *Secrets) Kinds() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	kinds := map[string]int{}
	for _, kind := range s.kinds {
		kinds[kind]++
	}
	return kinds
}

// Write records what is logged.
func (s *Secrets) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}

// Logged returns what was logged.
func (s *Secrets) Logged() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.log.Bytes())
}

// In returns which of the secrets occur in a content, and in which form, without the
// secrets themselves.
func (s *Secrets) In(content []byte) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Every form begins with eight bytes that lead to it, so that one pass finds all.
	forms := map[uint64][]form{}
	var starts beginnings
	for secret, kind := range s.kinds {
		for _, f := range formsOf(secret, kind) {
			start := binary.LittleEndian.Uint64(f.text)
			forms[start] = append(forms[start], f)
			starts[short(start)] = true
		}
	}
	var found []string
	for i := starts.next(content, 0); i >= 0; i = starts.next(content, i+1) {
		for _, f := range forms[binary.LittleEndian.Uint64(content[i:])] {
			if bytes.HasPrefix(content[i:], f.text) {
				found = append(found, f.says)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// beginnings is a table of how secrets begin.
type beginnings [1 << 16]bool

// next returns where a secret may begin from an index of a content on, or -1. The race
// detector would spend minutes of a run on these bytes, which one goroutine alone has.
//
//go:norace
func (b *beginnings) next(content []byte, from int) int {
	for i := from; i+leastSecret <= len(content); i++ {
		if b[short(binary.LittleEndian.Uint64(content[i:]))] {
			return i
		}
	}
	return -1
}

// short returns where the table of beginnings has one.
func short(start uint64) uint64 { return start * 0x9e3779b97f4a7c15 >> 48 }

// form is a way in which a secret could have been written down.
type form struct {
	text []byte
	says string
}

// formsOf returns all forms of a secret.
func formsOf(secret, kind string) []form {
	b := []byte(secret)
	quoted, _ := json.Marshal(secret) // a string never fails
	ways := map[string]string{
		"as it is": secret, "in hex": hex.EncodeToString(b), "in HEX": strings.ToUpper(hex.EncodeToString(b)),
		"escaped for a URL": url.QueryEscape(secret), "escaped for a path": url.PathEscape(secret), "escaped for a script": string(quoted[1 : len(quoted)-1]),
		"escaped for JSON": strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret),
	}
	for skipped := range 3 { // in a longer text, base64 may begin with any of the first three
		whole := b[skipped : skipped+(len(b)-skipped)/3*3] // the last characters depend on what follows
		ways["in base64 from "+fmt.Sprint(skipped)] = base64.StdEncoding.EncodeToString(whole)
		ways["in base64 for a URL from "+fmt.Sprint(skipped)] = base64.URLEncoding.EncodeToString(whole)
	}
	var forms []form
	for how, text := range ways {
		if len(text) >= leastSecret && (text != secret || how == "as it is") {
			forms = append(forms, form{[]byte(text), "a " + kind + ", " + how})
		}
	}
	return forms
}

// search fails the test if a secret is in the database at the address or in the log.
func (s *Secrets) search(t testing.TB, address string) {
	t.Helper()
	for _, key := range strings.Fields(Keys.Text()) {
		if strings.HasPrefix(key, "pck_") {
			s.Keep(ServerKey, key)
		}
	}
	content, err := Dump(context.Background(), address) // the test's own context has ended
	if err != nil {
		t.Errorf("look for secrets: %v", err)
		return
	}
	for place, found := range map[string][]string{"the database": s.In(content), "the log": s.In(s.Logged())} {
		for _, what := range found {
			t.Errorf("%s holds %s", place, what)
		}
	}
}

// Dump returns all that the database at an address holds: every row of every table, or
// SQLite's files as they are, with what has been deleted and not been overwritten.
func Dump(ctx context.Context, address string) ([]byte, error) {
	if file, ok := strings.CutPrefix(address, "sqlite:"); ok {
		return dumpFiles(ctx, file)
	}
	db, err := pgconn.Connect(ctx, address)
	if err != nil {
		return nil, err
	}
	defer db.Close(ctx)
	// The first statement writes the second: two round trips for any number of tables.
	every, err := db.Exec(ctx, "SELECT string_agg('SELECT * FROM ' || quote_ident(tablename), ';') FROM pg_tables WHERE schemaname = 'public'").ReadAll()
	if err != nil {
		return nil, err
	}
	tables, err := db.Exec(ctx, string(every[0].Rows[0][0])).ReadAll()
	var all bytes.Buffer
	for _, table := range tables {
		for _, row := range table.Rows {
			all.Write(bytes.Join(row, []byte("\t")))
			all.WriteByte('\n')
		}
	}
	return all.Bytes(), err
}

// dumpFiles returns the content of SQLite's files, and the changes of audit lines once
// more: if they are long, the file holds them in pieces.
func dumpFiles(ctx context.Context, file string) ([]byte, error) {
	var all []byte
	for _, name := range []string{file, file + "-wal", file + "-journal"} {
		content, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		all = append(all, content...)
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var changes sql.NullString
	err = db.QueryRowContext(ctx, "SELECT group_concat(changes, ' ') FROM audit_lines").Scan(&changes)
	return append(all, changes.String...), err
}
