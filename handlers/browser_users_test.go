package handlers_test

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/text"
)

// peopleScenes are the pages about people, and what others than the owner see.
var peopleScenes = []scene{
	{"users", func(t *tab, v *town) {
		v.somebody(access.Admin)
		v.invited(text.Straight(v.contact.Name()))
		if _, err := v.store.Identity.Users.Disable(v.Context(), v.by, v.somebody(access.Auditor).ID); err != nil {
			v.Fatal(err)
		}
		for _, rule := range []identity.Policy{{SecondFactor: map[access.Role]int64{access.Admin: 0}}, {}} {
			if err := v.store.Identity.Policies.SetPolicy(v.Context(), v.by, rule); err != nil {
				v.Fatal(err)
			}
			if rule.SecondFactor != nil {
				t.visit("/users")
				t.sees("main", "Missing")
			}
		}
	}},
	{"people menu", func(t *tab, v *town) {
		v.invited(text.Straight(v.contact.Name()))
		t.visit("/users")
		t.click(".grid summary")
		t.until("the menu is open", "all('details.menu[open] ul').length === 1")
	}},
	{"invite", address("/users/invite")},
	{"invite refused", func(t *tab, _ *town) {
		t.visit("/users/invite")
		t.goes("Create invite link")
		t.sees("main", "There is a problem")
	}},
	{"invitation made", func(t *tab, v *town) {
		t.visit("/users/invite")
		t.write("#email", strings.ToLower(rand.Text())+"@example.com")
		t.write("#name", text.Straight(v.group.Name))
		t.click(`[value="editor"]`)
		t.goes("Create invite link")
		t.sees("main", "It won't be shown again")
	}},
	{"invitation revoke", at(func(v *town) string {
		return "/users/invitations/" + v.invited(text.Straight(v.contact.Name())) + "/revoke"
	})},
	{"person", at(func(v *town) string { return "/users/" + v.somebody(access.Editor).ID })},
	{"person own", at(func(v *town) string { return "/users/" + v.by.ID })},
	{"person disabled", func(t *tab, v *town) {
		u := v.somebody(access.Editor)
		if _, err := v.store.Identity.Users.Disable(v.Context(), v.by, u.ID); err != nil {
			v.Fatal(err)
		}
		t.visit("/users/" + u.ID)
	}},
	{"person role", at(func(v *town) string { return "/users/" + v.somebody(access.Editor).ID + "/role" })},
	{"person own role refused", func(t *tab, v *town) {
		t.visit("/users/" + v.by.ID + "/role")
		t.click(`[value="admin"]`)
		t.goes("Change role")
		t.sees("main", "There is a problem")
	}},
	{"person disable", func(t *tab, v *town) {
		t.visit("/users/" + v.somebody(access.Editor).ID)
		t.click("Disable…")
		t.sees("dialog", "They're signed out immediately")
	}},
	{"person second factor", at(func(v *town) string { return "/users/" + v.somebody(access.Editor).ID + "/second-factor" })},
	{"person sign out", func(t *tab, v *town) {
		u := v.somebody(access.Editor)
		v.session(u)
		v.session(u)
		t.visit("/users/" + u.ID)
		t.click("Sign out everywhere…")
		t.sees("dialog", "2 sessions end immediately.")
	}},
	{"person sign out own", at(func(v *town) string { return "/users/" + v.by.ID + "/sessions" })},
	{"policy", address("/users/policy")},
	{"general settings", address("/settings/general")},
	{"about this console", address("/settings/about")},
	{"policy refused", func(t *tab, _ *town) {
		t.visit("/users/policy")
		t.click(`[value="editor"]`)
		eval[string](t, "document.querySelector('#editor').value = '0001-01-01'")
		t.goes("Save")
		t.sees("main", "There is a problem")
	}},
	{"second factor missing", held(-24 * time.Hour)},
	{"second factor due", held(24 * time.Hour)},
	{"login ended", func(t *tab, v *town) {
		b, u := v.newBrowser(), v.somebody(access.Editor)
		b.post("/login", "email", u.Email, "password", password).wants(303)
		if _, err := v.store.Identity.Users.EndSessions(v.Context(), v.by, u.ID); err != nil {
			v.Fatal(err)
		}
		t.signIn(b)
		t.visit("/groups")
		t.sees("main", "You were signed out.")
		t.signIn(v.browser)
	}},
	{"activity held off", func(t *tab, v *town) {
		somebody := v.somebody(access.Editor)
		for range 6 {
			v.newBrowser().post("/login", "email", somebody.Email, "password", "wrong")
		}
		held := v.last(audit.ThrottledSignIn).ID
		t.visit("/activity?action=session")
		t.sees("main", "was temporarily blocked after 5 failed attempts to sign in as “"+somebody.Email+"”")
		t.inspect("activity of signing in")
		t.visit("/activity/" + held)
		t.sees("main", "Failed sign-ins")
	}},
	{"roles", address("/docs/roles")},
	{"auditor groups", as(access.Auditor, func(*town) string { return "/groups" })},
	{"auditor group", as(access.Auditor, func(v *town) string { return "/groups/" + v.group.ID })},
	{"auditor members", as(access.Auditor, func(v *town) string { return "/groups/" + v.group.ID + "/members" })},
	{"auditor members none", as(access.Auditor, func(v *town) string { return "/groups/" + v.empty.ID + "/members" })},
	{"auditor contact", as(access.Auditor, func(v *town) string { return "/contacts/" + v.contact.ID })},
	{"auditor people", as(access.Auditor, func(*town) string { return "/users" })},
	{"admin person", as(access.Admin, func(v *town) string { return "/users/" + v.by.ID })},
	{"refused", as(access.Editor, func(v *town) string { return "/groups/" + v.group.ID + "/delete" })},
	{"roles for strangers", stranger(func(*town) string { return "/docs/roles" })},
	{"welcome", stranger(func(v *town) string { return "/invite/" + v.secret() })},
	{"welcome refused", func(t *tab, v *town) {
		stranger(func(v *town) string { return "/invite/" + v.secret() })(t, v)
		t.goes("Join")
		t.sees("main", "There is a problem")
	}},
	{"welcome no good", stranger(func(*town) string { return "/invite/nonsense" })},
}

