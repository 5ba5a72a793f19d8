package identity

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"strings"
	"time"

	"github.com/pquerna/otp"
	otptotp "github.com/pquerna/otp/totp"
	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
)

// The actions on second factors.
const (
	TurnedOnTOTP      audit.Action = "user.totp_on"
	TurnedOffTOTP     audit.Action = "user.totp_off"
	MadeRecoveryCodes audit.Action = "user.recovery_codes"
)

// Codes are those of RFC 6238 that every app supports: six digits, a new one every half
// minute. A clock may be one code early or late.
const (
	codeDigits = 6
	codePeriod = 30 // seconds
	codeSkew   = 1
	seedLength = 20 // bytes, as RFC 4226 advises
	// keepSeed is how long an unconfirmed seed is shown again.
	keepSeed = 24 * time.Hour
)

// totp is an app that makes codes. Step is the last time step whose code was used.
type totp struct {
	UserID string `gorm:"primaryKey"`
	// Secret is encrypted, for this user.
	Secret      string
	Step        int64
	CreatedAt   int64
	ConfirmedAt *int64
}

// TOTPKey is what an app makes codes from: Secret in base 32 for typing, and URL, which has
// all of it, for scanning.
type TOTPKey struct{ Secret, URL string }

// Factors are the second factors of a user. If one is on, a password is not enough to sign
// in. Passkeys is how many there are.
type Factors struct {
	// AppSince is when codes from an app were turned on, in Unix seconds, or nil.
	AppSince *int64
	Passkeys int
	// Codes is how many recovery codes are left.
	Codes int
}

// On reports whether a second factor is required to sign in.
func (f Factors) On() bool { return f.AppSince != nil || f.Passkeys > 0 }

// Factors returns a user's second factors. Errors: ErrNotFound.
func (s *SecondFactors) Factors(ctx context.Context, userID string) (Factors, error) {
	return s.factors(s.db.Read(ctx), userID)
}

func (s *SecondFactors) factors(r db.Reader, userID string) (Factors, error) {
	query := db.SelectFrom("users", `(SELECT confirmed_at FROM totps WHERE totps.user_id = users.id),
		(SELECT count(*) FROM passkeys WHERE passkeys.user_id = users.id),
		(SELECT count(*) FROM recovery_codes WHERE recovery_codes.user_id = users.id AND used_at IS NULL)`, "users.id = ?", userID)
	f, err := db.Take(r, query, func(f *Factors) []any { return []any{&f.AppSince, &f.Passkeys, &f.Codes} })
	return f, s.db.Failed(r.Ctx, err)
}

// NewTOTP returns what to set an app up with. It stays the same for a day or until the user
// confirms it, and has no effect until then. Errors: Conflict if codes are on.
func (s *SecondFactors) NewTOTP(ctx context.Context, by access.Actor) (TOTPKey, error) {
	if err := by.Check(access.SignedInOnly); err != nil {
		return TOTPKey{}, err
	}
	var key TOTPKey
	err := s.db.Transaction(ctx, func(tx *gorm.DB) error {
		if err := s.db.Dialect.Lock(tx, "totp:"+by.UserID); err != nil {
			return err
		}
		u, err := userIn(tx, by.UserID)
		if err != nil {
			return err
		}
		secret, err := s.seed(tx, u)
		key = s.totpKey(ctx, u, secret)
		return err
	})
	return key, err
}

// seed returns the seed that waits to be confirmed, or a new one.
func (s *SecondFactors) seed(tx *gorm.DB, u User) (string, error) {
	var found []totp
	if err := tx.Where("user_id = ?", u.ID).Find(&found).Error; err != nil {
		return "", err
	}
	now := s.db.Now().Unix()
	if len(found) > 0 && found[0].ConfirmedAt != nil {
		return "", errAppOn
	}
	if len(found) > 0 && found[0].CreatedAt > now-int64(keepSeed.Seconds()) {
		return s.log.Keyring.Decrypt(found[0].Secret, u.ID)
	}
	made, err := otptotp.Generate(otptotp.GenerateOpts{Issuer: "-", AccountName: "-", SecretSize: seedLength})
	if err != nil {
		return "", err
	}
	row := totp{UserID: u.ID, Secret: s.log.Keyring.Encrypt(made.Secret(), u.ID), CreatedAt: now}
	return made.Secret(), tx.Save(&row).Error
}

var errAppOn = access.Conflict{Message: "You already have an authenticator app. Remove it first to set up another one."}

// totpKey returns a seed in the form for apps.
func (s *SecondFactors) totpKey(ctx context.Context, u User, secret string) TOTPKey {
	general, _ := s.settings.General(ctx) // an app can do without
	issuer := strings.ReplaceAll(strings.TrimSpace("Protocol Console "+general.Workspace), ":", " ")
	seed, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret) // as Generate wrote it
	key, err := otptotp.Generate(otptotp.GenerateOpts{Issuer: issuer, AccountName: u.Email, Secret: seed})
	if err != nil {
		return TOTPKey{Secret: secret}
	}
	return TOTPKey{Secret: secret, URL: key.URL()}
}

