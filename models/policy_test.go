package models_test

import (
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

func TestPolicy(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		now := time.Now()
		store.DB.Now = func() time.Time { return now }
		owner, bob := modelstest.Owner(t, store), somebody(t, store, "bob", access.Editor)
		needs := func() bool {
			t.Helper()
			need, err := store.Identity.Policies.NeedsSecondFactor(ctx, bob)
			if err != nil {
				t.Fatal(err)
			}
			return need
		}
		if needs() {
			t.Error("needed without a rule")
		}
		rule := identity.Policy{SecondFactor: map[access.Role]int64{access.Editor: now.Add(time.Hour).Unix()}}
		for range 2 {
			if err := store.Identity.Policies.SetPolicy(ctx, owner, rule); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(lines(t, store, audit.ChangedPolicy)); n != 1 {
			t.Errorf("%d lines", n)
		}
		if needs() {
			t.Error("needed before its time")
		}
		now = now.Add(time.Hour)
		if !needs() {
			t.Error("not needed in its time")
		}
		one := identity.FactorCount{People: 1, Without: 1}
		if counts, err := store.Identity.Policies.FactorCounts(ctx, owner); err != nil || counts[access.Editor] != one || counts[access.Owner] != one {
			t.Errorf("%v, %v", counts, err)
		}
		if due, err := store.Identity.Policies.FactorDue(ctx, bob); err != nil || due == nil || *due != now.Unix() {
			t.Errorf("due %v, %v", due, err)
		}
		if err := store.GiveFactor(ctx, bob.ID); err != nil {
			t.Fatal(err)
		}
		if needs() {
			t.Error("needed by somebody who has one")
		}
		if due, err := store.Identity.Policies.FactorDue(ctx, bob); err != nil || due != nil {
			t.Errorf("due of somebody who has one: %v, %v", due, err)
		}
		err := store.Identity.Policies.SetPolicy(ctx, somebody(t, store, "admin", access.Admin).Actor(), identity.Policy{})
		wants(t, "by an admin", err, access.ErrDenied)
		err = store.Identity.Policies.SetPolicy(ctx, owner, identity.Policy{SecondFactor: map[access.Role]int64{"king": 1, access.Editor: -1}})
		if errorsIn(err) != "editor king" {
			t.Errorf("a wrong policy: %v", err)
		}
	})
}
