// Package models is the domain of the console: groups, contacts, members and messages. It
// knows nothing of HTTP or HTML.
//
// A Store combines the packages below: DB, the open database; Audit, the log, through which
// everything is changed; Identity, the users; Jobs, for work that takes time; and Events, what
// other systems hear of changes; and Webhooks, which send them. Its own methods use the domain's words: a noun reads (Group, Groups), a verb changes
// (CreateGroup, ArchiveGroup). Every value is validated here, so that forms and API calls
// follow the same rules and return the same messages (access.Invalid).
//
// The editable texts of groups and of contacts are in one table each (groupFields,
// contactFields), which validation, changes, forms, the API and audit lines use. A new
// field is a column, its row there with its places in the structs beside it, an input in
// the form and a key in the API's object.
//
// A change can be reverted (revert.go) unless the same fields have changed since; a session
// has its last ones as a stack (undo.go). Deleting a group or contact deletes one row;
// Deletions.Purge then deletes what is too much for one transaction (delete.go, clearing.go).
// Before it does, a group can be on hold (holds.go). What groups were like at an earlier time is read
// out of the activity and out of memberships that have ended (history.go). Rules archive groups by themselves
// (archive_rule.go).
//
// Ids sort by creation (text.ValidID), lists are paged by keyset, and text is searched
// through one folded column (text.Fold). Identity is decided by identity keys, never by
// folded text.
package models

import (
	"context"
	"errors"
	"time"

	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/events"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/jobs"
	"protocol.chat/console/models/webhooks"
)

// Store is an open database with all that the console keeps in it. It is safe for
// concurrent use.
type Store struct {
	DB       *db.DB
	Audit    *audit.Log
	Identity *identity.Store
	Jobs     *jobs.Store
	Events   *events.Log
	Webhooks *webhooks.Store

	Members     *Members
	Messages    *Messages
	BulkChanges *BulkChanges
	Reverts     *Reverts
	Exports     *Exports
	Imports     *Imports
	Holds       *Holds
	Undos       *Undos
	Rules       *ArchiveRules
	Deletions   *Deletions
	Merges      *Merges
	Erasures    *Erasures
	Creators    *Creators
	Facets      *Facets
	History     *History
	Overviews   *Overviews
	Avatars     *Avatars
}

// The parts of the store besides groups and contacts.
type (
	// Members are who is in which group.
	Members struct{ store *Store }
	// Messages are those of conversations.
	Messages struct{ store *Store }
	// BulkChanges change many groups, at once or as jobs.
	BulkChanges struct{ store *Store }
	// Reverts take single changes back, and know which were.
	Reverts struct{ store *Store }
	// Merges make one contact of two.
	Merges struct{ store *Store }
	// Erasures erase the personal data of contacts from everything that is kept.
	Erasures struct{ store *Store }
	// Exports read lists as they are at one moment.
	Exports struct{ store *Store }
	// Imports make and change groups and contacts out of files.
	Imports struct{ store *Store }
	// Creators are the users and tokens that groups were created by.
	Creators struct{ store *Store }
	// Facets count the groups of a list by their properties.
	Facets struct {
		store *Store
		// Patience is how long OfGroups counts: what it does not come to is not known.
		Patience time.Duration
	}
)

// Open opens the database at url, as db.Open does. Call Migrate and Audit.SetKeys next.
func Open(ctx context.Context, url string) (*Store, error) {
	d, err := db.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	return newStore(d), nil
}

// OpenToRead opens the database at url as db.OpenToRead does, perhaps a standby, whose schema and
// chain are as its primary has them. Call Audit.UseKeys next.
func OpenToRead(ctx context.Context, url string) (*Store, error) {
	d, err := db.OpenToRead(ctx, url)
	if err != nil {
		return nil, err
	}
	return newStore(d), nil
}

func newStore(d *db.DB) *Store {
	log := audit.New(d)
	s := &Store{DB: d, Audit: log, Identity: identity.New(d, log), Jobs: jobs.New(d, log), Events: events.New(d), Webhooks: webhooks.New(d, log)}
	s.Events.Deliver, s.Webhooks.Example = s.Webhooks.Deliver, ExampleEvent
	s.Identity.Reencrypt = s.Webhooks.Reencrypt
	log.Announce, log.AnnounceLast, log.Announced = s.announcing(s.Events.Add), s.announcing(s.Events.AddLast), s.Events.Wake
	s.Members, s.Messages, s.BulkChanges, s.Reverts, s.Exports = &Members{s}, &Messages{s}, &BulkChanges{s}, &Reverts{s}, &Exports{s}
	s.Imports, s.Creators, s.Facets, s.History = &Imports{s}, &Creators{s}, &Facets{store: s, Patience: 250 * time.Millisecond}, &History{s}
	s.Holds, s.Undos, s.Rules = &Holds{s}, &Undos{s}, &ArchiveRules{s}
	s.Overviews, s.Merges, s.Erasures = &Overviews{s}, &Merges{s}, &Erasures{s}
	s.Avatars = &Avatars{s}
	s.Deletions = &Deletions{store: s, purgeRequested: make(chan struct{}, 1)}
	s.Jobs.Register(s.BulkChanges.bulkKinds()...)
	s.Jobs.Register(s.Imports.kinds()...)
	return s
}

// Migrate brings the schema, and what is derived from other columns and lines, to the
// newest version.
func (s *Store) Migrate(ctx context.Context) error {
	return s.DB.Migrate(ctx, derived, func() error {
		return errors.Join(s.refold(ctx), s.Reverts.findFacts(ctx))
	})
}

// derived reports whether refold and findFacts have nothing to do.
func derived(r db.Reader) (bool, error) {
	const done = "SELECT count(*) FROM settings WHERE (key = ? AND value = ?) OR (key = ? AND value = ?)"
	n, err := db.Collect(r, done, false, []any{foldSetting, foldVersion, factsSetting, factsFound}, db.OneColumn[int])
	return err == nil && n[0] == 2, err
}

// Close stops checks of the log and closes every connection.
func (s *Store) Close() error {
	s.Audit.Close()
	return s.DB.Close()
}

// RelayEvents numbers the events that are committed, and hands them on to webhooks.
func (s *Store) RelayEvents(ctx context.Context) error {
	defer s.Webhooks.Wake()
	return s.Events.Relay(ctx)
}

// Sweep deletes what has expired. It is housekeeping and has no audit line.
func (s *Store) Sweep(ctx context.Context) error {
	at, err := s.Audit.TrustedTime(ctx)
	if err == nil {
		err = s.Events.Sweep(ctx, at)
	}
	return errors.Join(err, s.Audit.SweepKeys(ctx), s.Identity.SweepSignIns(ctx), s.Jobs.Sweep(ctx), s.History.Sweep(ctx), s.Webhooks.Sweep(ctx))
}
