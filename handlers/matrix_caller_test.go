package handlers_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strings"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
)

// theCaller is one of callers, with whom they deal with.
type theCaller struct {
	*site
	letter string
	role   access.Role
	broken func(s *site, u identity.User)
	self   identity.User
	secret string
	token  string
	others map[string]identity.User // by whose object is asked for
}

func newCaller(s *site, letter string, role access.Role, broken func(*site, identity.User)) *theCaller {
	m := &theCaller{site: s, letter: letter, role: role, broken: broken, others: map[string]identity.User{}}
	m.anew()
	return m
}

// anew makes the caller and the others afresh, once something may have happened to them.
func (m *theCaller) anew() {
	m.Helper()
	clear(m.others)
	if m.role == "" {
		return
	}
	m.self = m.person(m.role)
	m.signIn()
	if m.broken != nil {
		m.broken(m.site, m.self)
	}
}

func (m *theCaller) signIn() {
	m.Helper()
	var err error
	if m.secret, err = m.store.Identity.Sessions.StartSession(m.Context(), m.self.Actor(), m.self, false); err != nil {
		m.Fatal(err)
	}
}

// object makes what a route is called about, and is its id.
func (m *theCaller) object(pattern, whose string) string {
	m.Helper()
	if whose == "any" {
		if make := routes[pattern].id; make != nil {
			return make(m.site)
		}
		return ""
	}
	u := m.self
	if whose != "own" {
		role := access.Role(strings.TrimSuffix(whose, "'s"))
		if _, known := m.others[whose]; !known {
			m.others[whose] = m.person(role)
		}
		u = m.others[whose]
	}
	if u.ID == "" {
		u.ID = m.by.ID // signed out: nobody's own is the owner's
	}
	switch {
	case strings.Contains(pattern, "/tokens/"):
		return m.tokenOf(u)
	case strings.Contains(pattern, "/profile/security/sessions/"):
		return m.sessionOf(u)
	case strings.Contains(pattern, "/profile/security/passkeys/"):
		return m.passkeyOf(u)
	case strings.Contains(pattern, "/groups/views/"):
		return m.viewOf(u)
	}
	return u.ID
}

// sessionOf starts another session. Who may not sign in has none.
func (m *theCaller) sessionOf(u identity.User) string {
	m.Helper()
	if _, err := m.store.Identity.Sessions.StartSession(m.Context(), u.Actor(), u, false); err != nil {
		return "0000000000000000"
	}
	found, err := m.store.Identity.Sessions.List(m.Context(), u.Actor())
	if err != nil || len(found) == 0 {
		m.Fatal(found, err)
	}
	return found[0].ID
}

// viewOf saves another view. Who may not sign in saves none.
func (m *theCaller) viewOf(u identity.User) string {
	m.Helper()
	v, err := m.store.Identity.SavedViews.Create(m.Context(), u.Actor(), identity.ViewChange{Name: new("View " + rand.Text())})
	if errors.Is(err, access.ErrDenied) {
		return "0000000000000000"
	} else if err != nil {
		m.Fatal(err)
	}
	return v.ID
}

// passkeyOf adds another passkey. Who may not sign in adds none.
func (m *theCaller) passkeyOf(u identity.User) string {
	m.Helper()
	made := identity.NewPasskey{Name: "Phone", CredentialID: rand.Text(), Data: "{}"}
	if _, err := m.store.Identity.SecondFactors.AddPasskey(m.Context(), u.Actor(), made); errors.Is(err, access.ErrDenied) {
		return "0000000000000000"
	} else if err != nil {
		m.Fatal(err)
	}
	found, err := m.store.Identity.SecondFactors.Passkeys(m.Context(), u.Actor())
	if err != nil || len(found) == 0 {
		m.Fatal(found, err)
	}
	return found[0].ID
}

func (m *theCaller) tokenOf(u identity.User) string {
	m.Helper()
	token, _, err := m.store.Identity.Tokens.CreateToken(m.Context(), access.System("test"), identity.NewToken{UserID: u.ID, Name: "Nightly", Scopes: access.ReadScopes()}, nil)
	if err != nil {
		m.Fatal(err)
	}
	return token.ID
}

func (m *theCaller) ask(pattern, whose, roles string) {
	m.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	roles, blind, _ := strings.Cut(roles, hidden)
	path = strings.NewReplacer("{$}", "", "{topic}", "search", "{group}", "groups", "{file}", "ApiClient.php", "{code}", "parameter_invalid", "{form}", "new-group").Replace(path)
	path = withID(path, m.object(pattern, whose))
	var form []string
	if fields := routes[pattern].fields; fields != nil {
		form = fields(m.site)
	}
	before := m.newest()
	b := m.newBrowser()
	if m.secret != "" {
		b = b.with("Cookie", m.sessionCookie()+"="+m.secret)
	}
	if m.token != "" {
		b = b.with("Authorization", "Bearer "+m.token)
	}
	p := m.send(b, method, path, form)
	what := m.letter + ": " + pattern + " of " + whose
	switch {
	case roles == everybody || m.broken == nil && m.role != "" && strings.Contains(roles, m.letter):
		if roles != everybody && p.status == http.StatusNotFound ||
			p.status == http.StatusForbidden || p.status == http.StatusUnauthorized || p.status >= 500 || strings.HasPrefix(p.header.Get("Location"), "/login?") {
			m.Errorf("%s: got %d, and may: %s", what, p.status, p.text("main"))
		}
		if method == http.MethodPost && changesPeople(pattern) {
			m.anew()
		}
		return
	case m.broken != nil || m.role == "":
		to := p.header.Get("Location")
		if !(method == http.MethodGet && p.status == http.StatusSeeOther && strings.HasPrefix(to, "/login") || p.status == http.StatusUnauthorized) {
			m.Errorf("%s: got %d, leads to %q", what, p.status, to)
		}
	case strings.Contains(blind, m.letter):
		p.wants(http.StatusNotFound)
	case p.status == http.StatusForbidden && strings.Contains(p.text("main"), "can rotate this token"):
		// Nobody can give this right.
	case p.status != http.StatusForbidden || !strings.Contains(p.text("main"), "doesn't let you"):
		m.Errorf("%s: got %d, and may not: %s", what, p.status, p.text("main"))
	case !strings.Contains(p.text("main"), "(owner") || p.doc.Find(`main a[href="/docs/roles"]`).Length() == 0:
		m.Errorf("%s: who can give the right is not said: %s", what, p.text("main"))
	}
	if now := m.newest(); now.ID != before.ID {
		m.Errorf("%s: refused, and wrote %s", what, now.Action)
	}
}

// token makes a token of the owner's, and is its secret.
func (s *site) token(n identity.NewToken) string {
	s.Helper()
	n.Name = "Robot"
	_, secret, err := s.store.Identity.Tokens.CreateToken(s.Context(), s.by, n, nil)
	if err != nil {
		s.Fatal(err)
	}
	return secret
}

// changesPeople reports whether an act may have changed the caller, their session or
// somebody they deal with.
func changesPeople(pattern string) bool {
	return slices.ContainsFunc([]string{"/log", "/invite", "/confirm", "/users", "/profile"}, func(path string) bool {
		return strings.HasPrefix(pattern, "POST "+path)
	})
}
