package db

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
)

const (
	// readyWait is how long Ready waits for the database.
	readyWait = time.Second
	// keepDamage is how long damaged data counts after it was read: that other pages can be
	// read proves nothing.
	keepDamage = 5 * time.Minute
)

// health records recent failures, for Ready.
type health struct {
	failed   atomic.Bool // something since the last write that proved that it works again
	damaged  atomic.Pointer[damage]
	unsealed atomic.Pointer[access.Unavailable]

	mu      sync.Mutex
	outages map[access.Outage]uint64
}

// Outages returns how many errors there were of each kind since the program started.
func (h *health) Outages() map[access.Outage]uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.outages)
}

// damage is the damaged data that was read last.
type damage struct {
	access.Unavailable
	until time.Time
}

// note records an outage, and returns it.
func (h *health) note(u access.Unavailable, now time.Time) error {
	h.failed.Store(true)
	h.mu.Lock()
	if h.outages == nil {
		h.outages = map[access.Outage]uint64{}
	}
	h.outages[u.Outage]++
	h.mu.Unlock()
	if u.Outage == access.Damaged {
		h.damaged.Store(&damage{u, now.Add(keepDamage)})
	}
	return u
}

// Sealed records the result of the last sealing, and returns it.
func (h *health) Sealed(err error) error {
	switch {
	case err == nil:
		h.unsealed.Store(nil)
	case errors.Is(err, access.ErrUnavailable), errors.Is(err, context.Canceled): // recorded already, or canceled by the client
	default:
		h.unsealed.Store(&access.Unavailable{Outage: access.Unsealed, Cause: err})
	}
	return err
}

// Trust sets whether the database holds what this process left there. Until it does,
// nothing is written to a SQLite file, which an older copy has overwritten: acknowledged
// changes would be lost with it.
func (s *DB) Trust(ok bool) { s.Dialect.trust(ok) }

// Ready returns Unavailable if the store can't work, and nil if it can. It uses a
// connection of its own and returns within some seconds. After a failure it tries to write,
// so that a recovery is noticed.
func (s *DB) Ready(ctx context.Context) error {
	err := s.ready(ctx)
	if err == nil || errors.Is(err, access.ErrUnavailable) || errors.Is(err, context.Canceled) {
		return err
	}
	return access.Unavailable{Outage: access.Damaged, Cause: err} // a table is missing, or the like
}

func (s *DB) ready(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, readyWait)
	defer cancel()
	if d := s.Health.damaged.Load(); d != nil && s.Now().Before(d.until) {
		return d.Unavailable
	}
	if err := s.Dialect.checkFiles(); err != nil {
		return s.Failed(limited, err)
	}
	var writable bool
	if err := s.check.QueryRowContext(limited, s.Dialect.writableQuery()).Scan(&writable); err != nil {
		return s.Failed(limited, err)
	}
	if !writable {
		return access.Unavailable{Outage: access.ReadOnly, Cause: errors.New("the database takes no changes at the moment")}
	}
	if unsealed := s.Health.unsealed.Load(); unsealed != nil {
		return *unsealed
	}
	if !s.Health.failed.Swap(false) {
		return nil
	}
	return s.tryWrite(limited)
}

const trialSetting = "trial"

// tryWrite writes as much as any form may send, and deletes it again.
func (s *DB) tryWrite(ctx context.Context) error {
	const size = 64 << 10 // bytes, after being written in hex
	content := make([]byte, size/2)
	_, _ = rand.Read(content)
	trial := Setting{Key: trialSetting, Value: hex.EncodeToString(content)}
	err := s.Transaction(ctx, func(tx *gorm.DB) error {
		return tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&trial).Error
	})
	if err != nil {
		return err
	}
	return s.Transaction(ctx, func(tx *gorm.DB) error { return tx.Delete(&trial).Error })
}
