package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/keys"
	"protocol.chat/console/models/text"
)

// Write returns nil if fn returns one of these alone. Joined with another error, they are
// ordinary errors.
var (
	// ErrNothing rolls back: there is nothing to change.
	ErrNothing = errors.New("nothing changed")
	// ErrNoAuditLine commits without a line. A test lists the functions that may use it.
	ErrNoAuditLine = errors.New("no audit line is due")
)

// Write is the only way to make a change on behalf of an actor. In one transaction it
// checks the right, runs fn and adds the audit line; fn sets the object of the line, and
// runs again if the transaction is retried. The actor is read again and locked: until the
// change is committed they can't lose their rights, be disabled or have their token
// revoked. Errors: Denied, and what fn returns, except ErrNothing and ErrNoAuditLine.
func (s *Log) Write(ctx context.Context, by access.Actor, right access.Right, action Action, fn func(tx *gorm.DB, line *Line) error) error {
	if err := by.Check(right); err != nil {
		return err
	}
	return s.Record(ctx, by, action, func(tx *gorm.DB, line *Line) error {
		if right.Serialized() {
			if err := s.db.Dialect.Lock(tx, "people"); err != nil {
				return err
			}
		}
		now, err := s.Reload(tx, by)
		if err := cmp.Or(err, now.Check(right)); err != nil {
			return err
		}
		line.By = &now
		return fn(tx, line)
	})
}

// Record is Write for what needs no right: signing in and out.
func (s *Log) Record(ctx context.Context, by access.Actor, action Action, fn func(tx *gorm.DB, line *Line) error) error {
	defer s.forgetCounts(action)
	err := s.db.Transaction(ctx, func(tx *gorm.DB) error {
		line := s.line(by, action)
		switch err := fn(tx, &line); {
		case err == ErrNoAuditLine:
			return nil
		case err != nil:
			return err
		}
		if err := s.Add(tx, []Line{line}); err != nil || !line.Undoable || by.Session == "" {
			return err
		}
		return s.addStep(tx, by.Session, line)
	})
	switch err {
	case nil:
		s.Announced()
	case ErrNothing:
		return nil
	}
	return err
}

// forgetCounts drops the totals that the action can change.
func (s *Log) forgetCounts(action Action) {
	kind, _, _ := strings.Cut(string(action), ".")
	if changed, listed := counters[kind]; listed {
		s.db.Counts.Drop(changed...)
		return
	}
	s.db.Counts.Forget()
}

// line returns the audit line of an act, without its object.
func (s *Log) line(by access.Actor, action Action) Line {
	now := s.db.Now()
	return Line{
		ID: s.db.IDs.Next(now, ""), CreatedAt: now.Unix(),
		ActorKind: by.Kind, ActorID: by.ID, ActorName: by.Name, UserID: by.UserID, Action: action, Changes: "{}",
		IP: by.IP, UserAgent: text.Cut(by.UserAgent, MaxUserAgent), RequestID: by.RequestID,
	}
}

// SetKeys gives a migrated store its keys; call it before anything else. It stores the name
// of the current key, and returns an error if that key is missing from keys: secrets could
// not be read, and lines of the audit log would seem forged. In a new database it starts
// the chain of the audit log.
func (s *Log) SetKeys(ctx context.Context, keys keys.Keys) error {
	s.Keyring.Set(keys)
	name, err := s.storeKeyName(ctx, keys.Current())
	if err != nil {
		return s.db.Failed(ctx, err)
	}
	if !keys.Known(name) {
		return otherKeys(name, keys)
	}
	return s.beginChain(ctx)
}

// storeKeyName returns the name of the current key, which is name if there is none yet.
func (s *Log) storeKeyName(ctx context.Context, name string) (string, error) {
	conn := s.db.Writer.WithContext(ctx)
	var stored db.Setting
	err := conn.Where("key = ?", KeySetting).Take(&stored).Error
	if errors.Is(err, db.ErrNoRow) {
		err = conn.Clauses(clause.OnConflict{DoNothing: true}).Create(&db.Setting{Key: KeySetting, Value: name}).Error
		if err == nil { // another program may have been first
			err = conn.Where("key = ?", KeySetting).Take(&stored).Error
		}
	}
	return stored.Value, err
}

// UseKeys is SetKeys for a database that is only read. It writes nothing.
func (s *Log) UseKeys(ctx context.Context, keys keys.Keys) error {
	s.Keyring.Set(keys)
	name, err := s.KeyName(ctx)
	if err == nil && !keys.Known(name) {
		err = otherKeys(name, keys)
	}
	return err
}

func otherKeys(name string, keys keys.Keys) error {
	return fmt.Errorf("the database was last opened with the key %s, and the console now has the %s: give it the same key file", name, keys)
}

// KeySetting is the setting with the name of the key in use.
const KeySetting = "key"

// KeyName returns the name of the key that the database was last opened with, or that
// something in it was made with; "" if there is none.
func (s *Log) KeyName(ctx context.Context) (string, error) {
	for _, q := range []db.Selection{
		db.SelectFrom("settings", "value", "key = ?", KeySetting),
		db.SelectFrom("audit_lines", "mac", "mac <> ''"),
		db.SelectFrom("totps", "secret", "secret <> ''"),
	} {
		found, err := db.First(s.db.Read(ctx), q, 1, db.OneColumn[string])
		if err != nil || len(found) > 0 {
			name, _, _ := strings.Cut(strings.Join(found, ""), ":")
			return name, s.db.Failed(ctx, err)
		}
	}
	return "", nil
}
