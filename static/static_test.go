package static

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

func TestServe(t *testing.T) {
	for _, name := range []string{"app.css", "app.js", "console.js", "htmx.min.js", "icons.svg", "favicon.svg"} {
		r := httptest.NewRequest("GET", URL(name), nil)
		r.Header.Set("Accept-Encoding", "zstd;q=1, gzip;q=0.5")
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, r)
		h := w.Result().Header
		if w.Code != http.StatusOK || w.Body.Len() == 0 || h.Get("Content-Type") == "" {
			t.Errorf("%s: %d, %d bytes, %q", name, w.Code, w.Body.Len(), h.Get("Content-Type"))
		}
		if !strings.Contains(h.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: Cache-Control %q", name, h.Get("Cache-Control"))
		}

		again := httptest.NewRequest("GET", URL(name), nil)
		again.Header.Set("Accept-Encoding", "gzip")
		again.Header.Set("If-None-Match", h.Get("ETag"))
		w = httptest.NewRecorder()
		Handler().ServeHTTP(w, again)
		if w.Code != http.StatusNotModified || w.Body.Len() != 0 {
			t.Errorf("%s again: %d with %d bytes", name, w.Code, w.Body.Len())
		}
	}
}

func TestServeRefuses(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/static/app.css", 404},
		{"GET", "/static/app.0000000000000000.css", 404},
		{"GET", "/static/", 404},
		{"GET", "/static/../static.go", 404},
		{"POST", URL("app.css"), 405},
	} {
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.status {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, w.Code, c.status)
		}
	}
}

func TestAccepts(t *testing.T) {
	for header, want := range map[string]bool{
		"gzip": true, "gzip, br": true, "br, gzip;q=0.2": true, "zstd, gzip; q=1": true,
		"": false, "br": false, "gzip;q=0": false, "gzip; q=0.0": false, "x-gzip": false,
	} {
		if accepts(header, "gzip") != want {
			t.Errorf("%q: %v, want %v", header, !want, want)
		}
	}
}

// TestBrotli: who accepts Brotli gets it as soon as it is made, and the same file.
func TestBrotli(t *testing.T) {
	ask := func(accept, etag string) *http.Response {
		r := httptest.NewRequest("GET", URL("console.js"), nil)
		r.Header.Set("Accept-Encoding", accept)
		r.Header.Set("If-None-Match", etag)
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, r)
		return w.Result()
	}
	plain, err := io.ReadAll(ask("", "").Body)
	if err != nil {
		t.Fatal(err)
	}
	sent := ask("gzip, deflate, br, zstd", "")
	for ; sent.Header.Get("Content-Encoding") != "br"; sent = ask("gzip, deflate, br, zstd", "") {
		if t.Context().Err() != nil || sent.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("until then it is encoded as %q", sent.Header.Get("Content-Encoding"))
		}
		runtime.Gosched()
	}
	if again := ask("br", sent.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("again: %d", again.StatusCode)
	}
	if other := ask("br;q=0, gzip", ""); other.Header.Get("Content-Encoding") != "gzip" || other.Header.Get("ETag") == sent.Header.Get("ETag") {
		t.Errorf("who refuses Brotli gets %q, %s", other.Header.Get("Content-Encoding"), other.Header.Get("ETag"))
	}
	decoded, err := io.ReadAll(brotli.NewReader(sent.Body))
	if err != nil || !bytes.Equal(decoded, plain) || sent.ContentLength >= int64(len(plain)) {
		t.Errorf("%d bytes are decoded as %d, not %d: %v", sent.ContentLength, len(decoded), len(plain), err)
	}
}

// What is vendored is what VENDOR.md says it is.
func TestVendored(t *testing.T) {
	note, err := os.ReadFile("js/VENDOR.md")
	if err != nil {
		t.Fatal(err)
	}
	body, err := files.ReadFile("js/htmx.min.js")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	if !strings.Contains(string(note), hex.EncodeToString(sum[:])) {
		t.Errorf("js/htmx.min.js is not the file that js/VENDOR.md names: %x", sum)
	}
}

// What is sent has no comments, and all else.
func TestFilesAreMinified(t *testing.T) {
	for name, kept := range map[string]string{"app.css": "@layer tokens,elements", "app.js": "new DOMParser", "console.js": "htmx:after:swap", "htmx.min.js": "htmx"} {
		sent := string(current().assets[URL(name)].plain)
		if !strings.Contains(sent, kept) {
			t.Errorf("%s has no %q", name, kept)
		}
		if strings.Contains(sent, "\n// ") || strings.Contains(sent, "\n  ") || name == "app.css" && strings.Contains(sent, "*/") {
			t.Errorf("%s has comments or indents", name)
		}
	}
}

// The first view stays small: what every page loads, compressed.
func TestSize(t *testing.T) {
	for name, most := range map[string]int{"app.css": 13<<10 + 640, "app.js": 6<<10 + 768, "console.js": 4<<10 + 256, "docs.css": 2 << 10, "icons.svg": 4 << 10} {
		got := len(current().assets[URL(name)].gzipped())
		t.Logf("%s: %d bytes", name, got)
		if got > most {
			t.Errorf("%s is %d bytes compressed, more than %d", name, got, most)
		}
	}
}
