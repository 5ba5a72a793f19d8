package modelstest_test

import (
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

const planted = `pcl_"a secret & a half"`

// TestSecretsAreFound plants a secret in each place, in each of its forms. Every other test
// relies on this search.
func TestSecretsAreFound(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			address := modelstest.URL(t, engine)
			store := modelstest.OpenURL(t, address)
			by := modelstest.Owner(t, store)
			var used modelstest.Secrets // not the store's own, whose search would fail this test
			used.Keep(modelstest.APIToken, planted)
			look := func() []string {
				t.Helper()
				content, err := modelstest.Dump(t.Context(), address)
				if err != nil {
					t.Fatal(err)
				}
				return used.In(content)
			}
			if found := look(); len(found) > 0 {
				t.Errorf("found %q, which nobody has planted", found)
			}
			for name, want := range map[string]string{
				planted:                             "a token, as it is",
				hex.EncodeToString([]byte(planted)): "a token, in hex",
				"data:" + base64.StdEncoding.EncodeToString([]byte("a longer "+planted+" text")): "a token, in base64 from 0",
				"{" + strings.ReplaceAll(planted, `"`, `\"`):                                     "a token, escaped for JSON",
				strings.Repeat("a long line ", 20):                                               "",
			} {
				g := modelstest.Group(t, store, by, name)
				if want != "" && !slices.Contains(look(), want) {
					t.Errorf("%q is not found as %s", name, want)
				}
				other := strings.Repeat("x", 30)
				if _, err := store.UpdateGroup(t.Context(), by, g.ID, models.GroupChange{Name: &other}); err != nil {
					t.Fatal(err)
				}
				// The audit line still has it.
				if want != "" && !slices.Contains(look(), want) {
					t.Errorf("%q is not found in the past", name)
				}
			}
		})
	}
}

// TestPassedSecretsAreRecorded passes some secrets of every kind through a handler.
func TestPassedSecretsAreRecorded(t *testing.T) {
	var used modelstest.Secrets
	long, code := strings.Repeat("a1B2", 8), "abcd-ef01-2345-6789"
	token := "pcl_" + strings.Repeat("x", 38)
	server := httptest.NewServer(used.Watch(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		http.SetCookie(w, &http.Cookie{Name: "console", Value: "cookie-" + long, HttpOnly: true})
		http.SetCookie(w, &http.Cookie{Name: "theme", Value: "darkdarkdark"})
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, `<code class="key">ABCD EFGH ABCD EFGH</code> <code>`+code+`</code> <input value="`+token+`"> <a href="/invite/`+long+`">`)
	})))
	defer server.Close()
	ask := func(path, form string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer pcl_mistyped")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	ask("/setup?code=followed-setup-code", "password=a+long+enough+one&code=typed-setup-code")
	ask("/login/oidc/callback?code=from-elsewhere", "password=wrong&code=123+456")
	server.Close() // what is kept is kept after the answer
	want := map[string]int{
		modelstest.Password: 1, modelstest.Cookie: 1, modelstest.APIToken: 2, modelstest.InviteLink: 1, modelstest.SetupCode: 2,
		modelstest.RecoveryCode: 2, modelstest.TOTPKey: 2, modelstest.ProviderCode: 1,
	}
	for kind, n := range want {
		if got := used.Kinds()[kind]; got != n {
			t.Errorf("%d times a %s, want %d", got, kind, n)
		}
	}
}
