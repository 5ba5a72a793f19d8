package identity

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// General are the general settings, which hold for everybody who uses the console.
type General struct {
	// Workspace is the name of the organisation; "" until somebody has named it.
	Workspace string
	// TimeZone and Locale are those that new users begin with.
	TimeZone string
	Locale   Locale
	// Avatars reports whether the pictures of groups and contacts are fetched and shown, which they are
	// unless an owner has said otherwise.
	Avatars bool
}

// The general settings by their keys, which are also the fields of their changes.
const (
	WorkspaceField = "workspace"
	TimeZoneField  = "time_zone"
	LocaleField    = "locale"
	AvatarsField   = "avatars"
)

// avatarsOff is the value of AvatarsField if pictures aren't shown.
const avatarsOff = "off"

// GeneralChange is a change of the general settings; a nil field stays as it is.
type GeneralChange struct {
	Workspace, TimeZone *string
	Locale              *Locale
	Avatars             *bool
}

// General returns the general settings. Another process's change is seen within a second.
func (s *Settings) General(ctx context.Context) (General, error) {
	g, err := s.general.Get("", s.db.Now(), func() (General, error) {
		query := db.SelectFrom("settings", "key, value", "key IN (?, ?, ?, ?)", WorkspaceField, TimeZoneField, LocaleField, AvatarsField)
		rows, err := db.Collect(s.db.Read(ctx), query.SQL(), false, query.Args, func(row *db.Setting) []any { return []any{&row.Key, &row.Value} })
		return readGeneral(rows), err
	})
	return g, s.db.Failed(ctx, err)
}

func readGeneral(rows []db.Setting) General {
	g := General{Avatars: true}
	for _, row := range rows {
		switch row.Key {
		case WorkspaceField:
			g.Workspace = row.Value
		case TimeZoneField:
			g.TimeZone = row.Value
		case LocaleField:
			g.Locale = Locale(row.Value)
		case AvatarsField:
			g.Avatars = row.Value != avatarsOff
		}
	}
	return g
}

// generalIn reads the general settings within a transaction.
func generalIn(tx *gorm.DB) (General, error) {
	var rows []db.Setting
	err := tx.Where("key IN ?", []string{WorkspaceField, TimeZoneField, LocaleField, AvatarsField}).Find(&rows).Error
	return readGeneral(rows), err
}

// UpdateGeneral changes the general settings. Errors: Invalid, Denied.
func (s *Settings) UpdateGeneral(ctx context.Context, by access.Actor, c GeneralChange) error {
	var problems access.Invalid
	c.Workspace = problems.Require(WorkspaceField, c.Workspace, workspaceMissing, workspaceName)
	c.TimeZone = problems.Check(TimeZoneField, c.TimeZone, timeZone)
	problems = append(problems, c.Locale.check()...)
	if err := problems.OrNil(); err != nil {
		return err
	}
	defer s.general.Forget()
	return s.log.Write(ctx, by, access.ManageSettings, audit.ChangedSettings, func(tx *gorm.DB, line *audit.Line) error {
		if err := s.db.Dialect.Lock(tx, "settings"); err != nil {
			return err
		}
		was, err := generalIn(tx)
		if err != nil {
			return err
		}
		is := was.with(c)
		changes := audit.Changes(was.differences(is))
		if len(changes) == 0 {
			return audit.ErrNothing
		}
		line.SetObject("settings", "", "")
		if err := line.SetChanges(changes); err != nil {
			return err
		}
		return tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(is.rows()).Error
	})
}

const workspaceMissing = "Enter a name for the workspace."

func workspaceName(s string) (string, string) {
	return text.Visible(text.ProperName("The name of the workspace", s))
}

// with returns the settings after a change.
func (g General) with(c GeneralChange) General {
	if c.Workspace != nil {
		g.Workspace = *c.Workspace
	}
	if c.TimeZone != nil {
		g.TimeZone = *c.TimeZone
	}
	if c.Locale != nil {
		g.Locale = *c.Locale
	}
	if c.Avatars != nil {
		g.Avatars = *c.Avatars
	}
	return g
}

// differences returns the settings before and after a change.
func (g General) differences(is General) []audit.Difference {
	return []audit.Difference{
		{Field: WorkspaceField, Before: text.OrNil(g.Workspace), After: text.OrNil(is.Workspace)},
		{Field: TimeZoneField, Before: &g.TimeZone, After: &is.TimeZone},
		{Field: LocaleField, Before: new(g.Locale.label()), After: new(is.Locale.label())},
		{Field: AvatarsField, Before: &g.Avatars, After: &is.Avatars},
	}
}

// rows returns the settings as they are stored.
func (g General) rows() []db.Setting {
	avatars := "on"
	if !g.Avatars {
		avatars = avatarsOff
	}
	rows := []db.Setting{{Key: TimeZoneField, Value: g.TimeZone}, {Key: LocaleField, Value: string(g.Locale)}, {Key: AvatarsField, Value: avatars}}
	if g.Workspace != "" {
		rows = append(rows, db.Setting{Key: WorkspaceField, Value: g.Workspace})
	}
	return rows
}
