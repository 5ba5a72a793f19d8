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

// ErrUnchanged ends a write in which nothing turned out to change: what was
// done is kept, and there is no audit line.
var ErrUnchanged = errors.New("nothing changed")

// Write is the only way to make a change that somebody asked for. It checks the
// right, runs fn and adds the audit line, all in one transaction; fn says on the
// line what it did. fn may run again where the database asks for it. The right that
// counts is that of the moment: the actor is read again, and nobody can take their rights
// away, disable them or revoke their token until the change is made.
func (s *Log) Write(ctx context.Context, by access.Actor, right access.Right, action Action, fn func(tx *gorm.DB, line *Line) error) error {
	if err := by.Check(right); err != nil {
		return err
	}
	return s.Record(ctx, by, action, func(tx *gorm.DB, line *Line) error {
		if right.InTurn() {
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

// Record is write for what needs no right: signing in and out.
func (s *Log) Record(ctx context.Context, by access.Actor, action Action, fn func(tx *gorm.DB, line *Line) error) error {
	defer s.db.Counts.Forget()
	return s.db.Transaction(ctx, func(tx *gorm.DB) error {
		line := s.line(by, action)
		err := fn(tx, &line)
		if err == ErrUnchanged { // alone: joined with another error it is that error
			return nil
		}
		if err != nil {
			return err
		}
		line.MAC = s.Keyring.Sign(line.macInput())
		return tx.Create(&line).Error
	})
}

// line is an audit line of an act by somebody, with what it is about left open.
func (s *Log) line(by access.Actor, action Action) Line {
	now := s.db.Now()
	return Line{
		ID: s.db.IDs.Next(now, ""), CreatedAt: now.Unix(),
		ActorKind: by.Kind, ActorID: by.ID, ActorName: by.Name, UserID: by.UserID, Action: action, Changes: "{}",
		IP: by.IP, UserAgent: text.Cut(by.UserAgent, MaxUserAgent), RequestID: by.RequestID,
	}
}

// Unlock gives a migrated store its keys, before anything is read or changed. It notes
// the name of the key in use, and later refuses keys without it: secrets could not be
// read, and lines of the audit log would seem forged. In a database that was just made it
// begins the chain of the audit log.
func (s *Log) Unlock(ctx context.Context, keys keys.Keys) error {
	s.Keyring.Take(keys)
	named := db.Setting{Key: KeySetting, Value: keys.Current()}
	db := s.db.Writer.WithContext(ctx)
	if err := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&named).Error; err != nil {
		return s.db.Failed(ctx, err)
	}
	if err := db.Where("key = ?", KeySetting).Take(&named).Error; err != nil {
		return s.db.Failed(ctx, err)
	}
	if !keys.Known(named.Value) {
		return fmt.Errorf("the database was last opened with the key %s, and the console now has the %s: give it the same key file", named.Value, keys)
	}
	return s.beginChain(ctx)
}

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
