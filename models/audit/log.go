// Package audit is the audit log, and the only way to change anything: Log.Write checks
// that the actor still has the right, makes the change and writes its line, all in one
// transaction. Housekeeping has no lines.
//
// Lines are signed and chained (seal.go, head.go, mark.go), verified (verify.go), listed
// (list.go), and deleted under a retention rule that an owner sets (retention.go), by a
// clock that is not trusted blindly (clock.go). AdoptAudit accepts a log whose proofs were
// lost; every verification reports that from then on.
package audit

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"
	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/keys"
)

// Log is the audit log of a database. It is safe for concurrent use.
type Log struct {
	// Keyring signs lines. SetKeys gives it its keys.
	Keyring keys.Keyring
	// Uptime returns how long the program has run, by no clock that can be set. Tests may
	// set it before the first use.
	Uptime func() time.Duration
	// Reload returns an actor with their current rights, and locks these until the
	// transaction ends. Package identity sets it.
	Reload func(tx *gorm.DB, by access.Actor) (access.Actor, error)
	// Announce stores what other systems hear of changes, in the transaction that adds the lines
	// about them; AnnounceLast does if the transaction is committed right afterwards. Announced is
	// called once it is committed. Package models sets them.
	Announce, AnnounceLast func(tx *gorm.DB, lines []Line) error
	Announced              func()

	db     *db.DB
	checks singleflight.Group // of the log
	Mark   markFile           // how far the chain went when this program last sealed
	clock  trustedClock
	life   context.Context // ends with Close
	end    context.CancelFunc
	// Retention deletes old lines.
	Retention *RetentionKeeper
}

// New returns the log of a database. It can't sign before SetKeys.
func New(d *db.DB) *Log {
	nobody := func(*gorm.DB, []Line) error { return nil }
	l := &Log{db: d, Uptime: uptime, Announce: nobody, AnnounceLast: nobody, Announced: func() {}}
	l.Retention = &RetentionKeeper{l, make(chan struct{}, 1)}
	l.Keyring.Clock = func() time.Time { return d.Now() }
	d.ChangedLately = changedLately
	l.life, l.end = context.WithCancel(context.Background())
	return l
}

// Close stops checks in progress.
func (s *Log) Close() { s.end() }
