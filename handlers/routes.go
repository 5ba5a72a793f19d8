package handlers

import (
	"net/http"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
	"protocol.chat/console/static"
	"protocol.chat/console/views"
)

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

// open routes a page that anybody may see.
func (c *Console) open(pattern string, handle pageHandler) {
	c.routes = append(c.routes, route{pattern: pattern, open: true})
	c.mux.Handle(pattern, c.page(func(w http.ResponseWriter, r *http.Request) error {
		if err := parseForm(r); err != nil {
			return err
		}
		return handle(w, r)
	}))
}

// signedIn routes a page for somebody who is signed in and has the right.
func (c *Console) signedIn(pattern string, right access.Right, handle pageHandler) {
	c.routes = append(c.routes, route{pattern: pattern, right: right})
	c.handleSignedIn(pattern, right, handle)
}

// dangerous routes a page for somebody who has the right and has lately proved who they
// are.
func (c *Console) dangerous(pattern string, right access.Right, handle pageHandler) {
	c.routes = append(c.routes, route{pattern: pattern, right: right, dangerous: true})
	c.handleSignedIn(pattern, right, c.confirmed(handle))
}

func (c *Console) handleSignedIn(pattern string, right access.Right, handle pageHandler) {
	c.mux.Handle(pattern, c.page(func(w http.ResponseWriter, r *http.Request) error {
		if err := parseForm(r); err != nil {
			return err
		}
		if owned, err := c.hasOwner(r); err != nil {
			return err
		} else if !owned {
			return redirect(w, r, views.SetupURL())
		}
		v, err := c.visit(r)
		if err != nil {
			return err
		}
		// The handler's error is answered here, where it is known who is signed in.
		r = withVisit(r, v)
		if v.must, err = c.store.Identity.NeedsSecondFactor(r.Context(), v.user); err != nil {
			return err
		}
		if v.must && !setsUp(r) {
			if err := c.sendToSetUp(w, r); err != nil {
				c.fail(w, r, err)
			}
			return nil
		}
		if err := v.actor.Check(right); err != nil {
			c.fail(w, r, err)
			return nil
		}
		if id := r.PathValue("id"); id != "" && !text.ValidID(id) {
			c.noID(w, r, id)
			return nil
		}
		if err := handle(w, r); err != nil {
			c.fail(w, r, err)
		}
		return nil
	}))
}

// notForHead refuses HEAD where GET is the step of something: a sign-in with a provider, or
// a key for an app. Everywhere else HEAD is GET without its body, and changes nothing.
func (c *Console) notForHead(paths ...string) {
	for _, path := range paths {
		c.mux.Handle("HEAD "+path, c.page(func(w http.ResponseWriter, _ *http.Request) error {
			w.Header().Set("Allow", http.MethodGet)
			return errWrongMethod
		}))
	}
}

// dispatch finds the route of a request, once its path is sure to mean the same
// to everybody who reads it.
func (c *Console) dispatch(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawPath != "" || cleaned(r.URL.Path) != r.URL.Path {
		c.page(func(http.ResponseWriter, *http.Request) error { return errNoPage }).ServeHTTP(w, r)
		return
	}
	handler, pattern := c.mux.Handler(r)
	if pattern != "" {
		c.mux.ServeHTTP(w, r)
		return
	}
	if to := c.withoutSlash(r); to != "" {
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, to, http.StatusPermanentRedirect)
		return
	}
	missing := &headerOnly{header: http.Header{}}
	handler.ServeHTTP(missing, r)
	c.page(func(w http.ResponseWriter, _ *http.Request) error {
		if missing.status != http.StatusMethodNotAllowed {
			return errNoPage
		}
		w.Header().Set("Allow", missing.header.Get("Allow"))
		return errWrongMethod
	}).ServeHTTP(w, r)
}

// withoutSlash returns where a page is that was asked for with a slash after its address, or ""
// if there is none.
func (c *Console) withoutSlash(r *http.Request) string {
	path, slash := strings.CutSuffix(r.URL.Path, "/")
	if !slash || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return ""
	}
	page := r.Clone(r.Context())
	page.URL.Path = path
	if _, pattern := c.mux.Handler(page); pattern == "" {
		return ""
	}
	return page.URL.RequestURI()
}

// headerOnly takes an answer's status and headers, and drops its body.
type headerOnly struct {
	header http.Header
	status int
}

func (h *headerOnly) Header() http.Header         { return h.header }
func (h *headerOnly) Write(b []byte) (int, error) { return len(b), nil }
func (h *headerOnly) WriteHeader(status int)      { h.status = status }
