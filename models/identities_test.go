package models_test

import (
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// linked links a user with an identity at an issuer.
func linked(t *testing.T, store *models.Store, u identity.User, issuer string) {
	t.Helper()
	v := identity.ProviderClaims{Issuer: issuer, Subject: "of " + u.ID, Email: u.Email, Verified: true}
	if _, err := withProvider(t.Context(), store, access.Actor{}, v); err != nil {
		t.Fatal(err)
	}
}

// issuers returns those of a user's identities.
func issuers(t *testing.T, store *models.Store, by access.Actor, id string) string {
	t.Helper()
	found, err := store.Identity.Providers.Identities(t.Context(), by, id)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, i := range found {
		all = append(all, i.Issuer)
	}
	return strings.Join(all, " ")
}

func TestIdentitiesAreListedAndUnlinked(t *testing.T) {
	const a, b = "https://a.example", "https://b.example"
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx, owner := t.Context(), modelstest.Owner(t, store)
		bob, admin := somebody(t, store, "bob", access.Editor), somebody(t, store, "admin", access.Admin)
		linked(t, store, bob, b)
		linked(t, store, bob, a)
		linked(t, store, admin, a)
		if got := issuers(t, store, bob.Actor(), bob.ID); got != a+" "+b {
			t.Errorf("%q", got)
		}
		_, err := store.Identity.Providers.Identities(ctx, bob.Actor(), admin.ID)
		wants(t, "somebody else's", err, access.ErrDenied)
		_, err = store.Identity.Providers.UnlinkIdentity(ctx, bob.Actor(), admin.ID, a)
		wants(t, "unlinking somebody else's", err, access.ErrDenied)
		_, err = store.Identity.Providers.UnlinkIdentity(ctx, admin.Actor(), owner.UserID, a)
		wants(t, "an owner's, by an admin", err, access.ErrDenied)
		_, err = store.Identity.Providers.UnlinkIdentity(ctx, bob.Actor(), bob.ID, "https://c.example")
		wants(t, "one that is not linked", err, access.ErrConflict)

		begun := half(t, store, bob.Actor())
		if _, err := store.Identity.Providers.UnlinkIdentity(ctx, bob.Actor(), bob.ID, a); err != nil {
			t.Fatal(err)
		}
		_, err = withCode(ctx, store, access.Actor{}, begun, "000000")
		wants(t, "what was half done", err, access.ErrNotFound)
		if line := lines(t, store, identity.UnlinkedIdentity)[0]; line.ObjectID != bob.ID || !strings.Contains(line.Changes, `"issuer":{"before":"`+a+`","after":null}`) {
			t.Errorf("%+v", line)
		}
		session := signIn(t, store, bob)
		if _, err := store.Identity.Providers.UnlinkIdentity(ctx, admin.Actor(), bob.ID, b); err != nil {
			t.Fatal(err)
		}
		if signedIn(t, store, session) || issuers(t, store, owner, bob.ID) != "" || issuers(t, store, owner, admin.ID) != a {
			t.Error("signed in, or the wrong ones are gone")
		}
	})
}

// TestLastSignInMethodIsKept checks that users without a password keep what they sign in
// with.
func TestLastSignInMethodIsKept(t *testing.T) {
	const a, b = "https://a.example", "https://b.example"
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx, owner, bob := t.Context(), modelstest.Owner(t, store), somebody(t, store, "bob", access.Editor)
		linked(t, store, bob, a)
		linked(t, store, bob, b)
		if err := store.Exec(ctx, "UPDATE users SET password_hash = '' WHERE id = '"+bob.ID+"'"); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Identity.Providers.UnlinkIdentity(ctx, bob.Actor(), bob.ID, a); err != nil {
			t.Fatal(err)
		}
		for _, by := range []access.Actor{bob.Actor(), owner} {
			_, err := store.Identity.Providers.UnlinkIdentity(ctx, by, bob.ID, b)
			wants(t, "the last one", err, access.ErrConflict)
		}
		if err := store.GiveFactor(ctx, bob.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Identity.Users.ResetSecondFactor(ctx, owner, bob.ID); err != nil || issuers(t, store, owner, bob.ID) != b {
			t.Errorf("a reset takes the last way in: %v", err)
		}
	})
}

func TestResetUnlinksIdentities(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		owner, bob := modelstest.Owner(t, store), somebody(t, store, "bob", access.Editor)
		linked(t, store, bob, "https://a.example")
		if err := store.GiveFactor(t.Context(), bob.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Identity.Users.ResetSecondFactor(t.Context(), owner, bob.ID); err != nil {
			t.Fatal(err)
		}
		if got := issuers(t, store, owner, bob.ID); got != "" {
			t.Errorf("still linked with %s", got)
		}
		if line := lines(t, store, audit.ResetFactor)[0]; !strings.Contains(line.Changes, `"identities":{"before":["https://a.example"],"after":null}`) {
			t.Errorf("the line is %s", line.Changes)
		}
	})
}
