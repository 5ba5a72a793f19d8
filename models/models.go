// Package models is the domain of the console: groups, contacts, members,
// messages, the people and programs that administer them, and the log of what
// they did. It knows nothing of HTTP or HTML.
//
// A Store is one open database, SQLite or PostgreSQL; sqlite.go and
// postgres.go tell them apart, and nothing else does. Its methods speak the domain's words: a noun
// reads (Group, Groups), a verb changes (CreateGroup, ArchiveGroup). Every value
// is checked here, so that a form and an API call obey one set of rules and get
// one set of words back (Invalid).
//
// Nothing is changed without an Actor. Store.write checks its right, runs the
// change and writes its audit line in one transaction. Bookkeeping that nobody
// asked for (sessions, last use, throttles, drafts, idempotency keys) has no line.
// Lines are proven and chained (seal.go, verify.go), listed (activity.go), told in words
// (act.go), put back (revert.go), and deleted when an owner wants no more of them
// (retention.go).
//
// What is deleted is gone by one row, however much hangs on it; of that, Clear
// deletes what is too much for one transaction (delete.go, clearing.go).
//
// Ids sort by creation (id.go), lists are read by keyset (page.go), and text is
// searched through one folded column (text.go, search.go). Who is who is decided by
// identity keys and never by those (identity.go).
package models

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"golang.org/x/sync/singleflight"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	// Now is the clock. Tests may set it before the first use.
	Now func() time.Time
	// Uptime is for how long the program runs, whatever its clock says meanwhile. Tests may
	// set it before the first use.
	Uptime func() time.Duration
	// NewerKeys reads the keys again where they are kept, after another program may have
	// rotated them. It is asked when the store meets a key that it does not have, at most
	// once a second; nil says that the keys stay as Unlock was given them. It is set
	// before the first use.
	NewerKeys func() (Keys, error)

	keyring keyring
	dialect dialect
	handles
	health  health
	ids     ids
	checks  singleflight.Group // of the audit log
	mark    markFile
	clock   seenClock
	life    context.Context // ends with Close
	end     context.CancelFunc
	toClear chan struct{}
	// toDelete tells of a new rule for how long activity is kept.
	toDelete chan struct{}
	uses     uses

	callers   recent[string, caller]     // by the hashes of tokens
	workspace recent[string, string]     // the name of the organisation
	policy    recent[string, Policy]     // the rules for signing in
	counts    recent[string, Count]      // of lists, until the next change
	totals    recent[string, Count]      // of lists too long to count
	chosen    recent[string, []approach] // for searches, by their statements
}

// For how long answers are remembered. A revoked token must be useless within a
// second; a total that is told as "about" need not be newer than some seconds.
const (
	keepAnswers = time.Second
	keepTotals  = 10 * time.Second
)

// Open opens the database at url: "sqlite:path/to/file" or a PostgreSQL URL as
// pgx takes it. It makes a missing SQLite file and its folder, and does not
// migrate; Unlock is to follow. It fails where the database can't be reached.
func Open(ctx context.Context, url string) (*Store, error) {
	s := &Store{Now: time.Now, Uptime: uptime, toClear: make(chan struct{}, 1), toDelete: make(chan struct{}, 1)}
	s.callers.keep, s.workspace.keep, s.counts.keep, s.totals.keep = keepAnswers, keepAnswers, keepAnswers, keepTotals
	s.chosen.keep, s.policy.keep = keepApproaches, keepAnswers
	var err error
	if s.dialect, err = dialectOf(url); err != nil {
		return nil, err
	}
	config := gorm.Config{
		PrepareStmt:            true,
		PrepareStmtMaxSize:     500,
		SkipDefaultTransaction: true,
		TranslateError:         true,
		Logger:                 logger.Discard,
		NowFunc:                func() time.Time { return s.Now() },
	}
	if s.handles, err = s.dialect.open(ctx, &config); err != nil {
		return nil, err
	}
	s.life, s.end = context.WithCancel(context.Background())
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Engine returns the name and the version of the engine.
func (s *Store) Engine() string { return s.dialect.engine() }

// Address returns where the database is, without credentials.
func (s *Store) Address() string { return s.dialect.address() }

// Ping tells whether the database answers; Ready, whether it can be worked with.
func (s *Store) Ping(ctx context.Context) error {
	return s.failed(ctx, s.read.WithContext(ctx).Exec("SELECT 1").Error)
}

// Reconnect drops the connections that are idle: they may lead nowhere after the database
// could not be reached.
func (s *Store) Reconnect() {
	s.reads.reset()
	s.longReads.reset()
}

// LogSize is how large the log of changes is that are not in SQLite's file itself yet, in
// bytes; 0 on PostgreSQL, which sees to its own.
func (s *Store) LogSize() int64 { return s.dialect.logSize() }

// Close closes every connection.
func (s *Store) Close() error {
	s.end()
	return s.handles.close()
}

//go:embed migrations
var migrations embed.FS

// Migrate brings the schema to the newest version, and what is sorted and searched by.
// Several programs may start at once: one migrates, the others wait for it. A schema that
// is newer than the program is refused.
func (s *Store) Migrate(ctx context.Context) error {
	provider, err := s.migrator()
	if err != nil {
		return err
	}
	err = s.dialect.migrate(s.db.WithContext(ctx), func() error {
		has, knows, err := provider.GetVersions(ctx)
		if err == nil && has > knows {
			return fmt.Errorf("%w: it has version %d, and this program knows them up to %d; start the newer program, or restore a copy of the database from before it", errNewerSchema, has, knows)
		}
		if err == nil {
			_, err = provider.Up(ctx)
		}
		return err
	})
	if err == nil {
		err = s.refold(ctx)
	}
	return s.failed(ctx, err)
}

var errNewerSchema = errors.New("the schema of the database is newer than the program")

// Unlock gives a migrated store its keys, before anything is read or changed. It notes
// the name of the key in use, and later refuses keys without it: secrets could not be
// read, and lines of the audit log would seem forged. In a database that was just made it
// begins the chain of the audit log.
func (s *Store) Unlock(ctx context.Context, keys Keys) error {
	s.keyring.take(keys)
	named := setting{Key: keySetting, Value: keys.current()}
	db := s.db.WithContext(ctx)
	if err := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&named).Error; err != nil {
		return s.failed(ctx, err)
	}
	if err := db.Where("key = ?", keySetting).Take(&named).Error; err != nil {
		return s.failed(ctx, err)
	}
	if !keys.known(named.Value) {
		return fmt.Errorf("the database was last opened with the key %s, and the console now has the %s: give it the same key file", named.Value, keys)
	}
	return s.beginChain(ctx)
}

