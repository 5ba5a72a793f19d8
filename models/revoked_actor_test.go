package models_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// act is something lasting that someone does.
type act struct {
	what string
	do   func(by access.Actor) error
}

// lasting returns what an owner can do that has a lasting effect. Each must be refused to
// someone who was an owner when the request came, and is none when the change is made.
func lasting(t *testing.T, store *models.Store, late identity.User, p phone, token identity.Token, i identity.Invitation, other identity.User) []act {
	t.Helper()
	ctx := t.Context()
	return []act{
		{"a token", func(by access.Actor) error {
			_, _, err := store.Identity.Tokens.CreateToken(ctx, by, identity.NewToken{Name: "Late", Scopes: access.ReadScopes()}, nil)
			return err
		}},
		{"a rotated token", func(by access.Actor) error {
			_, _, err := store.Identity.Tokens.RotateToken(ctx, by, token.ID, time.Hour, nil)
			return err
		}},
		{"a passkey", func(by access.Actor) error {
			_, err := store.Identity.SecondFactors.AddPasskey(ctx, by, identity.NewPasskey{Name: "Late", CredentialID: "late", Data: "{}"})
			return err
		}},
		{"an app", func(by access.Actor) error {
			_, err := store.Identity.SecondFactors.ConfirmTOTP(ctx, by, p.code(0))
			return err
		}},
		{"recovery codes", func(by access.Actor) error {
			_, err := store.Identity.SecondFactors.NewRecoveryCodes(ctx, by)
			return err
		}},
		{"an invitation", func(by access.Actor) error {
			_, _, err := store.Identity.Invitations.Invite(ctx, by, identity.NewInvitation{Email: "late@example.com", Role: access.Editor})
			return err
		}},
		{"a renewed invitation", func(by access.Actor) error {
			_, _, err := store.Identity.Invitations.RenewInvitation(ctx, by, i.ID)
			return err
		}},
		{"a role", func(by access.Actor) error {
			_, err := store.Identity.Users.ChangeRole(ctx, by, other.ID, access.Auditor)
			return err
		}},
		{"a user", func(by access.Actor) error {
			_, err := store.Identity.Users.CreateUser(ctx, by, identity.NewUser{Email: "l@example.com", Name: "Late", Role: access.Owner, Password: modelstest.OwnerPassword})
			return err
		}},
		{"a policy", func(by access.Actor) error {
			return store.Identity.Policies.SetPolicy(ctx, by, identity.Policy{SecondFactor: map[access.Role]int64{access.Editor: 1}})
		}},
		{"a retention", func(by access.Actor) error {
			return store.Audit.Retention.SetRule(ctx, by, "P2Y")
		}},
		{"a name", func(by access.Actor) error {
			return store.Identity.Users.UpdateProfile(ctx, by, identity.ProfileChange{Name: ptr("Late")})
		}},
		{"a password", func(by access.Actor) error {
			return store.Identity.Users.ChangePassword(ctx, by, identity.PasswordChange{Old: modelstest.OwnerPassword, New: "another fine phrase"})
		}},
		{"a session", func(by access.Actor) error {
			if _, err := store.Identity.Sessions.StartSession(ctx, by, late, false); !errors.Is(err, access.ErrSignIn) {
				return fmt.Errorf("started: %w", err)
			}
			return access.ErrDenied
		}},
		{"a link to a provider", func(by access.Actor) error {
			if _, err := withProvider(ctx, store, by, identity.ProviderClaims{Issuer: "https://p.example", Subject: "1", Email: late.Email, Verified: true}); !errors.Is(err, access.ErrSignIn) {
				return fmt.Errorf("linked: %w", err)
			}
			return access.ErrDenied
		}},
		{"a group", func(by access.Actor) error {
			_, err := store.CreateGroup(ctx, by, models.GroupChange{Name: ptr("Late")}, nil)
			return err
		}},
	}
}

