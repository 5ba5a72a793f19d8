package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
)

// User is someone who can sign in to the console.
type User struct {
	ID    string
	Email string
	Name  string
	Role  access.Role
	// TimeZone is the IANA name of the zone that times are shown in; "" is UTC.
	TimeZone string
	// Density is the spacing of rows: Comfortable or Compact.
	Density Density
	// Locale is how dates and numbers are written.
	Locale Locale
	// PageSize is how many rows a page of a list has; 0 is DefaultPageSize. See Rows.
	PageSize int
	// Shortcuts is whether single keys are shortcuts.
	Shortcuts Shortcuts
	// GroupColumns are the columns of lists of groups.
	GroupColumns Columns
	// Times are Unix seconds; DisabledAt is nil if the user may sign in.
	CreatedAt, UpdatedAt int64
	DisabledAt           *int64

	// EmailKey is the identity key of Email; PasswordHash is argon2id in PHC form, or "".
	EmailKey     string
	PasswordHash string
}

const userColumns = "users.id, users.email, users.name, users.role, users.time_zone, users.density, users.locale, users.page_size, users.shortcuts, users.group_columns, " +
	"users.created_at, users.updated_at, users.disabled_at, users.email_key, users.password_hash"

// columns returns the destinations of userColumns.
func (u *User) columns() []any {
	return []any{
		&u.ID, &u.Email, &u.Name, &u.Role, &u.TimeZone, &u.Density, &u.Locale, &u.PageSize, &u.Shortcuts, &u.GroupColumns,
		&u.CreatedAt, &u.UpdatedAt, &u.DisabledAt, &u.EmailKey, &u.PasswordHash,
	}
}

// Actor returns the user as an actor, without a request.
func (u User) Actor() access.Actor {
	return access.Actor{Kind: access.UserActor, ID: u.ID, UserID: u.ID, Name: u.Name, Role: u.Role}
}

// NewUser describes a user to create.
type NewUser struct {
	Email, Name, Password string
	Role                  access.Role
}

const maxEmail = 254 // RFC 5321, 4.5.3.1.3: a path of 256 with its brackets

// check returns the user to store, without the password's hash, and what is wrong.
func (n NewUser) check() (User, access.Invalid) {
	var u User
	var problems access.Invalid
	u.Name = *problems.Require("name", &n.Name, nameMissing, ownName)
	u.Email = *problems.Require("email", &n.Email, emailMissing, emailAddress)
	problems = append(problems, checkNewPassword("password", n.Password, n.Email, n.Name)...)
	u.EmailKey, u.Role = emailKey(u.Email), n.Role
	if !n.Role.Known() {
		problems = append(problems, access.Refused("role", "The role must be owner, admin, editor, moderator or auditor.")...)
	}
	return u, problems
}

const emailMissing = "Enter your email address."

func emailAddress(s string) (string, string) {
	s, problem := text.Line("The email address", typedAddress(s), maxEmail)
	name, host, at := strings.Cut(s, "@")
	switch {
	case problem != "" || s == "":
		return s, problem
	case !at || name == "" || host == "" || strings.ContainsAny(s, " \t<>,;\"") || strings.Contains(host, "@"):
		return s, "The email address must look like name@example.com."
	}
	return s, ""
}

// CreateUser creates a user. Errors: Invalid, Denied.
func (s *Users) CreateUser(ctx context.Context, by access.Actor, n NewUser) (User, error) {
	u, problems := n.check()
	if err := problems.OrNil(); err != nil {
		return User{}, err
	}
	var err error
	if u.PasswordHash, err = hashPassword(ctx, n.Password); err != nil {
		return User{}, err
	}
	err = s.log.Write(ctx, by, access.ManageRoles, audit.CreatedUser, func(tx *gorm.DB, line *audit.Line) error {
		return s.insertUser(tx, &u, line)
	})
	return u, err
}

func (s *Users) insertUser(tx *gorm.DB, u *User, line *audit.Line) error {
	now := s.db.Now()
	u.ID, u.CreatedAt, u.UpdatedAt = s.db.IDs.Next(now, ""), now.Unix(), now.Unix()
	general, err := generalIn(tx)
	if err != nil {
		return err
	}
	u.TimeZone, u.Locale = general.TimeZone, general.Locale
	err = tx.Create(u).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return access.Refused("email", "There's already a user with this email address.")
	}
	if err != nil {
		return err
	}
	line.SetObject("user", u.ID, u.Name)
	return line.SetChanges(map[string]audit.Change{"name": {Before: nil, After: u.Name}, "email": {Before: nil, After: u.Email}, "role": {Before: nil, After: u.Role}})
}

// SetPassword sets a user's password and ends the user's sessions. Errors: ErrNotFound,
// Invalid, Denied.
func (s *Users) SetPassword(ctx context.Context, by access.Actor, email, password string) error {
	u, err := s.UserByEmail(ctx, email)
	if err != nil {
		return err
	}
	if err := checkNewPassword("password", password, u.Email, u.Name).OrNil(); err != nil {
		return err
	}
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return err
	}
	return s.log.Write(ctx, by, access.ManageRoles, audit.ChangedPassword, func(tx *gorm.DB, line *audit.Line) error {
		line.SetObject("user", u.ID, u.Name)
		changed := map[string]any{"password_hash": hash, "updated_at": s.db.Now().Unix()}
		if err := tx.Model(&User{}).Where("id = ?", u.ID).Updates(changed).Error; err != nil {
			return err
		}
		return errors.Join(deleteChallenges(tx, u.ID), tx.Where("user_id = ?", u.ID).Delete(&Session{}).Error)
	})
}

// UserByEmail returns the user with the address that someone typed, in any case, or
// ErrNotFound.
func (s *Users) UserByEmail(ctx context.Context, typed string) (User, error) {
	return s.userByKey(ctx, emailKey(typedAddress(typed)))
}

// userByKey returns the user with an email key, or ErrNotFound.
func (s *Users) userByKey(ctx context.Context, key string) (User, error) {
	var u User
	if len(text.Valid([]string{key})) == 0 {
		return u, access.ErrNotFound
	}
	err := s.db.Reader.WithContext(ctx).Where("email_key = ?", key).Take(&u).Error
	return u, s.db.Failed(ctx, err)
}

// userIn reads a user within a transaction.
func userIn(tx *gorm.DB, id string) (User, error) {
	var u User
	err := tx.Where("id = ?", id).Take(&u).Error
	return u, err
}

// FirstOwner returns the oldest owner, or ErrNotFound.
func (s *Users) FirstOwner(ctx context.Context) (User, error) {
	var u User
	err := s.db.Reader.WithContext(ctx).Where("role = ?", access.Owner).Order("id").Limit(1).Take(&u).Error
	return u, s.db.Failed(ctx, err)
}

// HasOwner reports whether the console has been set up.
func (s *Users) HasOwner(ctx context.Context) (bool, error) {
	_, err := s.FirstOwner(ctx)
	if errors.Is(err, access.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// String keeps everything but the id out of logs.
func (u User) String() string { return fmt.Sprintf("user %s", u.ID) }
