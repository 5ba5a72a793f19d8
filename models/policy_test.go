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
