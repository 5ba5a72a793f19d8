package models_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/views"
)

// held returns the lines of who began to wait, the oldest first, in words.
func held(t *testing.T, store *models.Store) (told []string) {
	t.Helper()
	for _, l := range slices.Backward(lines(t, store, audit.ThrottledSignIn)) {
		told = append(told, views.Summary(l))
	}
	return told
}

// TestThrottlingIsLoggedOnce checks that there is one line, however often they try while
// they wait, and whether or not there is such a user.
func TestThrottlingIsLoggedOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		now := time.Now()
		store.DB.Now = func() time.Time { return now }
		modelstest.Owner(t, store)
		off := somebody(t, store, "off", access.Editor)
		if _, err := store.Identity.Users.Disable(t.Context(), system, off.ID); err != nil {
			t.Fatal(err)
		}
		var want []string
		statements := map[int]bool{}
		for i, tc := range [][2]string{{"nobody@example.com", "wrong"}, {"off@example.com", modelstest.OwnerPassword}, {"ada@example.com", "wrong"}} {
			try := func() error {
				_, err := withPassword(t.Context(), store, access.Actor{IP: fmt.Sprint("192.0.2.", i)}, tc[0], tc[1])
				return err
			}
			for range 4 {
				wants(t, tc[0], try(), access.ErrSignIn)
			}
			if got := held(t, store); !slices.Equal(got, want) {
				t.Errorf("before the last free try: %q", got)
			}
			statements[store.Statements(func() { wants(t, tc[0], try(), access.ErrSignIn) })] = true
			for range 10 {
				if err := try(); !errors.As(err, new(access.Throttled)) {
					t.Fatalf("%s: %v", tc[0], err)
				}
			}
			want = append(want, "somebody was temporarily blocked after 5 failed attempts to sign in as “"+tc[0]+"”")
		}
		if got := held(t, store); !slices.Equal(got, want) {
			t.Errorf("the log says %q", got)
		}
		if len(statements) != 1 {
			t.Errorf("numbers of statements: %v", statements)
		}
		now = now.Add(time.Minute) // they go on: the wait doubles, and nothing begins
		_, err := withPassword(t.Context(), store, access.Actor{IP: "192.0.2.9"}, "nobody@example.com", "wrong")
		wants(t, "after the wait", err, access.ErrSignIn)
		if got := held(t, store); !slices.Equal(got, want) {
			t.Errorf("after the wait the log says %q", got)
		}
		counts, refused := store.Identity.SignIns.Counts(), store.Identity.Attempts.Refused()
		if want := (identity.SignInCounts{Refused: 16, Throttled: 30}); counts != want || refused != 30 {
			t.Errorf("counted are %+v, and %d refused attempts", counts, refused)
		}
	})
}

// TestLastFreeAttemptMaySucceed checks that no one is throttled then.
func TestLastFreeAttemptMaySucceed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		modelstest.Owner(t, store)
		for _, password := range []string{"wrong", "wrong", "wrong", "wrong", modelstest.OwnerPassword, "wrong"} {
			_, err := withPassword(t.Context(), store, access.Actor{IP: "192.0.2.1"}, "ada@example.com", password)
			if err != nil && !errors.Is(err, access.ErrSignIn) {
				t.Fatal(err)
			}
		}
		if got := held(t, store); len(got) != 0 {
			t.Errorf("the log says %q", got)
		}
	})
}

// TestAddressIsThrottled checks that the line names its network.
func TestAddressIsThrottled(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		for i := range 25 {
			from := access.Actor{IP: fmt.Sprintf("2001:db8::%x", i)}
			_, err := withPassword(t.Context(), store, from, fmt.Sprint("nobody", i, "@example.com"), "wrong")
			if i < 20 != errors.Is(err, access.ErrSignIn) {
				t.Fatal(i, err)
			}
		}
		if got := held(t, store); !slices.Equal(got, []string{"somebody was temporarily blocked after 20 failed attempts from 2001:db8::/64"}) {
			t.Errorf("the log says %q", got)
		}
	})
}

// TestConfirmationIsThrottled checks that the line names the signed-in user, and the user
// whose second factor someone with their password guesses.
func TestConfirmationIsThrottled(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		modelstest.Owner(t, store)
		ada, err := store.Identity.Users.UserByEmail(t.Context(), "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		by := ada.Actor()
		by.IP = "192.0.2.1"
		withApp(t, store, by)
		for range 6 {
			_ = store.Identity.SignIns.Confirm(t.Context(), by, identity.Proof{Password: "wrong"})
			_ = store.Identity.SignIns.Confirm(t.Context(), by, identity.Proof{Code: "000000"})
		}
		bea := somebody(t, store, "bea", access.Editor)
		if _, err := store.Identity.SecondFactors.NewTOTP(t.Context(), bea.Actor()); err != nil {
			t.Fatal(err)
		}
		for range 6 {
			_, _ = store.Identity.SecondFactors.ConfirmTOTP(t.Context(), bea.Actor(), "000000")
		}
		carl := somebody(t, store, "carl", access.Editor)
		withApp(t, store, carl.Actor())
		secret, err := store.Identity.Attempts.NewChallenge(t.Context(), identity.FactorChallenge, carl.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 6 {
			_, _ = withCode(t.Context(), store, access.Actor{IP: "192.0.2.3"}, secret, "000000")
		}
		want := []string{
			by.Name + " was temporarily blocked after 5 incorrect passwords", by.Name + " was temporarily blocked after 5 incorrect codes",
			"bea was temporarily blocked after 5 incorrect codes", "somebody was temporarily blocked after 5 incorrect second-factor codes for carl",
		}
		if got := held(t, store); !slices.Equal(got, want) {
			t.Errorf("the log says %q", got)
		}
	})
}