// TestDisabledUserCannotFinishARequest disables the user between the start of a request and
// its change.
func TestDisabledUserCannotFinishARequest(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ada := modelstest.Owner(t, store)
		late, other := somebody(t, store, "late-owner", access.Owner), somebody(t, store, "other", access.Editor)
		by := late.Actor()
		token, secret, err := store.Identity.Tokens.CreateToken(t.Context(), by, identity.NewToken{Name: "Early", Scopes: access.WriteScopes()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		program, err := store.Identity.Tokens.TokenActor(t.Context(), modelstest.Keep(store, modelstest.APIToken, secret), "")
		if err != nil {
			t.Fatal(err)
		}
		invitation, _, err := store.Identity.Invitations.Invite(t.Context(), ada, identity.NewInvitation{Email: "i@example.com", Role: access.Editor})
		if err != nil {
			t.Fatal(err)
		}
		p := newApp(t, store, by)
		if _, err := store.Identity.Users.Disable(t.Context(), system, late.ID); err != nil {
			t.Fatal(err)
		}
		before := modelstest.Rows(t, store)
		for _, a := range lasting(t, store, late, p, token, invitation, other) {
			wants(t, a.what, a.do(by), access.ErrDenied)
		}
		_, err = store.CreateGroup(t.Context(), program, models.GroupChange{Name: ptr("Late")}, nil)
		wants(t, "a group by a token", err, access.ErrDenied)
		after := modelstest.Rows(t, store)
		for _, table := range []string{"users", "tokens", "passkeys", "recovery_codes", "invitations", "identities", "sessions", "groups"} {
			if before[table] != after[table] {
				t.Errorf("%s had %d rows, and has %d", table, before[table], after[table])
			}
		}
		if _, err := store.Identity.Users.Enable(t.Context(), system, late.ID); err != nil {
			t.Fatal(err)
		}
		_, err = store.CreateGroup(t.Context(), program, models.GroupChange{Name: ptr("Late")}, nil)
		wants(t, "a group by a token that was revoked", err, access.ErrDenied)
		if _, err := store.Identity.Users.ChangeRole(t.Context(), system, late.ID, access.Auditor); err != nil {
			t.Fatal(err)
		}
		_, err = store.CreateGroup(t.Context(), by, models.GroupChange{Name: ptr("Late")}, nil)
		wants(t, "a group by who may not any more", err, access.ErrDenied)
		_, err = store.UpdateGroup(t.Context(), by, modelstest.Group(t, store, system, "Plaza").ID, models.GroupChange{Name: ptr("Late")})
		wants(t, "a group's name by who may not any more", err, access.ErrDenied)
	})
}

// TestTokensCreatedWhileDisablingAreRevoked checks that no token created at the same time
// works later.
func TestTokensCreatedWhileDisablingAreRevoked(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		modelstest.Owner(t, store)
		for round := range 5 {
			late := somebody(t, store, fmt.Sprint("late", round), access.Admin)
			var group sync.WaitGroup
			begin := make(chan struct{})
			for range 6 {
				group.Go(func() {
					<-begin
					for range 5 {
						_, _, err := store.Identity.Tokens.CreateToken(t.Context(), late.Actor(), identity.NewToken{Name: "T", Scopes: access.ReadScopes()}, nil)
						if err != nil && !errors.Is(err, access.ErrDenied) {
							t.Error(err)
						}
					}
				})
			}
			group.Go(func() {
				<-begin
				if _, err := store.Identity.Users.Disable(t.Context(), system, late.ID); err != nil {
					t.Error(err)
				}
			})
			close(begin)
			group.Wait()
			if _, err := store.Identity.Users.Enable(t.Context(), system, late.ID); err != nil {
				t.Fatal(err)
			}
			if n := modelstest.Value(t, store, "SELECT count(*) FROM tokens WHERE revoked_at IS NULL AND user_id = '"+late.ID+"'"); n != "0" {
				t.Errorf("round %d: %s tokens work", round, n)
			}
		}
	})
}
