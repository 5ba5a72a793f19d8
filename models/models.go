// Package models is the domain of the console: groups, contacts, members and messages. It
// knows nothing of HTTP or HTML.
//
// A Store holds the parts that the packages below are: DB, the open database; Audit, the
// log, through which everything is changed; Identity, the users. Its own methods speak the
// domain's words: a noun reads (Group, Groups), a verb changes (CreateGroup, ArchiveGroup).
// Every value is checked here, so that a form and an API call obey one set of rules and
// get one set of words back (access.Invalid).
//
// A change can be reverted (revert.go) as far as nobody has changed the same since. What is
// deleted is gone by one row, however much hangs on it; of that, Clear deletes what is too
// much for one transaction (delete.go, clearing.go).
//
// Ids sort by creation (text.ValidID), lists are read by keyset, and text is searched
// through one folded column (text.Fold). Who is who is decided by identity keys, never by
// those.
package models

import (
	"context"
	"errors"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/identity"
)

// Store is an open database with all that the console keeps in it. It is safe for
// concurrent use.
type Store struct {
	DB       *db.DB
	Audit    *audit.Log
	Identity *identity.Store

	toClear chan struct{}
}

// Open opens the database at url, as db.Open does; Migrate and Audit.Unlock are to follow.
func Open(ctx context.Context, url string) (*Store, error) {
	d, err := db.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	log := audit.New(d)
	return &Store{DB: d, Audit: log, Identity: identity.New(d, log), toClear: make(chan struct{}, 1)}, nil
}

// Migrate brings the schema to the newest version, and what is sorted and searched by.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.DB.Migrate(ctx); err != nil {
		return err
	}
	return s.DB.Failed(ctx, s.refold(ctx))
}

// Close ends what is under way and closes every connection.
func (s *Store) Close() error {
	s.Audit.Close()
	return s.DB.Close()
}

// Sweep deletes what has run out. It is housekeeping, and has no audit line.
func (s *Store) Sweep(ctx context.Context) error {
	return errors.Join(s.Audit.SweepKeys(ctx), s.Identity.SweepSignIns(ctx))
}
