package identity

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// How long a session lasts: without a request, and in all with "keep me signed in".
// seenEvery is how often its use is stored.
const (
	IdleLimit     = 12 * time.Hour
	RememberLimit = 30 * 24 * time.Hour
	slidingLimit  = 7 * 24 * time.Hour // of a session that is used all the time
	seenEvery     = time.Minute
	secretLength  = 43 // 256 bits in base 62
)

// Session is a signed-in browser. Its secret is only in the browser; its hash is stored.
type Session struct {
	Hash string `gorm:"primaryKey"`
	// ID is what the session is listed and ended by; it signs no one in.
	ID       string
	UserID   string
	Data     string // what the handlers keep in it, as JSON
	Remember bool
	IP       string
	// UserAgent is the browser's own description.
	UserAgent string
	// Times are Unix seconds. ConfirmedAt is when its owner last proved who they are,
	// ExpiresAt when it ends unless it is used, EndsAt when it ends in any case.
	CreatedAt, SeenAt, ConfirmedAt, ExpiresAt, EndsAt int64

	// User is who is signed in. Only Store.Session sets it.
	User User `gorm:"-"`
}

// StartSession signs a user in and returns the secret for the browser. factors are those
// that the user has proved (ByPassword and so on), for the audit line. Errors: ErrSignIn if
// the user was disabled or the password changed after u was read.
func (s *Sessions) StartSession(ctx context.Context, by access.Actor, u User, remember bool, factors ...string) (secret string, err error) {
	secret = text.RandomDigits(secretLength)
	err = s.log.Record(ctx, by, audit.SignedIn, func(tx *gorm.DB, line *audit.Line) error {
		line.SetObject("user", u.ID, u.Name)
		var same []string
		err := tx.Model(&User{}).Clauses(clause.Locking{Strength: "SHARE"}).
			Where("id = ? AND password_hash = ? AND disabled_at IS NULL", u.ID, u.PasswordHash).Pluck("id", &same).Error
		if err != nil {
			return err
		}
		if len(same) == 0 {
			return refusal{ChangedMeanwhile}
		}
		device, fresh, err := s.attempts.recordDevice(tx, u.ID, by)
		if err != nil {
			return err
		}
		changes := map[string]audit.Change{"browser": {Before: nil, After: device.Browser}}
		if fresh {
			changes["new_device"] = audit.Change{Before: nil, After: true}
		}
		if len(factors) > 0 {
			changes["factors"] = audit.Change{Before: nil, After: factors}
		}
		if err := line.SetChanges(changes); err != nil {
			return err
		}
		now := s.db.Now()
		return tx.Create(&Session{
			Hash: hashSecret(secret), ID: s.db.IDs.Next(now, ""), UserID: u.ID, Data: "{}", Remember: remember,
			IP: by.IP, UserAgent: text.Cut(by.UserAgent, audit.MaxUserAgent),
			CreatedAt: now.Unix(), SeenAt: now.Unix(), ConfirmedAt: now.Unix(),
			ExpiresAt: now.Add(idleLimit(remember)).Unix(), EndsAt: now.Add(sessionLimit(remember)).Unix(),
		}).Error
	})
	return secret, err
}

func idleLimit(remember bool) time.Duration {
	if remember {
		return RememberLimit
	}
	return IdleLimit
}

func sessionLimit(remember bool) time.Duration {
	if remember {
		return RememberLimit
	}
	return slidingLimit
}

// Session returns the session with this secret, with its user, or ErrNotFound if it has
// ended. That is a use of the session.
func (s *Sessions) Session(ctx context.Context, secret string) (Session, error) {
	found, err := s.UnusedSession(ctx, secret)
	if now := s.db.Now(); err == nil && now.Unix()-found.SeenAt >= int64(seenEvery.Seconds()) {
		s.touch(ctx, &found, now)
	}
	return found, err
}