// ConfirmTOTP turns codes from an app on, once one of them has shown that the app has the
// seed. It returns new recovery codes, which can't be retrieved later. Errors: Invalid,
// Conflict, Throttled.
func (s *SecondFactors) ConfirmTOTP(ctx context.Context, by access.Actor, code string) ([]string, error) {
	try, err := s.attempts.reserve(ctx, stepUpLimits(by, wrongCodes))
	if err != nil {
		return nil, err
	}
	var codes []string
	err = s.log.Write(ctx, by, access.SignedInOnly, TurnedOnTOTP, func(tx *gorm.DB, line *audit.Line) error {
		line.SetObject("user", by.UserID, by.Name)
		on := tx.Model(&totp{}).Where("user_id = ? AND confirmed_at IS NULL", by.UserID).Update("confirmed_at", s.db.Now().Unix())
		if on.Error != nil {
			return on.Error
		}
		if on.RowsAffected == 0 {
			return cmp.Or[error](s.checkNoApp(tx, by.UserID), access.Refused("code", "The key has changed. Scan it again, then enter the code."))
		}
		right, err := s.useCode(tx, by.UserID, PlainCode(code))
		if err != nil {
			return err
		}
		if !right {
			return access.Refused("code", "Incorrect code. Check that your phone's clock is right.")
		}
		codes, err = s.makeRecoveryCodes(tx, by.UserID)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, s.attempts.logThrottled(ctx, by, try, User{}))
	}
	return codes, s.attempts.clear(ctx, try)
}

// checkNoApp returns errAppOn if codes are on.
func (s *SecondFactors) checkNoApp(tx *gorm.DB, userID string) error {
	f, err := s.factors(s.db.ReadIn(tx), userID)
	if err == nil && f.AppSince != nil {
		return errAppOn
	}
	return err
}

// TurnOffTOTP turns codes from an app off. Without a passkey, only the password is required
// then, and the recovery codes are deleted too.
func (s *SecondFactors) TurnOffTOTP(ctx context.Context, by access.Actor) error {
	return s.log.Write(ctx, by, access.SignedInOnly, TurnedOffTOTP, func(tx *gorm.DB, line *audit.Line) error {
		line.SetObject("user", by.UserID, by.Name)
		off := tx.Where("user_id = ? AND confirmed_at IS NOT NULL", by.UserID).Delete(&totp{})
		if off.Error != nil {
			return off.Error
		}
		if off.RowsAffected == 0 {
			return audit.ErrNothing
		}
		return s.deleteUnusableCodes(tx, by.UserID)
	})
}

// DeleteSecondFactor deletes all second factors of a user: the app, recovery codes,
// passkeys, and sign-ins that wait for one of them. It returns how many there were of each,
// for the audit line.
func DeleteSecondFactor(tx *gorm.DB, userID string) (map[string]audit.Change, error) {
	changes := map[string]audit.Change{}
	for name, row := range map[string]any{"totps": &totp{}, "recovery_codes": &recoveryCode{}, "passkeys": &Passkey{}} {
		deleted := tx.Where("user_id = ?", userID).Delete(row)
		if deleted.Error != nil {
			return nil, deleted.Error
		}
		if n := deleted.RowsAffected; n > 0 {
			changes[name] = audit.Change{Before: n, After: 0}
		}
	}
	return changes, deleteChallenges(tx, userID)
}

// useCode reports whether a code from the user's app is right now, and was not used before.
// Of two concurrent uses one succeeds.
func (s *SecondFactors) useCode(tx *gorm.DB, userID, code string) (bool, error) {
	var app totp
	err := tx.Where("user_id = ? AND confirmed_at IS NOT NULL", userID).Take(&app).Error
	if errors.Is(err, db.ErrNoRow) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	secret, err := s.log.Keyring.Decrypt(app.Secret, userID)
	if err != nil {
		return false, err
	}
	step, err := matchingStep(secret, code, s.db.Now())
	if err != nil || step <= app.Step {
		return false, err
	}
	used := tx.Model(&totp{}).Where("user_id = ? AND step < ?", userID, step).Update("step", step)
	return used.RowsAffected == 1, used.Error
}

// matchingStep returns the time step that a code is for, or 0 if it is wrong.
func matchingStep(secret, code string, now time.Time) (int64, error) {
	var match int64
	for step := now.Unix()/codePeriod - codeSkew; step <= now.Unix()/codePeriod+codeSkew; step++ {
		want, err := otptotp.GenerateCodeCustom(secret, time.Unix(step*codePeriod, 0), otptotp.ValidateOpts{
			Period: codePeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err != nil {
			return 0, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			match = step
		}
	}
	return match, nil
}
