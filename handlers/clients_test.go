package handlers_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// TestClients downloads the clients of the API from a console, and runs the samples of the
// public reference with them against it.
func TestClients(t *testing.T) {
	t.Parallel()
	s := open(t, modelstest.Open(t, modelstest.SQLite))
	s.setUp()
	_, secret, err := s.store.Identity.Tokens.CreateToken(s.Context(), s.by, identity.NewToken{Name: "Samples", Scopes: access.WriteScopes()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	samples, err := filepath.Abs("testdata/clients")
	if err != nil {
		t.Fatal(err)
	}
	environment := append(os.Environ(), "TOKEN="+secret, "PROTOCOL_API_URL="+s.url, "PYTHONDONTWRITEBYTECODE=1")
	for _, c := range []struct{ program, client, folder, samples string }{
		{"node", "protocol-api.mjs", "node_modules/@example/protocol-api", "samples.mjs"},
		{"python3", "protocol_api.py", ".", "samples.py"},
		{"php", "ApiClient.php", ".", "samples.php"},
	} {
		t.Run(c.program, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(c.program); err != nil {
				modelstest.LeaveOut(t, c.program+" is not installed")
			}
			dir := t.TempDir()
			client := s.newBrowser().get("/docs/clients/" + c.client).wants(http.StatusOK).body
			write(t, filepath.Join(dir, c.folder, c.client), client)
			if c.program == "node" {
				write(t, filepath.Join(dir, c.folder, "package.json"), `{"name": "@example/protocol-api", "exports": "./protocol-api.mjs"}`)
			}
			text, err := os.ReadFile(filepath.Join(samples, c.samples))
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, c.samples), string(text))
			run := exec.CommandContext(t.Context(), c.program, c.samples)
			run.Dir, run.Env = dir, append(slices.Clip(environment), "WEBHOOK="+webhook(t)) // now: parallel tests may have waited for long
			if out, err := run.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v:\n%s", err, out)
			}
		})
	}
	s.get("/docs/clients/nothing.py").wants(http.StatusNotFound)
}

// write writes a file, in folders that need not be there.
func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// webhook returns a delivery as JSON: its secret, its body, its headers, and the signature that
// the reference has.
func webhook(t *testing.T) string {
	t.Helper()
	key := []byte("a secret of thirty-two characters")
	secret := "whsec_" + base64.StdEncoding.EncodeToString(key)
	body := `{"id":"0VblOnpjquG9nmVd","type":"group.created","payload":{"name":"Łódź"}}`
	now := strconv.FormatInt(time.Now().Unix(), 10)
	sign := func(key []byte, text string) []byte {
		mac := hmac.New(sha256.New, key)
		fmt.Fprint(mac, text)
		return mac.Sum(nil)
	}
	delivery, err := json.Marshal(map[string]any{
		"secret": secret, "body": body, "signature": hex.EncodeToString(sign([]byte(secret), body)),
		"headers": map[string]string{
			"webhook-id": "msg_1", "webhook-timestamp": now,
			"webhook-signature": "v1,bm90IHRoaXMgb25l v1," + base64.StdEncoding.EncodeToString(sign(key, "msg_1."+now+"."+body)),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(delivery)
}
