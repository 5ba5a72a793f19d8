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

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/gorilla/sessions"

	"protocol.chat/console/handlers/api"
	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/static"
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

// route is what a page asks of who calls it.
type route struct {
	pattern string
	// open says that anybody may call it; right is what others need.
	open  bool
	right access.Right
	// dangerous says that the caller must have proved lately who they are.
	dangerous bool
}

// addRoutes is the list of all pages. Those in the first part are open to everybody;
// the others need somebody signed in who has the right named, and those that are
// dangerous somebody who has lately proved who they are.
func (c *Console) addRoutes() {
	c.open("GET /healthz", c.health)
	c.open("GET /readyz", c.ready)
	c.open("GET /docs", c.docs)
	c.open("GET /docs/{topic}", c.doc)
	c.open("GET /docs/errors/{code}", c.errorDocs)
	c.open("GET /setup", c.setup)
	c.open("POST /setup", c.doSetup)
	c.open("GET /login", c.login)
	c.open("POST /login", c.doLogin)
	c.open("GET /login/oidc", c.askProvider)
	c.open("GET /login/oidc/callback", c.answerOfProvider)
	c.open("POST /theme", c.theme)
	c.open("GET /docs/roles", c.roles)
	c.open("GET /invite/{secret}", c.welcome)
	c.open("POST /invite/{secret}", c.accept)
	c.open("GET /login/code", c.secondFactor)
	c.open("POST /login/code", c.doSecondFactor)
	c.open("POST /login/passkey", c.passkeyLogin)
	c.open("POST /login/passkey/options", c.passkeyQuestion)
	c.mux.Handle("GET /static/", static.Handler())
	c.notForHead("/login/oidc", "/login/oidc/callback", "/profile/security/app")

	c.signedIn("GET /{$}", access.SignedInOnly, c.home)
	c.signedIn("POST /logout", access.SignedInOnly, c.logout)
	c.signedIn("POST /drafts/{form}", access.SignedInOnly, c.draft)

	c.signedIn("POST /confirm", access.SignedInOnly, c.confirm)
	c.signedIn("GET /profile", access.SignedInOnly, c.profile)
	c.signedIn("POST /profile", access.SignedInOnly, c.updateProfile)
	c.signedIn("GET /profile/shortcuts", access.SignedInOnly, c.shortcuts)
	c.signedIn("GET /profile/password", access.SignedInOnly, c.password)
	c.signedIn("POST /profile/password", access.SignedInOnly, c.changePassword)
	c.signedIn("GET /profile/activity", access.SignedInOnly, c.ownActivity)
	c.signedIn("GET /profile/security", access.SignedInOnly, c.security)
	c.dangerous("GET /profile/security/app", access.SignedInOnly, c.newApp)
	c.dangerous("POST /profile/security/app", access.SignedInOnly, c.confirmApp)
	c.dangerous("GET /profile/security/app/off", access.SignedInOnly, c.askAppOff)
	c.dangerous("POST /profile/security/app/off", access.SignedInOnly, c.appOff)
	c.dangerous("GET /profile/security/codes", access.SignedInOnly, c.askCodes)
	c.dangerous("POST /profile/security/codes", access.SignedInOnly, c.newCodes)
	c.signedIn("POST /profile/security/codes/file", access.SignedInOnly, c.codesFile)
	c.signedIn("GET /profile/security/sessions/end", access.SignedInOnly, c.askEndOtherSessions)
	c.signedIn("POST /profile/security/sessions/end", access.SignedInOnly, c.endOtherSessions)
	c.signedIn("POST /profile/security/sessions/{id}/end", access.SignedInOnly, c.endSession)
	c.dangerous("POST /profile/security/passkeys/options", access.SignedInOnly, c.newPasskeyQuestion)
	c.dangerous("GET /profile/security/passkeys/new", access.SignedInOnly, c.newPasskey)
	c.dangerous("POST /profile/security/passkeys/new", access.SignedInOnly, c.addPasskey)
	c.signedIn("GET /profile/security/passkeys/{id}/rename", access.SignedInOnly, c.askRenamePasskey)
	c.signedIn("POST /profile/security/passkeys/{id}/rename", access.SignedInOnly, c.renamePasskey)
	c.dangerous("GET /profile/security/passkeys/{id}/remove", access.SignedInOnly, c.askRemovePasskey)
	c.dangerous("POST /profile/security/passkeys/{id}/remove", access.SignedInOnly, c.removePasskey)
	c.dangerous("GET /profile/security/identity/remove", access.SignedInOnly, c.askUnlink)
	c.dangerous("POST /profile/security/identity/remove", access.SignedInOnly, c.unlink)

	c.signedIn("GET /groups", access.ReadGroups, c.groups)
	c.signedIn("GET /groups/new", access.EditGroups, c.newGroup)
	c.signedIn("POST /groups/new", access.EditGroups, c.createGroup)
	c.signedIn("GET /groups/{id}", access.ReadGroups, c.group)
	c.signedIn("GET /groups/{id}/edit", access.EditGroups, c.editGroup)
	c.signedIn("POST /groups/{id}/edit", access.EditGroups, c.updateGroup)
	c.signedIn("POST /groups/{id}/archive", access.ArchiveGroups, c.archiveGroup)
	c.signedIn("POST /groups/{id}/restore", access.ArchiveGroups, c.restoreGroup)
	c.signedIn("GET /groups/{id}/delete", access.DeleteGroups, c.askDeleteGroup)
	c.signedIn("POST /groups/{id}/delete", access.DeleteGroups, c.deleteGroup)
	c.signedIn("GET /groups/{id}/members", access.ReadGroups, c.members)
	c.signedIn("POST /groups/{id}/members", access.EditMembers, c.addMembers)
	c.signedIn("POST /groups/{id}/members/remove", access.EditMembers, c.removeMember)

	c.signedIn("GET /contacts", access.ReadContacts, c.contacts)
	c.signedIn("GET /contacts/pick", access.ReadContacts, c.pickContacts)
	c.signedIn("GET /contacts/new", access.EditContacts, c.newContact)
	c.signedIn("POST /contacts/new", access.EditContacts, c.createContact)
	c.signedIn("GET /contacts/{id}", access.ReadContacts, c.contact)
	c.signedIn("GET /contacts/{id}/edit", access.EditContacts, c.editContact)
	c.signedIn("POST /contacts/{id}/edit", access.EditContacts, c.updateContact)
	c.signedIn("GET /contacts/{id}/delete", access.DeleteContacts, c.askDeleteContact)
	c.signedIn("POST /contacts/{id}/delete", access.DeleteContacts, c.deleteContact)

	c.signedIn("GET /activity", access.ReadActivity, c.activity)
	c.signedIn("POST /activity/export", access.Export, c.exportActivity)
	c.signedIn("GET /activity/verify", access.ReadActivity, c.verifyActivity)
	c.dangerous("GET /activity/retention", access.KeepActivity, c.retention)
	c.dangerous("POST /activity/retention", access.KeepActivity, c.setRetention)
	c.signedIn("GET /activity/{id}", access.ReadActivity, c.activityLine)
	c.signedIn("GET /activity/{id}/revert", access.ReadActivity, c.askRevert)
	c.signedIn("POST /activity/{id}/revert", access.ReadActivity, c.revert)
	c.signedIn("GET /groups/{id}/activity", access.ReadActivity, c.groupActivity)

	c.signedIn("GET /settings/tokens", access.MakeTokens, c.tokens)
	c.dangerous("GET /settings/tokens/new", access.MakeTokens, c.newToken)
	c.dangerous("POST /settings/tokens/new", access.MakeTokens, c.createToken)
	c.signedIn("GET /settings/tokens/{id}", access.MakeTokens, c.token)
	c.dangerous("GET /settings/tokens/{id}/roll", access.MakeTokens, c.askRollToken)
	c.dangerous("POST /settings/tokens/{id}/roll", access.MakeTokens, c.rollToken)
	c.signedIn("GET /settings/tokens/{id}/end-old-secret", access.MakeTokens, c.askEndOldSecret)
	c.signedIn("POST /settings/tokens/{id}/end-old-secret", access.MakeTokens, c.endOldSecret)
	c.signedIn("GET /settings/tokens/{id}/revoke", access.MakeTokens, c.askRevokeToken)
	c.signedIn("POST /settings/tokens/{id}/revoke", access.MakeTokens, c.revokeToken)

	c.signedIn("GET /people", access.ReadPeople, c.people)
	c.dangerous("GET /people/invite", access.ManagePeople, c.newInvitation)
	c.dangerous("POST /people/invite", access.ManagePeople, c.invite)
	c.dangerous("POST /people/invitations/{id}/renew", access.ManagePeople, c.renewInvitation)
	c.dangerous("GET /people/invitations/{id}/revoke", access.ManagePeople, c.askRevokeInvitation)
	c.dangerous("POST /people/invitations/{id}/revoke", access.ManagePeople, c.revokeInvitation)
	c.dangerous("GET /people/policy", access.ManagePolicy, c.policy)
	c.dangerous("POST /people/policy", access.ManagePolicy, c.setPolicy)
	c.signedIn("GET /people/{id}", access.ReadPeople, c.person)
	c.dangerous("GET /people/{id}/role", access.ManageRoles, c.askRole)
	c.dangerous("POST /people/{id}/role", access.ManageRoles, c.changeRole)
	c.dangerous("GET /people/{id}/disable", access.ManagePeople, c.askDisable)
	c.dangerous("POST /people/{id}/disable", access.ManagePeople, c.disable)
	c.dangerous("POST /people/{id}/enable", access.ManagePeople, c.enable)
	c.dangerous("GET /people/{id}/second-factor", access.ManagePeople, c.askResetFactor)
	c.dangerous("POST /people/{id}/second-factor", access.ManagePeople, c.resetFactor)
	c.dangerous("GET /people/{id}/identity", access.ManagePeople, c.askUnlinkPerson)
	c.dangerous("POST /people/{id}/identity", access.ManagePeople, c.unlinkPerson)
	c.dangerous("GET /people/{id}/sessions", access.ManagePeople, c.askEndSessions)
	c.dangerous("POST /people/{id}/sessions", access.ManagePeople, c.endSessions)
}

// isAPI reports whether a path, however it is written, is the API's.
func isAPI(path string) bool {
	path = cleaned(path)
	return path == "/v1" || strings.HasPrefix(path, "/v1/")
}

// secure reports whether browsers reach the console over https.
func (c *Console) secure() bool { return c.cookies.secure }
