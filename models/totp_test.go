package models_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/views"
)

// rfc6238 returns the code of a seed at a time, by the RFC alone.
func rfc6238(seed []byte, at time.Time, digits int) string {
	mac := hmac.New(sha1.New, seed)
	_ = binary.Write(mac, binary.BigEndian, at.Unix()/30)
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[19]&15:]) & 0x7fffffff
	mod := uint32(1)
	for range digits {
		mod *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%mod)
}

// TestTheReferenceAgreesWithTheRFC checks the vectors of RFC 6238, appendix B.
func TestTheReferenceAgreesWithTheRFC(t *testing.T) {
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := rfc6238([]byte("12345678901234567890"), time.Unix(at, 0), 8); got != want {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
	}
}

// phone is an app that makes codes, at a time that the test sets.
type phone struct {
	seed []byte
	now  *time.Time
}

func (p phone) code(steps int) string {
	return rfc6238(p.seed, p.now.Add(time.Duration(steps)*30*time.Second), 6)
}

// withApp turns codes on for an actor, and returns their phone and recovery codes.
func withApp(t *testing.T, store *models.Store, by access.Actor) (phone, []string) {
	t.Helper()
	p := newApp(t, store, by)
	codes, err := store.Identity.SecondFactors.ConfirmTOTP(t.Context(), by, p.code(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range codes {
		modelstest.Keep(store, modelstest.RecoveryCode, code)
		modelstest.Keep(store, modelstest.RecoveryCode, strings.ReplaceAll(code, "-", ""))
	}
	*p.now = p.now.Add(time.Minute)
	return p, codes
}

// newApp returns an app that has the seed, and that no one has confirmed.
func newApp(t *testing.T, store *models.Store, by access.Actor) phone {
	t.Helper()
	now := time.Now().Truncate(30 * time.Second)
	store.DB.Now = func() time.Time { return now }
	key, err := store.Identity.SecondFactors.NewTOTP(t.Context(), by)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(modelstest.Keep(store, modelstest.TOTPKey, key.Secret))
	if err != nil || len(seed) != 20 {
		t.Fatal(seed, err)
	}
	return phone{seed, &now}
}

// half signs in with the password alone.
func half(t *testing.T, store *models.Store, by access.Actor) string {
	t.Helper()
	secret, err := store.Identity.Attempts.NewChallenge(t.Context(), identity.FactorChallenge, by.UserID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return modelstest.Keep(store, modelstest.Cookie, secret)
}

func TestCodesFromAnApp(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		first, err := store.Identity.SecondFactors.NewTOTP(t.Context(), by)
		again, againErr := store.Identity.SecondFactors.NewTOTP(t.Context(), by)
		if err != nil || againErr != nil || first != again {
			t.Errorf("the seed changes before it is confirmed: %v %v", err, againErr)
		}
		u, err := url.Parse(first.URL)
		if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Query().Get("secret") != first.Secret || !strings.Contains(u.Path, "ada@example.com") {
			t.Errorf("%s, %v", first.URL, err)
		}
		if _, err := store.Identity.SecondFactors.ConfirmTOTP(t.Context(), by, "000000"); !errors.As(err, new(access.Invalid)) {
			t.Errorf("a wrong code: %v", err)
		}
		if f, err := store.Identity.SecondFactors.Factors(t.Context(), by.UserID); err != nil || f.On() {
			t.Errorf("%+v, %v", f, err)
		}
		p, codes := withApp(t, store, by)
		if _, err := store.Identity.SecondFactors.NewTOTP(t.Context(), by); !errors.Is(err, access.ErrConflict) {
			t.Errorf("a seed for an app that is on: %v", err)
		}
		if f, err := store.Identity.SecondFactors.Factors(t.Context(), by.UserID); err != nil || !f.On() || f.Codes != 10 || len(codes) != 10 {
			t.Errorf("%+v, %v, %v", f, codes, err)
		}
		for steps, good := range map[int]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
			*p.now = p.now.Add(5 * time.Minute)
			factor, err := withCode(t.Context(), store, by, half(t, store, by), p.code(steps))
			if good != (err == nil) || good != (factor == identity.ByCode) || !good && !errors.Is(err, access.ErrSignIn) {
				t.Errorf("%d steps off: %q, %v", steps, factor, err)
			}
		}
		*p.now = p.now.Add(5 * time.Minute)
		code := p.code(0)
		if _, err := withCode(t.Context(), store, by, half(t, store, by), code[:3]+" "+code[3:]); err != nil {
			t.Errorf("a code with a space: %v", err)
		}
	})
}

func TestCodesWorkOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		p, recovery := withApp(t, store, by)
		for _, code := range []string{p.code(0), recovery[3]} {
			var in atomic.Int32
			var all sync.WaitGroup
			for i := range 4 {
				from := by
				from.IP = fmt.Sprint("192.0.2.", i)
				secret := half(t, store, by)
				all.Go(func() {
					if _, err := withCode(t.Context(), store, from, secret, code); err == nil {
						in.Add(1)
					} else if !errors.Is(err, access.ErrSignIn) && !errors.As(err, new(access.Throttled)) {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if in.Load() != 1 {
				t.Errorf("%s: %d got in", code, in.Load())
			}
			*p.now = p.now.Add(20 * time.Minute)
		}
		*p.now = p.now.Add(time.Hour)
		if _, err := withCode(t.Context(), store, by, half(t, store, by), p.code(0)); err != nil {
			t.Error(err)
		}
		if _, err := withCode(t.Context(), store, by, half(t, store, by), p.code(-1)); !errors.Is(err, access.ErrSignIn) {
			t.Errorf("an older code after a newer one: %v", err)
		}
	})
}

func TestRecoveryCodes(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		if _, err := store.Identity.SecondFactors.NewRecoveryCodes(t.Context(), by); !errors.Is(err, access.ErrConflict) {
			t.Errorf("recovery codes for nothing: %v", err)
		}
		_, codes := withApp(t, store, by)
		typed := " " + strings.ToUpper(strings.ReplaceAll(strings.ReplaceAll(codes[0], "-", " "), "0", "O"))
		if factor, err := withCode(t.Context(), store, by, half(t, store, by), typed); err != nil || factor != identity.ByRecoveryCode {
			t.Errorf("%s typed as %q: %q, %v", codes[0], typed, factor, err)
		}
		if _, err := withCode(t.Context(), store, by, half(t, store, by), codes[0]); !errors.Is(err, access.ErrSignIn) {
			t.Errorf("a recovery code used twice: %v", err)
		}
		fresh, err := store.Identity.SecondFactors.NewRecoveryCodes(t.Context(), by)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := withCode(t.Context(), store, by, half(t, store, by), codes[1]); !errors.Is(err, access.ErrSignIn) {
			t.Errorf("a recovery code that was replaced: %v", err)
		}
		if _, err := withCode(t.Context(), store, by, half(t, store, by), fresh[0]); err != nil {
			t.Error(err)
		}
		if err := store.Identity.SecondFactors.TurnOffTOTP(t.Context(), by); err != nil {
			t.Fatal(err)
		}
		if f, err := store.Identity.SecondFactors.Factors(t.Context(), by.UserID); err != nil || f != (identity.Factors{}) {
			t.Errorf("%+v, %v", f, err)
		}
		if _, err := store.Identity.SecondFactors.NewTOTP(t.Context(), by); err != nil {
			t.Errorf("turning codes on again: %v", err)
		}
	})
}

func TestCodesOfAnotherUserAreWrong(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		ada := modelstest.Owner(t, store)
		made, err := store.Identity.Users.CreateUser(t.Context(), access.System("test"), identity.NewUser{
			Email: "bea@example.com", Name: "Bea", Role: access.Owner, Password: modelstest.OwnerPassword,
		})
		if err != nil {
			t.Fatal(err)
		}
		bea := made.Actor()
		p, codes := withApp(t, store, ada)
		_, _ = withApp(t, store, bea)
		*p.now = p.now.Add(time.Hour)
		store.DB.Now = func() time.Time { return *p.now }
		for _, code := range []string{p.code(0), codes[0]} {
			if _, err := withCode(t.Context(), store, bea, half(t, store, bea), code); !errors.Is(err, access.ErrSignIn) {
				t.Errorf("Ada's code in Bea's hands: %v", err)
			}
			if l := newest(t, store); views.Summary(l) != "somebody failed the second-factor check as Bea" || l.ObjectID != bea.ID || fieldIn(l, "reason").After.Text != identity.WrongSecondFactor {
				t.Errorf("its line is %q, %+v", views.Summary(l), l)
			}
		}
		if _, err := withCode(t.Context(), store, ada, half(t, store, ada), codes[0]); err != nil {
			t.Errorf("Bea's try used Ada's code up: %v", err)
		}
	})
}

