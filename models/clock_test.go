package models_test

import (
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// started returns the database as a console sees it that has just started, whose clock is
// so far ahead, and which runs for as long as ran says.
func started(t *testing.T, store *models.Store, ahead time.Duration) (s *models.Store, ran *time.Duration) {
	t.Helper()
	now := time.Now()
	s, ran = modelstest.Second(t, store, now), new(time.Duration)
	s.DB.Now = func() time.Time { return now.Add(ahead + *ran) }
	s.Audit.Uptime = func() time.Duration { return *ran }
	s.Agree()
	return s, ran
}

// TestClockThatIsAheadDeletesNothing checks that neither activity nor expiring rows are
// deleted, however often the console is started, and that what grows old while it runs is.
func TestClockThatIsAheadDeletesNothing(t *testing.T) {
	const day = 24 * time.Hour
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		now := time.Now()
		store.DB.Now = func() time.Time { return now.Add(-85 * day) }
		by := modelstest.Owner(t, store)
		modelstest.Group(t, store, by, "85 days old")
		seal(t, store)
		store.DB.Now = time.Now
		ada, err := store.Identity.Users.UserByEmail(t.Context(), "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Identity.Attempts.NewChallenge(t.Context(), identity.FactorChallenge, ada.ID, nil); err != nil {
			t.Fatal(err)
		}
		keep(t, store, by, "P90D")
		deleteOld(t, store)
		lines := store.Count(t, "audit_lines")
		for range 3 {
			wrong, ran := started(t, store, 100*day)
			modelstest.Group(t, wrong, by, "From the future")
			lines++
			for range 3 {
				if err := wrong.Audit.Retention.DeleteOld(t.Context()); err == nil || !strings.Contains(err.Error(), "seen time pass until") {
					t.Errorf("100 days ahead: %v", err)
				}
				if err := wrong.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
				*ran += time.Minute
			}
			if n := store.Count(t, "audit_lines"); n != lines {
				t.Fatalf("100 days ahead: %d of %d lines are left", n, lines)
			}
			if n := store.Count(t, "challenges"); n != 1 {
				t.Error("100 days ahead: a challenge is deleted")
			}
		}

		right, ran := started(t, store, 0)
		deleteOld(t, right)
		*ran = 6 * day
		deleteOld(t, right)
		if got := acts(t, right, 4); !strings.Contains(strings.Join(got, "\n"), "deleted 2 activity") {
			t.Errorf("after six days: %q", got)
		}
	})
}

// TestOwnerConfirmsTheClock covers a long time in which nothing ran.
func TestOwnerConfirmsTheClock(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		now := time.Now()
		store.DB.Now = func() time.Time { return now.AddDate(-1, 0, 0) }
		by := modelstest.Owner(t, store)
		keep(t, store, by, "P90D")
		seal(t, store)
		later, _ := started(t, store, 0)
		if err := later.Audit.Retention.DeleteOld(t.Context()); err == nil {
			t.Error("a year is believed")
		}
		keep(t, later, by, "P90D")
		deleteOld(t, later)
		if got := acts(t, later, 1)[0]; !strings.Contains(got, "deleted 2 activity") {
			t.Errorf("confirmed: %s", got)
		}
	})
}

// TestEarlierServerClockCounts checks that on PostgreSQL the earlier clock counts.
func TestEarlierServerClockCounts(t *testing.T) {
	store := modelstest.Open(t, modelstest.Postgres)
	by := modelstest.Owner(t, store)
	keep(t, store, by, "P90D")
	seal(t, store)
	now := time.Now()
	store.DB.Now = func() time.Time { return now.AddDate(0, 0, 100) }
	if err := store.Audit.Retention.SetRule(t.Context(), by, "P90D"); err != nil { // confirms a wrong clock
		t.Fatal(err)
	}
	if err := store.Audit.Retention.DeleteOld(t.Context()); err == nil {
		t.Error("the clock is believed against the server's")
	}
	if n := store.Count(t, "audit_lines"); n != 2 {
		t.Errorf("%d lines are left", n)
	}
}

// TestWaitsAreCapped checks that a wait stored by a clock that was ahead is no longer than
// the longest.
func TestWaitsAreCapped(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		modelstest.Owner(t, store)
		now := time.Now()
		ahead := 24 * time.Hour
		store.DB.Now = func() time.Time { return now.Add(ahead) }
		try := func(password string) error {
			_, err := withPassword(t.Context(), store, access.Actor{IP: "192.0.2.1"}, "ada@example.com", password)
			return err
		}
		for range 6 {
			_ = try("wrong")
		}
		ahead = 0
		if err := try(modelstest.OwnerPassword); err != nil {
			t.Errorf("once the clock is right: %v", err)
		}
	})
}
