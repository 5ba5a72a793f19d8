package modelstest

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/klauspost/compress/zstd"

	"protocol.chat/console/models/identity"
)

// The kinds of secrets.
const (
	Password     = "password"
	Cookie       = "cookie"
	APIToken     = "token"
	InviteLink   = "link of an invitation"
	SetupCode    = "setup code"
	RecoveryCode = "recovery code"
	TOTPKey      = "key of an app"
	ProviderCode = "code of a provider"
	ServerKey    = "key of the server"
)

// Watch records the secrets that a handler gets and returns, whichever client it serves.
func (s *Secrets) Watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var sent bytes.Buffer
		seen := &watched{ResponseWriter: w}
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.TeeReader(r.Body, &sent), r.Body}
		}
		at, query, header := r.URL.Path, r.URL.Query(), r.Header.Clone() // the handler may change them
		defer func() {
			s.asked(at, query, header)
			if form, err := url.ParseQuery(sent.String()); err == nil && strings.HasPrefix(header.Get("Content-Type"), "application/x-www-form-urlencoded") {
				s.posted(at, form)
			}
			s.answered(w.Header(), seen.body.Bytes())
		}()
		next.ServeHTTP(seen, r)
	})
}

// watched copies a response.
type watched struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (w *watched) Write(b []byte) (int, error) {
	w.body.Write(b)
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find the real writer.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// asked records what is in the URL and the headers of a request.
func (s *Secrets) asked(at string, query url.Values, header http.Header) {
	if secret, ok := strings.CutPrefix(path.Clean(at), "/invite/"); ok {
		s.Keep(InviteLink, secret)
	}
	for _, code := range query["code"] {
		kind := SetupCode
		if strings.HasSuffix(at, "/callback") {
			kind = ProviderCode
		}
		s.Keep(kind, code)
	}
	if token, ok := strings.CutPrefix(header.Get("Authorization"), "Bearer "); ok && strings.HasPrefix(token, "pcl_") {
		s.Keep(APIToken, token)
	}
	for _, cookie := range (&http.Request{Header: header}).Cookies() {
		if strings.Contains(cookie.Name, "console") {
			s.Keep(Cookie, cookie.Value)
		}
	}
}

// posted records what is in a form.
func (s *Secrets) posted(at string, form url.Values) {
	for name, values := range form {
		for _, value := range values {
			switch {
			case strings.Contains(name, "password") && len(value) >= identity.MinPassword:
				s.Keep(Password, value) // a shorter one, such as "wrong", is none that anybody has
			case name == "code" && at == "/setup":
				s.Keep(SetupCode, strings.TrimSpace(value))
			case strings.HasSuffix(name, "code"):
				s.Keep(RecoveryCode, value) // but for the six digits of an app
			}
		}
	}
}

// shownSecrets match what pages show. They begin with letters, so that most pages are
// searched quickly.
var shownSecrets = map[string]*regexp.Regexp{
	APIToken:     regexp.MustCompile(`(pcl_[0-9A-Za-z]{38})\b`),
	InviteLink:   regexp.MustCompile(`/invite/([0-9A-Za-z]{16,})`),
	RecoveryCode: regexp.MustCompile(`<code>([0-9a-z]{4}(?:-[0-9a-z]{4}){3})</code>`),
	TOTPKey:      regexp.MustCompile(`<code class="key">([A-Z2-7 ]+)</code>`),
}

// answered records what is in a response.
func (s *Secrets) answered(header http.Header, body []byte) {
	for _, cookie := range (&http.Response{Header: header}).Cookies() {
		if cookie.HttpOnly {
			s.Keep(Cookie, cookie.Value)
		}
	}
	if !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
		return
	}
	text := unpacked(header.Get("Content-Encoding"), body)
	for kind, shown := range shownSecrets {
		for _, match := range shown.FindAllSubmatch(text, -1) {
			secret := strings.ReplaceAll(string(match[1]), " ", "")
			s.Keep(kind, secret)
			if kind == RecoveryCode {
				s.Keep(kind, strings.ReplaceAll(secret, "-", "")) // as it is read
			}
		}
	}
}

// unpacked returns a body before it was compressed, as far as it came.
func unpacked(encoding string, body []byte) []byte {
	var text []byte
	switch encoding {
	case "gzip":
		if r, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
			text, _ = io.ReadAll(r)
		}
	case "zstd":
		if r, err := zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1)); err == nil {
			text, _ = io.ReadAll(r)
			r.Close()
		}
	default:
		text = body
	}
	return text
}
