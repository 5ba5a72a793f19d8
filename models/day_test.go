package models_test

import (
	"slices"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
)

func TestStartOfDayInTimeZones(t *testing.T) {
	for _, c := range []struct {
		zone, day, begins string
		hours             int
	}{
		{"UTC", "2026-03-29", "2026-03-29T00:00:00Z", 24},
		{"Europe/Zurich", "2026-03-29", "2026-03-28T23:00:00Z", 23},
		{"Europe/Zurich", "2026-10-25", "2026-10-24T22:00:00Z", 25},
		{"America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", 25},
		{"Asia/Kolkata", "2026-01-31", "2026-01-30T18:30:00Z", 24},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", 23}, // begins at 01:00
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", 25},    // has two midnights
		{"Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", 24},
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", 0}, // never was
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		day, _ := time.Parse(time.DateOnly, c.day)
		begins := text.StartOfDay(day, zone)
		if got := begins.UTC().Format(time.RFC3339); got != c.begins {
			t.Errorf("%s in %s begins at %s, want %s", c.day, c.zone, got, c.begins)
		}
		if got := text.StartOfDay(day.AddDate(0, 0, 1), zone).Sub(begins); int(got.Hours()) != c.hours {
			t.Errorf("%s in %s has %v, want %d hours", c.day, c.zone, got, c.hours)
		}
	}
}

func TestSearchDatesUseTheTimeZone(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		for _, at := range []string{"2030-03-30T22:59:59Z", "2030-03-30T23:00:00Z", "2030-03-31T21:59:59Z", "2030-03-31T22:00:00Z"} {
			now, _ := time.Parse(time.RFC3339, at)
			store.DB.Now = func() time.Time { return now }
			modelstest.Group(t, store, by, at[8:])
		}
		zurich, err := time.LoadLocation("Europe/Zurich")
		if err != nil {
			t.Fatal(err)
		}
		for search, want := range map[string][]string{
			"created:2030-03-31":  {"31T21:59:59Z", "30T23:00:00Z"},
			"created:>2030-03-31": {"31T22:00:00Z"},
			"created:<2030-03-31": {"30T22:59:59Z"},
		} {
			if got := names(t, store, models.GroupQuery{Search: models.ParseSearch(search, zurich)}); !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", search, got, want)
			}
			if n, err := store.CountGroups(t.Context(), models.GroupQuery{Search: models.ParseSearch(search, zurich)}); err != nil || n.N != len(want) {
				t.Errorf("%s: counted %+v, %v", search, n, err)
			}
		}
		if got := names(t, store, models.GroupQuery{Search: models.ParseSearch("created:2030-03-31", nil)}); !slices.Equal(got, []string{"31T22:00:00Z", "31T21:59:59Z"}) {
			t.Errorf("in UTC: %q", got)
		}
	})
}
