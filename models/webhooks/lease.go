package webhooks

import (
	"context"
	"sync"
	"time"

	"gorm.io/gorm"
)

// Whoever sends for a webhook holds its lease: its name stands in the row, and it counts the
// row's beat up. Another program takes over when it has seen the same beat for LeaseTime, by its
// own clock, so that clocks that differ do no harm. The holder ends its requests before that, if it
// can't reach the database.

// beats is how often in a LeaseTime the holder says that it is there.
const beats = 8

// observed are the leases of other programs, and since when they are as they are.
type observed struct {
	mu   sync.Mutex
	seen map[string]sighting
}

type sighting struct {
	owner string
	beat  int64
	since time.Time
}

// silent reports whether the holder of a lease has said nothing for a time.
func (o *observed) silent(w Webhook, limit time.Duration) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen == nil {
		o.seen = map[string]sighting{}
	}
	last := o.seen[w.ID]
	if last.owner != w.LeaseOwner || last.beat != w.LeaseBeat {
		o.seen[w.ID] = sighting{w.LeaseOwner, w.LeaseBeat, time.Now()}
		return false
	}
	return time.Since(last.since) >= limit
}

// free reports whether this program may take the lease of a webhook, or has it.
func (s *Store) free(w Webhook) bool {
	return w.LeaseOwner == "" || w.LeaseOwner == s.owner || s.leases.silent(w, s.LeaseTime)
}

// acquire takes the lease of a webhook, and reports whether it could.
func (s *Store) acquire(ctx context.Context, id string) (held bool, err error) {
	err = s.db.Transaction(ctx, func(tx *gorm.DB) error {
		w, err := locked(tx, id)
		if held = err == nil && s.free(w); !held {
			return err
		}
		return s.beat(tx, id, nil)
	})
	return held && err == nil, err
}

// keep says that this program still holds the lease of a webhook. It returns errLost if not.
func (s *Store) keep(ctx context.Context, id string) error {
	return s.db.Transaction(ctx, func(tx *gorm.DB) error {
		w, err := locked(tx, id)
		if err != nil {
			return err
		}
		if w.LeaseOwner != s.owner {
			return errLost
		}
		return s.beat(tx, id, nil)
	})
}

// beat counts the beat of a lease up, and sets other columns.
func (s *Store) beat(tx *gorm.DB, id string, columns map[string]any) error {
	if columns == nil {
		columns = map[string]any{}
	}
	columns["lease_owner"], columns["lease_beat"] = s.owner, gorm.Expr("lease_beat + 1")
	return tx.Model(&Webhook{}).Where("id = ?", id).UpdateColumns(columns).Error
}

// release gives up the lease of a webhook, so that another program need not wait.
func (s *Store) release(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return s.db.Transaction(ctx, func(tx *gorm.DB) error {
		return tx.Model(&Webhook{}).Where("id = ? AND lease_owner = ?", id, s.owner).UpdateColumn("lease_owner", "").Error
	})
}
