package models

import (
	"context"
	"net/netip"
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

// admit counts a sign-in as failed before it is tried, so that many at once are
// no way round, and refuses it while the account or the address must wait. account is
// what accountKey or codeKey answers.
func (s *Store) admit(ctx context.Context, account, ip string) error {
	return s.transaction(ctx, func(tx *gorm.DB) error {
		if err := s.count(tx, account, accountTries); err != nil {
			return err
		}
		return s.count(tx, addressKey(ip), addressTries)
	})
}

func (s *Store) count(tx *gorm.DB, key string, free int) error {
	if err := s.dialect.lock(tx, key); err != nil {
		return err
	}
	now := s.Now()
	t := throttle{Key: key}
	if err := tx.Where("key = ?", key).Limit(1).Find(&t).Error; err != nil {
		return err
	}
	if until := time.Unix(t.UntilAt, 0); until.After(now) {
		return Throttled{Until: until}
	}
	if now.Sub(time.Unix(t.LastAt, 0)) > forgetFailures {
		t.Failures = 0
	}
	t.Failures++
	t.LastAt = now.Unix()
	if over := t.Failures - free; over >= 0 {
		t.UntilAt = now.Add(min(longestWait, firstWait<<min(over, 10))).Unix()
	}
	return tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&t).Error
}

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
func codeKey(userID string) string { return "code:" + userID }

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
