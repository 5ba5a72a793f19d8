package models_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

var system = access.System("test")

// somebody creates a user with a role; name is also the start of their address.
func somebody(t *testing.T, store *models.Store, name string, role access.Role) identity.User {
	t.Helper()
	u, err := store.Identity.Users.CreateUser(t.Context(), system, identity.NewUser{
		Email: name + "@example.com", Name: name, Role: role, Password: modelstest.OwnerPassword,
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// signIn opens a session and returns its secret.
func signIn(t *testing.T, store *models.Store, u identity.User) string {
	t.Helper()
	secret, err := store.Identity.Sessions.StartSession(t.Context(), u.Actor(), u, false)
	if err != nil {
		t.Fatal(err)
	}
	return modelstest.Keep(store, modelstest.Cookie, secret)
}

func signedIn(t *testing.T, store *models.Store, secret string) bool {
	t.Helper()
	_, err := store.Identity.Sessions.Session(t.Context(), secret)
	if err != nil && !errors.Is(err, access.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// lines returns the audit lines of an action, the newest first.
func lines(t *testing.T, store *models.Store, action audit.Action) []audit.Line {
	t.Helper()
	page, err := store.Audit.Activity(t.Context(), audit.ActivityQuery{Range: db.Range{Limit: db.MaxLimit}})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(page.Lines, func(l audit.Line) bool { return l.Action != action })
}

// wants fails the test if err is not of the kind wanted; nil is none.
func wants(t *testing.T, what string, err, kind error) {
	t.Helper()
	if kind == nil && err != nil || kind != nil && !errors.Is(err, kind) {
		t.Errorf("%s: got %v, want %v", what, err, kind)
	}
}

func TestTheLastOwnerStays(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		ada := modelstest.Owner(t, store)
		second := somebody(t, store, "second", access.Owner)
		if _, err := store.Identity.Users.Disable(ctx, ada, second.ID); err != nil {
			t.Fatal(err)
		}
		for _, by := range []access.Actor{ada, system} {
			_, err := store.Identity.Users.ChangeRole(ctx, by, ada.ID, access.Admin)
			wants(t, "demote the last owner", err, access.ErrConflict)
			_, err = store.Identity.Users.Disable(ctx, by, ada.ID)
			wants(t, "disable the last owner", err, access.ErrConflict)
		}
		if _, err := store.Identity.Users.ChangeRole(ctx, system, second.ID, access.Editor); err != nil {
			t.Errorf("a disabled owner is not the last one: %v", err)
		}
		if _, err := store.Identity.Users.Enable(ctx, ada, second.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Identity.Users.ChangeRole(ctx, ada, second.ID, access.Owner); err != nil {
			t.Fatal(err)
		}
		_, err := store.Identity.Users.Disable(ctx, ada, ada.ID)
		wants(t, "disable oneself", err, access.ErrConflict)
		if _, err := store.Identity.Users.ChangeRole(ctx, ada, ada.ID, access.Admin); err != nil {
			t.Errorf("stepping down: %v", err)
		}
		_, err = store.Identity.Users.ChangeRole(ctx, ada, second.ID, access.Admin)
		wants(t, "demote by somebody who was an owner a moment ago", err, access.ErrDenied)
	})
}

// TestTwoOwnersDemotingEachOtherLeaveOne demotes at the same time, many times, in every way
// there is.
func TestTwoOwnersDemotingEachOtherLeaveOne(t *testing.T) {
	type act func(store *models.Store, by, of access.Actor) error
	demote := func(store *models.Store, by, of access.Actor) error {
		_, err := store.Identity.Users.ChangeRole(t.Context(), by, of.ID, access.Editor)
		return err
	}
	disable := func(store *models.Store, by, of access.Actor) error {
		_, err := store.Identity.Users.Disable(t.Context(), by, of.ID)
		return err
	}
	stepDown := func(store *models.Store, by, _ access.Actor) error { return demote(store, by, by) }
	ways := [][2]act{{demote, demote}, {disable, disable}, {demote, disable}, {disable, demote}, {stepDown, stepDown}}
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ada, bob := modelstest.Owner(t, store), somebody(t, store, "bob", access.Owner).Actor()
		for round := range modelstest.Rounds(4*len(ways), 50) {
			way := ways[round%len(ways)]
			start, done := make(chan struct{}), sync.WaitGroup{}
			var failed [2]error
			for i, pair := range [][2]access.Actor{{ada, bob}, {bob, ada}} {
				done.Go(func() {
					<-start
					failed[i] = way[i](store, pair[0], pair[1])
				})
			}
			close(start)
			done.Wait()
			owners, err := store.Identity.Users.Owners(t.Context(), 3)
			if err != nil || len(owners) != 1 {
				t.Fatalf("round %d: the owners are %v: %v", round, owners, err)
			}
			if (failed[0] == nil) == (failed[1] == nil) {
				t.Errorf("round %d: %v, %v", round, failed[0], failed[1])
			}
			for _, err := range failed {
				if err != nil && !errors.Is(err, access.ErrConflict) && !errors.Is(err, access.ErrDenied) {
					t.Errorf("round %d: %v", round, err)
				}
			}
			for _, u := range []access.Actor{ada, bob} {
				_, err1 := store.Identity.Users.Enable(t.Context(), system, u.ID)
				_, err2 := store.Identity.Users.ChangeRole(t.Context(), system, u.ID, access.Owner)
				if err := errors.Join(err1, err2); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// TestDisabledUserIsSignedOutAtOnce checks everything that the user had open.
func TestDisabledUserIsSignedOutAtOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		owner, bob := modelstest.Owner(t, store), somebody(t, store, "bob", access.Admin)
		session := signIn(t, store, bob)
		_, token, err := store.Identity.Tokens.CreateToken(ctx, bob.Actor(), identity.NewToken{Name: "robot", Scopes: access.WriteScopes()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, link, err := store.Identity.Invitations.Invite(ctx, bob.Actor(), identity.NewInvitation{Email: "puppet@example.com", Role: access.Editor})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Identity.Tokens.TokenActor(ctx, token, ""); err != nil || !signedIn(t, store, session) {
			t.Fatal("bob is not in before", err)
		}
		out := func(when string) {
			t.Helper()
			if signedIn(t, store, session) {
				t.Errorf("%s: the session lives on", when)
			}
			_, err = store.Identity.Tokens.TokenActor(ctx, token, "")
			wants(t, when+": the token", err, access.ErrNotFound)
			_, err = store.Identity.Invitations.OpenInvitation(ctx, link)
			wants(t, when+": the invitation", err, access.ErrNotFound)
		}
		if _, err := store.Identity.Users.Disable(ctx, owner, bob.ID); err != nil {
			t.Fatal(err)
		}
		out("disabled")
		_, err = withPassword(ctx, store, access.Actor{}, bob.Email, modelstest.OwnerPassword)
		wants(t, "sign in", err, access.ErrSignIn)
		_, err = store.Identity.Sessions.StartSession(ctx, bob.Actor(), bob, false)
		wants(t, "a sign-in that was on its way", err, access.ErrSignIn)
		if _, err := store.Identity.Users.Enable(ctx, owner, bob.ID); err != nil {
			t.Fatal(err)
		}
		out("enabled again")
		if _, err := withPassword(ctx, store, access.Actor{}, bob.Email, modelstest.OwnerPassword); err != nil {
			t.Errorf("sign in after being enabled: %v", err)
		}
		if n := len(lines(t, store, audit.DisabledUser)); n != 1 {
			t.Errorf("%d lines of disabling", n)
		}
		if _, err := store.Identity.Users.Enable(ctx, owner, bob.ID); err != nil || len(lines(t, store, audit.EnabledUser)) != 1 {
			t.Errorf("enabling twice: %v, %d lines", err, len(lines(t, store, audit.EnabledUser)))
		}
	})
}

// TestDisablingHoldsOnEveryInstance checks that other instances end sessions at once and
// tokens within a second.
func TestDisablingHoldsOnEveryInstance(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			ctx, url := t.Context(), modelstest.URL(t, engine)
			one, other := modelstest.OpenURL(t, url), modelstest.OpenURL(t, url)
			now := time.Now()
			other.DB.Now = func() time.Time { return now }
			owner, bob := modelstest.Owner(t, one), somebody(t, one, "bob", access.Editor)
			session := signIn(t, one, bob)
			_, token, err := one.Identity.Tokens.CreateToken(ctx, bob.Actor(), identity.NewToken{Name: "robot", Scopes: access.ReadScopes()}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := other.Identity.Tokens.TokenActor(ctx, token, ""); err != nil || !signedIn(t, other, session) {
				t.Fatal("bob is not in before", err)
			}
			if _, err := one.Identity.Users.Disable(ctx, owner, bob.ID); err != nil {
				t.Fatal(err)
			}
			if signedIn(t, other, session) {
				t.Error("the session lives on elsewhere")
			}
			now = now.Add(time.Second)
			_, err = other.Identity.Tokens.TokenActor(ctx, token, "")
			wants(t, "the token elsewhere", err, access.ErrNotFound)
		})
	}
}

func TestResetSecondFactor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		owner, bob := modelstest.Owner(t, store), somebody(t, store, "bob", access.Editor)
		_, err := store.Identity.Users.ResetSecondFactor(ctx, owner, bob.ID)
		wants(t, "nothing to reset", err, access.ErrConflict)
		for _, id := range []string{bob.ID, owner.ID} {
			if err := store.GiveFactor(ctx, id); err != nil {
				t.Fatal(err)
			}
		}
		p, err := store.Identity.Users.Account(ctx, owner, bob.ID)
		if err != nil || !p.TOTP || p.Passkeys != 1 || !p.SecondFactor() {
			t.Errorf("before: %+v, %v", p, err)
		}
		session := signIn(t, store, bob)
		if _, err := store.Identity.Users.ResetSecondFactor(ctx, owner, bob.ID); err != nil {
			t.Fatal(err)
		}
		if p, err = store.Identity.Users.Account(ctx, owner, bob.ID); err != nil || p.SecondFactor() || p.Sessions != 0 || signedIn(t, store, session) {
			t.Errorf("after: %+v, %v", p, err)
		}
		_, err = store.Identity.Users.ResetSecondFactor(ctx, owner, owner.ID)
		wants(t, "one's own", err, access.ErrConflict)
		if p, err = store.Identity.Users.Account(ctx, owner, owner.ID); err != nil || !p.SecondFactor() {
			t.Errorf("somebody else's is gone: %+v, %v", p, err)
		}
		if line := lines(t, store, audit.ResetFactor); len(line) != 1 || !strings.Contains(line[0].Changes, `"passkeys":{"before":1,"after":0}`) {
			t.Errorf("the lines are %+v", line)
		}
	})
}

func TestAccountsList(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		start := time.Now().Truncate(time.Second)
		now := start
		store.DB.Now = func() time.Time { return now }
		owner := modelstest.Owner(t, store)
		zed, bob := somebody(t, store, "zed", access.Auditor), somebody(t, store, "Bob", access.Editor)
		secret := signIn(t, store, bob)
		if _, _, err := store.Identity.Tokens.CreateToken(ctx, bob.Actor(), identity.NewToken{Name: "robot", Scopes: access.ReadScopes()}, nil); err != nil {
			t.Fatal(err)
		}
		now = now.Add(5 * time.Minute)
		if !signedIn(t, store, secret) {
			t.Fatal("the session is gone")
		}
		people, err := store.Identity.Users.Accounts(ctx, owner)
		if err != nil || len(people) != 3 || people[0].ID != owner.ID || people[1].ID != bob.ID || people[2].ID != zed.ID {
			t.Fatalf("%+v, %v", people, err)
		}
		if p := people[1]; p.Sessions != 1 || p.Tokens != 1 || p.SeenAt == nil || *p.SeenAt != now.Unix() || p.SecondFactor() {
			t.Errorf("bob: %+v", p)
		}
		if people[2].SeenAt != nil {
			t.Errorf("zed was never here: %+v", people[2])
		}
		if _, err := store.Identity.Users.EndSessions(ctx, owner, bob.ID); err != nil {
			t.Fatal(err)
		}
		p, err := store.Identity.Users.Account(ctx, owner, bob.ID)
		if err != nil || p.Sessions != 0 || p.SeenAt == nil || *p.SeenAt != start.Unix() {
			t.Errorf("signed out: %+v, %v", p, err)
		}
		for _, by := range []access.Role{access.Editor, access.Moderator} {
			_, err := store.Identity.Users.Accounts(ctx, access.Actor{Kind: access.UserActor, Role: by})
			wants(t, string(by), err, access.ErrDenied)
			_, err = store.Identity.Invitations.Invitations(ctx, access.Actor{Kind: access.UserActor, Role: by})
			wants(t, string(by), err, access.ErrDenied)
		}
	})
}
