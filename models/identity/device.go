package identity

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/text"
)

// Device is a browser at an address from which a user has signed in.
type Device struct {
	UserID string `gorm:"primaryKey"`
	// Browser is Browser.String, Network the address as far as it distinguishes places.
	Browser string `gorm:"primaryKey"`
	Network string `gorm:"primaryKey"`
	IP      string
	// LastAt is in Unix seconds.
	LastAt int64
}

// keepDevices is how long a browser is known without a sign-in.
const keepDevices = 400 * 24 * time.Hour

// lastSignIn returns from where and when a user last signed in; nil if never.
func (s *Attempts) lastSignIn(ctx context.Context, userID string) (*Device, error) {
	var found []Device
	err := s.db.Writer.WithContext(ctx).Where("user_id = ?", userID).Order("last_at DESC").Limit(1).Find(&found).Error
	if err != nil || len(found) == 0 {
		return nil, s.db.Failed(ctx, err)
	}
	return &found[0], nil
}

// recordDevice stores where a user signs in from. fresh reports whether that is new: the
// user has signed in before, but never from there, nor recently with this browser.
func (s *Attempts) recordDevice(tx *gorm.DB, userID string, by access.Actor) (device Device, fresh bool, err error) {
	device = Device{UserID: userID, Browser: BrowserOf(by.UserAgent).String(), Network: access.NetworkOf(by.IP), IP: by.IP, LastAt: s.db.Now().Unix()}
	var known []Device
	if err := tx.Where("user_id = ?", userID).Find(&known).Error; err != nil {
		return device, false, err
	}
	fresh = len(known) > 0 && !s.device(by.Device).knows(userID, s.db.Now())
	for _, k := range known {
		fresh = fresh && (k.Browser != device.Browser || k.Network != device.Network)
	}
	return device, fresh, tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&device).Error
}

// KnownLimit is how long a browser is known after a sign-in. Until then its attempts for
// that user are counted apart from those of strangers.
const KnownLimit = 90 * 24 * time.Hour

// knownUsers is how many users a browser is known for: those who signed in last.
const knownUsers = 8

// knownDevice is what a browser keeps after a sign-in, sealed: a name of its own, and who
// has signed in with it and when, in Unix seconds. It is no credential: one still needs a
// password or another factor.
type knownDevice struct {
	ID    string           `json:"id"`
	Users map[string]int64 `json:"users"`
}

const devicePurpose = "device"

// rememberDevice returns what the browser is to keep for KnownLimit after this sign-in, for
// Actor.Device. by.Device is what it has kept so far.
func (s *Attempts) rememberDevice(by access.Actor) string {
	d := s.device(by.Device)
	if d.ID == "" {
		d = knownDevice{ID: text.RandomDigits(22), Users: map[string]int64{}}
	}
	d.Users[by.UserID] = s.db.Now().Unix()
	for len(d.Users) > knownUsers {
		oldest := by.UserID
		for user, at := range d.Users {
			if at < d.Users[oldest] || at == d.Users[oldest] && user != by.UserID {
				oldest = user
			}
		}
		delete(d.Users, oldest)
	}
	b, _ := json.Marshal(d) // strings and numbers always marshal
	return s.log.Keyring.SealSecret(devicePurpose, b)
}

// device returns what a browser keeps; the zero knownDevice if nothing.
func (s *Attempts) device(sealed string) (d knownDevice) {
	data, ok := s.log.Keyring.OpenSealed(devicePurpose, sealed)
	if !ok || json.Unmarshal(data, &d) != nil || d.Users == nil {
		return knownDevice{}
	}
	return d
}

// knows reports whether a user has signed in with the browser lately.
func (d knownDevice) knows(userID string, now time.Time) bool {
	at, ok := d.Users[userID]
	return ok && now.Sub(time.Unix(at, 0)) < KnownLimit
}

// known reports whether anyone has signed in with the browser lately.
func (d knownDevice) known(now time.Time) bool {
	for userID := range d.Users {
		if d.knows(userID, now) {
			return true
		}
	}
	return false
}
