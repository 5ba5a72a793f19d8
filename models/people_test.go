package models_test

import (
	"database/sql"
	"errors"
	"fmt"
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
	return secret
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
func TestWhoMayManageWhom(t *testing.T) {
	may := map[models.Role]string{ // whom, by their roles' first letters
		models.Owner: "OAEMU", models.Admin: "EMU", models.Editor: "", models.Moderator: "", models.Auditor: "",
	}
	letter := func(r models.Role) string {
		return map[models.Role]string{models.Owner: "O", models.Admin: "A", models.Editor: "E", models.Moderator: "M", models.Auditor: "U"}[r]
	}
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		owner := modelstest.Owner(t, store)
		for _, byRole := range models.Roles {
			by := somebody(t, store, "by-"+string(byRole), byRole).Actor()
			for _, ofRole := range models.Roles {
				target := somebody(t, store, string(byRole)+"-of-"+string(ofRole), ofRole)
				kind := error(models.ErrDenied)
				if strings.Contains(may[byRole], letter(ofRole)) {
					kind = nil
				}
				what := fmt.Sprintf("%s of %s", byRole, ofRole)
				_, err := store.Disable(ctx, by, target.ID)
				wants(t, what+": disable", err, kind)
				_, err = store.Enable(ctx, by, target.ID)
				wants(t, what+": enable", err, kind)
				_, err = store.EndSessions(ctx, by, target.ID)
				wants(t, what+": end sessions", err, kind)
				if err := store.GiveFactor(ctx, target.ID); err != nil {
					t.Fatal(err)
				}
				_, err = store.ResetSecondFactor(ctx, by, target.ID)
				wants(t, what+": reset the second factor", err, kind)
				_, _, err = store.Invite(ctx, by, models.NewInvitation{Email: string(byRole) + "." + string(ofRole) + "@example.com", Role: ofRole})
				wants(t, what+": invite", err, kind)
				made, _, err := store.Invite(ctx, owner, models.NewInvitation{Email: "x" + string(byRole) + string(ofRole) + "@example.com", Role: ofRole})
				wants(t, what, err, nil)
				_, _, err = store.RenewInvitation(ctx, by, made.ID)
				wants(t, what+": renew", err, kind)
				wants(t, what+": revoke", store.RevokeInvitation(ctx, by, made.ID), kind)
				if byRole != models.Owner {
					kind = models.ErrDenied
				}
				for _, other := range []models.Role{models.Owner, models.Auditor} {
					_, err = store.ChangeRole(ctx, by, target.ID, other)
					wants(t, what+": to "+string(other), err, kind)
				}
			}
		}
	})
}

// A token never has the rights to manage people, whatever its owner may do.
func TestTokensManageNobody(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		owner, target := modelstest.Owner(t, store), somebody(t, store, "target", models.Editor)
		by := owner
		by.Kind, by.ID = models.TokenActor, "0000000000000000"
		for _, rule := range models.Rules {
			by.Scopes = append(by.Scopes, rule.Right)
		}
		if _, err := models.ParseScopes("people.manage"); err == nil {
			t.Error("people.manage is a scope")
		}
		by.Scopes = models.WriteScopes()
		_, err := store.Disable(t.Context(), by, target.ID)
		wants(t, "disable", err, models.ErrDenied)
		_, err = store.ChangeRole(t.Context(), by, target.ID, models.Owner)
		wants(t, "change the role", err, models.ErrDenied)
		_, _, err = store.Invite(t.Context(), by, models.NewInvitation{Email: "a@example.com", Role: models.Editor})
		wants(t, "invite", err, models.ErrDenied)
		_, err = store.People(t.Context(), by)
		wants(t, "read", err, models.ErrDenied)
	})
}

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
func TestRightsAreNotKeptAfterARoleWasTaken(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		owner, bob := modelstest.Owner(t, store), somebody(t, store, "bob", models.Owner)
		session := signIn(t, store, bob)
		_, token, err := store.CreateToken(ctx, bob.Actor(), models.NewToken{Name: "robot", Scopes: models.WriteScopes()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if by, err := store.TokenActor(ctx, token, ""); err != nil || !by.May(models.DeleteGroups) {
			t.Fatal(by, err)
		}
		_, forAdmin, err := store.Invite(ctx, bob.Actor(), models.NewInvitation{Email: "a@example.com", Role: models.Admin})
		if err != nil {
			t.Fatal(err)
		}
		_, forEditor, err := store.Invite(ctx, bob.Actor(), models.NewInvitation{Email: "e@example.com", Role: models.Editor})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.ChangeRole(ctx, owner, bob.ID, models.Admin); err != nil {
			t.Fatal(err)
		}
		if signedIn(t, store, session) {
			t.Error("the session lives on")
		}
		_, err = store.OpenInvitation(ctx, forAdmin)
		wants(t, "an invitation that an admin can't make", err, models.ErrNotFound)
		_, err = store.OpenInvitation(ctx, forEditor)
		wants(t, "an invitation that an admin can make", err, nil)
		if _, err := store.ChangeRole(ctx, owner, bob.ID, models.Auditor); err != nil {
			t.Fatal(err)
		}
		by, err := store.TokenActor(ctx, token, "")
		if err != nil || by.May(models.EditGroups) || !by.May(models.ReadGroups) {
			t.Errorf("the token may write on: %v", err)
		}
		stale := bob.Actor()
		_, err = store.Disable(ctx, stale, owner.ID)
		wants(t, "disable by a stale actor", err, models.ErrDenied)
		_, _, err = store.Invite(ctx, stale, models.NewInvitation{Email: "b@example.com", Role: models.Owner})
		wants(t, "invite by a stale actor", err, models.ErrDenied)
		err = store.SetPolicy(ctx, stale, models.Policy{SecondFactor: map[models.Role]int64{models.Owner: 1}})
		wants(t, "policy by a stale actor", err, models.ErrDenied)
		changed := lines(t, store, models.ChangedRole)
		if len(changed) != 2 || changed[0].ObjectID != bob.ID || changed[0].Changes != `{"role":{"before":"admin","after":"auditor"}}` {
			t.Errorf("the lines are %+v", changed)
		}
	})
}

func TestAnInvitationIsGoodOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		owner := modelstest.Owner(t, store)
		made, link, err := store.Invite(ctx, owner, models.NewInvitation{Email: "Carl@Example.com", Name: "Carl", Role: models.Moderator})
		if err != nil || made.ExpiresAt-made.CreatedAt != int64((72*time.Hour).Seconds()) {
			t.Fatal(made, err)
		}
		if _, err := store.AcceptInvitation(ctx, models.Actor{}, link, "", "short"); errorsIn(err) != "name password" {
			t.Errorf("a refusal: %v", err)
		}
		var wg sync.WaitGroup
		answers := make([]error, 4)
		for i := range answers {
			wg.Go(func() {
				_, answers[i] = store.AcceptInvitation(ctx, models.Actor{IP: "192.0.2.1"}, link, "Carl", modelstest.OwnerPassword)
			})
		}
		wg.Wait()
		missing := 0
		for _, err := range answers {
			if errors.Is(err, models.ErrNotFound) {
				missing++
			} else if err != nil {
				t.Error(err)
			}
		}
		if missing != 3 {
			t.Errorf("%d of 4 were refused", missing)
		}
		u, err := store.SignIn(ctx, models.Actor{}, "carl@example.com", modelstest.OwnerPassword)
		if err != nil || u.Role != models.Moderator || u.Email != "Carl@Example.com" {
			t.Errorf("%+v, %v", u, err)
		}
		line := lines(t, store, models.CreatedUser)[0]
		if line.ActorID != u.ID || line.ActorName != "Carl" || line.IP != "192.0.2.1" || !strings.Contains(line.Changes, "Ada Lovelace") || strings.Contains(line.Changes, link) {
			t.Errorf("the line is %+v", line)
		}
	})
}

func errorsIn(err error) string {
	var invalid models.Invalid
	errors.As(err, &invalid)
	var fields []string
	for _, p := range invalid {
		fields = append(fields, p.Field)
	}
	return strings.Join(fields, " ")
}

func TestADeadInvitationIsDead(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		now := time.Now()
		store.Now = func() time.Time { return now }
		owner := modelstest.Owner(t, store)
		invite := func(email string) (models.Invitation, string) {
			t.Helper()
			made, link, err := store.Invite(ctx, owner, models.NewInvitation{Email: email, Role: models.Editor})
			if err != nil {
				t.Fatal(err)
			}
			return made, link
		}
		dead := func(what, link string) {
			t.Helper()
			_, err := store.OpenInvitation(ctx, link)
			wants(t, what+": open", err, models.ErrNotFound)
			_, err = store.AcceptInvitation(ctx, models.Actor{}, link, "Carl", modelstest.OwnerPassword)
			wants(t, what+": accept", err, models.ErrNotFound)
		}
		dead("unknown", "nonsense")
		revoked, link := invite("revoked@example.com")
		if err := store.RevokeInvitation(ctx, owner, revoked.ID); err != nil {
			t.Fatal(err)
		}
		dead("revoked", link)
		renewed, old := invite("renewed@example.com")
		again, link, err := store.RenewInvitation(ctx, owner, renewed.ID)
		if err != nil || again.ID != renewed.ID || link == old {
			t.Fatal(again, err)
		}
		dead("replaced", old)
		if _, err := store.OpenInvitation(ctx, link); err != nil {
			t.Errorf("the new link: %v", err)
		}
		_, _, err = store.Invite(ctx, owner, models.NewInvitation{Email: "RENEWED@example.com", Role: models.Editor})
		if errorsIn(err) != "email" {
			t.Errorf("somebody invited twice: %v", err)
		}
		_, _, err = store.Invite(ctx, owner, models.NewInvitation{Email: "ADA@example.com", Role: models.Editor})
		if errorsIn(err) != "email" {
			t.Errorf("somebody who is in: %v", err)
		}
		now = now.Add(models.InvitationLimit)
		dead("expired", link)
		if found, err := store.Invitations(ctx, owner); err != nil || len(found) != 1 || !found[0].Expired(now) || found[0].InviterName != "Ada Lovelace" {
			t.Errorf("%+v, %v", found, err)
		}
		if _, link := invite("renewed@example.com"); link == "" {
			t.Error("an invitation that has run out is in the way of another")
		}
		now = now.Add(40 * 24 * time.Hour)
		if err := store.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if found, err := store.Invitations(ctx, owner); err != nil || len(found) != 0 {
			t.Errorf("after a month: %+v, %v", found, err)
		}
	})
}

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

