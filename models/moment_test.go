package models_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// act is something lasting that somebody does.
type act struct {
	what string
	do   func(by models.Actor) error
}

// lasting is what an owner does that outlives the moment. Each is to be refused to whoever
// was one when the request came, and is none any more when the change is made.
func lasting(t *testing.T, store *models.Store, late models.User, p phone, token models.Token, i models.Invitation, other models.User) []act {
	t.Helper()
	ctx := t.Context()
	return []act{
		{"a token", func(by models.Actor) error {
			_, _, err := store.CreateToken(ctx, by, models.NewToken{Name: "Late", Scopes: models.ReadScopes()}, nil)
			return err
		}},
		{"a rolled token", func(by models.Actor) error {
			_, _, err := store.RollToken(ctx, by, token.ID, time.Hour, nil)
			return err
		}},
		{"a passkey", func(by models.Actor) error {
			_, err := store.AddPasskey(ctx, by, models.NewPasskey{Name: "Late", CredentialID: "late", Data: "{}"})
			return err
		}},
		{"an app", func(by models.Actor) error {
			_, err := store.ConfirmTOTP(ctx, by, p.code(0))
			return err
		}},
		{"recovery codes", func(by models.Actor) error {
			_, err := store.NewRecoveryCodes(ctx, by)
			return err
		}},
		{"an invitation", func(by models.Actor) error {
			_, _, err := store.Invite(ctx, by, models.NewInvitation{Email: "late@example.com", Role: models.Editor})
			return err
		}},
		{"a renewed invitation", func(by models.Actor) error {
			_, _, err := store.RenewInvitation(ctx, by, i.ID)
			return err
		}},
		{"a role", func(by models.Actor) error {
			_, err := store.ChangeRole(ctx, by, other.ID, models.Auditor)
			return err
		}},
		{"a user", func(by models.Actor) error {
			_, err := store.CreateUser(ctx, by, models.NewUser{Email: "l@example.com", Name: "Late", Role: models.Owner, Password: modelstest.OwnerPassword})
			return err
		}},
		{"a policy", func(by models.Actor) error {
			return store.SetPolicy(ctx, by, models.Policy{SecondFactor: map[models.Role]int64{models.Editor: 1}})
		}},
		{"a retention", func(by models.Actor) error {
			return store.SetRetention(ctx, by, "2 years")
		}},
		{"a name", func(by models.Actor) error {
			return store.UpdateProfile(ctx, by, models.ProfileChange{Name: ptr("Late")})
		}},
		{"a password", func(by models.Actor) error {
			return store.ChangePassword(ctx, by, models.PasswordChange{Old: modelstest.OwnerPassword, New: "another fine phrase"})
		}},
		{"a session", func(by models.Actor) error {
			if _, err := store.StartSession(ctx, by, late, false); !errors.Is(err, models.ErrSignIn) {
				return fmt.Errorf("started: %w", err)
			}
			return models.ErrDenied
		}},
		{"a link to a provider", func(by models.Actor) error {
			if _, err := store.SignInVouched(ctx, by, models.Vouched{Issuer: "https://p.example", Subject: "1", Email: late.Email, Verified: true}); !errors.Is(err, models.ErrSignIn) {
				return fmt.Errorf("linked: %w", err)
			}
			return models.ErrDenied
		}},
		{"a group", func(by models.Actor) error {
			_, err := store.CreateGroup(ctx, by, models.GroupChange{Name: ptr("Late")}, nil)
			return err
		}},
	}
}

// TestWhoIsDisabledMeanwhileLeavesNothing, whatever they could do when their request came.
func TestWhoIsDisabledMeanwhileLeavesNothing(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ada := modelstest.Owner(t, store)
		late, other := somebody(t, store, "late-owner", models.Owner), somebody(t, store, "other", models.Editor)
		by := late.Actor()
		token, secret, err := store.CreateToken(t.Context(), by, models.NewToken{Name: "Early", Scopes: models.WriteScopes()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		program, err := store.TokenActor(t.Context(), modelstest.Keep(store, modelstest.APIToken, secret), "")
		if err != nil {
			t.Fatal(err)
		}
		invitation, _, err := store.Invite(t.Context(), ada, models.NewInvitation{Email: "i@example.com", Role: models.Editor})
		if err != nil {
			t.Fatal(err)
		}
		p := newApp(t, store, by)
		if _, err := store.Disable(t.Context(), system, late.ID); err != nil {
			t.Fatal(err)
		}
		before := modelstest.Rows(t, store)
		for _, a := range lasting(t, store, late, p, token, invitation, other) {
			wants(t, a.what, a.do(by), models.ErrDenied)
		}
		_, err = store.CreateGroup(t.Context(), program, models.GroupChange{Name: ptr("Late")}, nil)
		wants(t, "a group by a token", err, models.ErrDenied)
		after := modelstest.Rows(t, store)
		for _, table := range []string{"users", "tokens", "passkeys", "recovery_codes", "invitations", "identities", "sessions", "groups"} {
			if before[table] != after[table] {
				t.Errorf("%s had %d rows, and has %d", table, before[table], after[table])
			}
		}
		if _, err := store.Enable(t.Context(), system, late.ID); err != nil {
			t.Fatal(err)
		}
		_, err = store.CreateGroup(t.Context(), program, models.GroupChange{Name: ptr("Late")}, nil)
		wants(t, "a group by a token that was revoked", err, models.ErrDenied)
		if _, err := store.ChangeRole(t.Context(), system, late.ID, models.Auditor); err != nil {
			t.Fatal(err)
		}
		_, err = store.CreateGroup(t.Context(), by, models.GroupChange{Name: ptr("Late")}, nil)
		wants(t, "a group by who may not any more", err, models.ErrDenied)
		_, err = store.UpdateGroup(t.Context(), by, modelstest.Group(t, store, system, "Plaza").ID, models.GroupChange{Name: ptr("Late")})
		wants(t, "a group's name by who may not any more", err, models.ErrDenied)
	})
}

// TestTokensMadeWhileTheirMakerIsDisabledAreRevoked: of those made at the same time none
// works later.
func TestTokensMadeWhileTheirMakerIsDisabledAreRevoked(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		modelstest.Owner(t, store)
		for round := range 5 {
			late := somebody(t, store, fmt.Sprint("late", round), models.Admin)
			var group sync.WaitGroup
			begin := make(chan struct{})
			for range 6 {
				group.Go(func() {
					<-begin
					for range 5 {
						_, _, err := store.CreateToken(t.Context(), late.Actor(), models.NewToken{Name: "T", Scopes: models.ReadScopes()}, nil)
						if err != nil && !errors.Is(err, models.ErrDenied) {
							t.Error(err)
						}
					}
				})
			}
			group.Go(func() {
				<-begin
				if _, err := store.Disable(t.Context(), system, late.ID); err != nil {
					t.Error(err)
				}
			})
			close(begin)
			group.Wait()
			if _, err := store.Enable(t.Context(), system, late.ID); err != nil {
				t.Fatal(err)
			}
			if n := modelstest.Value(t, store, "SELECT count(*) FROM tokens WHERE revoked_at IS NULL AND user_id = '"+late.ID+"'"); n != "0" {
				t.Errorf("round %d: %s tokens work", round, n)
			}
		}
	})
}
