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

// What is deleted because it is old is deleted by a clock, and clocks are wrong at times:
// one that is a hundred days ahead must not cost a hundred days of activity. So nothing is
// deleted by more time than was seen to pass: the database keeps how late it has become,
// and a console that runs moves that on by the time for which it runs, which is measured
// without the clock. While no console runs, it may become later by clockLeap; a longer gap
// is believed only once an owner has confirmed it, by setting how long activity is kept.

// clockLeap is how far ahead of the time seen last a clock may be at a start: a weekend
// during which nothing ran.
const clockLeap = 72 * time.Hour

const clockSetting = "clock"

// seenClock is how late it has become, as far as this console has seen it.
type seenClock struct {
	mu     sync.Mutex
	begun  bool
	at     time.Time     // how late it was
	uptime time.Duration // for how long the console had run then
}

// start is since when this program runs, with the reading that no clock that is set changes.
var start = time.Now()

func uptime() time.Duration { return time.Since(start) }

// by is how late it is by now: never later than the clock says.
func (c *seenClock) by(now time.Time, uptime time.Duration) time.Time {
	if !c.begun {
		return now
	}
	if seen := c.at.Add(uptime - c.uptime); seen.Before(now) {
		return seen
	}
	return now
}

// settledNow is settled without asking the database.
func (s *Log) settledNow() time.Time {
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	return s.clock.by(s.db.Now(), s.Uptime())
}

// Settled returns how late it is for what is deleted because of its age, and notes it.
func (s *Log) Settled(ctx context.Context) (time.Time, error) {
	now, err := s.db.Dialect.Earliest(s.db.Read(ctx), s.db.Now())
	if err != nil {
		return now, s.db.Failed(ctx, err)
	}
	noted, err := s.notedTime(ctx, now)
	if err != nil {
		return now, s.db.Failed(ctx, err)
	}
	seen := s.clock.see(now, noted, s.Uptime())
	if seen.After(now) {
		return now, nil
	}
	return seen, s.db.Failed(ctx, noteTime(s.db.Writer.WithContext(ctx), seen))
}

// see notes how late it is, by what the clock says, and what the database says that it was.
func (c *seenClock) see(now, noted time.Time, uptime time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.by(now, uptime)
	if !c.begun && now.Sub(noted) > clockLeap || seen.Before(noted) {
		seen = noted
	}
	c.begun, c.at, c.uptime = true, seen, uptime
	return seen
}

// notedTime is how late the database says that it was last; before it was ever noted, when
// the newest line of the log was written.
func (s *Log) notedTime(ctx context.Context, now time.Time) (time.Time, error) {
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

func noteTime(conn *gorm.DB, at time.Time) error {
	row := db.Setting{Key: clockSetting, Value: strconv.FormatInt(at.Unix(), 10)}
	return conn.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error
}

// ConfirmTime believes the clock, because an owner who looks at it does.
func (s *Log) ConfirmTime(tx *gorm.DB) error {
	now, err := s.db.Dialect.Earliest(s.db.ReadIn(tx), s.db.Now())
	if err != nil {
		return err
	}
	s.clock.see(now, now, s.Uptime())
	return noteTime(tx, now)
}