func TestPolicy(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		now := time.Now()
		store.Now = func() time.Time { return now }
		owner, bob := modelstest.Owner(t, store), somebody(t, store, "bob", models.Editor)
		needs := func() bool {
			t.Helper()
			need, err := store.NeedsSecondFactor(ctx, bob)
			if err != nil {
				t.Fatal(err)
			}
			return need
		}
		if needs() {
			t.Error("needed without a rule")
		}
		rule := models.Policy{SecondFactor: map[models.Role]int64{models.Editor: now.Add(time.Hour).Unix()}}
		for range 2 {
			if err := store.SetPolicy(ctx, owner, rule); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(lines(t, store, models.ChangedPolicy)); n != 1 {
			t.Errorf("%d lines", n)
		}
		if needs() {
			t.Error("needed before its time")
		}
		now = now.Add(time.Hour)
		if !needs() {
			t.Error("not needed in its time")
		}
		if without, err := store.WithoutFactor(ctx, owner); err != nil || without[models.Editor] != 1 || without[models.Owner] != 1 {
			t.Errorf("%v, %v", without, err)
		}
		if err := store.GiveFactor(ctx, bob.ID); err != nil {
			t.Fatal(err)
		}
		if needs() {
			t.Error("needed by somebody who has one")
		}
		err := store.SetPolicy(ctx, somebody(t, store, "admin", models.Admin).Actor(), models.Policy{})
		wants(t, "by an admin", err, models.ErrDenied)
		err = store.SetPolicy(ctx, owner, models.Policy{SecondFactor: map[models.Role]int64{"king": 1, models.Editor: -1}})
		if errorsIn(err) != "editor king" {
			t.Errorf("a wrong policy: %v", err)
		}
	})
}

// TestAChangeNeedsTheRightsOfWhatItChanges is about groups, whose calls can change
// several things.
func TestAChangeNeedsTheRightsOfWhatItChanges(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		owner := modelstest.Owner(t, store)
		contact := modelstest.Contact(t, store, owner, "hector")
		members := models.Refs(contact.ID)
		scoped := func(scopes ...models.Right) models.Actor {
			by := owner
			by.Kind, by.Scopes = models.TokenActor, scopes
			return by
		}
		moderator := somebody(t, store, "mod", models.Moderator).Actor()
		archive := store.Now().Unix()
		changes := map[models.Right]models.GroupChange{
			models.EditGroups:    {Description: ptr("New")},
			models.ArchiveGroups: {ArchivedAt: archivedAt(archive)},
			models.EditMembers:   {Contacts: &members},
		}
		for right, c := range changes {
			g := modelstest.Group(t, store, owner, "Plaza")
			others := slices.DeleteFunc(models.WriteScopes(), func(r models.Right) bool { return r == right })
			_, err := store.UpdateGroup(t.Context(), scoped(others...), g.ID, c)
			var denied models.Denied
			if !errors.As(err, &denied) || denied.Right != right {
				t.Errorf("without %s: %v", right, err)
			}
			_, err = store.UpdateGroup(t.Context(), scoped(models.ReadGroups, right), g.ID, c)
			wants(t, "with "+string(right), err, nil)
			var kind error
			if right == models.EditGroups {
				kind = models.ErrDenied
			}
			_, err = store.UpdateGroup(t.Context(), moderator, modelstest.Group(t, store, owner, "Other").ID, c)
			wants(t, "a moderator without "+string(right), err, kind)
			both := c
			both.Name = ptr("Another")
			_, err = store.UpdateGroup(t.Context(), moderator, g.ID, both)
			wants(t, "a moderator renames in passing", err, models.ErrDenied)
		}
		_, err := store.CreateGroup(t.Context(), scoped(models.EditGroups), models.GroupChange{Name: ptr("New"), Contacts: &members}, nil)
		wants(t, "create with members", err, models.ErrDenied)
		_, err = store.CreateGroup(t.Context(), scoped(models.EditGroups), models.GroupChange{Name: ptr("New"), Contacts: &[]models.ContactRef{}}, nil)
		wants(t, "create without members", err, nil)
	})
}

func archivedAt(at int64) *sql.Null[int64] { return &sql.Null[int64]{V: at, Valid: true} }
