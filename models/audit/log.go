// Package audit is the log of what was done, and the only way to do it: Log.Write checks
// the actor's right as it is at that moment, makes the change and writes its line in one
// transaction. Bookkeeping that nobody asked for has no line.
//
// Lines are proven and chained (seal.go, head.go, mark.go), verified (verify.go), listed
// (list.go), and deleted when an owner wants no more of them (retention.go), by a clock
// that is not believed blindly (clock.go). What was lost is accepted by Adopt, which a
// check reports for ever.
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

// Log is the audit log of a database, and the only way to make a change that somebody
// asked for.
type Log struct {
	// Keyring is what lines are proven with.
	Keyring keys.Keyring
	// Uptime is for how long the program runs, whatever its clock says meanwhile. Tests may
	// set it before the first use.
	Uptime func() time.Duration
	// Reload returns an actor with the rights that they have now, and goes on having until
	// the transaction ends. The package of users sets it.
	Reload func(tx *gorm.DB, by access.Actor) (access.Actor, error)

	db     *db.DB
	checks singleflight.Group // of the log
	Mark   markFile           // how far the chain went when this program last sealed
	clock  seenClock
	life   context.Context // ends with Close
	end    context.CancelFunc
	// toDelete tells of a new rule for how long activity is kept.
	toDelete chan struct{}
}

// New returns the log of a database.
func New(d *db.DB) *Log {
	l := &Log{db: d, Uptime: uptime, toDelete: make(chan struct{}, 1)}
	l.Keyring.Clock = func() time.Time { return d.Now() }
	l.life, l.end = context.WithCancel(context.Background())
	return l
}

// Close ends what is under way.
func (s *Log) Close() { s.end() }