const keySetting = "key"

func (s *Store) migrator() (*goose.Provider, error) {
	pool, err := s.db.DB()
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(migrations, "migrations/"+s.dialect.name())
	if err != nil {
		return nil, err
	}
	kind, options, err := s.dialect.migration()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(kind, pool, files, append(options, goose.WithGoMigrations(s.identityMigration()))...)
}

// errUnchanged ends a write in which nothing turned out to change: what was
// done is kept, and there is no audit line.
var errUnchanged = errors.New("nothing changed")

// write is the only way to make a change that somebody asked for. It checks the
// right, runs fn and adds the audit line, all in one transaction; fn says on the
// line what it did. fn may run again where the database asks for it. The right that
// counts is that of the moment: the actor is read again, and nobody can take their rights
// away, disable them or revoke their token until the change is made.
func (s *Store) write(ctx context.Context, by Actor, right Right, action Action, fn func(tx *gorm.DB, line *AuditLine) error) error {
	if err := by.Check(right); err != nil {
		return err
	}
	return s.record(ctx, by, action, func(tx *gorm.DB, line *AuditLine) error {
		if right.inTurn() {
			if err := s.dialect.lock(tx, "people"); err != nil {
				return err
			}
		}
		now, err := s.reloadActor(tx, by)
		if err := cmp.Or(err, now.Check(right)); err != nil {
			return err
		}
		line.by = &now
		return fn(tx, line)
	})
}

// record is write for what needs no right: signing in and out.
func (s *Store) record(ctx context.Context, by Actor, action Action, fn func(tx *gorm.DB, line *AuditLine) error) error {
	defer s.counts.forget()
	return s.transaction(ctx, func(tx *gorm.DB) error {
		line := s.line(by, action)
		err := fn(tx, &line)
		if err == errUnchanged { // alone: joined with another error it is that error
			return nil
		}
		if err != nil {
			return err
		}
		line.MAC = s.sign(line.proven())
		return tx.Create(&line).Error
	})
}

// line is an audit line of an act by somebody, with what it is about left open.
func (s *Store) line(by Actor, action Action) AuditLine {
	now := s.Now()
	return AuditLine{
		ID: s.ids.next(now, ""), CreatedAt: now.Unix(),
		ActorKind: by.Kind, ActorID: by.ID, ActorName: by.Name, UserID: by.UserID, Action: action, Changes: "{}",
		IP: by.IP, UserAgent: cut(by.UserAgent, maxUserAgent), RequestID: by.RequestID,
	}
}

// transaction runs fn in one transaction, again where the engine chose it as
// the victim of a deadlock.
func (s *Store) transaction(ctx context.Context, fn func(tx *gorm.DB) error) error {
	const tries = 5
	run := fn
	if local := s.dialect.local(); local != "" {
		run = func(tx *gorm.DB) error {
			if err := tx.Exec(local).Error; err != nil {
				return err
			}
			return fn(tx)
		}
	}
	var err error
	for range tries {
		err = s.db.WithContext(ctx).Transaction(run)
		if !s.dialect.again(err) {
			break
		}
	}
	return s.failed(ctx, err)
}

// Sweep deletes what has run out: sessions, idempotency keys, drafts, setup
// codes, invitations and throttles, by no more time than was seen to pass. It is
// housekeeping, and has no audit line.
func (s *Store) Sweep(ctx context.Context) error {
	at, err := s.settled(ctx)
	if err != nil {
		return err
	}
	now := at.Unix()
	db := s.db.WithContext(ctx)
	return s.failed(ctx, errors.Join(
		db.Where("expires_at <= ?", now).Delete(&Session{}).Error,
		db.Where("expires_at <= ?", now).Delete(&setupCode{}).Error,
		db.Where("expires_at <= ?", now-int64(keepInvitations.Seconds())).Delete(&Invitation{}).Error,
		db.Where("expires_at <= ?", now).Delete(&challenge{}).Error,
		db.Where("last_at <= ?", now-int64(keepDevices.Seconds())).Delete(&Device{}).Error,
		db.Where("created_at <= ?", now-int64(keepKeys.Seconds())).Delete(&idempotencyKey{}).Error,
		db.Where("updated_at <= ?", now-int64(keepDrafts.Seconds())).Delete(&draft{}).Error,
		db.Where("last_at <= ?", now-int64(forgetFailures.Seconds())).Delete(&throttle{}).Error,
		db.Where("hour <= ?", now-int64(keepHours.Seconds())).Delete(&TokenHour{}).Error,
	))
}
