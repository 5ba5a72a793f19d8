package models_test

import (
	"fmt"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
)

// TestTheTrendOfMembers counts the members of a group on each day, in which one left and came back.
func TestTheTrendOfMembers(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		zone := time.FixedZone("", 5*3600)
		day := func(n int) time.Time { return time.Date(2026, time.May, n, 12, 0, 0, 0, zone) }
		now := day(1)
		store.DB.Now = func() time.Time { return now }
		recordsSince(t, store, day(1).Unix())
		by, ctx := modelstest.Owner(t, store), t.Context()
		hector, cedric := modelstest.Contact(t, store, by, "Hector"), modelstest.Contact(t, store, by, "Cedric")
		now = day(3)
		g := modelstest.Group(t, store, by, "Plaza Hotel", hector)
		for _, step := range []struct {
			on    time.Time
			leave bool
			who   string
		}{{day(4), false, cedric.ID}, {day(6), true, hector.ID}, {day(6).Add(12*time.Hour - time.Second), true, cedric.ID}, {day(8), false, hector.ID}} {
			now = step.on
			var err error
			if step.leave {
				g, _, err = store.Members.RemoveMember(ctx, by, g.ID, step.who)
			} else {
				g, _, err = store.Members.AddMembers(ctx, by, g.ID, models.Refs(step.who), nil)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		now = day(9)
		for days, want := range map[int]string{90: "[1 2 2 0 0 1 1]", 4: "[0 0 1 1]", 1: "[1]"} {
			if got, err := store.Members.Trend(ctx, g, now, days); fmt.Sprint(got) != want || err != nil {
				t.Errorf("%d days: %v, want %s, %v", days, got, want, err)
			}
		}
	})
}
