package models_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

func TestInvitationWorksOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		owner := modelstest.Owner(t, store)
		made, link, err := store.Identity.Invitations.Invite(ctx, owner, identity.NewInvitation{Email: "Carl@Example.com", Name: "Carl", Role: access.Moderator})
		if err != nil || made.ExpiresAt-made.CreatedAt != int64((72*time.Hour).Seconds()) {
			t.Fatal(made, err)
		}
		modelstest.Keep(store, modelstest.InviteLink, link)
		if _, err := store.Identity.Invitations.AcceptInvitation(ctx, access.Actor{}, link, "", "short"); errorsIn(err) != "name password" {
			t.Errorf("a refusal: %v", err)
		}
		var wg sync.WaitGroup
		answers := make([]error, 4)
		for i := range answers {
			wg.Go(func() {
				_, answers[i] = store.Identity.Invitations.AcceptInvitation(ctx, access.Actor{IP: "192.0.2.1"}, link, "Carl", modelstest.OwnerPassword)
			})
		}
		wg.Wait()
		missing := 0
		for _, err := range answers {
			if errors.Is(err, access.ErrNotFound) {
				missing++
			} else if err != nil {
				t.Error(err)
			}
		}
		if missing != 3 {
			t.Errorf("%d of 4 were refused", missing)
		}
		u, err := withPassword(ctx, store, access.Actor{}, "carl@example.com", modelstest.OwnerPassword)
		if err != nil || u.Role != access.Moderator || u.Email != "Carl@Example.com" {
			t.Errorf("%+v, %v", u, err)
		}
		line := lines(t, store, audit.CreatedUser)[0]
		if line.ActorID != u.ID || line.ActorName != "Carl" || line.IP != "192.0.2.1" || !strings.Contains(line.Changes, "Ada Lovelace") || strings.Contains(line.Changes, link) {
			t.Errorf("the line is %+v", line)
		}
	})
}

func errorsIn(err error) string {
	var invalid access.Invalid
	errors.As(err, &invalid)
	var fields []string
	for _, p := range invalid {
		fields = append(fields, p.Field)
	}
	return strings.Join(fields, " ")
}

func TestEndedInvitationIsRefused(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		now := time.Now()
		store.DB.Now = func() time.Time { return now }
		owner := modelstest.Owner(t, store)
		invite := func(email string) (identity.Invitation, string) {
			t.Helper()
			made, link, err := store.Identity.Invitations.Invite(ctx, owner, identity.NewInvitation{Email: email, Role: access.Editor})
			if err != nil {
				t.Fatal(err)
			}
			return made, modelstest.Keep(store, modelstest.InviteLink, link)
		}
		dead := func(what, link string) {
			t.Helper()
			_, err := store.Identity.Invitations.OpenInvitation(ctx, link)
			wants(t, what+": open", err, access.ErrNotFound)
			_, err = store.Identity.Invitations.AcceptInvitation(ctx, access.Actor{}, link, "Carl", modelstest.OwnerPassword)
			wants(t, what+": accept", err, access.ErrNotFound)
		}
		dead("unknown", "nonsense")
		revoked, link := invite("revoked@example.com")
		if err := store.Identity.Invitations.RevokeInvitation(ctx, owner, revoked.ID); err != nil {
			t.Fatal(err)
		}
		dead("revoked", link)
		renewed, old := invite("renewed@example.com")
		again, link, err := store.Identity.Invitations.RenewInvitation(ctx, owner, renewed.ID)
		if err != nil || again.ID != renewed.ID || link == old {
			t.Fatal(again, err)
		}
		dead("replaced", old)
		if _, err := store.Identity.Invitations.OpenInvitation(ctx, link); err != nil {
			t.Errorf("the new link: %v", err)
		}
		_, _, err = store.Identity.Invitations.Invite(ctx, owner, identity.NewInvitation{Email: "RENEWED@example.com", Role: access.Editor})
		if already, ok := errors.AsType[identity.AlreadyInvited](err); !ok || already.ID != renewed.ID {
			t.Errorf("somebody invited twice: %v", err)
		}
		_, _, err = store.Identity.Invitations.Invite(ctx, owner, identity.NewInvitation{Email: "ADA@example.com", Role: access.Editor})
		if errorsIn(err) != "email" {
			t.Errorf("somebody who is in: %v", err)
		}
		now = now.Add(identity.InvitationLimit)
		dead("expired", link)
		if found, err := store.Identity.Invitations.Invitations(ctx, owner); err != nil || len(found) != 1 || !found[0].Expired(now) || found[0].InviterName != "Ada Lovelace" {
			t.Errorf("%+v, %v", found, err)
		}
		if _, link := invite("renewed@example.com"); link == "" {
			t.Error("an invitation that has run out is in the way of another")
		}
		now = now.Add(40 * 24 * time.Hour)
		if err := errors.Join(store.PassTime(t.Context()), store.Sweep(ctx)); err != nil {
			t.Fatal(err)
		}
		if found, err := store.Identity.Invitations.Invitations(ctx, owner); err != nil || len(found) != 0 {
			t.Errorf("after a month: %+v, %v", found, err)
		}
	})
}
