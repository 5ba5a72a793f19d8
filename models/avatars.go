package models

import (
	"context"
	"errors"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"protocol.chat/console/models/access"
	"protocol.chat/console/models/audit"
	"protocol.chat/console/models/db"
	"protocol.chat/console/models/text"
)

// Avatars are the pictures of groups and contacts: their addresses, and whether they are shown.
type Avatars struct {
	store *Store
	shown db.Cache[string, bool]
}

const (
	avatarSetting = "avatars"
	avatarsOff    = "off"
)

// Shown reports whether pictures are fetched and shown, which they are unless an owner has said
// otherwise. Another process's change is seen within a second.
func (s *Avatars) Shown(ctx context.Context) (bool, error) {
	shown, err := s.shown.Get(avatarSetting, s.store.DB.Now(), func() (bool, error) {
		query := db.SelectFrom("settings", "value", "key = ?", avatarSetting)
		found, err := db.First(s.store.DB.Read(ctx), query, 1, db.OneColumn[string])
		return len(found) == 0 || found[0] != avatarsOff, err
	})
	return shown, s.store.DB.Failed(ctx, err)
}

// AvatarsField is whether pictures are shown in the line of its change.
const AvatarsField = "avatars"

// SetShown sets whether pictures are fetched and shown. Errors: Denied.
func (s *Avatars) SetShown(ctx context.Context, by access.Actor, shown bool) error {
	if err := by.Check(access.ManageSettings); err != nil {
		return err
	}
	defer s.shown.Forget()
	return s.store.Audit.Write(ctx, by, access.ManageSettings, audit.ChangedSettings, func(tx *gorm.DB, line *audit.Line) error {
		var now []string
		if err := tx.Model(&db.Setting{}).Where("key = ?", avatarSetting).Pluck("value", &now).Error; err != nil {
			return err
		}
		was := len(now) == 0 || now[0] != avatarsOff
		if was == shown {
			return audit.ErrNothing
		}
		line.SetObject("settings", "", "")
		row := db.Setting{Key: avatarSetting, Value: map[bool]string{true: "on", false: avatarsOff}[shown]}
		return errors.Join(line.SetChanges(map[string]audit.Change{AvatarsField: {Before: was, After: shown}}),
			tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&row).Error)
	})
}

// OfGroup returns the address of a group's picture; "" if it has none. Errors: ErrNotFound.
func (s *Avatars) OfGroup(ctx context.Context, id string) (string, error) {
	return s.of(ctx, "groups", id)
}

// OfContact is OfGroup for a contact.
func (s *Avatars) OfContact(ctx context.Context, id string) (string, error) {
	return s.of(ctx, "contacts", id)
}

func (s *Avatars) of(ctx context.Context, table, id string) (string, error) {
	if !text.ValidID(id) {
		return "", access.ErrNotFound
	}
	address, err := db.Take(s.store.DB.Read(ctx), db.SelectFrom(table, "avatar_url", "id = ?", id), db.OneColumn[*string])
	return text.Deref(address), s.store.DB.Failed(ctx, err)
}