// as is the scene that an address shows somebody of a role.
func as(role access.Role, path func(v *town) string) func(*tab, *town) {
	return func(t *tab, v *town) {
		b := v.newBrowser()
		b.post("/login", "email", v.somebody(role).Email, "password", password).wants(303)
		t.signIn(b)
		t.visit(path(v))
		t.signIn(v.browser)
	}
}

// held is the scene of somebody's security where the rules ask for a second factor from a
// time after now on.
func held(after time.Duration) func(*tab, *town) {
	return func(t *tab, v *town) {
		from := v.store.DB.Now().Add(after).Unix()
		for _, rule := range []identity.Policy{{SecondFactor: map[access.Role]int64{access.Moderator: from}}, {}} {
			if err := v.store.Identity.Policies.SetPolicy(v.Context(), v.by, rule); err != nil {
				v.Fatal(err)
			}
			if rule.SecondFactor != nil {
				as(access.Moderator, func(*town) string { return "/profile/security" })(t, v)
			}
		}
	}
}

// stranger is the scene that an address shows somebody who is not signed in.
func stranger(path func(v *town) string) func(*tab, *town) {
	return func(t *tab, v *town) {
		call(t, network.ClearBrowserCookies, struct{}{})
		t.visit(path(v))
		t.signIn(v.browser)
	}
}

// somebody is one of the people, under a name of the town's.
func (v *town) somebody(role access.Role) identity.User {
	v.Helper()
	u, err := v.store.Identity.Users.CreateUser(v.Context(), access.System("test"), identity.NewUser{
		Email: strings.ToLower(rand.Text())[:12] + "@example.com", Name: text.Straight(v.contact.Name()), Role: role, Password: password,
	})
	if err != nil {
		v.Fatal(err)
	}
	return u
}

// invited makes an invitation, and is its id.
func (v *town) invited(name string) string {
	v.Helper()
	made, _, err := v.store.Identity.Invitations.Invite(v.Context(), v.by, identity.NewInvitation{Email: strings.ToLower(rand.Text())[:12] + "@example.com", Name: name, Role: access.Editor})
	if err != nil {
		v.Fatal(err)
	}
	return made.ID
}

func (v *town) secret() string {
	v.Helper()
	_, secret, err := v.store.Identity.Invitations.Invite(v.Context(), v.by, identity.NewInvitation{Email: strings.ToLower(rand.Text())[:12] + "@example.com", Role: access.Moderator})
	if err != nil {
		v.Fatal(err)
	}
	return secret
}
