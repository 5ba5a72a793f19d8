package handlers_test

import (
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// providerOf is an OpenID provider that runs in the test: a real one, but for its page to
// sign in, where everybody is who the test says.
type providerOf struct {
	*httptest.Server
	users map[string]*storage.User
	who   string // the user who signs in there
	// tamper changes what the provider answers under a path.
	tamper map[string]func(body string) string
}

func (p *providerOf) ExampleClientID() string { return clientID }

func (p *providerOf) GetUserByID(id string) *storage.User { return p.users[id] }

func (p *providerOf) GetUserByUsername(name string) *storage.User {
	for _, u := range p.users {
		if u.Username == name {
			return u
		}
	}
	return nil
}

// startProvider starts a provider that knows the console.
func startProvider(t *testing.T) *providerOf {
	t.Helper()
	p := &providerOf{users: map[string]*storage.User{}, tamper: map[string]func(string) string{}}
	p.Server = httptest.NewServer(nil)
	t.Cleanup(p.Close)
	return p
}

// knows lets the provider serve a console under its public URL.
func (p *providerOf) knows(t *testing.T, publicURL string) {
	t.Helper()
	client := storage.WebClient(clientID, clientSecret, publicURL+"/login/oidc/callback")
	store := storage.NewStorageWithClients(p, map[string]*storage.Client{clientID: client})
	config := &op.Config{CryptoKey: [32]byte{1}, CodeMethodS256: true}
	provider, err := op.NewProvider(config, store, op.StaticIssuer(p.URL), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", p.tampered(provider))
	mux.Handle("/login/username", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.FormValue("authRequestID")
		if err := store.CheckUsernamePassword(p.who, "", id); err != nil {
			t.Error(err)
		}
		http.Redirect(w, r, op.AuthCallbackURL(provider)(r.Context(), id), http.StatusFound)
	}))
	p.Config.Handler = mux
}

func (p *providerOf) tampered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		change := p.tamper[r.URL.Path]
		if change == nil {
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		maps.Copy(w.Header(), answer.Header())
		w.Header().Del("Content-Length")
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, change(answer.Body.String()))
	})
}

// person makes somebody known to the provider, who signs in from now on.
func (p *providerOf) person(id, email string, verified bool) {
	p.users[id] = &storage.User{ID: id, Username: id, Email: email, EmailVerified: verified}
	p.who = id
}
