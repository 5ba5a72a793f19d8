package models_test

import (
	"encoding/base32"
	"errors"
	"strings"
	"testing"
	"time"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
)

// inDigits returns a code in the digits that begin with zero.
func inDigits(code string, zero rune) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return zero + r - '0'
		}
		return r
	}, code)
}

// fullWidth returns a code as a keyboard for Chinese or Japanese types it.
func fullWidth(code string) string {
	return strings.Map(func(r rune) rune { return r - '!' + '！' }, code)
}

// TestTypedCodesAreNormalized covers the digits of other keyboards, and what a clipboard
// adds.
func TestTypedCodesAreNormalized(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		phone, recovery := withApp(t, store, by)
		use := func(code string) {
			t.Helper()
			if _, err := withCode(t.Context(), store, by, half(t, store, by), code); err != nil {
				t.Errorf("%+q: %v", code, err)
			}
		}
		for i, typed := range []func(string) string{
			func(s string) string { return inDigits(s, '٠') }, // Arabic-Indic
			func(s string) string { return inDigits(s, '۰') }, // Persian
			func(s string) string { return inDigits(s, '०') }, // Devanagari
			func(s string) string { return inDigits(s, '𝟢') }, // mathematical, the third of five runs
			func(s string) string { return fullWidth(s) },     //
			func(s string) string { return "\u200b" + s[:3] + "\u00a0" + s[3:] + "\ufeff" },
			func(s string) string { return "\u202a" + s[:3] + "\u00ad\u2009" + s[3:] + "\u202c\n" },
			func(s string) string { return s[:3] + "–" + s[3:] },
		} {
			*phone.now = phone.now.Add(time.Duration(i+1) * time.Minute)
			use(typed(phone.code(0)))
		}
		for i, typed := range []func(string) string{
			strings.ToUpper, fullWidth,
			func(s string) string { return inDigits(s, '٠') },
			func(s string) string { return "\ufeff" + strings.ReplaceAll(s, "-", "\u2011") + "\u200b" },
			func(s string) string { return strings.ReplaceAll(s, "-", "\u3000") },
		} {
			use(typed(recovery[i]))
		}
		*phone.now = phone.now.Add(time.Hour)
		if err := store.Identity.SignIns.Confirm(t.Context(), by, identity.Proof{Code: inDigits(phone.code(0), '۰')}); err != nil {
			t.Errorf("a confirmation: %v", err)
		}
		for _, code := range recovery[5:] { // a letter with a mark is another letter
			accented := strings.NewReplacer("a", "ä", "c", "ç", "e", "é", "n", "ñ", "y", "ÿ", "z", "ž").Replace(code)
			if accented == code {
				continue
			}
			if _, err := withCode(t.Context(), store, by, half(t, store, by), accented); !errors.Is(err, access.ErrSignIn) {
				t.Errorf("a code with marks: %v", err)
			}
			break
		}
	})
}

func TestTOTPIsConfirmedInAnyDigits(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		now := time.Now()
		store.DB.Now = func() time.Time { return now }
		key, err := store.Identity.SecondFactors.NewTOTP(t.Context(), by)
		if err != nil {
			t.Fatal(err)
		}
		modelstest.Keep(store, modelstest.TOTPKey, key.Secret)
		seed, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key.Secret)
		if err != nil {
			t.Fatal(err)
		}
		codes, err := store.Identity.SecondFactors.ConfirmTOTP(t.Context(), by, "\u200b "+inDigits(rfc6238(seed, now, 6), '٠'))
		if err != nil {
			t.Error(err)
		}
		for _, code := range codes {
			modelstest.Keep(store, modelstest.RecoveryCode, code)
		}
	})
}

func TestPastedSetupCodeIsNormalized(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		code, err := store.Identity.Users.NewSetupCode(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.Identity.Users.SetUp(t.Context(), access.Actor{}, identity.Setup{
			Code: "\ufeff" + code[:5] + "\u200b" + code[5:] + "\u00a0", Workspace: "A",
			Owner: identity.NewUser{Email: "ada@example.com", Name: "Ada", Password: modelstest.OwnerPassword},
		})
		if invalid, ok := errors.AsType[access.Invalid](err); ok {
			t.Error(invalid)
		} else if err != nil {
			t.Fatal(err)
		}
	})
}
