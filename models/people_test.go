package models_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

var system = models.System("test")

// somebody makes a user of a role; name is also the beginning of their address.
func somebody(t *testing.T, store *models.Store, name string, role models.Role) models.User {
	t.Helper()
	u, err := store.CreateUser(t.Context(), system, models.NewUser{
		Email: name + "@example.com", Name: name, Role: role, Password: modelstest.OwnerPassword,
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// signIn opens a session and answers its secret.
func signIn(t *testing.T, store *models.Store, u models.User) string {
	t.Helper()
	secret, err := store.StartSession(t.Context(), u.Actor(), u, false)
	if err != nil {
		t.Fatal(err)
	}
	return modelstest.Keep(store, modelstest.Cookie, secret)
}

func signedIn(t *testing.T, store *models.Store, secret string) bool {
	t.Helper()
	_, err := store.Session(t.Context(), secret)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// lines are the audit lines of an action, the newest first.
func lines(t *testing.T, store *models.Store, action models.Action) []models.AuditLine {
	t.Helper()
	page, err := store.AuditLines(t.Context(), models.Range{Limit: models.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(page.Lines, func(l models.AuditLine) bool { return l.Action != action })
}

// wants fails the test where err is not of the kind wanted; nil is none.
func wants(t *testing.T, what string, err, kind error) {
	t.Helper()
	if kind == nil && err != nil || kind != nil && !errors.Is(err, kind) {
		t.Errorf("%s: got %v, want %v", what, err, kind)
	}
}

// TestWhoMayManageWhom asks every role about every other, by every way to manage people.

// A token never has the rights to manage people, whatever its owner may do.
func TestTheLastOwnerStays(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		ada := modelstest.Owner(t, store)
		second := somebody(t, store, "second", models.Owner)
		if _, err := store.Disable(ctx, ada, second.ID); err != nil {
			t.Fatal(err)
		}
		for _, by := range []models.Actor{ada, system} {
			_, err := store.ChangeRole(ctx, by, ada.ID, models.Admin)
			wants(t, "demote the last owner", err, models.ErrConflict)
			_, err = store.Disable(ctx, by, ada.ID)
			wants(t, "disable the last owner", err, models.ErrConflict)
		}
		if _, err := store.ChangeRole(ctx, system, second.ID, models.Editor); err != nil {
			t.Errorf("a disabled owner is not the last one: %v", err)
		}
		if _, err := store.Enable(ctx, ada, second.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := store.ChangeRole(ctx, ada, second.ID, models.Owner); err != nil {
			t.Fatal(err)
		}
		_, err := store.Disable(ctx, ada, ada.ID)
		wants(t, "disable oneself", err, models.ErrConflict)
		if _, err := store.ChangeRole(ctx, ada, ada.ID, models.Admin); err != nil {
			t.Errorf("stepping down: %v", err)
		}
		_, err = store.ChangeRole(ctx, ada, second.ID, models.Admin)
		wants(t, "demote by somebody who was an owner a moment ago", err, models.ErrDenied)
	})
}

// TestTwoOwnersDemotingEachOtherLeaveOne lets them do it at once, many times, and in

// every way that there is.
func TestTwoOwnersDemotingEachOtherLeaveOne(t *testing.T) {
	type act func(store *models.Store, by, of models.Actor) error
	demote := func(store *models.Store, by, of models.Actor) error {
		_, err := store.ChangeRole(t.Context(), by, of.ID, models.Editor)
		return err
	}
	disable := func(store *models.Store, by, of models.Actor) error {
		_, err := store.Disable(t.Context(), by, of.ID)
		return err
	}
	stepDown := func(store *models.Store, by, _ models.Actor) error { return demote(store, by, by) }
	ways := [][2]act{{demote, demote}, {disable, disable}, {demote, disable}, {disable, demote}, {stepDown, stepDown}}
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ada, bob := modelstest.Owner(t, store), somebody(t, store, "bob", models.Owner).Actor()
		for round := range 50 {
			way := ways[round%len(ways)]
			start, done := make(chan struct{}), sync.WaitGroup{}
			var failed [2]error
			for i, pair := range [][2]models.Actor{{ada, bob}, {bob, ada}} {
				done.Go(func() {
					<-start
					failed[i] = way[i](store, pair[0], pair[1])
				})
			}
			close(start)
			done.Wait()
			owners, err := store.Owners(t.Context(), 3)
			if err != nil || len(owners) != 1 {
				t.Fatalf("round %d: the owners are %v: %v", round, owners, err)
			}
			if (failed[0] == nil) == (failed[1] == nil) {
				t.Errorf("round %d: %v, %v", round, failed[0], failed[1])
			}
			for _, err := range failed {
				if err != nil && !errors.Is(err, models.ErrConflict) && !errors.Is(err, models.ErrDenied) {
					t.Errorf("round %d: %v", round, err)
				}
			}
			for _, u := range []models.Actor{ada, bob} {
				_, err1 := store.Enable(t.Context(), system, u.ID)
				_, err2 := store.ChangeRole(t.Context(), system, u.ID, models.Owner)
				if err := errors.Join(err1, err2); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// TestDisabledPersonIsOutFromTheNextRequestOn looks at all that they had open.
func TestDisabledPersonIsOutFromTheNextRequestOn(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		owner, bob := modelstest.Owner(t, store), somebody(t, store, "bob", models.Admin)
		session := signIn(t, store, bob)
		_, token, err := store.CreateToken(ctx, bob.Actor(), models.NewToken{Name: "robot", Scopes: models.WriteScopes()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, link, err := store.Invite(ctx, bob.Actor(), models.NewInvitation{Email: "puppet@example.com", Role: models.Editor})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.TokenActor(ctx, token, ""); err != nil || !signedIn(t, store, session) {
			t.Fatal("bob is not in before", err)
		}
		out := func(when string) {
			t.Helper()
			if signedIn(t, store, session) {
				t.Errorf("%s: the session lives on", when)
			}
			_, err = store.TokenActor(ctx, token, "")
			wants(t, when+": the token", err, models.ErrNotFound)
			_, err = store.OpenInvitation(ctx, link)
			wants(t, when+": the invitation", err, models.ErrNotFound)
		}
		if _, err := store.Disable(ctx, owner, bob.ID); err != nil {
			t.Fatal(err)
		}
		out("disabled")
		_, err = store.SignIn(ctx, models.Actor{}, bob.Email, modelstest.OwnerPassword)
		wants(t, "sign in", err, models.ErrSignIn)
		_, err = store.StartSession(ctx, bob.Actor(), bob, false)
		wants(t, "a sign-in that was on its way", err, models.ErrSignIn)
		if _, err := store.Enable(ctx, owner, bob.ID); err != nil {
			t.Fatal(err)
		}
		out("enabled again")
		if _, err := store.SignIn(ctx, models.Actor{}, bob.Email, modelstest.OwnerPassword); err != nil {
			t.Errorf("sign in after being enabled: %v", err)
		}
		if n := len(lines(t, store, models.DisabledUser)); n != 1 {
			t.Errorf("%d lines of disabling", n)
		}
		if _, err := store.Enable(ctx, owner, bob.ID); err != nil || len(lines(t, store, models.EnabledUser)) != 1 {
			t.Errorf("enabling twice: %v, %d lines", err, len(lines(t, store, models.EnabledUser)))
		}
	})
}

// What one instance disables is out on the others: sessions at once, tokens within a second.
func TestDisablingHoldsOnEveryInstance(t *testing.T) {
	for _, engine := range modelstest.Engines {
		t.Run(engine, func(t *testing.T) {
			ctx, url := t.Context(), modelstest.URL(t, engine)
			one, other := modelstest.OpenURL(t, url), modelstest.OpenURL(t, url)
			now := time.Now()
			other.Now = func() time.Time { return now }
			owner, bob := modelstest.Owner(t, one), somebody(t, one, "bob", models.Editor)
			session := signIn(t, one, bob)
			_, token, err := one.CreateToken(ctx, bob.Actor(), models.NewToken{Name: "robot", Scopes: models.ReadScopes()}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := other.TokenActor(ctx, token, ""); err != nil || !signedIn(t, other, session) {
				t.Fatal("bob is not in before", err)
			}
			if _, err := one.Disable(ctx, owner, bob.ID); err != nil {
				t.Fatal(err)
			}
			if signedIn(t, other, session) {
				t.Error("the session lives on elsewhere")
			}
			now = now.Add(time.Second)
			_, err = other.TokenActor(ctx, token, "")
			wants(t, "the token elsewhere", err, models.ErrNotFound)
		})
	}
}

// TestRightsAreNotKeptAfterARoleWasTaken is about sessions, tokens, invitations, and

// requests that are on their way.
func TestResettingALostSecondFactor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		owner, bob := modelstest.Owner(t, store), somebody(t, store, "bob", models.Editor)
		_, err := store.ResetSecondFactor(ctx, owner, bob.ID)
		wants(t, "nothing to reset", err, models.ErrConflict)
		for _, id := range []string{bob.ID, owner.ID} {
			if err := store.GiveFactor(ctx, id); err != nil {
				t.Fatal(err)
			}
		}
		p, err := store.Person(ctx, owner, bob.ID)
		if err != nil || !p.TOTP || p.Passkeys != 1 || !p.SecondFactor() {
			t.Errorf("before: %+v, %v", p, err)
		}
		session := signIn(t, store, bob)
		if _, err := store.ResetSecondFactor(ctx, owner, bob.ID); err != nil {
			t.Fatal(err)
		}
		if p, err = store.Person(ctx, owner, bob.ID); err != nil || p.SecondFactor() || p.Sessions != 0 || signedIn(t, store, session) {
			t.Errorf("after: %+v, %v", p, err)
		}
		_, err = store.ResetSecondFactor(ctx, owner, owner.ID)
		wants(t, "one's own", err, models.ErrConflict)
		if p, err = store.Person(ctx, owner, owner.ID); err != nil || !p.SecondFactor() {
			t.Errorf("somebody else's is gone: %+v, %v", p, err)
		}
		if line := lines(t, store, models.ResetFactor); len(line) != 1 || !strings.Contains(line[0].Changes, `"passkeys":{"before":1,"after":0}`) {
			t.Errorf("the lines are %+v", line)
		}
	})
}

func TestPeopleAreListedWithWhatTheyHave(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		start := time.Now().Truncate(time.Second)
		now := start
		store.Now = func() time.Time { return now }
		owner := modelstest.Owner(t, store)
		zed, bob := somebody(t, store, "zed", models.Auditor), somebody(t, store, "Bob", models.Editor)
		secret := signIn(t, store, bob)
		if _, _, err := store.CreateToken(ctx, bob.Actor(), models.NewToken{Name: "robot", Scopes: models.ReadScopes()}, nil); err != nil {
			t.Fatal(err)
		}
		now = now.Add(5 * time.Minute)
		if !signedIn(t, store, secret) {
			t.Fatal("the session is gone")
		}
		people, err := store.People(ctx, owner)
		if err != nil || len(people) != 3 || people[0].ID != owner.ID || people[1].ID != bob.ID || people[2].ID != zed.ID {
			t.Fatalf("%+v, %v", people, err)
		}
		if p := people[1]; p.Sessions != 1 || p.Tokens != 1 || p.SeenAt == nil || *p.SeenAt != now.Unix() || p.SecondFactor() {
			t.Errorf("bob: %+v", p)
		}
		if people[2].SeenAt != nil {
			t.Errorf("zed was never here: %+v", people[2])
		}
		if _, err := store.EndSessions(ctx, owner, bob.ID); err != nil {
			t.Fatal(err)
		}
		p, err := store.Person(ctx, owner, bob.ID)
		if err != nil || p.Sessions != 0 || p.SeenAt == nil || *p.SeenAt != start.Unix() {
			t.Errorf("signed out: %+v, %v", p, err)
		}
		for _, by := range []models.Role{models.Editor, models.Moderator} {
			_, err := store.People(ctx, models.Actor{Kind: models.UserActor, Role: by})
			wants(t, string(by), err, models.ErrDenied)
			_, err = store.Invitations(ctx, models.Actor{Kind: models.UserActor, Role: by})
			wants(t, string(by), err, models.ErrDenied)
		}
	})
}

// TestAChangeNeedsTheRightsOfWhatItChanges is about groups, whose calls can change

// several things.