// TestWrongCodesAreThrottled also covers codes from many addresses, which don't keep a
// signed-in user from confirming.
func TestWrongCodesAreThrottled(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		p, _ := withApp(t, store, by)
		for i := range 20 {
			from := by
			from.IP = fmt.Sprint("198.51.100.", i%4)
			if _, err := withCode(t.Context(), store, from, half(t, store, by), "123456"); !errors.Is(err, access.ErrSignIn) {
				t.Fatal(err)
			}
		}
		if _, err := withCode(t.Context(), store, by, half(t, store, by), p.code(0)); !errors.As(err, new(access.Throttled)) {
			t.Errorf("the next code: %v", err)
		}
		if err := store.Identity.SignIns.Confirm(t.Context(), by, identity.Proof{Code: p.code(0)}); err != nil {
			t.Errorf("confirming with a code, after a stranger's wrong ones: %v", err)
		}
		*p.now = p.now.Add(46 * time.Second)
		if _, err := withCode(t.Context(), store, by, half(t, store, by), p.code(0)); err != nil {
			t.Errorf("after the wait: %v", err)
		}
	})
}

// TestPendingSignInsAreLimited checks that someone with a password can't fill the database.
func TestPendingSignInsAreLimited(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		now := time.Now()
		store.DB.Now = func() time.Time { return now }
		first := half(t, store, by)
		now = now.Add(time.Second)
		for range 30 {
			half(t, store, by)
		}
		last := half(t, store, by)
		if n := store.Count(t, "challenges"); n != 10 {
			t.Errorf("%d are kept", n)
		}
		var data any
		if _, err := store.Identity.Attempts.Challenge(t.Context(), identity.FactorChallenge, last, &data); err != nil {
			t.Errorf("the last one: %v", err)
		}
		if _, err := store.Identity.Attempts.Challenge(t.Context(), identity.FactorChallenge, first, &data); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("the first one: %v", err)
		}
	})
}

// TestOIDCStateFitsInAURL checks long next pages, which are dropped if they don't fit.
func TestOIDCStateFitsInAURL(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		for _, next := range []string{"/contacts?q=x", "/" + strings.Repeat("x", 900), "/" + strings.Repeat("x", 4000), "/?" + strings.Repeat("&", 900), "/" + strings.Repeat("ü", 900)} {
			request, browser, err := store.Identity.Providers.StartOIDC(t.Context(), "", next)
			if err != nil || len(request.State) > 2000 || len(next) < 1000 && !strings.Contains(next, "&") && request.Next != next {
				t.Errorf("%.20s: the state has %d bytes, and next %d; %v", next, len(request.State), len(request.Next), err)
			}
			kept, err := store.Identity.Providers.PendingOIDC(t.Context(), browser, request.State)
			if err != nil || kept != request {
				t.Errorf("%.20s: got %v, %v", next, kept, err)
			}
			if _, err := store.Identity.Providers.PendingOIDC(t.Context(), "another", request.State); !errors.Is(err, access.ErrNotFound) {
				t.Errorf("another browser: %v", err)
			}
		}
	})
}

func TestChallengesWorkOnceAndExpire(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		now := time.Now()
		store.DB.Now = func() time.Time { return now }
		secret, err := store.Identity.Attempts.NewChallenge(t.Context(), identity.PasskeyChallenge, "", map[string]string{"a": "b"})
		if err != nil {
			t.Fatal(err)
		}
		var data map[string]string
		if _, err := store.Identity.Attempts.TakeChallenge(t.Context(), identity.FactorChallenge, secret, &data); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("a challenge of another kind: %v", err)
		}
		if id, err := store.Identity.Attempts.TakeChallenge(t.Context(), identity.PasskeyChallenge, secret, &data); err != nil || id != "" || data["a"] != "b" {
			t.Errorf("%q, %v, %v", id, data, err)
		}
		if _, err := store.Identity.Attempts.TakeChallenge(t.Context(), identity.PasskeyChallenge, secret, &data); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("for the second time: %v", err)
		}
		late := half(t, store, by)
		now = now.Add(identity.ChallengeLimit)
		if _, err := store.Identity.Attempts.Challenge(t.Context(), identity.FactorChallenge, late, &data); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("too late: %v", err)
		}
		if err := errors.Join(store.PassTime(t.Context()), store.Sweep(t.Context())); err != nil {
			t.Fatal(err)
		}
		if n := store.Count(t, "challenges"); n != 0 {
			t.Errorf("%d challenges are left", n)
		}
	})
}
