package models_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/modelstest"
)

// The charts of the overview show the past of the groups that there are, in the reader's days, and what
// happened since.
func TestGroupsPerDay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ctx := t.Context()
		by := somebody(t, store, "olivia", access.Owner).Actor()
		now := time.Date(2040, 11, 20, 12, 0, 0, 0, time.UTC)
		store.DB.Now = func() time.Time { return now }
		ended := now.Add(-30 * time.Hour).Unix()
		groups := []models.SampleGroup{
			{GroupFields: models.GroupFields{Name: "Long ago"}, CreatedAt: now.AddDate(-3, 0, 0)},
			{GroupFields: models.GroupFields{Name: "Two days ago"}, CreatedAt: now.AddDate(0, 0, -2), ArchivedAt: &ended},
			{GroupFields: models.GroupFields{Name: "Late in the evening"}, CreatedAt: time.Date(2040, 11, 19, 20, 0, 0, 0, time.UTC)},
		}
		nobody := slices.Values([]models.SampleContact(nil))
		err := store.Seed(ctx, by, models.Sample{Contacts: nobody, Groups: slices.Values(groups)}, func(string, int) {})
		wants(t, "the past", err, nil)
		shows := func(when string, zone *time.Location, want string) {
			t.Helper()
			days, err := store.Overviews.Days(ctx, now.In(zone), 4)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, d := range days {
				got += fmt.Sprintf("%d: %d created, %d active, %d archived\n", d.Start.Day(), d.Created, d.Active, d.Archived)
			}
			if got != want {
				t.Errorf("%s, in %v:\n%swant\n%s", when, zone, got, want)
			}
		}
		count := func() {
			t.Helper()
			if err := store.Overviews.Count(ctx); err != nil {
				t.Fatal(err)
			}
		}
		count()
		shows("counted", time.UTC, "17: 0 created, 1 active, 0 archived\n18: 1 created, 2 active, 0 archived\n"+
			"19: 1 created, 2 active, 1 archived\n20: 0 created, 2 active, 1 archived\n")
		kathmandu, err := time.LoadLocation("Asia/Kathmandu")
		if err != nil {
			t.Fatal(err)
		}
		shows("counted", kathmandu, "17: 0 created, 1 active, 0 archived\n18: 1 created, 2 active, 0 archived\n"+
			"19: 0 created, 1 active, 1 archived\n20: 1 created, 2 active, 1 archived\n")

		_, err = store.CreateGroup(ctx, by, models.GroupChange{Name: new("New")}, nil)
		wants(t, "a group", err, nil)
		after := "17: 0 created, 1 active, 0 archived\n18: 1 created, 2 active, 0 archived\n" +
			"19: 1 created, 2 active, 1 archived\n20: 1 created, 3 active, 1 archived\n"
		shows("created since", time.UTC, after)
		count()
		shows("counted again", time.UTC, after)
		rows := store.Count(t, "group_counts")
		now = now.Add(2 * time.Hour)
		count()
		if got := store.Count(t, "group_counts"); got != rows {
			t.Errorf("%d rows after two hours in which nothing happened, want %d", got, rows)
		}
		shows("two hours later", time.UTC, after)

		now = now.Add(models.KeptCounts)
		_, err = store.CreateGroup(ctx, by, models.GroupChange{Name: new("Newer")}, nil)
		wants(t, "a group after a year", err, nil)
		count()
		count()
		if got := store.Count(t, "group_counts"); got != 2 {
			t.Errorf("%d rows after %v, want the newest of before and that of now", got, models.KeptCounts)
		}
	})
}
