package models_test

import (
	"errors"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// TestEndedSessionIsLoggedForItsOwner checks that the line names who was signed in, even if
// someone else signs in over it.
func TestEndedSessionIsLoggedForItsOwner(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		anna, bob := somebody(t, store, "anna", access.Editor), somebody(t, store, "bob", access.Editor)
		secret := signIn(t, store, anna)
		for range 2 { // the second time there is none
			if err := store.Identity.Sessions.EndSession(t.Context(), bob.Actor(), secret); err != nil {
				t.Fatal(err)
			}
		}
		if ended := lines(t, store, audit.SignedOut); len(ended) != 1 || ended[0].ActorID != anna.ID ||
			ended[0].UserID != anna.ID || ended[0].ActorName != "anna" || ended[0].ObjectID != anna.ID {
			t.Errorf("%+v", ended)
		}
	})
}

// TestEndingOtherSessionsEndsPendingSignIns checks sign-ins that could become a session a
// moment later.
func TestEndingOtherSessionsEndsPendingSignIns(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		u, err := store.Identity.Users.UserByEmail(t.Context(), "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		own := signIn(t, store, u)
		for _, others := range []int{1, 0} {
			if others > 0 {
				signIn(t, store, u)
			}
			begun := half(t, store, by)
			if n, err := store.Identity.Sessions.EndOtherSessions(t.Context(), by, own); err != nil || n != others {
				t.Errorf("%d, %v", n, err)
			}
			var data any
			if _, err := store.Identity.Attempts.Challenge(t.Context(), identity.FactorChallenge, begun, &data); !errors.Is(err, access.ErrNotFound) {
				t.Errorf("the sign-in can be finished: %v", err)
			}
			if line := lines(t, store, audit.SignedOut)[0]; !strings.Contains(line.Changes, `"unfinished_sign_ins":{"before":1,"after":0}`) {
				t.Errorf("the line is %s", line.Changes)
			}
		}
		if _, err := store.Identity.Sessions.EndOtherSessions(t.Context(), by, own); err != nil || len(lines(t, store, audit.SignedOut)) != 2 {
			t.Errorf("nothing to end has a line, or %v", err)
		}
	})
}

// TestDeletedInvitationsAreLogged checks the line of the change that deletes them.
func TestDeletedInvitationsAreLogged(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		owner, other := modelstest.Owner(t, store), somebody(t, store, "bob", access.Owner)
		for address, role := range map[string]access.Role{"a@example.com": access.Admin, "e@example.com": access.Editor} {
			_, secret, err := store.Identity.Invitations.Invite(t.Context(), other.Actor(), identity.NewInvitation{Email: address, Role: role})
			if err != nil {
				t.Fatal(err)
			}
			modelstest.Keep(store, modelstest.InviteLink, secret)
		}
		if _, err := store.Identity.Users.ChangeRole(t.Context(), owner, other.ID, access.Admin); err != nil {
			t.Fatal(err)
		}
		const first = `"invitations":{"before":["a@example.com"],"after":null}`
		if line := lines(t, store, audit.ChangedRole)[0]; !strings.Contains(line.Changes, first) {
			t.Errorf("the line is %s", line.Changes)
		}
		if _, err := store.Identity.Users.Disable(t.Context(), owner, other.ID); err != nil {
			t.Fatal(err)
		}
		const second = `"invitations":{"before":["e@example.com"],"after":null}`
		if line := lines(t, store, audit.DisabledUser)[0]; !strings.Contains(line.Changes, second) {
			t.Errorf("the line is %s", line.Changes)
		}
		if left, err := store.Identity.Invitations.Invitations(t.Context(), owner); err != nil || len(left) > 0 {
			t.Errorf("%v, %v", left, err)
		}
	})
}
