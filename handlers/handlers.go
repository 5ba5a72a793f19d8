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
	"strings"
	"sync/atomic"

	"github.com/gorilla/sessions"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/models"
	"protocol.chat/console/static"
)

// Config is what a console is made of.
type Config struct {
	Store *models.Store
	Log   *slog.Logger
	// PublicURL is the address that people and programs use, such as
	// "https://console.example". Cookies are Secure where it is https.
	PublicURL string
	// Version is shown at the foot of every page.
	Version string
}

// Console is the whole console as an http.Handler.
type Console struct {
	store     *models.Store
	log       *slog.Logger
	publicURL string
	version   string
	sessions  sessions.Store
	handler   http.Handler // all of it, within its middleware
	routes    *http.ServeMux
	patterns  []string    // of all pages, in the order of route
	owned     atomic.Bool // set once there is an owner
}

// New makes a console. It can be mounted in another program at the root of a host.
func New(config Config) *Console {
	c := &Console{
		store: config.Store, log: config.Log, publicURL: config.PublicURL, version: config.Version,
		routes: http.NewServeMux(),
	}
	c.sessions = newSessionStore(c.store, c.secure())
	c.route()
	programs := api.New(api.Config{
		Store: c.store, Log: c.log, PublicURL: c.publicURL, RequestID: requestID, ClientIP: clientIP,
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

// route is the list of all pages. Those in the first part are open to everybody;
// the others need somebody signed in.
func (c *Console) route() {
	c.open("GET /healthz", c.health)
	c.open("GET /readyz", c.ready)
	c.open("GET /docs/errors/{code}", c.errorDocs)
	c.open("GET /setup", c.setup)
	c.open("POST /setup", c.doSetup)
	c.open("GET /login", c.login)
	c.open("POST /login", c.doLogin)
	c.open("POST /theme", c.theme)
	c.routes.Handle("GET /static/", static.Handler())

	c.signedIn("GET /{$}", c.home)
	c.signedIn("POST /logout", c.logout)
	c.signedIn("POST /drafts/{form}", c.draft)

	c.signedIn("GET /groups", c.groups)
	c.signedIn("GET /groups/new", c.newGroup)
	c.signedIn("POST /groups/new", c.createGroup)
	c.signedIn("GET /groups/{id}", c.group)
	c.signedIn("GET /groups/{id}/edit", c.editGroup)
	c.signedIn("POST /groups/{id}/edit", c.updateGroup)
	c.signedIn("POST /groups/{id}/archive", c.archiveGroup)
	c.signedIn("POST /groups/{id}/restore", c.restoreGroup)
	c.signedIn("GET /groups/{id}/delete", c.askDeleteGroup)
	c.signedIn("POST /groups/{id}/delete", c.deleteGroup)
	c.signedIn("GET /groups/{id}/members", c.members)
	c.signedIn("POST /groups/{id}/members", c.addMembers)
	c.signedIn("POST /groups/{id}/members/remove", c.removeMember)

	c.signedIn("GET /contacts", c.contacts)
	c.signedIn("GET /contacts/pick", c.pickContacts)
	c.signedIn("GET /contacts/new", c.newContact)
	c.signedIn("POST /contacts/new", c.createContact)
	c.signedIn("GET /contacts/{id}", c.contact)
	c.signedIn("GET /contacts/{id}/edit", c.editContact)
	c.signedIn("POST /contacts/{id}/edit", c.updateContact)
	c.signedIn("GET /contacts/{id}/delete", c.askDeleteContact)
	c.signedIn("POST /contacts/{id}/delete", c.deleteContact)

	c.signedIn("GET /settings/tokens", c.tokens)
	c.signedIn("GET /settings/tokens/new", c.newToken)
	c.signedIn("POST /settings/tokens/new", c.createToken)
	c.signedIn("GET /settings/tokens/{id}/revoke", c.askRevokeToken)
	c.signedIn("POST /settings/tokens/{id}/revoke", c.revokeToken)
}

// isAPI tells whether a path, however it is written, is the API's.
func isAPI(path string) bool {
	path = cleaned(path)
	return path == "/v1" || strings.HasPrefix(path, "/v1/")
}

// secure tells whether browsers reach the console over https.
func (c *Console) secure() bool { return strings.HasPrefix(c.publicURL, "https://") }
