package models

import (
	"cmp"
	"context"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Device is a browser at an address from which a user has signed in.
type Device struct {
	UserID string `gorm:"primaryKey"`
	// Browser is in words, Network the address as far as it tells one place from another.
	Browser string `gorm:"primaryKey"`
	Network string `gorm:"primaryKey"`
	IP      string
	// LastAt is in Unix seconds.
	LastAt int64
}

// keepDevices is for how long a browser is known that nobody signs in with.
const keepDevices = 400 * 24 * time.Hour

// LastSignIn answers from where and when a user signed in last, or ErrNotFound.
func (s *Store) LastSignIn(ctx context.Context, userID string) (Device, error) {
	var d Device
	err := s.db.WithContext(ctx).Where("user_id = ?", userID).Order("last_at DESC").Limit(1).Take(&d).Error
	return d, s.failed(ctx, err)
}

// meet notes that a user signs in from somewhere. It answers whether that is new: the user
// has signed in before, but never from there.
func (s *Store) meet(tx *gorm.DB, userID string, by Actor) (device Device, fresh bool, err error) {
	device = Device{UserID: userID, Browser: BrowserName(by.UserAgent), Network: network(by.IP), IP: by.IP, LastAt: s.Now().Unix()}
	var known []Device
	if err := tx.Where("user_id = ?", userID).Find(&known).Error; err != nil {
		return device, false, err
	}
	fresh = len(known) > 0
	for _, k := range known {
		fresh = fresh && (k.Browser != device.Browser || k.Network != device.Network)
	}
	return device, fresh, tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&device).Error
}

// The names that browsers and systems are known by, the more telling ones first: most
// browsers also claim to be others.
var (
	browsers = [][2]string{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"Vivaldi", "Vivaldi"},
		{"SamsungBrowser", "Samsung Internet"},
		{"Firefox", "Firefox"},
		{"FxiOS", "Firefox"},
		{"CriOS", "Chrome"},
		{"Chrome", "Chrome"},
		{"Safari", "Safari"},
		{"curl", "curl"},
	}
	systems = [][2]string{
		{"Android", "Android"},
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Windows", "Windows"},
		{"CrOS", "ChromeOS"},
		{"Macintosh", "Mac"},
		{"Linux", "Linux"},
	}
)

// Browser is the name of a browser, or "" for what is none that is known.
func Browser(userAgent string) string { return known(userAgent, browsers) }

// BrowserName is what a browser says of itself, in words: "Firefox on Linux".
func BrowserName(userAgent string) string {
	browser, system := Browser(userAgent), known(userAgent, systems)
	if system == "" {
		return cmp.Or(browser, "Unknown browser")
	}
	return cmp.Or(browser, "Browser") + " on " + system
}

func known(userAgent string, names [][2]string) string {
	for _, n := range names {
		if strings.Contains(userAgent, n[0]) {
			return n[1]
		}
	}
	return ""
}
