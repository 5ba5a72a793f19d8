// Package handlers serves the pages: it reads each request, asks the store, and
// shows a page of package views. The JSON API for programs is its sibling,
// package api, mounted under /v1.
//
// Every page is a row of one table (routes.go), which says who may call it and
// what else holds before its handler runs. The handlers of a subject are methods
// of its own small struct, such as groupPages, over what all share (site.go). A
// page handler shows a page or returns an error; one adapter turns errors into
// pages (guard.go, fail.go). Every change is a form that is posted and answered
// by a redirect (done). Requests for a part of a page go to the same addresses
// and handlers: render sends the part (render.go).
package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/handlers/avatars"
	"protocol.chat/console/handlers/export"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/views"
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
	// DirectExport is how many rows an export has at most that is sent at once, and not prepared
	// by a job; 0 means 10,000.
	DirectExport int
	// RateLimit is how many calls of the API a token may make in a minute; 0 is any number.
	RateLimit int
	// TrustedProxies are the addresses whose X-Forwarded-For is believed.
	TrustedProxies access.Networks
	// Avatars fetches the pictures of groups and contacts; without it, nil, initials are shown.
	Avatars *avatars.Proxy
	// OIDC is the provider that people can sign in with, or nil.
	OIDC *OIDC
	// Checks returns what Settings say about the installation, or is nil.
	Checks func(context.Context) []views.Check
	// Slow is how long a request may take before its line in the log is a warning, with the times
	// of its queries if the store adds them up (LogQueries); 0 for any time.
	Slow time.Duration
	// Observe is called for each request that was answered, or nil.
	Observe func(Served)
}

// Served is a request that was answered.
type Served struct {
	// Method is the request's, or "other" if the console has none of that name.
	Method string
	// Route is the path in the table of routes, such as "/groups/{id}"; "" if none fits.
	Route  string
	Status int
	Took   time.Duration
}

// Console is the whole console as an http.Handler: the table of routes, and what
// every request passes on the way to one.
type Console struct {
	*site
	proxies   access.Networks
	rateLimit int
	slow      time.Duration
	health    *healthPages
	live      *livePages
	observe   func(Served)
	limited   api.Limited
	handler   http.Handler
}

// New makes a console. It can be mounted in another program at the root of a host.
func New(config Config) *Console {
	c := &Console{site: newSite(config), proxies: config.TrustedProxies, rateLimit: config.RateLimit, slow: config.Slow, observe: config.Observe}
	c.health, c.live = &healthPages{site: c.site}, newLivePages(c.site)
	export.Register(c.store)
	for _, rt := range c.table() {
		c.routes.add(&rt, c.routeHandler(&rt))
	}
	calls := api.New(api.Config{
		Store: c.store, Log: c.log, PublicURL: c.publicURL, RateLimit: c.rateLimit, RequestID: requestID, ClientIP: clientIP,
		Limited: &c.limited,
	})
	pages := c.sameOrigin(http.HandlerFunc(c.dispatch))
	compressed := gzhttp.GzipHandler(pages)
	c.handler = c.withRequest(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch rt := routeOf(r); {
		case rt == anyCall:
			calls.ServeHTTP(w, r)
		case rt.feed: // compression would hold it back
			pages.ServeHTTP(w, r)
		default:
			compressed.ServeHTTP(w, r)
		}
	}))
	return c
}

// ServeHTTP serves any request, also those to the API.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

// Drain makes /readyz report that the console is about to stop, and ends the feeds of open pages.
// Everything else goes on.
func (c *Console) Drain() {
	c.health.draining.Store(true)
	c.live.hub.Close()
}

// OpenPages returns how many pages hear of changes at the moment.
func (c *Console) OpenPages() int { return c.live.hub.Len() }

// RateLimited returns how many requests each rate limit has refused since the program started:
// that of a token, that of invalid tokens from one network, and that of attempts to prove an identity.
func (c *Console) RateLimited() map[string]uint64 {
	return map[string]uint64{
		"token": c.limited.Token.Load(), "invalid_tokens": c.limited.InvalidTokens.Load(), "attempts": c.store.Identity.Attempts.Refused(),
	}
}

// Open pages hear of changes if these are called all the time: FollowEvents also when events were
// numbered (events.Log.Numbered), FollowJobs every second, and EndFeeds every few, which ends the
// feeds of those whose session or right has ended.

func (c *Console) FollowEvents(ctx context.Context) error { return c.live.followEvents(ctx) }
func (c *Console) FollowJobs(ctx context.Context) error   { return c.live.followJobs(ctx) }
func (c *Console) EndFeeds(ctx context.Context) error     { return c.live.endFeeds(ctx) }
