// Package handlers answers the requests of people: it reads each, asks the
// store, and shows a page of package views. The JSON API for programs is its
// sibling, package api, mounted under /v1.
//
// A page handler answers an error or shows a page; page turns errors into pages
// and is the only one to do so. Every change is a form that is posted and
// answered by a redirect (done). Requests for a part of a page go to the same
// addresses and handlers: render sends the part (respond.go).
package handlers

import (
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/gorilla/sessions"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
)

// Config is what a console is made of.
type Config struct {
	Store *models.Store
	Log   *slog.Logger
	// PublicURL is the address that people and programs use, such as
	// "https://console.example", as ParseOrigin returns it. Cookies are Secure if it is https.
	PublicURL string
	// Version is shown at the foot of every page to those who are signed in.
	Version string
	// RateLimit is how many calls of the API a token may make in a minute; 0 is any number.
	RateLimit int
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies access.Networks
	// OIDC is the provider that people can sign in with, or nil.
	OIDC *OIDC
}

// Console is the whole console as an http.Handler.
type Console struct {
	store     *models.Store
	log       *slog.Logger
	publicURL string
	version   string
	cookies   cookies
	sessions  sessions.Store
	rateLimit int
	proxies   access.Networks
	oidc      *provider          // or nil
	passkeys  *webauthn.WebAuthn // nil where browsers allow none at the public URL
	handler   http.Handler       // all of it, within its middleware
	mux       *http.ServeMux
	routes    []route     // all pages, in the order of addRoutes
	owned     atomic.Bool // set once there is an owner
	draining  atomic.Bool // set by Drain
}

// New makes a console. It can be mounted in another program at the root of a host.
func New(config Config) *Console {
	c := &Console{
		store: config.Store, log: slog.New(boundedLog{config.Log.Handler()}), publicURL: config.PublicURL, version: config.Version,
		rateLimit: config.RateLimit, proxies: config.TrustedProxies, mux: http.NewServeMux(),
	}
	c.oidc = newProvider(config.OIDC, c.publicURL)
	c.cookies = newCookies(c.publicURL)
	c.sessions = &sessionStore{store: c.store, cookies: c.cookies}
	c.passkeys = newPasskeys(c.publicURL)
	c.addRoutes()
	programs := api.New(api.Config{
		Store: c.store, Log: c.log, PublicURL: c.publicURL, RateLimit: c.rateLimit, RequestID: requestID, ClientIP: clientIP,
	})
	people := c.compress(c.sameOrigin(http.HandlerFunc(c.dispatch)))
	c.handler = c.outermost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAPI(r.URL.Path) {
			programs.ServeHTTP(w, r)
			return
		}
		people.ServeHTTP(w, r)
	}))
	return c
}

// ServeHTTP answers any request, also those to the API.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

// secure reports whether browsers reach the console over https.
func (c *Console) secure() bool { return c.cookies.secure }
