package audit

import (
	"context"
	"strconv"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/db"
)

// Old lines are deleted by age, and clocks are sometimes wrong: one that is a hundred days
// ahead must not delete a hundred days of activity. So the log keeps a time of its own, in
// the database, and a running console advances it by its uptime, which does not depend on
// the clock. At start-up the clock may be ahead of the stored time by at most clockLeap; a
// longer gap counts only once an owner has confirmed it by setting the retention.

// clockLeap is how far the clock may be ahead of the stored time at start-up: a weekend of
// downtime.
const clockLeap = 72 * time.Hour

const clockSetting = "clock"

// trustedClock is the time as far as this console has seen it pass.
type trustedClock struct {
	mu     sync.Mutex
	begun  bool
	at     time.Time     // how late it was
	uptime time.Duration // for how long the console had run then
}

// start is when the program started; its monotonic reading does not follow changes of the
// clock.
var start = time.Now()

func uptime() time.Duration { return time.Since(start) }

// read returns the trusted time, which is never later than the clock.
func (c *trustedClock) read(now time.Time, uptime time.Duration) time.Time {
	if !c.begun {
		return now
	}
	if seen := c.at.Add(uptime - c.uptime); seen.Before(now) {
		return seen
	}
	return now
}

// trustedNow is TrustedTime without reading the database.
func (s *Log) trustedNow() time.Time {
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	return s.clock.read(s.db.Now(), s.Uptime())
}

// LatestTime returns the time by the clock or, if it was set back, the time seen before: what
// is kept for a while is kept from then on.
func (s *Log) LatestTime() time.Time {
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	now := s.db.Now()
	if seen := s.clock.at.Add(s.Uptime() - s.clock.uptime); s.clock.begun && seen.After(now) {
		return seen
	}
	return now
}

// TrustedTime returns the time by which old rows may be deleted, and stores it.
func (s *Log) TrustedTime(ctx context.Context) (time.Time, error) {
	now, err := s.db.Dialect.Earliest(s.db.Read(ctx), s.db.Now())
	if err != nil {
		return now, s.db.Failed(ctx, err)
	}
	noted, err := s.storedTime(ctx, now)
	if err != nil {
		return now, s.db.Failed(ctx, err)
	}
	seen := s.clock.advance(now, noted, s.Uptime())
	if seen.After(now) {
		return now, nil
	}
	return seen, s.db.Failed(ctx, storeTime(s.db.Writer.WithContext(ctx), seen))
}

// advance advances the time seen, given the clock and the time stored in the database.
func (c *trustedClock) advance(now, noted time.Time, uptime time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.read(now, uptime)
	if !c.begun && now.Sub(noted) > clockLeap || seen.Before(noted) {
		seen = noted
	}
	c.begun, c.at, c.uptime = true, seen, uptime
	return seen
}

// storedTime returns the stored time; if there is none, when the newest line of the log was
// written.
func (s *Log) storedTime(ctx context.Context, now time.Time) (time.Time, error) {
	noted, err := db.First(s.db.Read(ctx), db.SelectFrom("settings", "value", "key = ?", clockSetting), 1, db.OneColumn[string])
	if err != nil {
		return now, err
	}
	if len(noted) > 0 {
		if at, err := strconv.ParseInt(noted[0], 10, 64); err == nil {
			return time.Unix(at, 0), nil
		}
	}
	newest, err := db.First(s.db.Read(ctx), db.Selection{Columns: "created_at", From: "audit_lines", Tail: " ORDER BY id DESC"}, 1, db.OneColumn[int64])
	if err != nil || len(newest) == 0 {
		return now, err
	}
	return time.Unix(newest[0], 0), nil
}

func storeTime(conn *gorm.DB, at time.Time) error {
	row := db.Setting{Key: clockSetting, Value: strconv.FormatInt(at.Unix(), 10)}
	return conn.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error
}

// ConfirmClock accepts the clock as it is, on behalf of an owner.
func (s *Log) ConfirmClock(tx *gorm.DB) error {
	now, err := s.db.Dialect.Earliest(s.db.ReadIn(tx), s.db.Now())
	if err != nil {
		return err
	}
	s.clock.advance(now, now, s.Uptime())
	return storeTime(tx, now)
}
