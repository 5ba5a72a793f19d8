package identity

import (
	"context"
	_ "embed"
	"errors"
	"regexp"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones are known wherever the console runs

	"gorm.io/gorm"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/text"
)

// UpdatedProfile is the action of changing one's own profile.
const UpdatedProfile audit.Action = "user.update"

// ProfileChange is what someone changes about themselves; a nil field stays as it is.
type ProfileChange struct {
	Name, Email *string
	// TimeZone is an IANA name; "" is UTC.
	TimeZone *string
	Density  *Density
	// PageSize is one of PageSizes, Locale one of Locales.
	PageSize  *int
	Locale    *Locale
	Shortcuts *Shortcuts
	// GroupColumns are the columns of lists of groups, in order.
	GroupColumns *Columns
	// Password is required if Email changes.
	Password string
}

// check returns the columns to change, and what is wrong.
func (c ProfileChange) check() (map[string]any, access.Invalid) {
	columns := map[string]any{}
	var problems access.Invalid
	set := func(column string, value *string) {
		if value != nil {
			columns[column] = *value
		}
	}
	set("name", problems.Require("name", c.Name, nameMissing, ownName))
	email := problems.Require("email", c.Email, emailMissing, emailAddress)
	set("email", email)
	if email != nil {
		columns["email_key"] = emailKey(*email)
	}
	set("time_zone", problems.Check("time_zone", c.TimeZone, timeZone))
	return columns, append(problems, c.checkPreferences(columns)...)
}

const nameMissing = "Enter your name."

func ownName(s string) (string, string) { return text.Visible(text.ProperName("Your name", s)) }

func timeZone(s string) (string, string) {
	s = strings.TrimSpace(s)
	if strings.EqualFold(s, "UTC") {
		s = ""
	}
	if _, err := location(s); err == nil {
		return s, ""
	}
	if zone, ok := findZone(s); ok {
		return zone, ""
	}
	return s, "Choose a time zone from the list, such as Europe/Zurich, or UTC."
}

// findZone returns the one zone meant by "zurich", "New York" or "europe/zurich".
func findZone(name string) (string, bool) {
	name = strings.ReplaceAll(name, " ", "_")
	var found []string
	for _, zone := range TimeZones() {
		city := zone[strings.LastIndexByte(zone, '/')+1:]
		if strings.EqualFold(zone, name) {
			return zone, true
		}
		if strings.EqualFold(city, name) {
			found = append(found, zone)
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}

// UpdateProfile changes the actor's own profile. A new email address requires the password.
// Errors: Invalid, Throttled.
func (s *Users) UpdateProfile(ctx context.Context, by access.Actor, c ProfileChange) error {
	c.Name = text.OmitUnchanged(c.Name, func() (string, error) {
		u, err := userIn(s.db.Writer.WithContext(ctx), by.UserID)
		return u.Name, err
	})
	columns, problems := c.check()
	if err := problems.OrNil(); err != nil {
		return err
	}
	was, err := userIn(s.db.Writer.WithContext(ctx), by.UserID)
	if err != nil {
		return s.db.Failed(ctx, err)
	}
	if email, changes := columns["email"]; changes && email != was.Email {
		_, err := s.signIns.provePassword(ctx, by, c.Password)
		if errors.Is(err, access.ErrSignIn) {
			return access.Refused("password", "Enter your password to change the email address you sign in with.")
		}
		if err != nil {
			return err
		}
	}
	return s.log.Write(ctx, by, access.SignedInOnly, UpdatedProfile, func(tx *gorm.DB, line *audit.Line) error {
		return s.updateProfile(tx, by, line, columns)
	})
}

func (s *Users) updateProfile(tx *gorm.DB, by access.Actor, line *audit.Line, columns map[string]any) error {
	was, err := userIn(tx, by.UserID)
	if err != nil {
		return err
	}
	columns["updated_at"] = s.db.Now().Unix()
	err = tx.Model(&User{}).Where("id = ?", by.UserID).Updates(columns).Error
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return access.Refused("email", "There's already a user with this email address.")
	}
	if err != nil {
		return err
	}
	is, err := userIn(tx, by.UserID)
	if err != nil {
		return err
	}
	changes := audit.Changes(append(preferences(was, is),
		audit.Difference{Field: "name", Before: &was.Name, After: &is.Name},
		audit.Difference{Field: "email", Before: &was.Email, After: &is.Email},
		audit.Difference{Field: "time_zone", Before: &was.TimeZone, After: &is.TimeZone},
	))
	if len(changes) == 0 {
		return audit.ErrNothing
	}
	line.SetObject("user", is.ID, is.Name)
	return line.SetChanges(changes)
}

// PasswordChange is a new password, and the old one. The session with the secret Keep
// continues, and with KeepOthers all others too.
type PasswordChange struct {
	Old, New   string
	Keep       string
	KeepOthers bool
}

// ChangePassword changes the actor's password. Errors: Invalid, Throttled, Conflict if it
// was changed meanwhile.
func (s *Users) ChangePassword(ctx context.Context, by access.Actor, c PasswordChange) error {
	u, err := s.signIns.provePassword(ctx, by, c.Old)
	if errors.Is(err, access.ErrSignIn) {
		return access.Refused("old_password", "Incorrect password.")
	}
	if err != nil {
		return err
	}
	problems := checkNewPassword("new_password", c.New, u.Email, u.Name)
	if problems == nil && preparedPassword(c.New) == preparedPassword(c.Old) {
		problems = access.Refused("new_password", "This is your current password. Choose another one.")
	}
	if err := problems.OrNil(); err != nil {
		return err
	}
	hash, err := hashPassword(ctx, c.New)
	if err != nil {
		return err
	}
	return s.log.Write(ctx, by, access.SignedInOnly, audit.ChangedPassword, func(tx *gorm.DB, line *audit.Line) error {
		line.SetObject("user", u.ID, u.Name)
		changed := tx.Model(&User{}).Where("id = ? AND password_hash = ?", u.ID, u.PasswordHash).
			Updates(map[string]any{"password_hash": hash, "updated_at": s.db.Now().Unix()})
		if changed.Error != nil {
			return changed.Error
		}
		if changed.RowsAffected == 0 {
			return access.Conflict{Message: "Your password was just changed in another session."}
		}
		if !c.KeepOthers {
			if _, err := endOthers(tx, u.ID, c.Keep); err != nil {
				return err
			}
		}
		return deleteChallenges(tx, u.ID)
	})
}

// zoneNames are the zones of the tz database that a place lives by.
//
//go:embed zones.txt
var zoneNames string

// TimeZones returns the IANA names of the zones to choose from.
var TimeZones = sync.OnceValue(func() []string { return strings.Fields("UTC " + zoneNames) })

// zones caches locations: loading one takes longer than most requests.
var zones sync.Map

// excludedZones are names in the tz database that are no place's: the server's own zone,
// placeholders, and copies of everything.
var excludedZones = regexp.MustCompile(`^(?i:local|localtime|posixrules|factory|(posix|right)/.*)$`)

// location returns a zone by its name; "" is UTC.
func location(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location), nil
	}
	if excludedZones.MatchString(name) {
		return nil, errors.New("nobody lives in the zone " + name)
	}
	loaded, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, loaded)
	}
	return loaded, err
}

// Location returns the zone in which the user sees times; UTC if theirs is unknown.
func (u User) Location() *time.Location {
	if found, err := location(u.TimeZone); err == nil {
		return found
	}
	return time.UTC
}