// UnusedSession is Session for what a page does by itself, which must not keep the session of
// somebody who has left.
func (s *Sessions) UnusedSession(ctx context.Context, secret string) (Session, error) {
	hash := hashSecret(secret)
	found, err := s.going.Get(ctx, s.db, hash, func() (Session, error) { return s.read(ctx, hash) })
	if err == nil && found.ExpiresAt <= s.db.Now().Unix() { // since it was read
		return Session{}, access.ErrNotFound
	}
	return found, err
}

func (s *Sessions) read(ctx context.Context, hash string) (Session, error) {
	query := db.Selection{
		From: "sessions", Joins: " JOIN users ON users.id = sessions.user_id",
		Columns: "sessions.hash, sessions.id, sessions.user_id, sessions.data, sessions.remember, sessions.ip, sessions.user_agent, " +
			"sessions.created_at, sessions.seen_at, sessions.confirmed_at, sessions.expires_at, sessions.ends_at, " + userColumns,
	}
	query.Where("sessions.hash = ? AND sessions.expires_at > ? AND users.disabled_at IS NULL", hash, s.db.Now().Unix())
	found, err := db.Take(s.db.Read(ctx), query, (*Session).columns)
	return found, s.db.Failed(ctx, err)
}

// Going returns the roles of those whose sessions, given by id, have not ended.
func (s *Sessions) Going(ctx context.Context, ids []string) (map[string]access.Role, error) {
	among, arg := s.db.Dialect.Among("sessions.id", ids)
	query := db.Selection{From: "sessions", Joins: " JOIN users ON users.id = sessions.user_id", Columns: "sessions.id, users.role"}
	query.Where(among, arg)
	query.Where("sessions.expires_at > ? AND users.disabled_at IS NULL", s.db.Now().Unix())
	type going struct {
		id   string
		role access.Role
	}
	found, err := db.Collect(s.db.Read(ctx), query.SQL(), false, query.Args, func(g *going) []any { return []any{&g.id, &g.role} })
	roles := make(map[string]access.Role, len(found))
	for _, g := range found {
		roles[g.id] = g.role
	}
	return roles, s.db.Failed(ctx, err)
}

func (s *Session) columns() []any {
	return append([]any{
		&s.Hash, &s.ID, &s.UserID, &s.Data, &s.Remember, &s.IP, &s.UserAgent,
		&s.CreatedAt, &s.SeenAt, &s.ConfirmedAt, &s.ExpiresAt, &s.EndsAt,
	}, s.User.columns()...)
}

// touch stores that a session is in use, which extends one that ends by idleness, up to
// EndsAt. If that fails, the next request will do it.
func (s *Sessions) touch(ctx context.Context, found *Session, now time.Time) {
	found.SeenAt = now.Unix()
	if !found.Remember {
		found.ExpiresAt = min(now.Add(IdleLimit).Unix(), found.EndsAt)
	}
	_ = s.db.Writer.WithContext(ctx).Model(&Session{}).Where("hash = ?", found.Hash).
		Updates(map[string]any{"seen_at": found.SeenAt, "expires_at": found.ExpiresAt}).Error
}

// SaveSession stores data in the session. Errors: ErrNotFound if it has ended.
func (s *Sessions) SaveSession(ctx context.Context, secret, data string) error {
	saved := s.db.Writer.WithContext(ctx).Model(&Session{}).Where("hash = ?", hashSecret(secret)).Update("data", data)
	if saved.Error == nil && saved.RowsAffected == 0 {
		return access.ErrNotFound
	}
	return s.db.Failed(ctx, saved.Error)
}

// EndSession signs the owner of the session out; its line names them as the actor, whoever
// ends it. It returns nil if the session has already ended.
func (s *Sessions) EndSession(ctx context.Context, by access.Actor, secret string) error {
	return s.log.Record(ctx, by, audit.SignedOut, func(tx *gorm.DB, line *audit.Line) error {
		hash := hashSecret(secret)
		var owners []User
		if err := tx.Where("id IN (?)", tx.Model(&Session{}).Select("user_id").Where("hash = ?", hash)).Find(&owners).Error; err != nil {
			return err
		}
		ended := tx.Where("hash = ?", hash).Delete(&Session{})
		if ended.Error != nil {
			return ended.Error
		}
		if len(owners) == 0 || ended.RowsAffected == 0 {
			return audit.ErrNothing
		}
		line.SetActor(owners[0].Actor())
		line.SetObject("user", owners[0].ID, owners[0].Name)
		return nil
	})
}

