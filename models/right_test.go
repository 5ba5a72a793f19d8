package models_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

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
		if len(changed) != 2 || changed[0].ObjectID != bob.ID || changed[0].Changes != `{"invitations":{"before":["e@example.com"],"after":null},"role":{"before":"admin","after":"auditor"}}` {
			t.Errorf("the lines are %+v", changed)
		}
	})
}

func TestAChangeNeedsTheRightsOfWhatItChanges(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		owner := modelstest.Owner(t, store)
		contact := modelstest.Contact(t, store, owner, "hector")
		members := models.Refs(contact.ID)
		scoped := func(scopes ...models.Right) models.Actor {
			_, secret := makeToken(t, store, owner, models.NewToken{Scopes: scopes})
			by, err := store.TokenActor(t.Context(), secret, "")
			if err != nil {
				t.Fatal(err)
			}
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
