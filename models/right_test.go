package models_test

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

func TestWhoMayManageWhom(t *testing.T) {
	may := map[access.Role]string{ // whom, by their roles' first letters
		access.Owner: "OAEMU", access.Admin: "EMU", access.Editor: "", access.Moderator: "", access.Auditor: "",
	}
	letter := func(r access.Role) string {
		return map[access.Role]string{access.Owner: "O", access.Admin: "A", access.Editor: "E", access.Moderator: "M", access.Auditor: "U"}[r]
	}
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		owner := modelstest.Owner(t, store)
		for _, byRole := range access.Roles {
			by := somebody(t, store, "by-"+string(byRole), byRole).Actor()
			for _, ofRole := range access.Roles {
				target := somebody(t, store, string(byRole)+"-of-"+string(ofRole), ofRole)
				kind := error(access.ErrDenied)
				if strings.Contains(may[byRole], letter(ofRole)) {
					kind = nil
				}
				what := fmt.Sprintf("%s of %s", byRole, ofRole)
				_, err := store.Identity.Users.Disable(ctx, by, target.ID)
				wants(t, what+": disable", err, kind)
				_, err = store.Identity.Users.Enable(ctx, by, target.ID)
				wants(t, what+": enable", err, kind)
				_, err = store.Identity.Users.EndSessions(ctx, by, target.ID)
				wants(t, what+": end sessions", err, kind)
				if err := store.GiveFactor(ctx, target.ID); err != nil {
					t.Fatal(err)
				}
				_, err = store.Identity.Users.ResetSecondFactor(ctx, by, target.ID)
				wants(t, what+": reset the second factor", err, kind)
				_, _, err = store.Identity.Invitations.Invite(ctx, by, identity.NewInvitation{Email: string(byRole) + "." + string(ofRole) + "@example.com", Role: ofRole})
				wants(t, what+": invite", err, kind)
				made, _, err := store.Identity.Invitations.Invite(ctx, owner, identity.NewInvitation{Email: "x" + string(byRole) + string(ofRole) + "@example.com", Role: ofRole})
				wants(t, what, err, nil)
				_, _, err = store.Identity.Invitations.RenewInvitation(ctx, by, made.ID)
				wants(t, what+": renew", err, kind)
				wants(t, what+": revoke", store.Identity.Invitations.RevokeInvitation(ctx, by, made.ID), kind)
				if byRole != access.Owner {
					kind = access.ErrDenied
				}
				for _, other := range []access.Role{access.Owner, access.Auditor} {
					_, err = store.Identity.Users.ChangeRole(ctx, by, target.ID, other)
					wants(t, what+": to "+string(other), err, kind)
				}
			}
		}
	})
}

func TestTokensManageNobody(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		owner, target := modelstest.Owner(t, store), somebody(t, store, "target", access.Editor)
		by := owner
		by.Kind, by.ID = access.TokenActor, "0000000000000000"
		for _, rule := range access.Rules {
			by.Scopes = append(by.Scopes, rule.Right)
		}
		if _, err := access.ParseScopes("people.manage"); err == nil {
			t.Error("people.manage is a scope")
		}
		by.Scopes = access.WriteScopes()
		_, err := store.Identity.Users.Disable(t.Context(), by, target.ID)
		wants(t, "disable", err, access.ErrDenied)
		_, err = store.Identity.Users.ChangeRole(t.Context(), by, target.ID, access.Owner)
		wants(t, "change the role", err, access.ErrDenied)
		_, _, err = store.Identity.Invitations.Invite(t.Context(), by, identity.NewInvitation{Email: "a@example.com", Role: access.Editor})
		wants(t, "invite", err, access.ErrDenied)
		_, err = store.Identity.Users.Accounts(t.Context(), by)
		wants(t, "read", err, access.ErrDenied)
	})
}

