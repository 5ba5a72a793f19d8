package handlers

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"

	"protocol.chat/console/handlers/avatars"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/views"
)

// site is what the pages of every subject share. Its methods are in the files named for
// what they do: render.go, redirect.go, fail.go.
type site struct {
	store      *models.Store
	log        *slog.Logger
	publicURL  string
	trusted    access.Networks // the proxies
	version    string
	routes     *routeTable
	cookies    cookies
	sessions   *sessionStore
	challenges challenges
	passkeys   passkeys
	drafts     drafts
	reference  apiReference
	// directExport is Config.DirectExport.
	directExport int
	oidc         *provider                           // or nil
	avatars      *avatars.Proxy                      // or nil
	checks       func(context.Context) []views.Check // or nil
	owned        atomic.Bool                         // set once there is an owner
	// menuCounts are the numbers of groups in users' menus, by time zone and query; nil for those
	// that took too long.
	menuCounts db.Cache[string, *db.Count]
}

func newSite(config Config) *site {
	s := &site{
		store: config.Store, log: slog.New(boundedLog{config.Log.Handler()}), publicURL: config.PublicURL, trusted: config.TrustedProxies, version: config.Version,
		routes: newRouteTable(), cookies: newCookies(config.PublicURL), oidc: newProvider(config.OIDC, config.PublicURL),
		avatars: config.Avatars, checks: config.Checks, directExport: cmp.Or(config.DirectExport, 10_000),
	}
	s.sessions = &sessionStore{store: s.store, cookies: s.cookies}
	s.challenges = challenges{store: s.store, cookies: s.cookies}
	s.passkeys = passkeys{WebAuthn: newWebAuthn(s.publicURL), store: s.store, log: s.log, challenges: s.challenges}
	s.menuCounts.TTL = menuTTL
	s.reference = newReference(s.publicURL)
	s.drafts = drafts{store: s.store, log: s.log, routes: s.routes}
	return s
}

// secure reports whether browsers reach the console over https.
func (s *site) secure() bool { return s.cookies.secure }

// needOwner leads to the setup page until there is an owner.
func (s *site) needOwner(r *http.Request) error {
	owned, err := s.hasOwner(r)
	if err == nil && !owned {
		return elsewhere{views.SetupURL()}
	}
	return err
}

// hasOwner reports whether the console has been set up; there is no way back.
func (s *site) hasOwner(r *http.Request) (bool, error) {
	if s.owned.Load() {
		return true, nil
	}
	owned, err := s.store.Identity.Users.HasOwner(r.Context())
	if owned {
		s.owned.Store(true)
	}
	return owned, err
}