// RenewSession gives a session another secret, and returns it: the old one is useless from
// then on. confirmed reports whether its owner has just proved who they are. Errors: ErrNotFound
// if the session has ended.
func (s *Sessions) RenewSession(ctx context.Context, secret string, confirmed bool) (string, error) {
	renewed := text.RandomDigits(secretLength)
	changed := map[string]any{"hash": hashSecret(renewed)}
	if confirmed {
		changed["confirmed_at"] = s.db.Now().Unix()
	}
	done := s.db.Writer.WithContext(ctx).Model(&Session{}).Where("hash = ?", hashSecret(secret)).Updates(changed)
	if done.Error == nil && done.RowsAffected == 0 {
		return "", access.ErrNotFound
	}
	return renewed, s.db.Failed(ctx, done.Error)
}

// List returns the actor's sessions that have not ended, the newest first; at most
// maxSessions.
func (s *Sessions) List(ctx context.Context, by access.Actor) ([]Session, error) {
	var found []Session
	err := s.db.Writer.WithContext(ctx).Where("user_id = ? AND expires_at > ?", by.UserID, s.db.Now().Unix()).
		Order("id DESC").Limit(maxSessions).Find(&found).Error
	return found, s.db.Failed(ctx, err)
}

// maxSessions is how many sessions a list shows.
const maxSessions = 200

// EndSessionByID ends one of the actor's sessions by its id. Errors: ErrNotFound.
func (s *Sessions) EndSessionByID(ctx context.Context, by access.Actor, id string) error {
	return s.log.Write(ctx, by, access.SignedInOnly, audit.SignedOut, func(tx *gorm.DB, line *audit.Line) error {
		var found Session
		if err := tx.Where("user_id = ? AND id = ?", by.UserID, id).Take(&found).Error; err != nil {
			return err
		}
		line.SetObject("user", by.UserID, by.Name)
		changes := map[string]audit.Change{"browser": {Before: BrowserOf(found.UserAgent).String(), After: nil}, "ip": {Before: found.IP, After: nil}}
		return errors.Join(tx.Where("hash = ?", found.Hash).Delete(&Session{}).Error, line.SetChanges(changes))
	})
}

// EndOtherSessions ends all of the actor's sessions but the one with this secret, and
// started sign-ins, and returns how many sessions there were.
func (s *Sessions) EndOtherSessions(ctx context.Context, by access.Actor, secret string) (int, error) {
	var n int64
	err := s.log.Write(ctx, by, access.SignedInOnly, audit.SignedOut, func(tx *gorm.DB, line *audit.Line) error {
		var err error
		if n, err = endOthers(tx, by.UserID, secret); err != nil {
			return err
		}
		begun := tx.Where("user_id = ? AND kind = ?", by.UserID, FactorChallenge).Delete(&challenge{})
		if err := cmp.Or(begun.Error, deleteChallenges(tx, by.UserID)); err != nil {
			return err
		}
		changes := map[string]audit.Change{}
		if n > 0 {
			changes["other_sessions"] = audit.Change{Before: n, After: 0}
		}
		if begun.RowsAffected > 0 {
			changes["unfinished_sign_ins"] = audit.Change{Before: begun.RowsAffected, After: 0}
		}
		if len(changes) == 0 {
			return audit.ErrNothing
		}
		line.SetObject("user", by.UserID, by.Name)
		return line.SetChanges(changes)
	})
	return int(n), err
}

func endOthers(tx *gorm.DB, userID, secret string) (int64, error) {
	ended := tx.Where("user_id = ? AND hash <> ?", userID, hashSecret(secret)).Delete(&Session{})
	return ended.RowsAffected, ended.Error
}

// hashSecret returns a secret of high entropy as it is stored: useless to anyone who reads
// the database.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