func TestRightsEndWithTheRole(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		owner, bob := modelstest.Owner(t, store), somebody(t, store, "bob", access.Owner)
		session := signIn(t, store, bob)
		_, token, err := store.Identity.Tokens.CreateToken(ctx, bob.Actor(), identity.NewToken{Name: "robot", Scopes: access.WriteScopes()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if by, err := store.Identity.Tokens.TokenActor(ctx, token, ""); err != nil || !by.May(access.DeleteGroups) {
			t.Fatal(by, err)
		}
		_, forAdmin, err := store.Identity.Invitations.Invite(ctx, bob.Actor(), identity.NewInvitation{Email: "a@example.com", Role: access.Admin})
		if err != nil {
			t.Fatal(err)
		}
		_, forEditor, err := store.Identity.Invitations.Invite(ctx, bob.Actor(), identity.NewInvitation{Email: "e@example.com", Role: access.Editor})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Identity.Users.ChangeRole(ctx, owner, bob.ID, access.Admin); err != nil {
			t.Fatal(err)
		}
		if signedIn(t, store, session) {
			t.Error("the session lives on")
		}
		_, err = store.Identity.Invitations.OpenInvitation(ctx, forAdmin)
		wants(t, "an invitation that an admin can't make", err, access.ErrNotFound)
		_, err = store.Identity.Invitations.OpenInvitation(ctx, forEditor)
		wants(t, "an invitation that an admin can make", err, nil)
		if _, err := store.Identity.Users.ChangeRole(ctx, owner, bob.ID, access.Auditor); err != nil {
			t.Fatal(err)
		}
		by, err := store.Identity.Tokens.TokenActor(ctx, token, "")
		if err != nil || by.May(access.EditGroups) || !by.May(access.ReadGroups) {
			t.Errorf("the token may write on: %v", err)
		}
		stale := bob.Actor()
		_, err = store.Identity.Users.Disable(ctx, stale, owner.ID)
		wants(t, "disable by a stale actor", err, access.ErrDenied)
		_, _, err = store.Identity.Invitations.Invite(ctx, stale, identity.NewInvitation{Email: "b@example.com", Role: access.Owner})
		wants(t, "invite by a stale actor", err, access.ErrDenied)
		err = store.Identity.Policies.SetPolicy(ctx, stale, identity.Policy{SecondFactor: map[access.Role]int64{access.Owner: 1}})
		wants(t, "policy by a stale actor", err, access.ErrDenied)
		changed := lines(t, store, audit.ChangedRole)
		if len(changed) != 2 || changed[0].ObjectID != bob.ID || changed[0].Changes != `{"invitations":{"before":["e@example.com"],"after":null},"role":{"before":"admin","after":"auditor"}}` {
			t.Errorf("the lines are %+v", changed)
		}
	})
}

func TestChangeNeedsTheRightsOfItsFields(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		owner := modelstest.Owner(t, store)
		contact := modelstest.Contact(t, store, owner, "hector")
		members := models.Refs(contact.ID)
		scoped := func(scopes ...access.Right) access.Actor {
			_, secret := makeToken(t, store, owner, identity.NewToken{Scopes: scopes})
			by, err := store.Identity.Tokens.TokenActor(t.Context(), secret, "")
			if err != nil {
				t.Fatal(err)
			}
			return by
		}
		moderator := somebody(t, store, "mod", access.Moderator).Actor()
		archive := store.DB.Now().Unix()
		changes := map[access.Right]models.GroupChange{
			access.EditGroups:    {Description: ptr("New")},
			access.ArchiveGroups: {ArchivedAt: archivedAt(archive)},
			access.EditMembers:   {Contacts: &members},
		}
		for right, c := range changes {
			g := modelstest.Group(t, store, owner, "Plaza")
			others := slices.DeleteFunc(access.WriteScopes(), func(r access.Right) bool { return r == right })
			_, err := store.UpdateGroup(t.Context(), scoped(others...), g.ID, c)
			var denied access.Denied
			if !errors.As(err, &denied) || denied.Right != right {
				t.Errorf("without %s: %v", right, err)
			}
			_, err = store.UpdateGroup(t.Context(), scoped(access.ReadGroups, right), g.ID, c)
			wants(t, "with "+string(right), err, nil)
			var kind error
			if right == access.EditGroups {
				kind = access.ErrDenied
			}
			_, err = store.UpdateGroup(t.Context(), moderator, modelstest.Group(t, store, owner, "Other").ID, c)
			wants(t, "a moderator without "+string(right), err, kind)
			both := c
			both.Name = ptr("Another")
			_, err = store.UpdateGroup(t.Context(), moderator, g.ID, both)
			wants(t, "a moderator renames in passing", err, access.ErrDenied)
		}
		_, err := store.CreateGroup(t.Context(), scoped(access.EditGroups), models.GroupChange{Name: ptr("New"), Contacts: &members}, nil)
		wants(t, "create with members", err, access.ErrDenied)
		_, err = store.CreateGroup(t.Context(), scoped(access.EditGroups), models.GroupChange{Name: ptr("New"), Contacts: &[]models.ContactRef{}}, nil)
		wants(t, "create without members", err, nil)
	})
}

func archivedAt(at int64) *sql.Null[int64] { return &sql.Null[int64]{V: at, Valid: true} }
