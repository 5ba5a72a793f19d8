package handlers_test

import (
	"slices"
	"testing"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// The matrix: every route of the pages × every kind of caller × objects of their own and
// of others. Who may do what is written here by hand, apart from models.Rules, so that a
// slip in either shows. handlers/api has the other half, for programs.
//
// For a new route: give it a row in routes (routes_test.go), which knows how it is called
// when all is well, and one here. A row is the letters of the roles that are let through:
// O owner, A admin, E editor, M moderator, U auditor. Where it matters whose object a
// route is called about, give it a row for each of objects in place of one for any.

// allowed are the roles that are let through, by whose object is asked for.
type allowed map[string]string

const (
	everybody = "open"
	all       = "OAEMU"
)

// about is a row for a route whose objects are anybody's.
func about(roles string) allowed { return allowed{"any": roles} }

// managing is a row for what is done to somebody's account.
func managing(own string) allowed {
	return allowed{"own": own, "owner's": "O", "admin's": "O", "editor's": "OA"}
}

// token is a row for what is done with a token: by its owner, and by the roles that manage
// others'. To all who manage none there is no such token.
func token(managers string) allowed {
	return allowed{"own": all, "owner's": managers + hidden + "EMU", "editor's": managers + hidden + "EMU"}
}

// own is a row for what belongs to one person alone.
func own() allowed {
	return allowed{"own": all, "owner's": hidden + all, "editor's": hidden + all}
}

// hidden stands before the letters of the roles for which there is nothing at the address.
const hidden = "?"

var matrix = map[string]allowed{
	"GET /healthz":                     about(everybody),
	"GET /readyz":                      about(everybody),
	"GET /docs":                        about(everybody),
	"GET /docs/{topic}":                about(everybody),
	"GET /docs/api/{group}":            about(everybody),
	"GET /docs/calls":                  about(all),
	"GET /docs/errors/{code}":          about(everybody),
	"GET /docs/clients/{file}":         about(everybody),
	"GET /docs/metrics/alerts.yml":     about(everybody),
	"GET /docs/metrics/dashboard.json": about(everybody),
	"GET /docs/roles":                  about(everybody),
	"GET /setup":                       about(everybody),
	"POST /setup":                      about(everybody),
	"GET /login":                       about(everybody),
	"POST /login":                      about(everybody),
	"POST /theme":                      about(everybody),
	"GET /invite/{secret}":             about(everybody),
	"POST /invite/{secret}":            about(everybody),
	"GET /{$}":                         about(all),
	"GET /overview/groups.csv":         about(all),
	"POST /overview/checklist/skip":    about("O"),
	"POST /undo":                       about(all),
	"POST /logout":                     about(all),
	"POST /drafts/{form}":              about("OAE"),

	"GET /search":                      about(all),
	"GET /groups":                      about(all),
	"GET /groups/new":                  about("OAE"),
	"POST /groups/new":                 about("OAE"),
	"GET /groups/export":               about("OAU"),
	"POST /groups/export":              about("OAU"),
	"GET /groups/{id}/members/export":  about("OAU"),
	"POST /groups/{id}/members/export": about("OAU"),
	"POST /groups/{id}/export":         about("OAU"),
	"GET /groups/{id}":                 about(all),
	"GET /groups/{id}/edit":            about("OAE"),
	"POST /groups/{id}/edit":           about("OAE"),
	"POST /groups/{id}/archive":        about("OAEM"),
	"POST /groups/{id}/restore":        about("OAEM"),
	"GET /groups/{id}/delete":          about("OA"),
	"POST /groups/{id}/delete":         about("OA"),
	"POST /groups/{id}/undelete":       about("OA"),
	"GET /groups/{id}/messages":        about(all),
	"POST /groups/{id}/messages":       about("OAE"),
	"GET /messages/{id}/delete":        about("OAM"),
	"POST /messages/{id}/delete":       about("OAM"),
	"GET /groups/{id}/members":         about(all),
	"POST /groups/{id}/members":        about("OAEM"),
	"POST /groups/{id}/members/remove": about("OAEM"),

	"GET /groups/filters":            about(all),
	"GET /groups/columns":            about(all),
	"POST /groups/columns":           about(all),
	"GET /groups/views":              about(all),
	"GET /groups/views/new":          about(all),
	"POST /groups/views/new":         about(all),
	"POST /groups/views/pin":         about(all),
	"GET /groups/views/{id}/edit":    own(),
	"POST /groups/views/{id}/edit":   own(),
	"GET /groups/views/{id}/delete":  own(),
	"POST /groups/views/{id}/delete": own(),

	"GET /groups/rules":              about(all),
	"GET /groups/rules/new":          about("OAEM"),
	"POST /groups/rules/new":         about("OAEM"),
	"GET /groups/rules/{id}/edit":    about("OAEM"),
	"POST /groups/rules/{id}/edit":   about("OAEM"),
	"POST /groups/rules/{id}/pause":  about("OAEM"),
	"GET /groups/rules/{id}/delete":  about("OAEM"),
	"POST /groups/rules/{id}/delete": about("OAEM"),
	"GET /groups/{id}/schedule":      about("OAEM"),
	"POST /groups/{id}/schedule":     about("OAEM"),
	"POST /groups/{id}/unschedule":   about("OAEM"),
	"POST /groups/{id}/exempt":       about("OAEM"),

	"GET /groups/bulk":         about(all),
	"POST /groups/bulk":        about("OAEM"), // to archive them
	"GET /groups/pick":         about(all),
	"GET /groups/bulk/delete":  about("OA"),
	"POST /groups/bulk/delete": about("OA"),

	"GET /groups/{id}/members/bulk":  about("OAEM"),
	"POST /groups/{id}/members/bulk": about("OAEM"),

	"GET /contacts":              about(all),
	"GET /contacts/pick":         about(all),
	"GET /contacts/new":          about("OAE"),
	"POST /contacts/new":         about("OAE"),
	"GET /contacts/export":       about("OAU"),
	"POST /contacts/export":      about("OAU"),
	"POST /contacts/{id}/export": about("OAU"),
	"GET /contacts/merge":        about("OA"),
	"POST /contacts/merge":       about("OA"),
	"GET /contacts/bulk":         about(all),
	"POST /contacts/bulk":        about("OAEM"), // to add them to groups
	"GET /contacts/bulk/delete":  about("OA"),
	"POST /contacts/bulk/delete": about("OA"),
	"GET /contacts/{id}":         about(all),
	"GET /contacts/{id}/edit":    about("OAE"),
	"POST /contacts/{id}/edit":   about("OAE"),
	"GET /contacts/{id}/delete":  about("OA"),
	"POST /contacts/{id}/delete": about("OA"),
	"GET /contacts/{id}/erase":   about("OA"),
	"POST /contacts/{id}/erase":  about("OA"),

	"POST /contacts/pick/missing": about(all),

	"GET /groups/import":           about("OAE"),
	"POST /groups/import":          about("OAE"),
	"GET /groups/import/example":   about("OAE"),
	"GET /contacts/import":         about("OAE"),
	"POST /contacts/import":        about("OAE"),
	"GET /contacts/import/example": about("OAE"),
	"GET /jobs/{id}/import":        about("OAE"),
	"POST /jobs/{id}/import":       about("OAE"),
	"POST /jobs/{id}/start":        about("OAE"),

	"GET /live":              about(all),
	"GET /jobs":              about(all),
	"GET /jobs/{id}":         about(all),
	"GET /jobs/{id}/results": about(all),
	"POST /jobs/{id}/file":   about("OAU"),
	"POST /jobs/{id}/cancel": about("OAEM"), // of a job that archives groups
	"POST /jobs/{id}/retry":  about("OAEM"),
	"POST /jobs/{id}/undo":   about("OAEM"),

	"GET /activity":                 about("OAU"),
	"POST /activity/export":         about("OAU"),
	"GET /activity/verify":          about("OAU"),
	"GET /activity/retention":       about("O"),
	"POST /activity/retention":      about("O"),
	"POST /activity/hold":           about("O"),
	"GET /activity/{id}":            about("OAU"),
	"GET /activity/{id}/revert":     about("OA"), // of a change of a group's name
	"POST /activity/{id}/revert":    about("OA"),
	"GET /groups/{id}/api":          about(all),
	"GET /groups/{id}/deliveries":   about("OA"),
	"GET /contacts/{id}/api":        about(all),
	"GET /groups/{id}/past":         about("OAU"),
	"GET /groups/{id}/past/revert":  about("OAU"),
	"POST /groups/{id}/past/revert": about("OAU"),
	"GET /groups/{id}/activity":     about("OAU"),

	"GET /login/code":             about(everybody),
	"POST /login/code":            about(everybody),
	"POST /login/passkey":         about(everybody),
	"POST /login/passkey/options": about(everybody),

	"POST /confirm":          about(all),
	"GET /profile":           about(all),
	"GET /profile/shortcuts": about(all),
	"POST /profile":          about(all),
	"GET /profile/password":  about(all),
	"POST /profile/password": about(all),
	"GET /profile/activity":  about(all),
	"GET /profile/security":  about(all),

	"GET /profile/security/app":                   about(all),
	"POST /profile/security/app":                  about(all),
	"GET /profile/security/app/off":               about(all),
	"POST /profile/security/app/off":              about(all),
	"GET /profile/security/codes":                 about(all),
	"POST /profile/security/codes":                about(all),
	"POST /profile/security/codes/file":           about(all),
	"GET /profile/security/sessions/end":          about(all),
	"POST /profile/security/sessions/end":         about(all),
	"POST /profile/security/sessions/{id}/end":    own(),
	"POST /profile/security/passkeys/options":     about(all),
	"GET /profile/security/passkeys/new":          about(all),
	"POST /profile/security/passkeys/new":         about(all),
	"GET /profile/security/passkeys/{id}/rename":  own(),
	"POST /profile/security/passkeys/{id}/rename": own(),
	"GET /profile/security/passkeys/{id}/remove":  own(),
	"POST /profile/security/passkeys/{id}/remove": own(),
	"GET /profile/security/identity/remove":       about(all),
	"POST /profile/security/identity/remove":      about(all),

	"GET /login/oidc":          about(everybody),
	"GET /login/oidc/callback": about(everybody),

	"GET /settings/webhooks":                    about("OA"),
	"GET /settings/webhooks/new":                about("OA"),
	"POST /settings/webhooks/new":               about("OA"),
	"GET /settings/deliveries":                  about("OA"),
	"GET /settings/deliveries/{id}":             about("OA"),
	"POST /settings/deliveries/{id}/resend":     about("OA"),
	"GET /settings/webhooks/{id}":               about("OA"),
	"GET /settings/webhooks/{id}/edit":          about("OA"),
	"POST /settings/webhooks/{id}/edit":         about("OA"),
	"POST /settings/webhooks/{id}/state":        about("OA"),
	"POST /settings/webhooks/{id}/secret":       about("OA"),
	"GET /settings/webhooks/{id}/rotate":        about("OA"),
	"POST /settings/webhooks/{id}/rotate":       about("OA"),
	"GET /settings/webhooks/{id}/delete":        about("OA"),
	"POST /settings/webhooks/{id}/delete":       about("OA"),
	"POST /settings/webhooks/{id}/test":         about("OA"),
	"GET /settings/webhooks/{id}/resend":        about("OA"),
	"POST /settings/webhooks/{id}/resend":       about("OA"),
	"GET /settings/webhooks/{id}/check":         about("OA"),
	"POST /settings/webhooks/{id}/check":        about("OA"),
	"GET /settings/tokens":                      about(all),
	"GET /settings/tokens/new":                  about(all),
	"POST /settings/tokens/new":                 about(all),
	"GET /settings/tokens/{id}":                 token("OA"),
	"GET /settings/tokens/{id}/rotate":          token(""),
	"POST /settings/tokens/{id}/rotate":         token(""),
	"GET /settings/tokens/{id}/end-old-secret":  token("OA"),
	"POST /settings/tokens/{id}/end-old-secret": token("OA"),
	"GET /settings/tokens/{id}/revoke":          token("OA"),
	"POST /settings/tokens/{id}/revoke":         token("OA"),

	"GET /users":                          about("OAU"),
	"GET /users/invite":                   about("OA"),
	"POST /users/invite":                  about("OA"),
	"POST /users/invitations/{id}/renew":  about("OA"),
	"GET /users/invitations/{id}/revoke":  about("OA"),
	"POST /users/invitations/{id}/revoke": about("OA"),
	"GET /avatars/groups/{id}":            about(all),
	"GET /avatars/contacts/{id}":          about(all),
	"GET /settings/about":                 about("O"),
	"GET /settings/general":               about("O"),
	"POST /settings/general":              about("O"),
	"GET /users/policy":                   about("O"),
	"POST /users/policy":                  about("O"),
	"GET /users/{id}":                     {"own": "OAU", "owner's": "OAU", "editor's": "OAU"},
	"GET /users/{id}/role":                {"own": "O", "owner's": "O", "editor's": "O"},
	"POST /users/{id}/role":               {"own": "O", "owner's": "O", "admin's": "O", "editor's": "O"},
	"GET /users/{id}/disable":             managing("O"),
	"POST /users/{id}/disable":            managing("O"),
	"POST /users/{id}/enable":             managing("O"),
	"GET /users/{id}/second-factor":       managing("O"),
	"POST /users/{id}/second-factor":      managing("O"),
	"GET /users/{id}/identity":            managing("O"),
	"POST /users/{id}/identity":           managing("OA"), // one's own is told to be under Security
	"GET /users/{id}/sessions":            managing("O"),
	"POST /users/{id}/sessions":           managing("O"),
}

// callers are all kinds of them. Those without a role are nobody, whatever they send.
var callers = []struct {
	letter string
	role   access.Role
	broken func(s *site, u identity.User)
	// token makes the token that is sent along: pages are for people, and know none.
	token func(s *site) string
}{
	{letter: "O", role: access.Owner},
	{letter: "A", role: access.Admin},
	{letter: "E", role: access.Editor},
	{letter: "M", role: access.Moderator},
	{letter: "U", role: access.Auditor},
	{letter: "signed out"},
	{letter: "read token", token: func(s *site) string { return s.token(identity.NewToken{Scopes: access.ReadScopes()}) }},
	{letter: "write token", token: func(s *site) string { return s.token(identity.NewToken{Scopes: access.WriteScopes()}) }},
	{letter: "disabled", role: access.Owner, broken: func(s *site, u identity.User) {
		if _, err := s.store.Identity.Users.Disable(s.Context(), s.by, u.ID); err != nil {
			s.Fatal(err)
		}
	}},
	{letter: "ended", role: access.Owner, broken: func(s *site, u identity.User) {
		if _, err := s.store.Identity.Users.EndSessions(s.Context(), s.by, u.ID); err != nil {
			s.Fatal(err)
		}
	}},
}

// TestTheWholeMatrix asks every route for every caller.
func TestTheWholeMatrix(t *testing.T) {
	modelstest.Slow(t)
	each(t, func(s *site) {
		for pattern := range matrix {
			if !slices.Contains(s.console.Patterns(), pattern) {
				s.Errorf("there is no route %s", pattern)
			}
		}
		for _, caller := range callers {
			m := newCaller(s, caller.letter, caller.role, caller.broken)
			if caller.token != nil {
				m.token = caller.token(s)
			}
			for _, pattern := range s.console.Patterns() {
				row, known := matrix[pattern]
				if !known {
					s.Fatalf("the route %s has no row in matrix: say who may call it", pattern)
				}
				for object, roles := range row {
					m.ask(pattern, object, roles)
				}
			}
		}
	})
}
