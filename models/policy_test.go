package models_test

import (
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

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
		one := models.FactorCount{People: 1, Without: 1}
		if counts, err := store.FactorCounts(ctx, owner); err != nil || counts[models.Editor] != one || counts[models.Owner] != one {
			t.Errorf("%v, %v", counts, err)
		}
		if due, err := store.FactorDue(ctx, bob); err != nil || due == nil || *due != now.Unix() {
			t.Errorf("due %v, %v", due, err)
		}
		if err := store.GiveFactor(ctx, bob.ID); err != nil {
			t.Fatal(err)
		}
		if needs() {
			t.Error("needed by somebody who has one")
		}
		if due, err := store.FactorDue(ctx, bob); err != nil || due != nil {
			t.Errorf("due of somebody who has one: %v, %v", due, err)
		}
		err := store.SetPolicy(ctx, somebody(t, store, "admin", models.Admin).Actor(), models.Policy{})
		wants(t, "by an admin", err, models.ErrDenied)
		err = store.SetPolicy(ctx, owner, models.Policy{SecondFactor: map[models.Role]int64{"king": 1, models.Editor: -1}})
		if errorsIn(err) != "editor king" {
			t.Errorf("a wrong policy: %v", err)
		}
	})
}
