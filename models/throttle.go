package models

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// How many failed sign-ins an account and an address have before they must wait,
// the first wait, which doubles with each failure, and the longest one. An
// account is never locked for good.
const (
	accountTries   = 5
	addressTries   = 20
	firstWait      = 15 * time.Second
	longestWait    = 15 * time.Minute
	forgetFailures = 24 * time.Hour
)

// throttle counts the sign-ins that failed for one account or from one address.
type throttle struct {
	Key      string `gorm:"primaryKey"`
	Failures int
	LastAt   int64
	UntilAt  int64
}

// held is who must wait once a try has failed, by how many tries it took; 0 is who need
// not, or has to already.
type held struct {
	account, address int
	// codes says that the tries of the account were of codes, and not of its password.
	codes bool
}

// admit counts a sign-in as failed before it is tried, so that many at once are
// no way round, and refuses it while the account or the address must wait. account is
// what accountKey or codeKey answers. Once it has been tried, forgive or holdOff is to
// follow.
func (s *Store) admit(ctx context.Context, account, ip string) (held, error) {
	h := held{codes: strings.HasPrefix(account, codePrefix)}
	err := s.transaction(ctx, func(tx *gorm.DB) (err error) {
		if h.account, err = s.count(tx, account, accountTries); err != nil {
			return err
		}
		h.address, err = s.count(tx, addressKey(ip), addressTries)
		return err
	})
	return h, err
}

// count counts a failed try, and answers how many there were by now if this is the one
// after which others must wait.
func (s *Store) count(tx *gorm.DB, key string, free int) (int, error) {
	if err := s.dialect.lock(tx, key); err != nil {
		return 0, err
	}
	now := s.Now()
	t := throttle{Key: key}
	if err := tx.Where("key = ?", key).Limit(1).Find(&t).Error; err != nil {
		return 0, err
	}
	// What lies further ahead than the longest wait was noted by a clock that was wrong.
	if until := time.Unix(t.UntilAt, 0); until.After(now) && until.Sub(now) <= longestWait {
		return 0, Throttled{Until: until}
	}
	if now.Sub(time.Unix(t.LastAt, 0)).Abs() > forgetFailures {
		t.Failures = 0
	}
	t.Failures++
	t.LastAt = now.Unix()
	if over := t.Failures - free; over >= 0 {
		t.UntilAt = now.Add(min(longestWait, firstWait<<min(over, 10))).Unix()
	}
	err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&t).Error
	if t.Failures != free {
		return 0, err
	}
	return t.Failures, err
}

// holdOff tells in the log of an account or an address that begins to wait because the
// try that admit counted has failed. It does so once, and not for every try that is
// refused while they wait: a flood of those must not flood the log. It is not done with
// the count, because the last try that is free may turn out to be right. u is whose
// account it is where a visitor has shown to know more than its address.
func (s *Store) holdOff(ctx context.Context, by Actor, h held, u User) error {
	tries := "failed_sign_ins"
	switch {
	case h.codes:
		tries = "wrong_codes"
	case by.Kind == UserActor:
		tries = "wrong_passwords"
	}
	if by.Kind == UserActor {
		u = User{ID: by.UserID, Name: by.Name}
	}
	return errors.Join(
		s.noteHold(ctx, by, u, h.account, map[string]change{tries: {nil, h.account}}),
		s.noteHold(ctx, by, User{}, h.address, map[string]change{"failed_tries": {nil, h.address}, "address": {nil, network(by.IP)}}),
	)
}

func (s *Store) noteHold(ctx context.Context, by Actor, u User, tries int, said map[string]change) error {
	if tries == 0 {
		return nil
	}
	return s.record(ctx, by, HeldOff, func(_ *gorm.DB, line *AuditLine) error {
		if u.ID != "" {
			line.about("user", u.ID, u.Name)
		}
		return line.say(said)
	})
}

// HeldOff is the action of letting an account or an address wait.
const HeldOff Action = "session.hold"

// forgive takes back what admit counted, after the sign-in succeeded: all of the
// account, and this one of the address.
func (s *Store) forgive(ctx context.Context, account, ip string) error {
	return s.transaction(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("key = ?", account).Delete(&throttle{}).Error; err != nil {
			return err
		}
		return tx.Model(&throttle{}).Where("key = ? AND failures > 0", addressKey(ip)).
			Updates(map[string]any{"failures": gorm.Expr("failures - 1"), "until_at": 0}).Error
	})
}

// accountKey is what tries of a password are counted for. It is made from the address as
// users are found by it, so that no other way to write it is another account.
func accountKey(email string) string { return "account:" + hashSecret(emailKey(email)) }

// codeKey is what tries of a second factor are counted for.
func codeKey(userID string) string { return codePrefix + userID }

const codePrefix = "code:"

// addressKey is the address that failures are counted for.
func addressKey(ip string) string { return "address:" + network(ip) }

// network is an address as far as it tells one place from another. Who has one IPv6
// address has the whole /64.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err == nil && addr.Is6() && !addr.Is4In6() {
		if prefix, err := addr.WithZone("").Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ip
}
