package identity

import (
	"context"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
)

// Attempts to prove an identity are counted before they are made (reserve), per place: the
// browser, if someone has signed in with it recently, or else its network. Failures
// throttle only their own place, so strangers can't keep the owner of an account out.

// The number of free failed attempts; the first wait after those, which doubles with each
// failure; and the longest wait. Nothing is ever locked.
const (
	// placeTries is for one credential, such as the password of an account, from one place.
	placeTries = 5
	// addressTries is for everything from one network.
	addressTries = 20
	// accountTries and codeTries are for all networks together, except known browsers, so
	// that more addresses don't give more attempts. NIST SP 800-63B allows 100, and a code
	// has fewer digits than any password.
	accountTries   = 100
	codeTries      = 20
	firstWait      = 15 * time.Second
	longestWait    = 15 * time.Minute
	forgetFailures = 24 * time.Hour
)

// throttle counts the failed attempts under one key. LastAt and UntilAt are in Unix
// seconds.
type throttle struct {
	Key      string `gorm:"primaryKey"`
	Failures int
	LastAt   int64
	UntilAt  int64
}

// limit is how many attempts are free under one key.
type limit struct {
	key  string
	free int
	// shared reports whether the attempts of others count under the key too, so that one
	// success doesn't clear them.
	shared bool
	// field is the attempts' name in the log.
	field string
}

// The names of attempts in the log.
const (
	failedSignIns  = "failed_sign_ins"
	wrongPasswords = "wrong_passwords"
	wrongCodes     = "wrong_codes"
	failedTries    = "failed_tries"
)

// attempt is one that was counted as failed in advance. Call clear or logThrottled after
// it.
type attempt struct {
	limits []limit
	// reached are the limits of which it was the last free attempt.
	reached []limit
}

// reserve counts an attempt as failed before it is made, so that concurrent attempts can't
// get around the limits, and refuses it while one of them is waiting. Errors: Throttled.
func (s *Attempts) reserve(ctx context.Context, limits []limit) (attempt, error) {
	a := attempt{limits: limits}
	err := s.db.Transaction(ctx, func(tx *gorm.DB) error {
		a.reached = nil
		for _, l := range limits {
			failures, err := s.countTry(tx, l)
			if err != nil {
				return err
			}
			if failures == l.free {
				a.reached = append(a.reached, l)
			}
		}
		return nil
	})
	if errors.As(err, new(access.Throttled)) {
		s.tooSoon.Add(1)
	}
	return a, err
}

// countTry counts a failed attempt, and returns how many there are.
func (s *Attempts) countTry(tx *gorm.DB, l limit) (int, error) {
	if err := s.db.Dialect.Lock(tx, l.key); err != nil {
		return 0, err
	}
	now := s.db.Now()
	t := throttle{Key: l.key}
	if err := tx.Where("key = ?", l.key).Limit(1).Find(&t).Error; err != nil {
		return 0, err
	}
	// A time further ahead than the longest wait was stored by a wrong clock.
	if until := time.Unix(t.UntilAt, 0); until.After(now) && until.Sub(now) <= longestWait {
		return 0, access.Throttled{Until: until}
	}
	if now.Sub(time.Unix(t.LastAt, 0)).Abs() > forgetFailures {
		t.Failures = 0
	}
	t.Failures++
	t.LastAt = now.Unix()
	if over := t.Failures - l.free; over >= 0 {
		t.UntilAt = now.Add(min(longestWait, firstWait<<min(over, 10))).Unix()
	}
	return t.Failures, tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&t).Error
}

// clear undoes reserve after the attempt succeeded: it removes all failures under keys of
// this place, and this one under shared keys. It locks in the order of reserve, so that
// they can't deadlock.
func (s *Attempts) clear(ctx context.Context, a attempt) error {
	return s.db.Transaction(ctx, func(tx *gorm.DB) error {
		for _, l := range a.limits {
			row := tx.Where("key = ?", l.key)
			if !l.shared {
				row = row.Delete(&throttle{})
			} else {
				row = row.Where("failures > 0").Model(&throttle{}).
					Updates(map[string]any{"failures": gorm.Expr("failures - 1"), "until_at": 0})
			}
			if row.Error != nil {
				return row.Error
			}
		}
		return nil
	})
}

// logThrottled logs each limit that the failed attempt has exhausted: once, and not for
// every attempt refused during the wait, which could flood the log. It runs after the
// attempt, because the last free one may still succeed. u is the account, if the visitor
// has proved more than knowing its address.
func (s *Attempts) logThrottled(ctx context.Context, by access.Actor, a attempt, u User) error {
	if by.Kind == access.UserActor {
		u = User{ID: by.UserID, Name: by.Name}
	}
	var errs []error
	for _, l := range a.reached {
		errs = append(errs, s.log.Record(ctx, by, audit.ThrottledSignIn, func(_ *gorm.DB, line *audit.Line) error {
			changes := map[string]audit.Change{l.field: {Before: nil, After: l.free}}
			if l.field == failedTries {
				changes["address"] = audit.Change{Before: nil, After: access.NetworkOf(by.IP)}
			} else if u.ID != "" {
				line.SetObject("user", u.ID, u.Name)
			}
			return line.SetChanges(changes)
		}))
	}
	return errors.Join(errs...)
}

// signInLimits returns the limits on proving one thing about an account without being
// signed in: its password or a code. subject is accountKey or codeKey, and userID is the
// account, or "".
func (s *Attempts) signInLimits(where access.Actor, subject, userID string) []limit {
	field, all := failedSignIns, accountTries
	if strings.HasPrefix(subject, codePrefix) {
		field, all = wrongCodes, codeTries
	}
	if d := s.device(where.Device); d.knows(userID, s.db.Now()) {
		return []limit{{key: subject + "@device:" + d.ID, free: placeTries, field: field}}
	}
	return []limit{
		addressLimit(where.IP),
		{key: subject + "@" + access.NetworkOf(where.IP), free: placeTries, field: field},
		{key: subject, free: all, shared: true, field: field},
	}
}

// anyoneLimits returns the limits on attempts that don't name an account: with a passkey or
// by a provider. subject says which.
func (s *Attempts) anyoneLimits(where access.Actor, subject string) []limit {
	if d := s.device(where.Device); d.known(s.db.Now()) {
		return []limit{{key: subject + "@device:" + d.ID, free: placeTries, field: failedTries}}
	}
	return []limit{addressLimit(where.IP)}
}

// stepUpLimits returns the limits on confirming one's identity while signed in. They are
// per session: attempts of strangers and of other sessions don't count, and a stolen
// session has only a few.
func stepUpLimits(by access.Actor, field string) []limit {
	return []limit{{key: field + ":" + by.UserID + "@session:" + by.Session, free: placeTries, field: field}}
}

func addressLimit(ip string) limit {
	return limit{key: "address:" + access.NetworkOf(ip), free: addressTries, shared: true, field: failedTries}
}

// accountKey returns the key for attempts at a password. All spellings of an address that
// find the same user share it.
func accountKey(email string) string { return AccountKeyOf(emailKey(typedAddress(email))) }

// AccountKeyOf returns the key for attempts at the password of the user with this emailKey.
func AccountKeyOf(emailKey string) string { return "account:" + hashSecret(emailKey) }

// codeKey returns the key for attempts at a second factor.
func codeKey(userID string) string { return codePrefix + userID }

const codePrefix = "code:"

// The subjects of anyoneLimits.
const (
	passkeySubject  = "passkey"
	providerSubject = "provider"
)
