package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models/modelstest"
)

const sentBody = `{"id":"0VblOnpjquG9nmVd","type":"group.created","payload":{"name":"Łódź"}}`

// TestReceivers sends each receiver of the documentation a delivery, and what only looks like one.
func TestReceivers(t *testing.T) {
	t.Parallel()
	key := []byte("a secret of thirty-two characters")
	secret = "whsec_" + base64.StdEncoding.EncodeToString(key)
	t.Run("go", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(receive))
		defer server.Close()
		sendAll(t, server.URL, key)
	})
	for _, program := range []struct {
		name string
		args func(port string) []string
	}{
		{"node", func(string) []string { return []string{"receiver.mjs"} }},
		{"python3", func(string) []string { return []string{"receiver.py"} }},
		{"php", func(port string) []string { return []string{"-S", "127.0.0.1:" + port, "receiver.php"} }},
	} {
		t.Run(program.name, func(t *testing.T) {
			if _, err := exec.LookPath(program.name); err != nil {
				modelstest.LeaveOut(t, program.name+" is not installed")
			}
			port := freePort(t)
			run := exec.CommandContext(t.Context(), program.name, program.args(port)...)
			run.Env = append(os.Environ(), "WEBHOOK_SECRET="+secret, "PORT="+port, "PYTHONDONTWRITEBYTECODE=1")
			var out bytes.Buffer
			run.Stdout, run.Stderr = &out, &out
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			sendAll(t, "http://127.0.0.1:"+port, key)
			_ = run.Process.Kill()
			_ = run.Wait()
			if t.Failed() {
				t.Logf("%s", out.Bytes())
			}
		})
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func sendAll(t *testing.T, url string, key []byte) {
	t.Helper()
	now := time.Now()
	good := sign(key, now, sentBody)
	for _, d := range []struct {
		name      string
		at        time.Time
		body      string
		signature string
		want      int
	}{
		{"as signed", now, sentBody, good, http.StatusNoContent},
		{"while the secret is rotated", now, sentBody, sign([]byte("another"), now, sentBody) + " " + good, http.StatusNoContent},
		{"another secret", now, sentBody, sign([]byte("another"), now, sentBody), http.StatusUnauthorized},
		{"another body", now, strings.Replace(sentBody, "created", "deleted", 1), good, http.StatusUnauthorized},
		{"another time", now.Add(time.Second), sentBody, good, http.StatusUnauthorized},
		{"too old", now.Add(-time.Hour), sentBody, sign(key, now.Add(-time.Hour), sentBody), http.StatusUnauthorized},
		{"no signature", now, sentBody, "", http.StatusUnauthorized},
		{"part of the signature", now, sentBody, good[:20], http.StatusUnauthorized},
	} {
		header := http.Header{"Webhook-Id": {"0VblOnpjquG9nmVd"}, "Webhook-Timestamp": {strconv.FormatInt(d.at.Unix(), 10)}}
		if d.signature != "" {
			header.Set("webhook-signature", d.signature)
		}
		if got := post(t, url, header, d.body); got != d.want {
			t.Errorf("%s: %d, want %d", d.name, got, d.want)
		}
	}
	if got := post(t, url, http.Header{}, sentBody); got != http.StatusUnauthorized {
		t.Errorf("no headers: %d", got)
	}
}

func sign(key []byte, at time.Time, body string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("0VblOnpjquG9nmVd." + strconv.FormatInt(at.Unix(), 10) + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// post returns the status of the answer. While nobody listens yet, it tries again.
func post(t *testing.T, url string, header http.Header, body string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = answer.Body.Close()
			return answer.StatusCode
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
